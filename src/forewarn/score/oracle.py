"""Whom one would have warned who knew more: every impact, or every drone's path."""

import numpy as np

from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import IntArray
from forewarn.score.case import Case, Paths, Rules
from forewarn.score.people import Harm, harmed
from forewarn.score.spans import Spans

EVERY_S = 4.0  # along a path
AHEAD = 8  # places between the nearest and the farthest end of a dive
CELL_M, STEP_S = 60.0, 5.0  # ends of dives nearer to each other than this are one
PATHS_OF = frozenset({"drone"})  # kinds whose dive may begin anywhere


def oracle_spans(case: Case, harm: Harm, rules: Rules) -> Spans:
    """Zones that are truly hit, warned with our delay, margin and hold.

    From the impact less shelter, delay and margin, until the hold after it.
    """
    impact = case.impact_s[harm.threat]
    return _warned(case, rules, harm.zone, impact, impact)


class Reach:
    """Zones that each drone could have dived on from its true path, and when.

    zone, threat : (r,) ordered by zone, then threat
    time_s       : (r,) when such a dive would have ended there, to a few seconds
    """

    def __init__(self, case: Case, rules: Rules) -> None:
        none = np.zeros(0, np.int64)
        zone, threat, time = [none], [none], [np.zeros(0)]
        for row, kind in enumerate(case.kind):
            if kind not in PATHS_OF or case.paths is None:
                continue
            place, when_s = _dives(case.paths, row, rules)
            near = harmed(case.zones, place, np.full(len(place), case.harmful_m[row]))
            zone.append(near.zone)
            threat.append(np.full(len(near.zone), row))
            time.append(when_s[near.threat])
        self.zone, self.threat = np.concatenate(zone), np.concatenate(threat)
        self.time_s = np.concatenate(time)
        order = np.lexsort((self.time_s, self.threat, self.zone))
        self.zone, self.threat = self.zone[order], self.threat[order]
        self.time_s = self.time_s[order]

    def spans(self, case: Case, harm: Harm, rules: Rules) -> Spans:
        """Warned with our delay, margin and hold; of other kinds the impacts are known."""
        steered = np.isin(np.array(case.kind), list(PATHS_OF))
        fall = ~steered[harm.threat]
        impact = case.impact_s[harm.threat[fall]]
        times = np.concatenate([self.time_s, impact])
        zone = np.concatenate([self.zone, harm.zone[fall]])
        return _warned(case, rules, zone, times, times)


def _warned(
    case: Case, rules: Rules, zone: IntArray, first_s: FloatArray, last_s: FloatArray
) -> Spans:
    lead = case.zones.shelter_s[zone] + rules.oracle_delay_s + rules.margin_s
    one = Spans(zone, first_s - lead, last_s + rules.hold_s)
    return one.merged(np.arange(len(case.zones.zone_id)))


def _dives(paths: Paths, row: int, rules: Rules) -> tuple[FloatArray, FloatArray]:
    """Where (n, 2) dives begun anywhere on a true path would end, and when (n,).

    They go straight on at the speed of the moment, as the project's study had it.
    """
    own = slice(paths.start[row], paths.start[row + 1])
    times, place = paths.time_s[own], paths.place_rad[own]
    if len(times) < 2:
        return np.zeros((0, 2)), np.zeros(0)
    scale = np.array(metres_per_radian(float(place[:, 0].mean())))
    clock = np.append(np.arange(times[0], times[-1], EVERY_S), times[-1])
    spot, after = (
        np.stack([np.interp(t, times, place[:, axis]) for axis in range(2)], axis=1) * scale
        for t in (clock, np.minimum(clock + 1.0, times[-1]))
    )
    pace = after - spot
    pace[-1] = pace[-2]
    speed = np.maximum(np.linalg.norm(pace, axis=1), 1.0)
    ahead = np.linspace(*rules.dive_m, AHEAD)
    end = spot[:, None] + (pace / speed[:, None])[:, None] * ahead[:, None]
    when = clock[:, None] + ahead / speed[:, None]
    key = np.column_stack([np.round(end.reshape(-1, 2) / CELL_M), when.ravel() // STEP_S])
    first = np.unique(key, axis=0, return_index=True)[1]
    return end.reshape(-1, 2)[first] / scale, when.ravel()[first]
