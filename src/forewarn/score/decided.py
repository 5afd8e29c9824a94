"""What was stated of zones at the moment of decision, beside what came of it."""

from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.score.bound import FALLS, least_area_m2
from forewarn.score.calibration import EDGES, Samples
from forewarn.score.case import Case
from forewarn.score.evidence import Evidence
from forewarn.score.following import followed
from forewarn.score.people import Harm

MOST = 60  # threats of a run whose area is held against the bound


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """What a run's own record says, held against the truth.

    track_id, body, begun_s : (t,) each track, the true body it followed (the threats of
                  the case come first; -1 = none), and since when
    pair_threat : (q,) of each pair of the evidence, the body its track followed
    samples     : one per zone and threat at decision
    early_held, median_held : (h,) of those whose people it harmed, impact after the
                  quantile stated at decision
    area_kind, area_m2 : (a,) of each threat, median 95 % area when zones were decided upon
    bound_m2    : (a,) the least area that could be known at that moment; nan = no telling
    latency_s   : (k,) from event to disk
    """

    evidence: Evidence
    track_id: IntArray
    body: IntArray
    begun_s: FloatArray
    pair_threat: IntArray
    samples: Samples
    early_held: BoolArray
    median_held: BoolArray
    area_kind: tuple[str, ...]
    area_m2: FloatArray
    bound_m2: FloatArray
    latency_s: FloatArray

    def threats_named(self, names: frozenset[str]) -> IntArray:
        """Bodies followed by tracks of these names, each once; false ones left out."""
        ids = np.array(sorted(int(name[1:]) for name in names), np.int64)
        body = _look_up(self.track_id, self.body, ids)
        return np.unique(body[body >= 0])


def decide(case: Case, harm: Harm, evidence: Evidence) -> Decided:
    """Find out whom each track followed, and what became of what was stated."""
    if case.paths is None:
        raise ValueError(f"{case.name}: to judge tracks, a case needs the true paths")
    ids, body, begun_s = followed(evidence, case.paths)
    threat = _look_up(ids, body, evidence.pair_track)
    rows = _one_each(evidence, threat)
    observed = _observed(case, harm, evidence.zone[rows], threat[rows])
    hit = rows[observed > 0]
    impact_s = case.impact_s[threat[hit]]
    wide = _median_areas(case, evidence, rows, threat)
    owner = threat[wide]
    return Decided(
        evidence=evidence,
        track_id=ids,
        body=body,
        begun_s=begun_s,
        pair_threat=threat,
        samples=Samples(evidence.stated[rows], observed),
        early_held=impact_s >= evidence.early_s[hit],
        median_held=impact_s >= evidence.median_s[hit],
        area_kind=tuple(case.kind[i] for i in owner),
        area_m2=evidence.area_m2[wide],
        bound_m2=_bounds(case, owner, evidence.due_s[wide]),
        latency_s=evidence.latency_s,
    )


def _look_up(ids: IntArray, values: IntArray, asked: IntArray) -> IntArray:
    """Values of the asked ids; -1 where there is no such id."""
    if not len(ids):
        return np.full(len(asked), -1)
    at = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
    return np.where(ids[at] == asked, values[at], -1)


def _one_each(evidence: Evidence, threat: IntArray) -> IntArray:
    """Pairs that were decided upon, the first of each zone and threat.

    Tracks that followed nothing stand for themselves, each a threat that never came.
    """
    due = np.flatnonzero(np.isfinite(evidence.due_s))
    own = np.where(threat[due] >= 0, threat[due], -1 - evidence.pair_track[due])
    order = np.lexsort((evidence.due_s[due], own, evidence.zone[due]))
    due, own = due[order], own[order]
    first = np.ones(len(due), bool)
    first[1:] = (evidence.zone[due[1:]] != evidence.zone[due[:-1]]) | (own[1:] != own[:-1])
    return due[first]


def _median_areas(
    case: Case, evidence: Evidence, rows: IntArray, threat: IntArray
) -> IntArray:
    """Of each threat the pair with the median area, of those worth a thought."""
    worth = (threat[rows] >= 0) & (threat[rows] < len(case.kind))
    worth &= (evidence.stated[rows] >= EDGES[1]) & np.isfinite(evidence.area_m2[rows])
    rows = rows[worth]
    rows = rows[np.lexsort((evidence.area_m2[rows], threat[rows]))]
    first, count = np.unique(threat[rows], return_index=True, return_counts=True)[1:]
    return np.asarray(rows[first + (count - 1) // 2])


def _bounds(case: Case, owner: IntArray, decided_s: FloatArray) -> FloatArray:
    """Least areas, of at most MOST threats spread over all."""
    bound = np.full(len(owner), np.nan)
    falls = np.flatnonzero([case.kind[i] in FALLS for i in owner])
    for i in falls[:: max(-(-len(falls) // MOST), 1)]:
        bound[i] = least_area_m2(case, int(owner[i]), float(decided_s[i]))
    return bound


def _observed(case: Case, harm: Harm, zone: IntArray, threat: IntArray) -> FloatArray:
    """Share of each zone's people that the threat harmed."""
    wide = max(len(case.kind), 1)
    known = harm.zone * wide + harm.threat  # in order: `harmed` made it so
    real = (threat >= 0) & (threat < len(case.kind))
    asked = np.where(real, zone * wide + threat, -1)
    share = np.zeros(len(zone))
    if len(known):
        at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        there = known[at] == asked
        people = harm.people[at[there]]
        share[there] = people / np.maximum(case.zones.population[zone[there]], 1e-9)
    return share
