"""Why people who could be warned were not warned in time."""

from enum import StrEnum

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import LIVE_STATES, AlertState, IntArray
from forewarn.score.case import Case
from forewarn.score.decided import Decided
from forewarn.score.people import Harm


class Cause(StrEnum):
    """What failed first, by the moment at which they had to be told."""

    UNKNOWN = "unknown"  # the run left no tables to tell from
    NEVER_TRACKED = "never_tracked"  # no track ever followed the threat
    TRACKED_LATE = "tracked_late"  # the first one began too late
    ELSEWHERE = "forecast_elsewhere"  # tracked, but the zone was not among those in reach
    TIME_LONG = "time_judged_too_long"  # in reach, but it was not thought to be urgent yet
    BELOW = "below_threshold"  # urgent, but too improbable
    TOLD_LATE = "told_too_late"  # urgent and probable, yet not told


def causes(
    case: Case, harm: Harm, deadline_s: FloatArray, decided: Decided | None
) -> tuple[Cause, ...]:
    """Why each zone and threat of `harm` was not told by its deadline (q,).

    Answers for all rows; it is the judge's to ask only for those that failed.
    """
    if decided is None:
        return (Cause.UNKNOWN,) * len(harm.zone)
    threats = len(case.threat_id)
    begun = np.full(threats, np.inf)
    real = (decided.body >= 0) & (decided.body < threats)
    np.minimum.at(begun, decided.body[real], decided.begun_s[real])
    met, due, stated = _firsts(case, harm, decided)
    found = np.full(len(harm.zone), Cause.TOLD_LATE, dtype=object)
    found[stated < _thresholds(case)[harm.zone]] = Cause.BELOW
    found[due > deadline_s] = Cause.TIME_LONG
    found[met > deadline_s] = Cause.ELSEWHERE
    found[begun[harm.threat] > deadline_s] = Cause.TRACKED_LATE
    found[np.isinf(begun[harm.threat])] = Cause.NEVER_TRACKED
    return tuple(found)


def _thresholds(case: Case) -> FloatArray:
    """(z,) what each zone was held against: the least its own alerts tell, else the median
    of all that raised `take cover`; inf = there were none.
    """
    row = {zone_id: i for i, zone_id in enumerate(case.zones.zone_id)}
    told = [a for a in case.alerts if a.state in LIVE_STATES and a.zone_id in row]
    loud = [a.threshold for a in told if a.state is AlertState.TAKE_COVER]
    found = np.full(len(row), np.inf)
    zone = np.array([row[a.zone_id] for a in told], np.int64)
    np.minimum.at(found, zone, np.array([a.threshold for a in told], np.float64))
    found[np.isinf(found)] = np.median(loud) if loud else np.inf
    return found


def _firsts(
    case: Case, harm: Harm, decided: Decided
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of each row of `harm`: when zone and threat met, were due, and what was stated then.

    Of several tracks of one threat the first counts; inf = never.
    """
    said = decided.evidence
    wide = max(len(case.threat_id), 1)
    known = harm.zone * wide + harm.threat
    real = (decided.pair_threat >= 0) & (decided.pair_threat < wide)
    asked = said.zone * wide + decided.pair_threat
    at: IntArray = np.searchsorted(known, asked)
    real &= at < len(known)
    real[real] = known[at[real]] == asked[real]
    row = at[real]
    met, due = np.full((2, len(known)), np.inf)
    stated = np.zeros(len(known))
    np.minimum.at(met, row, said.first_s[real])
    np.minimum.at(due, row, np.nan_to_num(said.due_s[real], nan=np.inf))
    np.maximum.at(stated, row, np.nan_to_num(said.stated[real]))
    return met, due, stated
