"""What a track is: a recursive Bayes filter over kinematic features.

Evidence is counted a little at a time (`PACE`), because one scan says nearly what the
last one said, and no class ever falls below its FLOOR: what is unknown is never silently
safe. What flew level for long has the lowest floor for a rocket: rockets never do.
"""

import numpy as np
from numpy.typing import NDArray

from forewarn.compiled import bare_kernel
from forewarn.dynamics import height_of
from forewarn.geodesy import FloatArray
from forewarn.records import BOOSTING, STRAIGHT, TURNING
from forewarn.threats import (
    AIRCRAFT,
    BALLISTIC_MISSILE,
    CLUTTER,
    CRUISE_MISSILE,
    DRONE,
    ROCKET,
)
from forewarn.track.vouching import cleared

FLOOR = np.array([1e-9, 1e-9, 2e-5, 2e-5, 2e-5, 2e-5])
VAGUE_MPS, VAGUE_SHARE = 10.0, 0.15  # a velocity known worse than this tells nothing
PACE = 0.5
MEMORY, GROWS_MPS2, FADES_S = 0.15, 2.0, 300.0
LEVEL_S, LEVEL_MOST_S = 20.0, 60.0  # flown level for so long, it is no rocket; forgotten
FORGET = 2.0  # at this many times the pace once it falls, should two targets be confused
# who comes down so fast, twice as fast as airliners, for so long is cleared by nobody
DIVES_MPS, DIVES_S = 20.0, 6.0
BIRDS_MPS, BIRDS_WIDTH_MPS = 25.0, 3.0  # between the speeds of birds and of drones
SWIFT_MPS, SWIFT_WIDTH_MPS = 62.0, 1.5  # between those of drones and of most aircraft
SURE = 2.0  # standard deviations from a speed at which it is known on which side of it
# before anything is known: most of what steers is traffic, most of what falls is a rocket
PRIOR = np.array([0.2, 0.05, 0.02, 0.1, 0.6, 0.03])


@bare_kernel
def _above(value: float, edge: float, width: float) -> float:
    return float(1.0 / (1.0 + np.exp(-min(max((value - edge) / width, -30.0), 30.0))))


@bare_kernel
def ground_mps(state: FloatArray) -> float:
    """Speed over the ground of a state (6,), Earth-fixed."""
    px, py, pz = state[0], state[1], state[2]
    vx, vy, vz = state[3], state[4], state[5]
    up = px * vx + py * vy + pz * vz
    level2 = vx * vx + vy * vy + vz * vz - up * up / (px * px + py * py + pz * pz)
    return float(np.sqrt(max(level2, 0.0)))


@bare_kernel
def classify(
    t: NDArray[np.void],
    i: int,
    state: FloatArray,
    vague_mps: float,
    gap_s: float,
    like: FloatArray,
) -> bool:
    """Take one look at track i of a table, in place.

    state     : (6,) blended; while its velocity is vague (m/s) nothing is concluded
    gap_s     : since the look before; like : (6,) to work in
    returns   : whether anything was
    """
    row = t[i]
    px, py, pz = state[0], state[1], state[2]
    vx, vy, vz = state[3], state[4], state[5]
    speed = np.sqrt(vx * vx + vy * vy + vz * vz)
    if vague_mps > VAGUE_MPS + VAGUE_SHARE * speed:
        return False
    climb = (px * vx + py * vy + pz * vz) / np.sqrt(px * px + py * py + pz * pz)
    row["looks"] += 1
    # memory follows slowly upwards, and fades: a few wild estimates, of a young track or
    # one confused with clutter, must not make an aircraft of a drone for its whole life
    height = height_of(px, py, pz)
    fastest, highest = row["fastest_mps"], max(row["highest_m"], height)
    more = speed - SURE * vague_mps - fastest
    fastest += min(max(MEMORY * more, more * gap_s / FADES_S), GROWS_MPS2 * gap_s)
    row["fastest_mps"] = fastest
    row["highest_m"] = highest
    steers = min(max(row["weight"][STRAIGHT] + row["weight"][TURNING], 0.02), 0.98)
    falls = 1.0 - steers
    level = _above(28.0 + vague_mps - abs(climb), 0.0, 5.0)
    quick = _above(speed, 180.0, 15.0)
    if steers > 0.5 and level > 0.5 and speed < 340.0:
        level_s = min(row["level_s"] + gap_s, LEVEL_MOST_S)
    else:
        level_s = max(row["level_s"] - FORGET * gap_s, 0.0)
    if speed - vague_mps > 340.0:
        level_s = 0.0
    row["level_s"] = level_s
    falls *= _above(LEVEL_S - level_s, 0.0, 1.0)
    prob = row["prob"]
    like[ROCKET] = falls * quick * _above(4000.0 - fastest, 2000.0, 100.0) + 1e-3
    # rockets come down at 200-400 m/s, but few are so slow; level and slow, fewer still
    like[ROCKET] *= 1.0 - (0.7 + 0.25 * level) * _above(320.0 - speed, 0.0, 15.0)
    # artillery rockets stay below 45 km and 1,700 m/s; missiles of longer reach do not
    far = max(_above(fastest, 1500.0, 100.0), _above(highest, 45e3, 2e3))
    like[ROCKET] *= 1.0 - 0.95 * far
    like[BALLISTIC_MISSILE] = falls * quick * far + 1e-3
    like[CRUISE_MISSILE] = (
        steers * level * _above(speed, 150.0, 8.0) * _above(1500.0 - highest, 0.0, 200.0)
        + 1e-3
    )
    quickest = max(fastest, speed - vague_mps)
    # what is slow flies level: a young track that might yet be falling has fallen for a
    # while, and birds would pass for drones by the speed of that
    ground = ground_mps(state)
    # a flock may seem to fly at any speed in its first looks, and a drone to rush and climb
    # where it takes a false plot: the vaguer the velocity, the less does it tell
    width = np.hypot(BIRDS_WIDTH_MPS, vague_mps)
    swift = np.hypot(SWIFT_WIDTH_MPS, vague_mps)
    climbs = np.hypot(1.0, vague_mps)
    # one-way attack drones fly at 40-55 m/s and hardly climb; what lands flew faster
    like[DRONE] = (
        steers
        * _above(SWIFT_MPS - quickest, 0.0, swift)
        * _above(ground, BIRDS_MPS, width)
        * _above(4.0 - climb, 0.0, climbs)
        * _above(5000.0 - highest, 0.0, 200.0)
        + 1e-3
    )
    like[AIRCRAFT] = (
        (steers + row["weight"][BOOSTING]) * level * _above(quickest, SWIFT_MPS, swift)
    )
    # below 10,000 feet civil traffic keeps to 250 knots (ICAO Annex 11, airspace classes)
    low = _above(3000.0 - height, 0.0, 200.0)
    like[AIRCRAFT] *= 1.0 - 0.95 * low * _above(speed - vague_mps, 155.0, 8.0)
    like[AIRCRAFT] = like[AIRCRAFT] * _above(340.0 - fastest, 0.0, 10.0) + 1e-3
    like[CLUTTER] = steers * _above(BIRDS_MPS - max(fastest, ground), 0.0, width) + 1e-3
    if row["identified"] > 0.0:
        like[AIRCRAFT] *= 3.0
    dives = climb < -(DIVES_MPS + vague_mps)
    row["dives_s"] = row["dives_s"] + gap_s if dives else 0.0
    if row["dives_s"] < DIVES_S and cleared(t, i):
        like[AIRCRAFT] = max(like[AIRCRAFT], steers)
        like[DRONE] = like[CRUISE_MISSILE] = 1e-3
    total = 0.0
    for c in range(6):
        prob[c] *= like[c] ** PACE
        total += prob[c]
    floor_total = 0.0
    for c in range(6):
        prob[c] = max(prob[c] / total, FLOOR[c])
        floor_total += prob[c]
    for c in range(6):
        prob[c] /= floor_total
    return True
