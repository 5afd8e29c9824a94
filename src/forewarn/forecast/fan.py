"""What a track that falls may do: one body to fly for each way it may go on."""

from typing import NamedTuple

import numpy as np

from forewarn.forecast.params import ForecastParams
from forewarn.forecast.prior import as_much, class_odds, with_class_odds, with_class_prior
from forewarn.geodesy import FloatArray
from forewarn.records import BOOSTING, FALLING, STRAIGHT, IntArray, Tracks

DROWSY = 0.1  # share of the falling modes' weight below which one has no say of its own


class Fan(NamedTuple):
    """Bodies to fly: row of each in the tracks asked for, weight, state, drag curve.

    owner : (m,), weight : (m,), mean : (m, 7), cov : (m, 7, 7), curve : (m,)
    """

    owner: IntArray
    weight: FloatArray
    mean: FloatArray
    cov: FloatArray
    curve: IntArray


def fan_of(
    tracks: Tracks,
    rows: IntArray,
    falling: FloatArray,
    aim: FloatArray,
    belief: FloatArray,
    air: FloatArray,
    drag: FloatArray,
    p: ForecastParams,
) -> Fan:
    """Each falling mode by its own drag curve; boosting by several shares of more speed.

    falling : (rows,) probability that it is a threat and falls
    aim     : (rows, 10) as of `holding.aims`
    belief  : (rows, shapes, 2) as of `Precedents.belief`
    """
    shapes = STRAIGHT - FALLING
    gains = np.array([0.0] * shapes + [*p.thrust_gains])
    mode = np.array([*range(FALLING, STRAIGHT)] + [BOOSTING] * len(p.thrust_gains))
    glides = with_class_odds(tracks, rows)
    unsteered = glides.sum(axis=1) + tracks.mode_weight[rows, BOOSTING]
    thrust = tracks.mode_weight[rows, BOOSTING] / np.maximum(unsteered, 1e-12)
    thrust = np.where(thrust > p.thrust_from, thrust, 0.0)[:, None]
    # where no falling mode is awake, what may fall yet has the first drag curve
    none = glides.sum(axis=1) <= 0.0
    glides = np.where(none[:, None], np.eye(shapes)[0], glides)
    each = glides / glides.sum(axis=1)[:, None]
    unseen = np.where(none, 0.0, _unseen(aim, tracks.time_s[rows], p))[:, None]
    alike = class_odds(tracks, rows)
    guess = (1 - unseen) * each + unseen * alike / alike.sum(axis=1)[:, None]
    share = np.column_stack([(1 - thrust) * guess, thrust * np.array(p.thrust_shares)])
    weight = falling[:, None] * share
    owner, kind = np.nonzero(weight > p.negligible)
    likeliest = tracks.mode_weight[rows].argmax(axis=1)
    flown = np.where(none[owner] & (mode[kind] == FALLING), likeliest[owner], mode[kind])
    curve = np.maximum(mode[kind] - FALLING, 0)
    # a curve that hardly is awake, and knows but what it was woken with, or that its class
    # hardly has, starts from the likeliest, with as much drag
    known = glides.argmax(axis=1)[owner]
    asleep = (mode[kind] >= FALLING) & (each[owner, curve] < DROWSY)
    flown = np.where(asleep, FALLING + known, flown)
    faster = np.ones((len(kind), 7))
    faster[:, 3:6] += gains[kind][:, None]
    mean, cov = with_class_prior(tracks, rows[owner], flown, belief[owner, curve])
    mean = mean * faster
    mean[asleep, 6] += as_much(mean[asleep], known[asleep], curve[asleep], air, drag)
    return Fan(owner, weight[owner, kind], mean, cov, curve)


def _unseen(aim: FloatArray, time_s: FloatArray, p: ForecastParams) -> FloatArray:
    """(rows,) how much of the drag to come is at speeds a body was not seen at yet, 0 .. 1.

    It is slower on the rest of its way than now, or flies no faster than it did before.
    """
    to_go_s = np.maximum(aim[:, 9] - time_s, 0.1)
    mean_mps = np.linalg.norm(aim[:, 6:9] - aim[:, :3], axis=1) / to_go_s
    now_mps = np.linalg.norm(aim[:, 3:6], axis=1)
    slows = np.log(np.maximum(now_mps, 1.0) / np.maximum(mean_mps, 1.0))
    share = 1.0 - np.exp(-np.maximum(slows, 0.0) / p.curve_slows)
    return np.asarray(np.nan_to_num(share))
