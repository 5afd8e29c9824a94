"""Judge one run: every measure of one raid as sums and rows that runs can share.

In harm's way is whoever lives within the harmful radius of a true impact, counted once
per impact. They could be warned if the threat was in view long enough; then they were
warned in time, late, or missed. All else is what the warning cost the others.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.score.case import Case, Rules
from forewarn.score.people import Harm, harmed
from forewarn.score.practice import groupings, oracle_spans, practice_minutes
from forewarn.score.spans import COVER, PREPARED, Told, told
from forewarn.score.statistics import keyed_uniform


class Fate(StrEnum):
    """What became of the people of a zone that a threat hit."""

    IN_TIME = "in_time"
    LATE = "late"
    MISSED = "missed"
    CLEARED = "cleared_early"  # warned, and told all clear before the impact
    OUT_OF_SIGHT = "out_of_sight"  # no sensor ever saw it: nobody could warn
    TOO_SHORT = "too_short"  # in view for less than shelter, delay and spare


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One row per zone and threat that hit it.

    zone, threat  : (q,) rows in the zones and in the truth
    people        : (q,)
    shelter_s     : (q,) they need
    fate          : (q,) Fate; those who could not be warned are told by why
    given_s       : (q,) from hearing `take cover` to the impact; nan = not under alert then
    """

    zone: IntArray
    threat: IntArray
    people: FloatArray
    shelter_s: FloatArray
    fate: tuple[Fate, ...]
    given_s: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What the alerts cost, person-minutes; in vain = of people no impact reached.

    practices : (name, where its groups come from, in vain) of each practice
    """

    cover_min: float
    in_vain_min: float
    prepare_min: float
    oracle_in_vain_min: float
    practices: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Alarms:
    """The `take cover` alerts, one row per stretch under cover.

    zone        : (k,) row of the zone
    kind        : (k,) of the threat, as told
    hit         : (k,) an impact reached people of the zone meanwhile
    baseless    : (k,) no threat was in the air when it began
    flicker     : (k,) began shortly after the zone's last one ended
    cleared     : (k,) ended before the run did
    early_held  : (h,) of those hit: the first impact came after the stated 5 % quantile
    median_held : (h,) and after the stated median
    clear_s     : (c,) from the last impact in a hit zone to its all clear
    """

    zone: IntArray
    kind: tuple[str, ...]
    hit: BoolArray
    baseless: BoolArray
    flicker: BoolArray
    cleared: BoolArray
    early_held: BoolArray
    median_held: BoolArray
    clear_s: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One run, judged."""

    case: Case
    harm: Harm
    rows: Rows
    costs: Costs
    alarms: Alarms
    last_clear_s: float  # from the end of the last threat to the last all clear


def judge(case: Case, rules: Rules | None = None) -> Judged:
    """Hold one run against the truth."""
    rules = rules or Rules()
    row_of = {zone_id: i for i, zone_id in enumerate(case.zones.zone_id)}
    harm = harmed(case.zones, case.impact_rad, case.harmful_m)
    cover = told(case.alerts, row_of, COVER, case.until_s)
    prepared = told(case.alerts, row_of, PREPARED, case.until_s)
    ends = case.impact_s[case.lands]
    clears = cover.spans.end_s[np.array(cover.cleared, bool)]
    last = clears.max() - ends.max() if len(clears) and len(ends) else np.nan
    return Judged(
        case=case,
        harm=harm,
        rows=_rows(case, harm, cover, rules),
        costs=_costs(case, harm, (cover, prepared), rules),
        alarms=_alarms(case, harm, cover, rules),
        last_clear_s=float(last),
    )


def _rows(case: Case, harm: Harm, cover: Told, rules: Rules) -> Rows:
    zone, threat = harm.zone, harm.threat
    delay = keyed_uniform(
        [
            f"{case.zones.zone_id[z]}|{case.threat_id[t]}"
            for z, t in zip(zone, threat, strict=True)
        ],
        *rules.delay_s,
    )
    shelter = case.zones.shelter_s[zone]
    impact, seen = case.impact_s[threat], case.seen_s[threat]
    spans = cover.spans
    span = spans.before(zone, impact)
    known = np.maximum(span, 0)
    begun, ended = (
        times[known] if len(times) else np.full(len(zone), np.nan)
        for times in (spans.start_s, spans.end_s)
    )
    # an alert counts if it was still in force when the impact came
    during = (span >= 0) & (ended >= impact)
    dropped = (span >= 0) & ~during & (ended >= case.appears_s[threat])
    given = np.where(during, impact - begun - delay, np.nan)
    fate = np.full(len(zone), Fate.MISSED, dtype=object)
    fate[dropped] = Fate.CLEARED
    fate[during] = Fate.LATE
    fate[during & (begun <= impact - shelter - delay)] = Fate.IN_TIME
    fate[impact - seen < shelter + delay + rules.spare_s] = Fate.TOO_SHORT
    fate[~np.isfinite(seen)] = Fate.OUT_OF_SIGHT
    return Rows(zone, threat, harm.people, shelter, tuple(fate), given)


def _costs(case: Case, harm: Harm, heard: tuple[Told, Told], rules: Rules) -> Costs:
    cover, prepared = (one.spans for one in heard)
    everyone = case.zones.population
    spared = everyone - harm.anyone
    return Costs(
        cover_min=cover.person_minutes(everyone),
        in_vain_min=cover.person_minutes(spared),
        prepare_min=prepared.person_minutes(everyone),
        oracle_in_vain_min=oracle_spans(case, harm, rules).person_minutes(spared),
        practices=tuple(
            (one.name, one.how, practice_minutes(one, cover, spared))
            for one in groupings(case.zones)
        ),
    )


def _alarms(case: Case, harm: Harm, cover: Told, rules: Rules) -> Alarms:
    spans = cover.spans
    k = len(spans.zone)
    again = np.zeros(k, bool)
    again[1:] = (spans.zone[1:] == spans.zone[:-1]) & (
        spans.start_s[1:] - spans.end_s[:-1] < rules.flicker_s
    )
    first, last = _impacts_within(case, harm, cover)
    hit = np.isfinite(first)
    ends = np.nan_to_num(case.impact_s, nan=case.until_s)
    early = np.array([alert.onset_p05_s for alert in cover.opening])
    median = np.array([alert.onset_p50_s for alert in cover.opening])
    stated = hit & np.isfinite(early) if k else hit
    cleared = np.array(cover.cleared, bool)
    return Alarms(
        zone=spans.zone,
        kind=tuple(alert.kind for alert in cover.opening),
        hit=hit,
        baseless=_count_flying(case.appears_s, ends, spans.start_s) == 0,
        flicker=again,
        cleared=cleared,
        early_held=first[stated] >= early[stated] if k else stated,
        median_held=first[stated] >= median[stated] if k else stated,
        clear_s=(spans.end_s - last)[hit & cleared],
    )


def _impacts_within(case: Case, harm: Harm, cover: Told) -> tuple[FloatArray, FloatArray]:
    """(k,) first and last impact on people of the zone during each span; nan = none."""
    first = np.full(len(cover.spans.zone), np.inf)
    last = np.full(len(cover.spans.zone), -np.inf)
    impact = case.impact_s[harm.threat]
    span = cover.spans.before(harm.zone, impact)
    known = span >= 0
    span, impact = span[known], impact[known]
    if len(span):
        during = impact <= cover.spans.end_s[span]
        np.minimum.at(first, span[during], impact[during])
        np.maximum.at(last, span[during], impact[during])
    first[~np.isfinite(first)] = np.nan
    last[~np.isfinite(last)] = np.nan
    return first, last


def _count_flying(
    appears_s: FloatArray, ends_s: FloatArray, time_s: FloatArray
) -> IntArray:
    """(k,) how many threats were in the air at each time."""
    begun = np.searchsorted(np.sort(appears_s), time_s, side="right")
    over = np.searchsorted(np.sort(ends_s), time_s, side="left")
    return np.asarray(begun - over, np.int64)
