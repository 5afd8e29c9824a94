"""Plots that make no sense, one by one: refused by rule, so that the rest is used."""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray, PlotBatch, Sensor, SensorKind

AHEAD_S = 1.0  # a plot may be this far ahead of its arrival: clocks differ
MOST_PLOTS = 20_000  # of one scan; of more, they are thinned evenly
FARTHEST_M = 1e7
FASTEST_MPS = 2e4
EARTH_M = (6.3e6, 7.5e6)  # between these distances from its centre is where things fly


REASONS = (
    "from the future",
    "range out of bounds",
    "azimuth out of bounds",
    "elevation out of bounds",
    "range rate out of bounds",
    "not a number",
    "tells no direction",
    "no noise stated",
    "no place near the Earth",
    "sent twice",
    "more plots than a scan can hold",
)
USED, TWICE, TOO_MANY = -1, 9, 10


def sift(batch: PlotBatch, sensor: Sensor) -> tuple[BoolArray, dict[str, int]]:
    """Which plots (n,) are used, and how many were refused for which reason."""
    n = len(batch.time_s)
    if not n:
        return np.ones(0, bool), {}
    latest_s = batch.received_s + AHEAD_S
    if sensor.kind is SensorKind.POSITION:
        said = batch.origin_ecef_m
        why = _judge_places(batch.time_s, latest_s, said, batch.sigma_pos_m)
    else:
        said = batch.measured[:, :2]
        why = _judge(batch.time_s, latest_s, batch.measured, batch.sigma)
    again = _again(batch.time_s, said)
    if len(again):
        why[again[why[again] == USED]] = TWICE
    keep = why == USED
    left = np.count_nonzero(keep)
    if left > MOST_PLOTS:
        rows = np.flatnonzero(keep)
        keep[:] = False
        keep[rows[np.linspace(0, left - 1, MOST_PLOTS).astype(np.int64)]] = True
        why[rows[~keep[rows]]] = TOO_MANY
    elif left == n:
        return keep, {}
    count = np.bincount(why[~keep], minlength=len(REASONS)).tolist()
    return keep, {REASONS[k]: c for k, c in enumerate(count) if c}


@kernel
def _judge(
    time_s: FloatArray, latest_s: float, z: FloatArray, sigma: FloatArray
) -> IntArray:
    """First reason (n,) against each plot that was measured from somewhere."""
    why = np.full(len(z), USED)
    for j in range(len(z)):
        reach, azimuth, elevation, rate = z[j]
        # a comparison with nan is false: what was not measured is not wrong
        if time_s[j] > latest_s:
            why[j] = 0
        elif reach <= 0 or reach > FARTHEST_M:
            why[j] = 1
        elif azimuth < -np.pi or azimuth > 2 * np.pi:
            why[j] = 2
        elif abs(elevation) > np.pi / 2:
            why[j] = 3
        elif abs(rate) > FASTEST_MPS:
            why[j] = 4
        elif np.isinf(reach) or np.isinf(rate):
            why[j] = 5
        elif np.isnan(azimuth):
            why[j] = 6
        else:
            for k in range(4):
                if sigma[j, k] <= 0 and np.isfinite(z[j, k]):
                    why[j] = 7
    return why


@kernel
def _judge_places(
    time_s: FloatArray, latest_s: float, place: FloatArray, sigma: FloatArray
) -> IntArray:
    """First reason (n,) against each report of a place."""
    why = np.full(len(place), USED)
    for j in range(len(place)):
        away2 = place[j, 0] ** 2 + place[j, 1] ** 2 + place[j, 2] ** 2
        if time_s[j] > latest_s:
            why[j] = 0
        elif not EARTH_M[0] ** 2 < away2 < EARTH_M[1] ** 2:
            why[j] = 8
        elif not (sigma[j, 0] > 0 and sigma[j, 1] > 0):
            why[j] = 7
    return why


def _again(time_s: FloatArray, said: FloatArray) -> IntArray:
    """Plots that say (k numbers each) just what another before them says."""
    one = np.sort(said[:, 1])
    if not (one[1:] == one[:-1]).any():
        return np.zeros(0, np.int64)  # the usual case, and three times as fast
    order = np.lexsort((said[:, 1], said[:, 0]))
    first, second = order[:-1], order[1:]
    same = (said[first] == said[second]).all(axis=1)
    same &= time_s[first] == time_s[second]
    return np.asarray(second[same])
