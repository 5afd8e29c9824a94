"""Which true body each track followed."""

import numpy as np

from forewarn.geodesy import FloatArray, ecef_points
from forewarn.records import IntArray
from forewarn.score.case import Paths
from forewarn.score.evidence import Evidence

NEAR_M = 1000.0  # further off it followed something else; sound is 300 m a second late
LOOKS = 16  # at a track over its life


def followed(evidence: Evidence, paths: Paths) -> tuple[IntArray, IntArray, FloatArray]:
    """Ids of all tracks in order, the body each followed (-1 = none), and since when.

    A track followed what was nearest to it, and near, at most looks spread over its life.
    """
    order = np.lexsort((evidence.track_s, evidence.track_id))
    ids, first, count = np.unique(
        evidence.track_id[order], return_index=True, return_counts=True
    )
    part = np.arange(LOOKS) / LOOKS
    look = first[:, None] + np.floor(part * count[:, None]).astype(np.int64)
    rows = order[look.ravel()]
    body = _nearest(evidence.track_s[rows], evidence.track_ecef_m[rows], paths)
    begun_s = evidence.track_s[order[first]] if len(ids) else np.zeros(0)
    return ids, _most(body.reshape(-1, LOOKS)), begun_s


def _nearest(time_s: FloatArray, pos_m: FloatArray, paths: Paths) -> IntArray:
    """(n,) the body nearest to each place at its time, -1 = none within NEAR_M."""
    best = np.full(len(time_s), NEAR_M)
    body = np.full(len(time_s), -1)
    order = np.argsort(time_s, kind="stable")
    clock = time_s[order]
    true_m = ecef_points(paths.place_rad[:, 0], paths.place_rad[:, 1], paths.height_m)
    for i in range(len(paths.start) - 1):
        own = slice(paths.start[i], paths.start[i + 1])
        times = paths.time_s[own]
        if not len(times):
            continue
        low, high = np.searchsorted(clock, [times[0] - 1.0, times[-1] + 1.0])
        rows = order[low:high]
        there = [np.interp(time_s[rows], times, true_m[own, axis]) for axis in range(3)]
        away = np.linalg.norm(np.stack(there, axis=1) - pos_m[rows], axis=1)
        nearer = away < best[rows]
        best[rows[nearer]] = away[nearer]
        body[rows[nearer]] = i
    return body


def _most(seen: IntArray) -> IntArray:
    """(t,) what most of each row (t, LOOKS) says, -1 where that is less than half."""
    ranked = np.sort(seen, axis=1)
    same = (ranked[:, :, None] == ranked[:, None, :]).sum(axis=2)
    best = same.argmax(axis=1)
    rows = np.arange(len(seen))
    enough = same[rows, best] * 2 >= LOOKS
    return np.where(enough, ranked[rows, best], -1)
