"""The figures of a history in words: one list of lines for terminal and report."""

from forewarn.app.score_table import Line, Section, number, people_text, percent
from forewarn.score.history import AtOnce, Burden, History

NAMES = {"region": "region", "district": "district", "community": "community"}


def sections(history: History) -> tuple[Section, ...]:
    """All figures, the most important first."""
    return (
        _burden(history),
        _at_once(history),
        _durations(history),
        *([_saved(history)] if history.saved else []),
        _regions(history),
    )


def _burden(history: History) -> Section:
    one = history.everyone
    lines = [
        Line(
            "alerts",
            f"{history.alerts:,}",
            f"of {history.places:,} places in {number(history.days)} days",
        ),
        Line(
            f"{history.counted} counted",
            people_text(history.people),
            ""
            if history.counted == "people"
            else "nothing tells how many people live there",
        ),
        Line("minutes a day", number(one.minutes_a_day), f"mean of all {history.counted}"),
        Line("  half have at most", number(history.burden_p50)),
        Line("  95 % have at most", number(history.burden_p95)),
        Line("nights with an alert", percent(one.nights), "22:00 to 06:00, local time"),
        Line("  minutes a night", number(one.night_min)),
    ]
    if history.unknown:
        told = "their places are in no table: they count for nobody"
        lines.append(Line("alerts of unknown places", f"{history.unknown:,}", told))
    return Section("Burden of one person", tuple(lines))


def _at_once(history: History) -> Section:
    once = history.at_once
    return Section(
        "Under alert at the same moment",
        (
            Line(
                "days with 90 % or more at one moment",
                f"{once.whole_days} of {once.days}",
                percent(once.whole_days / once.days),
            ),
            Line("most at one moment", percent(once.most), f"of all {history.counted}"),
            *(_episodes(once) if once.episodes else ()),
        ),
    )


def _episodes(once: AtOnce) -> tuple[Line, ...]:
    return (
        Line(
            f"episodes with {once.many} or more of {once.regions} regions",
            f"{once.episodes:,}",
            f"{number(once.mean_min)} min on average",
        ),
        Line("  of all time", percent(once.time_share)),
        Line("  of all person-minutes", percent(once.burden_share)),
    )


def _durations(history: History) -> Section:
    return Section(
        "Minutes an alert lasts, by the level it was declared at",
        tuple(
            Line(
                NAMES[one.level],
                number(one.p50),
                f"half; 5 to 95 %: {number(one.p05)} to {number(one.p95)}; "
                f"mean {number(one.mean)}; {one.alerts:,} alerts",
            )
            for one in history.durations
        ),
    )


def _saved(history: History) -> Section:
    return Section(
        "Person-minutes that smaller alerts saved, against the whole region",
        tuple(
            Line(
                NAMES[one.level],
                percent(one.share),
                f"{one.person_min:,.0f} instead of {one.region_person_min:,.0f}; "
                f"{one.alerts:,} alerts",
            )
            for one in history.saved
        ),
    )


def _regions(history: History) -> Section:
    return Section(
        "Minutes a day, by region",
        tuple(
            Line(
                one.name,
                number(one.minutes_a_day),
                f"{percent(round(one.nights, 3))} of nights; {_counted(one, history)}",
            )
            for one in history.regions[:30]
        ),
    )


def _counted(one: Burden, history: History) -> str:
    return f"{people_text(one.people)} {history.counted}"
