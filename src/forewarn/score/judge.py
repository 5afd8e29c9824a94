"""Judge one run: every measure of one raid as sums and rows that runs can share.

In harm's way is whoever lives within the harmful radius of a true impact, counted once
per impact. They could be warned if the threat was in view long enough; then they were
warned in time, late, or missed. All else is what the warning cost the others.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.score.alarms import Alarms, judge_alarms
from forewarn.score.case import Case, Rules
from forewarn.score.causes import Cause, causes
from forewarn.score.decided import Decided, decide
from forewarn.score.evidence import Evidence
from forewarn.score.oracle import Reach, oracle_spans
from forewarn.score.people import Harm, harmed
from forewarn.score.practice import Cost, groupings, practice_cost
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


FAILED = frozenset({Fate.LATE, Fate.MISSED, Fate.CLEARED})


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One row per zone and threat that hit it.

    zone, threat  : (q,) rows in the zones and in the truth
    people        : (q,)
    shelter_s     : (q,) they need
    fate          : (q,) Fate; those who could not be warned are told by why
    given_s       : (q,) from hearing `take cover` to the impact; nan = not under alert then
    cause         : (q,) why those that were late, missed or cleared early were; else None
    """

    zone: IntArray
    threat: IntArray
    people: FloatArray
    shelter_s: FloatArray
    fate: tuple[Fate, ...]
    given_s: FloatArray
    cause: tuple[Cause | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What the alerts cost, person-minutes; in vain = of people no impact reached.

    oracle_in_vain_min : of one who knew every impact
    path_in_vain_min   : of one who knew the path of drones, not where they dive, and the
                         impact of all else; nan = paths are not known
    """

    cover_min: float
    in_vain_min: float
    prepare_min: float
    oracle_in_vain_min: float
    path_in_vain_min: float
    practices: tuple[Cost, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One run, judged."""

    case: Case
    harm: Harm
    rows: Rows
    costs: Costs
    alarms: Alarms
    last_clear_s: float  # from the end of the last threat to the last all clear
    decided: Decided | None


def judge(
    case: Case, rules: Rules | None = None, evidence: Evidence | None = None
) -> Judged:
    """Hold one run against the truth; without evidence, what its alerts alone tell."""
    rules = rules or Rules()
    row_of = {zone_id: i for i, zone_id in enumerate(case.zones.zone_id)}
    harm = harmed(case.zones, case.impact_rad, case.harmful_m)
    cover = told(case.alerts, row_of, COVER, case.until_s)
    prepared = told(case.alerts, row_of, PREPARED, case.until_s)
    decided = None if evidence is None else decide(case, harm, evidence)
    reach = Reach(case, rules)
    ends = case.impact_s[case.lands]
    clears = cover.spans.end_s[np.array(cover.cleared, bool)]
    last = clears.max() - ends.max() if len(clears) and len(ends) else np.nan
    return Judged(
        case=case,
        harm=harm,
        rows=_rows(case, harm, cover, rules, decided),
        costs=_costs(case, harm, (cover, prepared), rules, reach),
        alarms=judge_alarms(case, harm, cover, rules, reach, decided),
        last_clear_s=float(last),
        decided=decided,
    )


def _rows(
    case: Case, harm: Harm, cover: Told, rules: Rules, decided: Decided | None
) -> Rows:
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
    why = causes(case, harm, impact - shelter - delay, decided)
    cause = tuple(
        one if got in FAILED else None for one, got in zip(why, fate, strict=True)
    )
    return Rows(zone, threat, harm.people, shelter, tuple(fate), given, cause)


def _costs(
    case: Case, harm: Harm, heard: tuple[Told, Told], rules: Rules, reach: Reach
) -> Costs:
    cover, prepared = (one.spans for one in heard)
    everyone = case.zones.population
    spared = everyone - harm.anyone
    paths = reach.spans(case, harm, rules).person_minutes(spared)
    return Costs(
        cover_min=cover.person_minutes(everyone),
        in_vain_min=cover.person_minutes(spared),
        prepare_min=prepared.person_minutes(everyone),
        oracle_in_vain_min=oracle_spans(case, harm, rules).person_minutes(spared),
        path_in_vain_min=paths if case.paths is not None else np.nan,
        practices=tuple(
            practice_cost(one, cover, spared, everyone) for one in groupings(case.zones)
        ),
    )
