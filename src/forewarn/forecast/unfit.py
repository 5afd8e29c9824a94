"""Tracks that cannot be flown: each is named with the number that is out of range."""

from collections.abc import Iterator

import numpy as np

from forewarn.errors import ModelError
from forewarn.geodesy import geographic_points
from forewarn.records import FALLING, STRAIGHT, BoolArray, IntArray, Tracks

LN_BETA = (0.0, 14.0)  # 1 kg/m2 to a million: between a feather and a mountain
DEEP = 5.0  # standard deviations below the ground


def unfit(
    tracks: Tracks, rows: IntArray, ground_m: float
) -> Iterator[tuple[ModelError, int]]:
    """(fault, which of `rows`) for every track with a state no body can have.

    ground_m : the lowest ground; what may be above it, given its doubt, is flown, and lands
               at once where it is
    """
    if not len(rows):
        return
    awake = tracks.mode_weight[rows] > 0.0
    mean, cov = tracks.mean[rows], tracks.cov[rows]
    finite = np.isfinite(mean).all(axis=2) & np.isfinite(cov).all(axis=(2, 3))
    for k in np.flatnonzero((awake & ~finite).any(axis=1)):
        yield _fault(tracks, rows[k], "state or covariance", "no number"), int(k)
    sound = ~(awake & ~finite).any(axis=1)
    falls = slice(FALLING, STRAIGHT)
    beta = np.where(awake[:, falls], mean[:, falls, 6], LN_BETA[0])
    wrong = (beta < LN_BETA[0]) | (beta > LN_BETA[1])
    for k in np.flatnonzero(wrong.any(axis=1) & sound):
        value = beta[k][wrong[k]][0]
        yield _fault(tracks, rows[k], "ln of ballistic coefficient", f"{value:.3g}"), int(k)
    sound &= ~wrong.any(axis=1)
    for k in np.flatnonzero(sound & _buried(tracks, rows, ground_m)):
        yield _fault(tracks, rows[k], "height", "far below the ground"), int(k)


def _buried(tracks: Tracks, rows: IntArray, ground_m: float) -> BoolArray:
    mode = tracks.mode_weight[rows].argmax(axis=1)
    place, cov = tracks.mean[rows, mode, :3], tracks.cov[rows, mode, :3, :3]
    _, _, height = geographic_points(np.nan_to_num(place))
    doubt = np.sqrt(np.einsum("nii->n", np.nan_to_num(cov)))
    return np.asarray(height + DEEP * doubt < ground_m)


def _fault(tracks: Tracks, row: int, what: str, found: str) -> ModelError:
    return ModelError(
        f"forecast: track {tracks.track_id[row]}: {what} is {found}:"
        " its last forecast stands"
    )
