"""What a track that falls may do: one body to fly for each way it may go on."""

from typing import NamedTuple

import numpy as np

from forewarn.forecast.params import ForecastParams
from forewarn.forecast.prior import with_class_odds, with_class_prior
from forewarn.geodesy import FloatArray
from forewarn.records import BOOSTING, FALLING, STRAIGHT, IntArray, Tracks


class Fan(NamedTuple):
    """Bodies to fly: row of each in the tracks asked for, weight, state, drag curve.

    owner : (m,), weight : (m,), mean : (m, 7), cov : (m, 7, 7), curve : (m,)
    """

    owner: IntArray
    weight: FloatArray
    mean: FloatArray
    cov: FloatArray
    curve: IntArray


def fan_of(tracks: Tracks, rows: IntArray, falling: FloatArray, p: ForecastParams) -> Fan:
    """Each falling mode by its own drag curve; boosting by several shares of more speed.

    falling : (rows,) probability that it is a threat and falls
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
    share = np.column_stack([(1 - thrust) * each, thrust * np.array(p.thrust_shares)])
    weight = falling[:, None] * share
    owner, kind = np.nonzero(weight > p.negligible)
    likeliest = tracks.mode_weight[rows].argmax(axis=1)
    flown = np.where(none[owner] & (mode[kind] == FALLING), likeliest[owner], mode[kind])
    faster = np.ones((len(kind), 7))
    faster[:, 3:6] += gains[kind][:, None]
    mean, cov = with_class_prior(tracks, rows[owner], flown)
    return Fan(
        owner,
        weight[owner, kind],
        mean * faster,
        cov,
        np.maximum(mode[kind] - FALLING, 0),
    )
