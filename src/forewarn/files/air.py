"""Profiles of the air, and grids of the ground: what a flight goes through and ends on."""

import csv
from dataclasses import dataclass
from math import radians
from pathlib import Path

import numpy as np

from forewarn.atmosphere import standard_air, with_profile
from forewarn.errors import ConfigError
from forewarn.files.grid import read_grid
from forewarn.flight.ground import Ground, ground_grid
from forewarn.geodesy import FloatArray

_GAS_JPKGK = 287.05287


@dataclass(frozen=True, slots=True)
class AirKeys:
    """[air]: a profile of the day, in the file or inline; wind is where it blows TO."""

    profile: Path | None = None
    height_m: tuple[float, ...] = ()
    east_mps: tuple[float, ...] = ()
    north_mps: tuple[float, ...] = ()
    density_kgpm3: tuple[float, ...] = ()
    temperature_k: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A profile as `atmosphere.with_profile` takes it; empty = as the standard has it."""

    height_m: FloatArray
    wind_mps: FloatArray
    density_kgpm3: FloatArray
    temperature_k: FloatArray

    def air(self) -> FloatArray:
        """The table of this air."""
        if not len(self.height_m):
            return standard_air()
        return with_profile(
            standard_air(),
            self.height_m,
            self.wind_mps,
            self.density_kgpm3,
            self.temperature_k,
        )


STANDARD = Profile(np.zeros(0), np.zeros((0, 2)), np.zeros(0), np.zeros(0))


def profile_of(keys: AirKeys, folder: Path, where: str) -> Profile:
    """The profile a table [air] names; paths are relative to `folder`."""
    if keys.profile is not None:
        if keys.height_m:
            raise ConfigError(f"{where}: give either profile or height_m, not both")
        return read_profile(folder / keys.profile)
    if keys == AirKeys():  # nothing to check: loading splines is a quarter of a start
        return STANDARD
    n = len(keys.height_m)
    columns = {
        "east_mps": keys.east_mps or (0.0,) * n,
        "north_mps": keys.north_mps or (0.0,) * n,
        "density_kgpm3": keys.density_kgpm3,
        "temperature_k": keys.temperature_k,
    }
    for name, column in columns.items():
        if len(column) not in (0, n):
            raise ConfigError(f"{where} {name}: found {len(column)} values, expected {n}")
    return _checked(
        np.array(keys.height_m, float),
        np.stack([columns["east_mps"], columns["north_mps"]], axis=1).reshape(-1, 2),
        np.array(keys.density_kgpm3, float),
        np.array(keys.temperature_k, float),
        where,
    )


def read_profile(path: Path) -> Profile:
    """CSV with a heading: height_m (above the ellipsoid, rising), and any of east_mps,
    north_mps (where the wind blows TO), density_kgpm3 or pressure_pa, temperature_k."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, skipinitialspace=True))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is no profile of the air: {error}") from None
    names = set(rows[0]) if rows else set()
    if "height_m" not in names:
        raise ConfigError(f"{path}: column height_m is missing, or there are no rows")

    def column(name: str) -> FloatArray:
        if name not in names:
            return np.zeros(0)
        found = []
        for line, row in enumerate(rows, start=2):
            try:
                found.append(float(row[name]))
            except (TypeError, ValueError):
                raise ConfigError(
                    f"{path}, line {line}, {name}: found {row[name]!r}, expected a number"
                ) from None
        return np.array(found)

    height, warm, thick = (
        column(name) for name in ("height_m", "temperature_k", "density_kgpm3")
    )
    pressure = column("pressure_pa")
    if len(pressure) and len(warm) and not len(thick):
        thick = pressure / (_GAS_JPKGK * warm)
    calm = np.zeros(len(height))
    blow = [column(name) for name in ("east_mps", "north_mps")]
    wind = np.stack([one if len(one) else calm for one in blow], axis=1)
    return _checked(height, wind, thick, warm, str(path))


def _checked(
    height: FloatArray, wind: FloatArray, thick: FloatArray, warm: FloatArray, where: str
) -> Profile:
    profile = Profile(height, wind, thick, warm)
    try:
        profile.air()
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return profile


def read_ground(path: Path) -> Ground:
    """Heights of the ground from an ESRI ASCII grid in degrees of WGS 84.

    Heights are taken as metres above the ellipsoid; what has none counts as 0.
    """
    grid = read_grid(path)
    rows, columns = grid.values.shape
    south, west, step = grid.south_deg, grid.west_deg, grid.step_deg
    try:
        return ground_grid(
            grid.values,
            (radians(south), radians(south + step * (rows - 1))),
            (radians(west), radians(west + step * (columns - 1))),
        )
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
