"""What an interception lets fall: pieces with some of its speed, that brake."""

from math import log

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray, geographic_points
from forewarn.sim.sight import Flyer
from forewarn.sim.truth import Fallen
from forewarn.sim.world import LONGEST_S, STEP_S, Path, coast

PIECES = 3
KEPT = (0.4, 0.8)  # of the threat's speed
SCATTER_MPS = 30.0  # standard deviation, per axis
BETA = (300.0, 2000.0)  # kg/m2


def pieces(
    name: str,
    at_s: float,
    state: FloatArray,
    wind_mps: tuple[float, float],
    rng: np.random.Generator,
) -> list[tuple[Flyer, Fallen]]:
    """Pieces of a threat that ends at `at_s` in an Earth-fixed state (6,)."""
    first = np.tile(state, (PIECES, 1))
    first[:, 3:] *= rng.uniform(*KEPT, (PIECES, 1))
    first[:, 3:] += SCATTER_MPS * rng.standard_normal((PIECES, 3))
    beta = np.exp(rng.uniform(log(BETA[0]), log(BETA[1]), PIECES))
    paths = coast(first, beta, wind_mps, LONGEST_S)
    return [_fall(f"{name}-d{i}", at_s, paths[:, i]) for i in range(PIECES)]


def _fall(name: str, at_s: float, path: FloatArray) -> tuple[Flyer, Fallen]:
    """A piece down to the ground; its path (k, 6) goes one step beyond, then is nan."""
    flown = int(np.isfinite(path[:, 0]).sum()) - 1
    if flown + 1 == len(path):
        raise ConfigError(f"{name}: still up {LONGEST_S:g} s after the interception")
    times = np.asarray(at_s + STEP_S * np.arange(flown), np.float64)
    lat, lon, _ = geographic_points(path[flown - 1 : flown, :3].copy())
    place = (float(lat[0]), float(lon[0]))
    way = Path(times, path[:flown])
    return Flyer(name, way), Fallen(name, "debris", at_s, float(times[-1]), place)
