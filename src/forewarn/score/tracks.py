"""How well tracks tell where targets are: GOSPA, what was missed or false, and identity.

Source: Rahmathullah, Garcia-Fernandez, Svensson, "Generalized optimal sub-pattern
assignment metric", FUSION 2017, with alpha = 2 and p = 2, on position; identities as in
Bernardin, Stiefelhagen, "Evaluating multiple object tracking performance: the CLEAR MOT
metrics", EURASIP Journal on Image and Video Processing, 2008.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray

CUTOFF_M = 300.0


@dataclass(frozen=True, slots=True)
class TrackScore:
    """Over all scans; `mature` = of targets that have flown for a while.

    gospa_m        : mean over scans of the GOSPA distance per root of targets in view
    position_m     : root mean square error of what was found
    missed, mature_missed : share of targets in view that no track was near
    false_per_scan : tracks with no target near
    switches, mature_switches : times a target's track became another
    targets        : different ones in view
    """

    scans: int
    targets: int
    gospa_m: float
    position_m: float
    missed: float
    false_per_scan: float
    switches: int
    mature_m: float
    mature_missed: float
    mature_switches: int


def match(
    truth: FloatArray, found: FloatArray, cutoff_m: float = CUTOFF_M
) -> tuple[IntArray, IntArray, FloatArray]:
    """Best pairs of places (n, 3), (m, 3) nearer than the cutoff: rows, rows, distances."""
    none = np.zeros(0, np.int64)
    if not len(truth) or not len(found):
        return none, none, np.zeros(0)
    away = np.sqrt(((truth[:, None] - found[None]) ** 2).sum(axis=2))
    near_t, near_f = np.nonzero(away < cutoff_m)
    n = len(truth) + len(found)
    graph = coo_array((np.ones(len(near_t)), (near_t, len(truth) + near_f)), shape=(n, n))
    label = connected_components(graph, directed=False)[1]
    rows, columns = [none], [none]
    for cluster in np.unique(label[near_t]):  # solved one by one: they are small
        r = np.flatnonzero(label[: len(truth)] == cluster)
        c = np.flatnonzero(label[len(truth) :] == cluster)
        gain = np.minimum(away[np.ix_(r, c)], cutoff_m) ** 2 - cutoff_m**2
        i, j = linear_sum_assignment(gain)
        good = gain[i, j] < 0
        rows.append(r[i[good]])
        columns.append(c[j[good]])
    first, second = np.concatenate(rows), np.concatenate(columns)
    return first, second, away[first, second]


class TrackMeter:
    """Holds tracks against the truth, scan by scan."""

    def __init__(self, cutoff_m: float = CUTOFF_M) -> None:
        self._cutoff_m = cutoff_m
        self._per_scan: list[float] = []
        self._square = self._mature_square = 0.0
        self._pairs = self._missed = self._false = self._scans = 0
        self._mature = self._mature_pairs = 0
        self._switches = self._mature_switches = 0
        self._held: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._seen: set[int] = set()

    def step(
        self,
        targets: Sequence[int],
        truth: FloatArray,
        mature: BoolArray,
        tracks: Sequence[int],
        found: FloatArray,
    ) -> None:
        """One scan: numbers and places (n, 3) of targets in view, and of tracks (m, 3)."""
        rows, _, away = match(truth, found, self._cutoff_m)
        missed, false = len(truth) - len(rows), len(found) - len(rows)
        total = (away**2).sum() + self._cutoff_m**2 / 2 * (missed + false)
        if len(truth):
            self._per_scan.append(float(np.sqrt(total / len(truth))))
        self._scans += 1
        self._square += float((away**2).sum())
        self._pairs += len(rows)
        self._missed += missed
        self._false += false
        self._mature += int(mature.sum())
        self._mature_pairs += int(mature[rows].sum())
        self._mature_square += float((away[mature[rows]] ** 2).sum())
        self._seen.update(targets)
        self._identify(targets, truth, mature, tracks, found)

    def _identify(
        self,
        targets: Sequence[int],
        truth: FloatArray,
        mature: BoolArray,
        tracks: Sequence[int],
        found: FloatArray,
    ) -> None:
        """A pair stays while it is within the cutoff; what is left is matched anew."""
        row = {target: i for i, target in enumerate(targets)}
        column = {track: j for j, track in enumerate(tracks)}
        held = {}
        for target, track in self._held.items():
            if target in row and track in column:
                away = truth[row[target]] - found[column[track]]
                if np.sqrt((away**2).sum()) < self._cutoff_m:
                    held[target] = track
        used = set(held.values())
        free_t = np.array([i for t, i in row.items() if t not in held], np.int64)
        free_f = np.array([j for t, j in column.items() if t not in used], np.int64)
        first, second, _ = match(truth[free_t], found[free_f], self._cutoff_m)
        for i, j in zip(free_t[first], free_f[second], strict=True):
            held[targets[i]] = tracks[j]
        for target, track in held.items():
            if self._last.get(target, track) != track:
                self._switches += 1
                self._mature_switches += int(mature[row[target]])
            self._last[target] = track
        self._held = held

    @property
    def held(self) -> dict[int, int]:
        """Track of each target at the last scan."""
        return self._held

    def result(self) -> TrackScore:
        """All scans so far."""
        return TrackScore(
            scans=self._scans,
            targets=len(self._seen),
            gospa_m=float(np.mean(self._per_scan)) if self._per_scan else np.nan,
            position_m=float(np.sqrt(self._square / max(self._pairs, 1))),
            missed=self._missed / max(self._missed + self._pairs, 1),
            false_per_scan=self._false / max(self._scans, 1),
            switches=self._switches,
            mature_m=float(np.sqrt(self._mature_square / max(self._mature_pairs, 1))),
            mature_missed=1 - self._mature_pairs / max(self._mature, 1),
            mature_switches=self._mature_switches,
        )
