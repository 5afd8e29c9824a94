"""What the silence of radars says of a steered threat that went out of sight.

A drone that dives goes out of cover before it is down, and its track goes down with it:
there nobody looks for it. Had it flown on level they would have shown it, scan by scan. So
what they did not show tells whether it came down or is hidden, as behind a hill.
"""

import numpy as np

from forewarn.gate import chance_seen
from forewarn.geodesy import FloatArray
from forewarn.records import STRAIGHT, IntArray
from forewarn.threats import CRUISE_MISSILE, DRONE
from forewarn.track.table import COUNT, Table, blend, select

MOST = 12.0  # log odds: what is more tells nothing


def count_silence(
    t: Table,
    taken: IntArray,
    when_s: float,
    stand: tuple[FloatArray, FloatArray, FloatArray],
    sector_rad: tuple[float, float],
    detection: float,
) -> None:
    """Gather, in place, log odds against each track's flying on level since its last plot.

    taken     : (n,) plot of each track, -1 = none
    stand     : place, axes and limits of the sensor, as `gate.chance_seen`
    detection : chance that the sensor shows what it covers
    """
    t["silence"][taken >= 0] = 0.0
    late_s = when_s - t["time_s"]
    steered = t["prob"][:, CRUISE_MISSILE] + t["prob"][:, DRONE] > 0.5
    rows = np.flatnonzero((taken < 0) & steered & (late_s > t["scan_s"]))
    if not len(rows):
        return
    state = blend(select(t, rows))
    mean, weight = np.zeros((len(rows), COUNT, 7)), np.zeros((len(rows), COUNT))
    mean[:, STRAIGHT, :3] = level_on(state, late_s[rows])
    weight[:, STRAIGHT] = 1.0
    seen = chance_seen(mean, weight, *stand, np.array(sector_rad), detection, 0.0)
    t["silence"][rows] = np.minimum(t["silence"][rows] - np.log1p(-seen), MOST)


def level_on(state: FloatArray, late_s: FloatArray) -> FloatArray:
    """(n, 3) places after late_s (n,) seconds of level flight from states (n, 6), ECEF."""
    place = state[:, :3] + late_s[:, None] * state[:, 3:]
    radius = np.linalg.norm(state[:, :3], axis=1)
    return np.asarray(place * (radius / np.linalg.norm(place, axis=1))[:, None])
