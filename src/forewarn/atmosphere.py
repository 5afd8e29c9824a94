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
FLOOR_M = -1000.0  # some shores lie 430 m below the sea
TOP_M = 120_000.0
COLUMNS = ("density", "slowness of sound", "wind east", "wind north")

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
_NONE: FloatArray = np.zeros(0)


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

    returns : (cells, 4, 4) on each 250 m cell the power coefficients (second axis) of each
              of COLUMNS (third axis): density kg/m3, one over the speed of sound s/m, wind
              m/s. Columns last, so that one look-up is of four numbers side by side
    """
    height_m = np.arange(FLOOR_M, TOP_M + STEP_M, STEP_M)
    temperature, _, density = us1976(height_m)
    table = np.zeros((len(height_m) - 1, 4, 4))
    table[:, :, 0] = _cubic(height_m, density)
    table[:, :, 1] = _cubic(height_m, 1.0 / np.sqrt(1.4 * _GAS_JPKGK * temperature))
    return table


def with_profile(
    table: FloatArray,
    height_m: FloatArray,
    wind_mps: FloatArray,
    density_kgpm3: FloatArray = _NONE,
    temperature_k: FloatArray = _NONE,
) -> FloatArray:
    """The same air under a profile of the day.

    height_m      : (n,)    rising; beyond its ends the wind stays as there, and density
                            and temperature stay in the proportion they have there to the
                            standard atmosphere
    wind_mps      : (n, 2)  towards the east, towards the north (where it blows TO)
    density_kgpm3 : (n,)    empty: as `table` has it
    temperature_k : (n,)    likewise
    raises        : ConfigError where a height does not rise or a number is out of range
    """
    _check_profile(height_m, wind_mps, density_kgpm3, temperature_k)
    grid = np.arange(FLOOR_M, TOP_M + STEP_M, STEP_M)
    smooth = table.copy()
    for axis in range(2):
        # profiles come coarse; rounding their corners over a cell keeps the spline calm
        blow = np.interp(grid, height_m, wind_mps[:, axis])
        smooth[:, :, 2 + axis] = _cubic(grid, blow)
    warm, _, thick = us1976(grid)
    known_warm, _, known_thick = us1976(height_m)
    if len(density_kgpm3):
        ratio = np.interp(grid, height_m, np.log(density_kgpm3 / known_thick))
        smooth[:, :, 0] = _cubic(grid, thick * np.exp(ratio))
    if len(temperature_k):
        ratio = np.interp(grid, height_m, temperature_k / known_warm)
        sound = np.sqrt(1.4 * _GAS_JPKGK * warm * ratio)
        smooth[:, :, 1] = _cubic(grid, 1.0 / sound)
    return smooth


def _check_profile(
    height_m: FloatArray,
    wind_mps: FloatArray,
    density_kgpm3: FloatArray,
    temperature_k: FloatArray,
) -> None:
    n = len(height_m)
    if n < 2 or not (np.isfinite(height_m).all() and np.all(np.diff(height_m) > 0)):
        raise ConfigError("air: height_m must rise over at least two levels")
    if wind_mps.shape != (n, 2) or not np.isfinite(wind_mps).all():
        raise ConfigError(f"air: wind is {wind_mps.shape}, must be {(n, 2)}, all numbers")
    for name, column in (
        ("density_kgpm3", density_kgpm3),
        ("temperature_k", temperature_k),
    ):
        sound = len(column) == n and np.isfinite(column).all() and np.all(column > 0.0)
        if len(column) and not sound:
            raise ConfigError(f"air: {name} must be {n} numbers above zero, or none")


def _cubic(grid: FloatArray, values: FloatArray) -> FloatArray:
    """(cells, 4) coefficients in powers of the distance into the cell over STEP_M."""
    # takes a second to import, and whoever only reads settings never needs it
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(grid, values)
    scale = STEP_M ** np.arange(4)
    coefficients: FloatArray = spline.c[::-1].T * scale
    return coefficients


@kernel
def air_at(table: FloatArray, height_m: float) -> tuple[float, float, float, float]:
    """Density kg/m3, 1 / speed of sound s/m, wind to the east and north m/s at a height."""
    place = (height_m - FLOOR_M) * (1.0 / STEP_M)
    if not place > 0.0:  # also what is no number: it reads no row that is not there
        place = 0.0
    if place > table.shape[0] - 1e-9:
        place = table.shape[0] - 1e-9
    cell = int(place)
    u = place - cell
    c = table[cell]
    return (
        c[0, 0] + u * (c[1, 0] + u * (c[2, 0] + u * c[3, 0])),
        c[0, 1] + u * (c[1, 1] + u * (c[2, 1] + u * c[3, 1])),
        c[0, 2] + u * (c[1, 2] + u * (c[2, 2] + u * c[3, 2])),
        c[0, 3] + u * (c[1, 3] + u * (c[2, 3] + u * c[3, 3])),
    )
