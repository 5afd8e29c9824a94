"""The figures of a score in words: one list of lines for terminal and report."""

from dataclasses import dataclass
from math import isnan

from forewarn.score import Bin, Score, Share
from forewarn.score.calibration import FACTOR, LEAST
from forewarn.score.measures import Alerts, Minutes


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: what it is, its value, and what the reader should know."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[Line, ...]


def sections(score: Score) -> tuple[Section, ...]:
    """All figures of a score, the most important first."""
    found = [_people(score), _minutes(score), _seconds(score), _alerts(score)]
    if any(one.samples for one in score.calibration):
        found += [_calibration(score), _sharpness(score)]
    return tuple(found)


WHY = {
    "never_tracked": "no track ever followed the threat",
    "tracked_late": "its first track began too late",
    "forecast_elsewhere": "tracked, but thought to come down elsewhere",
    "time_judged_too_long": "in reach, but thought to be further off in time",
    "below_threshold": "near in time, but thought too improbable",
    "told_too_late": "near and probable, yet told too late",
    "unknown": "the run left no tables to tell from",
}


def _people(score: Score) -> Section:
    people = score.people
    could = people.could
    failed = (
        f"{people.threats_failed} of {people.threats} threats reached anybody late or "
        f"unwarned; true share at most {percent(people.failed_share.high)} (95 %)"
    )
    return Section(
        "People in harm's way",
        (
            Line(
                "within reach of an impact",
                people_text(people.in_harm),
                f"once per impact; {people_text(people.persons)} persons",
            ),
            Line("could be warned", people_text(could), "in view long enough"),
            Line("  warned in time", _of(people.in_time, could), ""),
            Line("  share in time", share_percent(people.in_time_share), failed),
            Line("  late", _of(people.late, could), "told with too few seconds"),
            Line("  missed", _of(people.missed, could), "not under alert at impact"),
            Line("  cleared early", _of(people.cleared_early, could), ""),
            *(
                Line(f"    {cause.replace('_', ' ')}", people_text(count), WHY[cause])
                for cause, count in people.causes
            ),
            Line("never in sight", people_text(people.out_of_sight), "of any sensor"),
            Line(
                "in view too short",
                people_text(people.too_short),
                f"{people_text(people.too_short_told)} were under alert all the same",
            ),
        ),
    )


def _minutes(score: Score) -> Section:
    minutes = score.minutes
    lines = (
        Line(
            "under take cover or stay",
            f"{minutes.cover:,.0f}",
            f"{number(minutes.per_person)} per person of {people_text(score.population)}",
        ),
        Line("in vain", f"{minutes.in_vain:,.0f}", "people that no impact reached"),
        *_practices(minutes),
        Line(
            "  knowing the impacts",
            f"{minutes.oracle_in_vain:,.0f}",
            f"ours is {share_number(minutes.oracle_ratio)} times this",
        ),
        Line(
            "  knowing drones' paths, not their dives",
            number(minutes.path_in_vain),
            f"ours is {share_number(minutes.path_ratio)} times this",
        ),
        Line(
            "under prepare",
            f"{minutes.prepare:,.0f}",
            f"quiet; {share_number(minutes.prepare_ratio)} of those under a raion's alert",
        ),
    )
    return Section("Person-minutes", lines)


def _practices(minutes: Minutes) -> list[Line]:
    same = [
        Line(
            f"  warning the {one.name}",
            f"{one.in_vain_min:,.0f}",
            f"{share_number(one.ratio)} times ours; {one.groups}",
        )
        for one in minutes.practices
    ]
    held = [
        Line(
            f"    for {one.held_min:g} min, as really held",
            f"{one.held_in_vain_min:,.0f}",
            f"{share_number(one.held_ratio)} times ours; {one.name}, median of real alerts",
        )
        for one in minutes.practices
    ]
    return same + held


def _seconds(score: Score) -> Section:
    seconds = score.seconds
    held = f"of {seconds.stated} alerts in zones that were hit"
    return Section(
        "Seconds given, from hearing the alert to the impact",
        (
            Line("5 % had at most", number(seconds.given_p5), "of those under alert"),
            Line("half had at most", number(seconds.given_p50)),
            Line(
                "had what they need", percent(seconds.enough_share), "of all who could be"
            ),
            Line(
                "impact after the stated early quantile",
                share_percent(seconds.early_held),
                f"95 % is right; {held}",
            ),
            Line(
                "impact after the stated median",
                share_percent(seconds.median_held),
                "50 % is right",
            ),
            Line(
                "  the same of all zones and threats",
                share_percent(seconds.pairs_early),
                f"95 % is right; {seconds.pairs} that were hit, when decided upon",
            ),
            Line(
                "  and their median", share_percent(seconds.pairs_median), "50 % is right"
            ),
        ),
    )


def _alerts(score: Score) -> Section:
    alerts = score.alerts
    kinds = ", ".join(f"{count} {kind}" for kind, count in alerts.by_kind) or "none"
    return Section(
        "Alerts",
        (
            Line("take cover, by zone", f"{alerts.take_cover:,}", kinds),
            Line(
                "  in zones not reached",
                f"{alerts.not_hit:,}",
                f"{people_text(alerts.not_hit_people)} people",
            ),
            Line(
                "  with no threat in the air",
                f"{alerts.baseless:,}",
                f"{people_text(alerts.baseless_people)} people",
            ),
            Line(
                "  on-off-on within 10 min",
                f"{alerts.flicker:,}",
                f"{share_percent(alerts.flicker_share)} of alerts",
            ),
            Line(
                "    for the same threat",
                f"{alerts.flicker_same:,}",
                f"{share_percent(alerts.same_share)} of alerts",
            ),
            *_clears(alerts),
            *_latency(score),
        ),
    )


def _clears(alerts: Alerts) -> tuple[Line, ...]:
    return (
        Line("  never cleared", f"{alerts.not_cleared:,}"),
        Line(
            "all clear after the last threat, s",
            f"{number(alerts.clear_p50_s)} / {number(alerts.clear_p95_s)}",
            "half / 95 % of alerts whose threats are known to be over",
        ),
        *(
            Line(
                f"  {one.kind.replace('_', ' ')}",
                f"{number(one.p50_s)} / {number(one.p95_s)}",
                f"{one.alerts:,} alerts",
            )
            for one in alerts.clear_by_kind
        ),
        Line(
            "last all clear, s",
            number(alerts.last_clear_s),
            "after the last threat ended",
        ),
    )


def _latency(score: Score) -> tuple[Line, ...]:
    latency = score.latency
    if not latency.alerts:
        return (Line("from event to disk", "-", "a replay does not tell"),)
    ms = [f"{1000 * one:.0f}" for one in (latency.p50_s, latency.p95_s, latency.p99_s)]
    told = f"half / 95 % / 99 % of {latency.alerts:,} steps"
    return (Line("from event to disk, ms", " / ".join(ms), told),)


def _calibration(score: Score) -> Section:
    return Section(
        "Observed over expected, by stated probability of a zone",
        tuple(
            Line(
                f"{one.low:g} to {one.high:g}",
                share_number(Share(one.ratio, one.low_ratio, one.high_ratio)),
                f"{one.observed:.1f} of {one.expected:.1f} expected, {one.samples:,} "
                f"samples; {_verdict(one)}",
            )
            for one in score.calibration
            if one.samples
        ),
    )


def _verdict(one: Bin) -> str:
    if not one.judged:
        return f"not judged below {LEAST:.0f} expected" if one.low else "not judged"
    return "honest" if one.honest else f"off by more than {FACTOR}"


def _sharpness(score: Score) -> Section:
    return Section(
        "Area that holds 95 %, when zones were decided upon",
        tuple(
            Line(
                one.kind.replace("_", " "),
                f"{number(one.median_km2)} km2",
                f"median of {one.threats:,} threats"
                + (
                    f"; {number(one.over_bound)} times the least possible ({one.bounded})"
                    if one.bounded
                    else ""
                ),
            )
            for one in score.sharpness
        ),
    )


def number(value: float) -> str:
    """Three figures, or a dash."""
    if isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def percent(value: float) -> str:
    return "-" if isnan(value) else f"{100 * value:.4g} %"


def people_text(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def share_percent(share: Share) -> str:
    if isnan(share.low):
        return percent(share.value)
    return f"{percent(share.value)} ({100 * share.low:.4g}-{100 * share.high:.4g})"


def share_number(share: Share) -> str:
    if isnan(share.low):
        return number(share.value)
    return f"{number(share.value)} ({number(share.low)}-{number(share.high)})"


def _of(part: float, whole: float) -> str:
    if not whole:
        return "-"
    return f"{people_text(part)} ({percent(part / whole)})"
