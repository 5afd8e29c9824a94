"""Air by height: density, speed of sound, wind; as one smooth table for kernels.

US Standard Atmosphere 1976 up to 86 km (NOAA-S/T 76-1562, table 4), and an exponential
tail above. Kinks in tables cost accuracy out of all proportion, so every column is a
cubic that joins its neighbours in value, slope and curvature (C2), on a uniform grid.
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray

STEP_M = 250.0
TOP_M = 120_000.0
COLUMNS = ("density", "sound", "wind_east", "wind_north")

_EARTH_RADIUS_M = 6356766.0  # of the 1976 standard, for geopotential height
_GRAVITY_MPS2 = 9.80665
_GAS_JPKGK = 287.05287
# geopotential base height m, lapse rate K/m; first base temperature 288.15 K, 101325 Pa
_LAYERS = (
    (0.0, -6.5e-3),
    (11e3, 0.0),
    (20e3, 1.0e-3),
    (32e3, 2.8e-3),
    (47e3, 0.0),
    (51e3, -2.8e-3),
    (71e3, -2.0e-3),
)
_LAYER_TOP_M = 84852.0


def us1976(height_m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Temperature (K), pressure (Pa), density (kg/m3) of the US Standard Atmosphere 1976.

    height_m : (n,) geometric height; above 86 km density falls off exponentially with the
               last scale height (there it no longer moves anything Forewarn follows)
    """
    potential = _EARTH_RADIUS_M * height_m / (_EARTH_RADIUS_M + height_m)
    temperature = np.full_like(potential, 288.15)
    pressure = np.full_like(potential, 101325.0)
    tops = [*(base for base, _ in _LAYERS[1:]), _LAYER_TOP_M]
    for (base, lapse), top in zip(_LAYERS, tops, strict=True):
        low = base if base else -np.inf  # the lowest layer also holds below the sea
        inside = np.clip(potential, low, top) - base
        inside = np.where(potential > low, inside, 0.0)
        if lapse:
            warmer = temperature + lapse * inside
            pressure = pressure * (warmer / temperature) ** (
                -_GRAVITY_MPS2 / (_GAS_JPKGK * lapse)
            )
            temperature = warmer
        else:
            pressure = pressure * np.exp(
                -_GRAVITY_MPS2 * inside / (_GAS_JPKGK * temperature)
            )
    above = np.maximum(potential - _LAYER_TOP_M, 0.0)
    pressure = pressure * np.exp(-_GRAVITY_MPS2 * above / (_GAS_JPKGK * temperature))
    return temperature, pressure, pressure / (_GAS_JPKGK * temperature)


def standard_air() -> FloatArray:
    """Table of the standard atmosphere without wind, for `air_at`.

    returns : (levels, 4, 4) power coefficients of each column on each 250 m cell
    """
    height_m = np.arange(0.0, TOP_M + STEP_M, STEP_M)
    temperature, _, density = us1976(height_m)
    table = np.empty((len(height_m) - 1, 4, 4))
    # ln density is nearly straight, so its spline is far closer than that of density
    table[:, 0] = _cubic(height_m, np.log(density))
    table[:, 1] = _cubic(height_m, np.sqrt(1.4 * _GAS_JPKGK * temperature))
    table[:, 2:] = 0.0
    return table


def with_wind(table: FloatArray, height_m: FloatArray, wind_mps: FloatArray) -> FloatArray:
    """The same air under a wind profile.

    height_m : (n,)    rising; wind stays as at the ends below and above
    wind_mps : (n, 2)  towards the east, towards the north (where it blows TO)
    """
    if len(height_m) < 2 or not np.all(np.diff(height_m) > 0):
        raise ConfigError("wind: height_m must rise over at least two levels")
    grid = np.arange(0.0, TOP_M + STEP_M, STEP_M)
    smooth = table.copy()
    for axis in range(2):
        # profiles come coarse; rounding their corners over a cell keeps the spline calm
        smooth[:, 2 + axis] = _cubic(grid, np.interp(grid, height_m, wind_mps[:, axis]))
    return smooth


def _cubic(grid: FloatArray, values: FloatArray) -> FloatArray:
    """(cells, 4) coefficients in powers of the distance into the cell over STEP_M."""
    # takes a second to import, and whoever only reads settings never needs it
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(grid, values, bc_type="natural")
    scale = STEP_M ** np.arange(4)
    coefficients: FloatArray = spline.c[::-1].T * scale
    return coefficients


@kernel
def air_at(table: FloatArray, height_m: float) -> tuple[float, float, float, float]:
    """Density kg/m3, speed of sound m/s, wind to the east and north m/s at a height."""
    place = height_m / STEP_M
    if place < 0.0:
        place = 0.0
    if place > table.shape[0] - 1e-9:
        place = table.shape[0] - 1e-9
    cell = int(place)
    u = place - cell
    row = table[cell]
    log_density = row[0, 0] + u * (row[0, 1] + u * (row[0, 2] + u * row[0, 3]))
    sound = row[1, 0] + u * (row[1, 1] + u * (row[1, 2] + u * row[1, 3]))
    east = row[2, 0] + u * (row[2, 1] + u * (row[2, 2] + u * row[2, 3]))
    north = row[3, 0] + u * (row[3, 1] + u * (row[3, 2] + u * row[3, 3]))
    return np.exp(log_density), sound, east, north
