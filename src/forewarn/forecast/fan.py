"""What a track that falls may do: one body to fly for each way it may go on."""

from typing import NamedTuple

import numpy as np

from forewarn.forecast.curves import Learned
from forewarn.forecast.params import ForecastParams
from forewarn.forecast.prior import (
    HEAVIER,
    class_odds,
    with_class_odds,
    with_class_prior,
)
from forewarn.forecast.shown import as_much, lags
from forewarn.geodesy import FloatArray
from forewarn.records import BOOSTING, FALLING, STRAIGHT, IntArray, Tracks

DROWSY = 0.1  # share of the falling modes' weight below which one has no say of its own
CURVES = STRAIGHT - FALLING


class Fan(NamedTuple):
    """Bodies to fly: row of each in the tracks asked for, weight, state, drag curve.

    owner : (m,), weight : (m,), mean : (m, 7), cov : (m, 7, 7), curve : (m,)
    """

    owner: IntArray
    weight: FloatArray
    mean: FloatArray
    cov: FloatArray
    curve: IntArray


class Known(NamedTuple):
    """What is known beside some tracks themselves.

    now_mps, mean_mps : (n,) as of `holding.paces`
    belief  : (n, shapes, 2) as of `Precedents.belief`
    learned : which curve others drew for each
    air     : the air they fall through
    drag    : curves of the library, then those that `learned` tells of
    """

    now_mps: FloatArray
    mean_mps: FloatArray
    belief: FloatArray
    learned: Learned
    air: FloatArray
    drag: FloatArray


def fan_of(
    tracks: Tracks, rows: IntArray, falling: FloatArray, known: Known, p: ForecastParams
) -> Fan:
    """Each falling mode by its own drag curve, and by the one that others drew; boosting
    by several shares of more speed.

    falling : (rows,) probability that it is a threat and falls
    known   : of `rows`
    """
    boosts = len(p.thrust_gains)
    mode = np.array([*range(FALLING, STRAIGHT), *[BOOSTING] * boosts, FALLING])
    gains = np.array([*[0.0] * CURVES, *p.thrust_gains, 0.0])
    glides = with_class_odds(tracks, rows)
    unsteered = glides.sum(axis=1) + tracks.mode_weight[rows, BOOSTING]
    thrust = tracks.mode_weight[rows, BOOSTING] / np.maximum(unsteered, 1e-12)
    thrust = np.where(thrust > p.thrust_from, thrust, 0.0)[:, None]
    # where no falling mode is awake, what may fall yet has the first drag curve
    none = glides.sum(axis=1) <= 0.0
    glides = np.where(none[:, None], np.eye(CURVES)[0], glides)
    each = glides / glides.sum(axis=1)[:, None]
    unseen = np.where(none, 0.0, _unseen(known, p))[:, None]
    # what others drew is of whole bodies, and a wreck flies otherwise
    whole = each[:, HEAVIER].sum(axis=1)
    drawn = unseen * (whole * known.learned.sure)[:, None]
    alike = class_odds(tracks, rows)
    alike /= alike.sum(axis=1)[:, None]
    guess = (1 - unseen) * each + (unseen - drawn) * alike
    boosted = thrust * np.array(p.thrust_shares)
    share = np.column_stack([(1 - thrust) * guess, boosted, (1 - thrust) * drawn])
    weight = falling[:, None] * share
    owner, kind = np.nonzero(weight > p.negligible)
    likeliest = tracks.mode_weight[rows].argmax(axis=1)
    flown = np.where(none[owner] & (mode[kind] == FALLING), likeliest[owner], mode[kind])
    curve = np.maximum(mode[kind] - FALLING, 0)
    # a curve that hardly is awake, and knows but what it was woken with, or that its class
    # hardly has, starts from the likeliest, with as much drag; and so does one that others
    # drew, for it never is
    own = glides.argmax(axis=1)[owner]
    asleep = (mode[kind] >= FALLING) & (each[owner, curve] < DROWSY)
    others = kind == len(mode) - 1
    asleep |= others
    flown = np.where(asleep, FALLING + own, flown)
    faster = np.ones((len(kind), 7))
    faster[:, 3:6] += gains[kind][:, None]
    belief = known.belief[owner, np.where(others, own, curve)]
    mean, cov = with_class_prior(tracks, rows[owner], flown, belief)
    mean = mean * faster
    curve = np.where(others, known.learned.curve[owner], curve)
    lag_s = lags(tracks, rows[owner[asleep]])
    mean[asleep, 6] += as_much(
        mean[asleep], own[asleep], curve[asleep], lag_s, known.air, known.drag
    )
    return Fan(owner, weight[owner, kind], mean, cov, curve)


def _unseen(known: Known, p: ForecastParams) -> FloatArray:
    """(n,) how much of the drag to come is at speeds a body was not seen at yet, 0 .. 1.

    It is slower on the rest of its way than now, or flies no faster than it did before.
    """
    now_mps, mean_mps = known.now_mps, known.mean_mps
    slows = np.log(np.maximum(now_mps, 1.0) / np.maximum(mean_mps, 1.0))
    share = 1.0 - np.exp(-np.maximum(slows, 0.0) / p.curve_slows)
    return np.asarray(np.nan_to_num(share))
