"""What a track is: a recursive Bayes filter over kinematic features.

Evidence is counted a little at a time (`PACE`), because one scan says nearly what the
last one said, and no class ever falls below its FLOOR: what is unknown is never silently
safe. What flew level for long has the lowest floor for a rocket: rockets never do.
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.dynamics import height_of
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.threats import (
    AIRCRAFT,
    BALLISTIC_MISSILE,
    CLUTTER,
    CRUISE_MISSILE,
    DRONE,
    ROCKET,
)

FLOOR = np.array([1e-9, 1e-9, 2e-5, 2e-5, 2e-5, 2e-5])
VAGUE_MPS, VAGUE_SHARE = 10.0, 0.15  # a velocity known worse than this tells nothing
PACE = 0.5
MEMORY = 0.15
LEVEL_S, LEVEL_MOST_S = 20.0, 40.0  # flown level for so long, it is no rocket; forgotten
FORGET = 2.0  # at this many times the pace once it falls, should two targets be confused
# before anything is known: most of what steers is traffic, most of what falls is a rocket
PRIOR = np.array([0.2, 0.05, 0.02, 0.1, 0.6, 0.03])


@kernel
def _above(value: float, edge: float, width: float) -> float:
    return float(1.0 / (1.0 + np.exp(-min(max((value - edge) / width, -30.0), 30.0))))


@kernel
def classify(
    mean: FloatArray,
    mode_weight: FloatArray,
    speed_sigma_mps: FloatArray,
    fastest_mps: FloatArray,
    highest_m: FloatArray,
    level_s: FloatArray,
    gap_s: FloatArray,
    identified: FloatArray,
    rows: IntArray,
    prob: FloatArray,
    looks: IntArray,
) -> None:
    """Take one look at some tracks, in place.

    mean, mode_weight     : (n, 7) blended state, (n, 3)
    speed_sigma_mps       : (n,) of velocity; while it is vague, nothing is concluded
    fastest_mps, highest_m: (n,) of the whole life so far, updated here: an airliner that
                            slows to land was fast before, a drone never was
    level_s               : (n,) seconds flown level, steered and slow, updated here
    gap_s                 : (n,) since the look before
    identified            : (n,) > 0 where traffic reports agree; worth three looks, no more
    rows                  : tracks looked at
    prob                  : (n, 6)
    looks                 : (n,) how often it was looked at with a clear velocity
    """
    like = np.empty(6)
    for i in rows:
        px, py, pz = mean[i, 0], mean[i, 1], mean[i, 2]
        vx, vy, vz = mean[i, 3], mean[i, 4], mean[i, 5]
        r = np.sqrt(px * px + py * py + pz * pz)
        speed = np.sqrt(vx * vx + vy * vy + vz * vz)
        climb = (px * vx + py * vy + pz * vz) / r
        height = height_of(px, py, pz)
        vague = speed_sigma_mps[i]
        if vague > VAGUE_MPS + VAGUE_SHARE * speed:
            continue
        looks[i] += 1
        # memory follows slowly upwards: one wild estimate of a young track must not make
        # an aircraft of a drone for the rest of its life
        fastest_mps[i] += MEMORY * max(speed - vague - fastest_mps[i], 0.0)
        highest_m[i] = max(highest_m[i], height)
        fastest, highest = fastest_mps[i], highest_m[i]
        steers = min(max(mode_weight[i, 2], 0.02), 0.98)
        falls = 1.0 - steers
        level = _above(28.0 + vague - abs(climb), 0.0, 5.0)
        quick = _above(speed, 180.0, 15.0)
        if steers > 0.5 and level > 0.5 and speed < 340.0:
            level_s[i] = min(level_s[i] + gap_s[i], LEVEL_MOST_S)
        else:
            level_s[i] = max(level_s[i] - FORGET * gap_s[i], 0.0)
        if speed - vague > 340.0:
            level_s[i] = 0.0
        falls *= _above(LEVEL_S - level_s[i], 0.0, 1.0)
        like[ROCKET] = falls * quick * _above(4000.0 - fastest, 2000.0, 100.0) + 1e-3
        # rockets come down at 200-400 m/s, but few are so slow; level and slow, fewer still
        like[ROCKET] *= 1.0 - (0.7 + 0.25 * level) * _above(320.0 - speed, 0.0, 15.0)
        # artillery rockets stay below 45 km and 1,700 m/s; missiles of longer reach do not
        far = max(_above(fastest, 1500.0, 100.0), _above(highest, 45e3, 2e3))
        like[ROCKET] *= 1.0 - 0.95 * far
        like[BALLISTIC_MISSILE] = falls * quick * far + 1e-3
        like[CRUISE_MISSILE] = (
            steers
            * level
            * _above(speed, 150.0, 8.0)
            * _above(1500.0 - highest, 0.0, 200.0)
            + 1e-3
        )
        # one-way attack drones fly at 40-55 m/s and hardly climb; what lands flew faster
        like[DRONE] = (
            steers
            * _above(62.0 - fastest, 0.0, 1.5)
            * _above(speed, 25.0, 3.0)
            * _above(4.0 - climb, 0.0, 1.0)
            * _above(5000.0 - highest, 0.0, 200.0)
            + 1e-3
        )
        quickest = max(fastest, speed - vague)
        like[AIRCRAFT] = (steers + mode_weight[i, 0]) * level * _above(quickest, 62.0, 1.5)
        like[AIRCRAFT] = like[AIRCRAFT] * _above(340.0 - fastest, 0.0, 10.0) + 1e-3
        like[CLUTTER] = steers * _above(25.0 - max(fastest, speed), 0.0, 3.0) + 1e-3
        if identified[i] > 0.0:
            like[AIRCRAFT] *= 3.0
        total = 0.0
        for c in range(6):
            prob[i, c] *= like[c] ** PACE
            total += prob[i, c]
        floor_total = 0.0
        for c in range(6):
            prob[i, c] = max(prob[i, c] / total, FLOOR[c])
            floor_total += prob[i, c]
        for c in range(6):
            prob[i, c] /= floor_total
