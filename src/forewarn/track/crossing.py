"""Where bearings of several observers cross: how tracks begin that nobody can range.

A crossing of two bearings is a guess; how many others point at it too says whether
something is there. The guess then takes in all of them, one after another, each from where
its sound was at its own time, so that speed comes out as well.
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.motion import add_noise, drift
from forewarn.records import BoolArray, IntArray
from forewarn.sensor import update

APART_M = 100.0  # observers nearer to each other than this count as one
LEAST_ANGLE = 0.26  # sine of 15 degrees: flatter crossings tell no distance
BLUR_M = 250.0  # what a drone flies between the reports of one crossing
AGREE = 2.0  # standard deviations
PLACE_M, HEIGHT_M, SPEED_MPS, CLIMB_MPS = 700.0, 300.0, 45.0, 5.0  # of a guess
LEVEL_M = 500.0  # above the observers: attack drones fly at 100 to 1,500 m
STEER_PSD = 8.0  # m2/s3, of what flies on while the reports come in


@kernel
def cross(
    where: FloatArray,
    azimuth: FloatArray,
    sigma: FloatArray,
    fresh: BoolArray,
    reach_m: float,
) -> tuple[FloatArray, IntArray]:
    """The best crossing of every fresh report with any other.

    where   : (k, 2) east, north of each observer, m; azimuth, sigma : (k,) rad
    returns : (k, 2) east, north of the crossing, and (k,) how many reports agree with it,
              0 = none or not fresh
    """
    k = len(azimuth)
    place, support = np.zeros((k, 2)), np.zeros(k, np.int64)
    sine, cosine = np.sin(azimuth), np.cos(azimuth)
    for i in range(k):
        if not fresh[i]:
            continue
        for j in range(k):
            east, north = where[j, 0] - where[i, 0], where[j, 1] - where[i, 1]
            away2 = east * east + north * north
            if away2 < APART_M**2 or away2 > 4.0 * reach_m * reach_m:
                continue
            angle = sine[i] * cosine[j] - cosine[i] * sine[j]
            if abs(angle) < LEAST_ANGLE:
                continue
            from_i = (east * cosine[j] - north * sine[j]) / angle
            from_j = (east * cosine[i] - north * sine[i]) / angle
            if from_i < 0.0 or from_j < 0.0 or max(from_i, from_j) > reach_m:
                continue
            x, y = where[i, 0] + from_i * sine[i], where[i, 1] + from_i * cosine[i]
            count = 0
            for q in range(k):
                count += agrees(x, y, where[q], azimuth[q], sigma[q], reach_m)
            if count > support[i]:
                support[i] = count
                place[i, 0], place[i, 1] = x, y
    return place, support


@kernel
def agrees(
    x: float, y: float, where: FloatArray, azimuth: float, sigma: float, reach_m: float
) -> bool:
    """Whether a report (its observer (2,), azimuth and sigma rad) points at a place."""
    east, north = x - where[0], y - where[1]
    away2 = east * east + north * north
    if away2 > reach_m * reach_m:
        return False
    off = (azimuth - np.arctan2(east, north) + np.pi) % (2.0 * np.pi) - np.pi
    return bool(off * off < AGREE**2 * (sigma * sigma + BLUR_M**2 / max(away2, 1.0)))


@kernel
def agreeing(
    place: FloatArray,
    where: FloatArray,
    azimuth: FloatArray,
    sigma: FloatArray,
    used: BoolArray,
    reach_m: float,
) -> BoolArray:
    """(k,) which reports, not used yet, point at a place (2,) east, north."""
    out = np.zeros(len(azimuth), np.bool_)
    for q in range(len(azimuth)):
        out[q] = not used[q] and agrees(
            place[0], place[1], where[q], azimuth[q], sigma[q], reach_m
        )
    return out


@kernel
def condense(
    rows: IntArray,
    time_s: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    origin: FloatArray,
    turn: FloatArray,
    sound_mps: FloatArray,
    log_false: FloatArray,
    mean: FloatArray,
    cov: FloatArray,
) -> float:
    """Take reports (rows, in order of time) into a guess, in place.

    mean, cov : (7,), (7, 7) true at the first report's time, then at the last one's
    returns   : sum of log likelihood over log density of false reports, log_false (k,)
    """
    told = 0.0
    before_s = time_s[rows[0]]
    for row in rows:
        dt_s = time_s[row] - before_s
        if dt_s > 0.0:
            for i in range(3):
                mean[i] += dt_s * mean[3 + i]
            drift(cov, dt_s)
            add_noise(cov, dt_s, STEER_PSD, 0.0)
            before_s = time_s[row]
        told += update(
            mean, cov, z[row], sigma[row], origin[row], turn[row], sound_mps[row]
        )
        told -= log_false[row]
    return told
