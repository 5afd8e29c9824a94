"""A case for `forewarn fly`: one body, where it starts, what it flies through."""

from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forewarn.dynamics import drag_curve
from forewarn.errors import ConfigError
from forewarn.files.air import AirKeys, profile_of, read_ground
from forewarn.files.toml import fill, read_toml
from forewarn.flight import Ground, level_ground
from forewarn.geodesy import (
    EARTH_A_M,
    EARTH_GM_M3PS2,
    EARTH_RATE_RADPS,
    WGS84,
    Earth,
    FloatArray,
    ecef_from_geographic,
    enu_from_ecef,
    geographic_from_ecef,
)
from forewarn.units import RAD_PER_DEG


@dataclass(frozen=True, slots=True)
class StartKeys:
    """[start]: a place and a velocity, each in one of two ways."""

    lat_deg: float = nan
    lon_deg: float = nan
    height_m: float = nan
    ecef_m: tuple[float, ...] = ()
    vel_ned_mps: tuple[float, ...] = ()
    vel_ecef_mps: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class BodyKeys:
    """[body]: how heavy it is for its size, and how it is slowed."""

    beta_kgpm2: float = nan
    mass_kg: float = nan
    area_m2: float = nan
    drag: float = nan
    drag_table: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class EarthKeys:
    """[earth]: ours, or the round one of a check case."""

    model: str = "wgs84"
    radius_m: float = EARTH_A_M
    gm_m3ps2: float = EARTH_GM_M3PS2
    rotating: bool = True


@dataclass(frozen=True, slots=True)
class GroundKeys:
    """[ground]: one height above the ellipsoid, or a grid."""

    height_m: float = 0.0
    grid: Path | None = None


@dataclass(frozen=True, slots=True)
class PathKeys:
    """[path]: when to say where it is; by itself every second until it is down."""

    every_s: float = 1.0
    until_s: float = nan
    times_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class UncertaintyKeys:
    """[uncertainty]: standard deviations of what is known of it."""

    position_m: float = 10.0
    velocity_mps: float = 1.0
    ln_beta: float = 0.1


@dataclass(frozen=True, slots=True)
class _Keys:
    start: StartKeys = field(default_factory=StartKeys)
    body: BodyKeys = field(default_factory=BodyKeys)
    earth: EarthKeys = field(default_factory=EarthKeys)
    air: AirKeys = field(default_factory=AirKeys)
    ground: GroundKeys = field(default_factory=GroundKeys)
    path: PathKeys = field(default_factory=PathKeys)
    uncertainty: UncertaintyKeys = field(default_factory=UncertaintyKeys)


class Case(NamedTuple):
    """One flight, ready for the kernels.

    state    : (6,) Earth-fixed position m and velocity m/s
    per_beta : 1 / ballistic coefficient of `drag`, m2/kg; 0 = no drag
    times_s  : (k,) when to say where it is
    until_s  : the flight ends then at the latest; nan = on the ground
    """

    state: FloatArray
    per_beta: float
    drag: FloatArray
    air: FloatArray
    earth: Earth
    ground: Ground
    times_s: FloatArray
    until_s: float
    sigma: UncertaintyKeys


def read_case(path: Path) -> Case:
    """Read a case file; what is wrong is named with file, key and what is expected."""
    tables = read_toml(path)
    kinds = {
        "start": StartKeys,
        "body": BodyKeys,
        "earth": EarthKeys,
        "air": AirKeys,
        "ground": GroundKeys,
        "path": PathKeys,
        "uncertainty": UncertaintyKeys,
    }
    for name in tables:
        if name not in kinds:
            raise ConfigError(f"{path}: unknown table [{name}]; known: {', '.join(kinds)}")
    keys = _Keys(
        **{k: fill(kind, tables.get(k, {}), f"{path}: [{k}]") for k, kind in kinds.items()}
    )
    earth = _earth(keys.earth, f"{path}: [earth]")
    per_beta, drag = _drag(keys.body, f"{path}: [body]")
    folder = path.resolve().parent
    ground = level_ground(keys.ground.height_m)
    if keys.ground.grid is not None:
        ground = read_ground(folder / keys.ground.grid)
    times, until_s = _times(keys.path, f"{path}: [path]")
    return Case(
        _state(keys.start, earth, f"{path}: [start]"),
        per_beta,
        drag,
        profile_of(keys.air, folder, f"{path}: [air]").air(),
        earth,
        ground,
        times,
        until_s,
        keys.uncertainty,
    )


def geographic_over(earth: Earth, place_m: FloatArray) -> tuple[float, float, float]:
    """Latitude rad, longitude rad, height m of an Earth-fixed place over this Earth."""
    if earth.oblate > 0.0:
        return geographic_from_ecef(*place_m)
    r = float(np.linalg.norm(place_m))
    lat = float(np.arcsin(place_m[2] / r))
    return lat, float(np.arctan2(place_m[1], place_m[0])), r - earth.a_m


def _earth(keys: EarthKeys, where: str) -> Earth:
    rate = EARTH_RATE_RADPS if keys.rotating else 0.0
    if keys.model == "wgs84":
        if not keys.rotating:
            raise ConfigError(f"{where}: wgs84 turns; only model = 'round' may stand still")
        return WGS84
    if keys.model != "round":
        raise ConfigError(f"{where} model: found {keys.model!r}, expected wgs84 or round")
    if not keys.radius_m > 0.0 or not keys.gm_m3ps2 > 0.0:
        raise ConfigError(f"{where}: radius_m and gm_m3ps2 must be above zero")
    return Earth(keys.radius_m, 0.0, keys.gm_m3ps2, 0.0, rate)


def _drag(keys: BodyKeys, where: str) -> tuple[float, FloatArray]:
    """One over mass per area, and the drag coefficient by Mach number."""
    if keys.beta_kgpm2 == keys.beta_kgpm2:
        if keys.mass_kg == keys.mass_kg or keys.drag_table:
            raise ConfigError(f"{where}: give beta_kgpm2 alone, or mass, area and drag")
        if not keys.beta_kgpm2 > 0.0:
            raise ConfigError(f"{where} beta_kgpm2: found {keys.beta_kgpm2}, expected > 0")
        return 1.0 / keys.beta_kgpm2, drag_curve(np.zeros(1), np.ones(1))
    for name in ("mass_kg", "area_m2"):
        value = getattr(keys, name)
        if not value > 0.0:
            raise ConfigError(f"{where} {name}: found {value}, expected above zero")
    if keys.drag_table:
        mach, drag = np.array(keys.drag_table).T
        if not (np.all(np.diff(mach) > 0.0) and mach[0] >= 0.0 and np.all(drag >= 0.0)):
            raise ConfigError(
                f"{where} drag_table: expected [Mach, coefficient] rows, Mach rising"
            )
        return keys.area_m2 / keys.mass_kg, drag_curve(mach, drag)
    if not keys.drag >= 0.0:
        raise ConfigError(f"{where}: needs drag (0 for none), drag_table, or beta_kgpm2")
    if keys.drag == 0.0:
        return 0.0, drag_curve(np.zeros(1), np.ones(1))
    return keys.area_m2 * keys.drag / keys.mass_kg, drag_curve(np.zeros(1), np.ones(1))


def _state(keys: StartKeys, earth: Earth, where: str) -> FloatArray:
    if keys.ecef_m:
        place = np.array(keys.ecef_m)
        if place.shape != (3,):
            raise ConfigError(f"{where} ecef_m: found {len(place)} numbers, expected 3")
        lat, lon, _ = geographic_over(earth, place)
    else:
        geographic = np.array([keys.lat_deg, keys.lon_deg, keys.height_m])
        if not np.isfinite(geographic).all():
            raise ConfigError(f"{where}: needs lat_deg, lon_deg, height_m, or ecef_m")
        lat, lon = geographic[:2] * RAD_PER_DEG
        if earth.oblate > 0.0:
            place = np.array(ecef_from_geographic(lat, lon, keys.height_m))
        else:
            up = enu_from_ecef(lat, lon)[2]
            place = (earth.a_m + keys.height_m) * up
    given = keys.vel_ecef_mps or keys.vel_ned_mps
    if len(given) != 3 or (keys.vel_ecef_mps and keys.vel_ned_mps):
        raise ConfigError(f"{where}: needs vel_ned_mps or vel_ecef_mps, three numbers")
    velocity = np.array(given)
    if keys.vel_ned_mps:
        north, east, down = keys.vel_ned_mps
        velocity = np.array([east, north, -down]) @ enu_from_ecef(lat, lon)
    return np.concatenate([place, velocity])


def _times(keys: PathKeys, where: str) -> tuple[FloatArray, float]:
    if keys.times_s:
        times = np.array(keys.times_s)
        if times[0] < 0.0 or not np.all(np.diff(times) > 0.0):
            raise ConfigError(
                f"{where} times_s: must rise from 0 or later, never backwards"
            )
        return times, float(times[-1])
    if not keys.every_s > 0.0:
        raise ConfigError(f"{where} every_s: found {keys.every_s}, expected above zero")
    last = keys.until_s if keys.until_s == keys.until_s else 3000.0
    return np.arange(0.0, last + keys.every_s / 2, keys.every_s), keys.until_s
