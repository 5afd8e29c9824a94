"""Which forecasts still hold: a track is flown anew once it moved by what matters.

One flight of a falling track tells where it comes down now; nineteen and more tell how
sure that is. Where the one ends where the many did, these are kept.
"""

from dataclasses import replace

import numpy as np

from forewarn.flight import Ground, fall
from forewarn.forecast.areas import over_places
from forewarn.forecast.params import ForecastParams
from forewarn.forecast.particles import GOLDEN
from forewarn.geodesy import FloatArray
from forewarn.records import FALLING, STRAIGHT, BoolArray, IntArray, Tracks

AIM = 13  # of `aims` (10), how probable a threat it is, and of `doubts` (2)


def aims(
    tracks: Tracks,
    rows: IntArray,
    ground: Ground,
    air: FloatArray,
    drag: FloatArray,
) -> FloatArray:
    """(rows, 10) state of each track's likeliest mode; where, when it would come down.

    Earth-fixed place m, velocity m/s; Earth-fixed place m, UTC seconds, of a falling mode;
    nan of what flies on
    """
    mode = tracks.mode_weight[rows].argmax(axis=1)
    mean = tracks.mean[rows, mode]
    out = np.full((len(rows), 10), np.nan)
    out[:, :6] = mean[:, :6]
    for shape in range(STRAIGHT - FALLING):
        own = np.flatnonzero(mode == FALLING + shape)
        if len(own):
            landed = fall(
                mean[own, :6].copy(),
                mean[own, 6].copy(),
                np.zeros((len(own), 2)),
                ground,
                air,
                drag[shape],
            )
            out[own, 6:9] = landed[:, 1:4]
            out[own, 9] = landed[:, 0] + tracks.time_s[rows[own]]
    return out


def paces(aim: FloatArray, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(rows,) m/s, speed at `time_s` (rows,), and mean over the rest; aim as of `aims`."""
    to_go_s = np.maximum(aim[:, 9] - time_s, 0.1)
    mean_mps = np.linalg.norm(aim[:, 6:9] - aim[:, :3], axis=1) / to_go_s
    return np.linalg.norm(aim[:, 3:6], axis=1), mean_mps


def doubts(owner: IntArray, futures: FloatArray, count: int) -> FloatArray:
    """(count, 2) mean doubt of the place, m, and of the time, s, of each one's futures.

    owner : (k,) rising; futures : (k, 10) weight, then as of `falling_futures`
    """
    weight = futures[:, 0]
    over = over_places(futures[:, 3:6], futures[:, 7:9], futures[:, 9])
    wide = 0.5 * (futures[:, 3] + futures[:, 5])
    total = np.maximum(np.bincount(owner, weight, count), 1e-300)
    place = np.bincount(owner, weight * wide, count) / total
    time = np.bincount(owner, weight * over, count) / total
    return np.sqrt(np.stack([place, time], axis=1))


def holds(
    tracks: Tracks,
    rows: IntArray,
    now: FloatArray,
    made: FloatArray,
    made_s: FloatArray,
    p: ForecastParams,
) -> BoolArray:
    """Whether the forecasts made of some tracks still hold.

    now    : (rows, 11) of `aims`, and how probable a threat it is; made : (rows, AIM) the
             same and `doubts` when they were made; made_s : (rows,) when that was
    """
    age_s = tracks.time_s[rows] - made_s
    life_s = tracks.time_s[rows] - tracks.first_s[rows]
    # what is known of a fall grows with the time it is seen
    soon = age_s <= p.renew_share * life_s
    moved = np.linalg.norm(now[:, 6:9] - made[:, 6:9], axis=1)
    late = np.abs(now[:, 9] - made[:, 9])
    same = (moved < p.matters * made[:, 11]) & (late < p.matters * made[:, 12])
    falls = np.isfinite(now[:, 6])
    # what flies on is expected further on, as fast as it was
    drift = now[:, :3] - made[:, :3] - age_s[:, None] * made[:, 3:6]
    change = np.linalg.norm(now[:, 3:6] - made[:, 3:6], axis=1)
    flies = (np.linalg.norm(drift, axis=1) < p.drift_m) & (change < p.swerve_mps)
    # each in its own time: many drones that one scan sees are not all made anew with it
    spread = 0.75 + 0.5 * (tracks.track_id[rows] * GOLDEN % 1.0)
    flies &= (age_s < p.steer_s * spread) & np.isnan(made[:, 6])
    held = np.where(falls, same & soon, flies)
    alike = np.abs(now[:, 10] - made[:, 10]) <= p.matters * made[:, 10]
    return np.asarray((age_s <= 0.0) | (held & alike))


def coarser(p: ForecastParams, level: int) -> ForecastParams:
    """How far a forecast may be off before it is made anew, doubled so many times."""
    if not level:
        return p
    names = ("matters", "renew_share", "drift_m", "swerve_mps", "steer_s")
    return replace(p, **{name: getattr(p, name) * 2**level for name in names})
