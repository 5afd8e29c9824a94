"""What the class of a body says of its shape and weight before drag tells."""

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.motion.mixing import SEVENTH
from forewarn.records import FALLING, STRAIGHT, IntArray, Tracks
from forewarn.threats import BALLISTIC_MISSILE

HEAVIER = np.array([True, True, False])  # which shapes are: a blunt one is a wreck or stage
# odds of each shape of what is known to be a ballistic missile, over those of all that
# falls: one in a hundred that is no wreck yet, and did not part from another, is blunt
WHOLE = np.array([1.0, 1.0, 0.06])


def with_class_odds(tracks: Tracks, rows: IntArray) -> FloatArray:
    """(rows, shapes) weights of the falling modes, the class taken into account."""
    return tracks.mode_weight[rows, FALLING:STRAIGHT] * class_odds(tracks, rows)


def class_odds(tracks: Tracks, rows: IntArray) -> FloatArray:
    """(rows, shapes) how the class changes the odds of each shape."""
    sure = tracks.class_prob[rows, BALLISTIC_MISSILE, None]
    return np.asarray(WHOLE**sure)


def with_class_prior(
    tracks: Tracks, rows: IntArray, mode: IntArray, belief: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(k, 7), (k, 7, 7) states of some tracks' modes, the class taken into account.

    The tracker begins with one belief for all that falls. A ballistic missile is heavier
    for its size than a rocket; what the belief of its class adds to the common one is taken
    in like a measurement, as surely as the class itself is known. Where drag has told, the
    belief beforehand hardly counts any more.
    Source: product of Gaussians; Anderson, Moore, "Optimal Filtering" (1979), chapter 6.

    rows, mode : (k,) row in `tracks`, and which of its modes
    belief     : (k, 2) mean, standard deviation of ln beta that goes with the class, and
                 with the drag curve a body is to fly by
    """
    mean, cov = tracks.mean[rows, mode], tracks.cov[rows, mode]
    common, common2 = SEVENTH[FALLING, 0], SEVENTH[FALLING, 1]
    own, own_sigma = belief.T
    sure = tracks.class_prob[rows, BALLISTIC_MISSILE]
    sure = np.where((mode >= FALLING) & (mode < STRAIGHT), sure, 0.0)
    told = sure * (1.0 / own_sigma**2 - 1.0 / common2)
    pull = sure * (own / own_sigma**2 - common / common2) - told * mean[:, 6]
    column = cov[:, :, 6] / (1.0 + told * cov[:, 6, 6])[:, None]
    mean = mean + column * pull[:, None]
    cov = cov - told[:, None, None] * column[:, :, None] * cov[:, None, 6, :]
    return mean, np.ascontiguousarray(cov)
