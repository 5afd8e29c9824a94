"""Raids: what a raid file says, and one drawing of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import cos, pi, radians, sin
from pathlib import Path
from typing import Any

import numpy as np

from forewarn.errors import ConfigError
from forewarn.files import Truth, fill, read_toml
from forewarn.files.sensors import sensor_from_table
from forewarn.geodesy import FloatArray, ecef_points, geographic_points, metres_per_radian
from forewarn.records import PlotBatch, Sensor
from forewarn.sim.sight import Flyer, watch
from forewarn.sim.truth import Fallen, make_truth
from forewarn.sim.world import Launch, fly, path_of_places, steer
from forewarn.sim.world import Path as Way

SHIPPED = Path(__file__).parent / "raids"
START_S = 1767268800.0  # 2026-01-01 12:00 UTC, where a raid says nothing else


@dataclass(frozen=True, slots=True)
class RegionKeys:
    """[region]: whom the raid is judged for; zones are made for it."""

    name: str
    lat_deg: float
    lon_deg: float
    radius_km: float
    shelter_s: float = 60.0


@dataclass(frozen=True, slots=True)
class SalvoKeys:
    """[[salvo]]: rockets, or one missile, towards a place.

    from_deg : direction, seen from the aim, out of which they come
    speeds are chosen so that the range is met; `burn_s` and `beta` are the body's own
    """

    aim_lat_deg: float
    aim_lon_deg: float
    range_km: float
    from_deg: float
    count: int = 1
    start_s: float = 0.0
    ripple_s: float = 0.5
    spread_m: float = 400.0
    kind: str = "rocket"
    burn_s: float = 3.0
    beta: float = 14000.0
    elevation_deg: float = 43.0


@dataclass(frozen=True, slots=True)
class DroneKeys:
    """[[drone]]: from a distance, with turns, to a dive on a place."""

    aim_lat_deg: float
    aim_lon_deg: float
    from_deg: float
    distance_km: float
    count: int = 1
    start_s: float = 0.0
    every_s: float = 20.0
    height_m: float = 800.0
    speed_mps: float = 50.0
    spread_m: float = 600.0
    wander_deg: float = 12.0


@dataclass(frozen=True, slots=True)
class TrafficKeys:
    """[[traffic]]: airliners across the region; no threat."""

    count: int = 4
    height_m: tuple[float, float] = (8000.0, 11500.0)
    speed_mps: tuple[float, float] = (200.0, 245.0)


@dataclass(frozen=True, slots=True)
class RaidKeys:
    """[raid]: name, wind towards east and north at height, quiet before and after."""

    name: str
    description: str = ""
    wind_mps: tuple[float, float] = (6.0, 3.0)
    quiet_before_s: float = 5.0
    quiet_after_s: float = 60.0
    rotating: bool = False


@dataclass(frozen=True, slots=True)
class Raid:
    """A raid file, checked."""

    raid: RaidKeys
    region: RegionKeys
    sensors: tuple[Sensor, ...]
    salvos: tuple[SalvoKeys, ...] = ()
    drones: tuple[DroneKeys, ...] = ()
    traffic: tuple[TrafficKeys, ...] = ()
    source: str = field(default="")


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """One drawing of a raid: what sensors said, and what truly happened."""

    sensors: tuple[Sensor, ...]
    batches: list[PlotBatch]
    truth: Truth


def load(name: str) -> Raid:
    """A raid by the name of a shipped one, or by path."""
    path = SHIPPED / f"{name}.toml"
    if not path.exists():
        path = Path(name)
        if not path.exists():
            shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
            raise ConfigError(
                f"raid {name!r}: no such file, nor one of those shipped: {shipped}"
            )
    tables = read_toml(path)
    known = ("raid", "region", "sensor", "salvo", "drone", "traffic")
    for table in tables:
        if table not in known:
            raise ConfigError(f"{path}: unknown table [{table}]; known: {', '.join(known)}")
    for table in ("raid", "region", "sensor"):
        if table not in tables:
            raise ConfigError(f"{path}: table [{table}] is missing")

    def many(kind: type[Any], name: str) -> tuple[Any, ...]:
        return tuple(fill(kind, row, f"{path}: [[{name}]]") for row in tables.get(name, []))

    return Raid(
        raid=fill(RaidKeys, tables["raid"], f"{path}: [raid]"),
        region=fill(RegionKeys, tables["region"], f"{path}: [region]"),
        sensors=tuple(_sensor(row, path) for row in tables["sensor"]),
        salvos=many(SalvoKeys, "salvo"),
        drones=many(DroneKeys, "drone"),
        traffic=many(TrafficKeys, "traffic"),
        source=str(path),
    )


def _sensor(row: Mapping[str, Any], path: Path) -> Sensor:
    return sensor_from_table({**row, "simulated": True}, f"{path}: [[sensor]]")


def site_text(raid: Raid) -> str:
    """A site file for the raid's region, for who replays it."""
    region = raid.region
    return (
        f'schema = 1\n\n[site]\nname = "{region.name}"\nlanguages = ["en"]\n'
        f"region = {{lat_deg = {region.lat_deg}, lon_deg = {region.lon_deg}, "
        f"radius_km = {region.radius_km}, shelter_s = {region.shelter_s}}}\n"
    )


def generate(raid: Raid, seed: int, start_s: float = START_S) -> Generated:
    """Draw a raid: the same seed, the same raid."""
    streams = np.random.SeedSequence(seed).spawn(3)
    t0 = start_s + raid.raid.quiet_before_s
    flyers: list[Flyer] = []
    fallen: list[Fallen] = []
    add_threats(raid, t0, np.random.default_rng(streams[0]), flyers, fallen)
    last_s = max((one.impact_s for one in fallen), default=t0 + 240.0)
    end_s = last_s + raid.raid.quiet_after_s
    rng = np.random.default_rng(streams[1])
    for k, traffic in enumerate(raid.traffic):
        _add_traffic(raid.region, traffic, k, (start_s, end_s), rng, flyers)
    batches = watch(raid.sensors, flyers, (start_s, end_s), streams[2], raid.raid.rotating)
    return Generated(raid.sensors, batches, make_truth(flyers, fallen))


def add_threats(
    raid: Raid,
    t0: float,
    rng: np.random.Generator,
    flyers: list[Flyer],
    fallen: list[Fallen],
) -> None:
    """Draw the raid's salvos and drones, beginning at t0, into `flyers` and `fallen`."""
    for k, salvo in enumerate(raid.salvos):
        _add_salvo(raid, salvo, k, t0, rng, flyers, fallen)
    for k, drone in enumerate(raid.drones):
        _add_drones(drone, k, t0, rng, flyers, fallen)


def _shifted(lat: float, lon: float, metres: float, course: float) -> tuple[float, float]:
    per_lat, per_lon = metres_per_radian(lat)
    return lat + metres * cos(course) / per_lat, lon + metres * sin(course) / per_lon


def _add_salvo(
    raid: Raid,
    salvo: SalvoKeys,
    number: int,
    t0: float,
    rng: np.random.Generator,
    flyers: list[Flyer],
    fallen: list[Fallen],
) -> None:
    n = salvo.count
    aim = np.array([radians(salvo.aim_lat_deg), radians(salvo.aim_lon_deg)])
    course = radians(salvo.from_deg)
    site = np.array(_shifted(aim[0], aim[1], salvo.range_km * 1e3, course))
    speed = _speed_for(salvo, raid.raid.wind_mps)
    launch = Launch(
        site_rad=np.tile(site, (n, 1)),
        azimuth=np.full(n, course + pi) + rng.normal(0, 3e-3, n),
        elevation=np.full(n, radians(salvo.elevation_deg)) + rng.normal(0, 3e-3, n),
        speed_mps=speed * rng.normal(1, 0.004, n),
        burn_s=salvo.burn_s * rng.uniform(0.97, 1.03, n),
        beta=salvo.beta * rng.normal(1, 0.02, n),
    )
    age, states, down, spot = fly(launch, raid.raid.wind_mps)
    # the pattern is laid over the aim: the whole salvo moves with its launcher
    middle = np.nanmean(spot, axis=0)
    miss = aim + rng.normal(0, salvo.spread_m, 2) / metres_per_radian(aim[0]) - middle
    launch_s = t0 + salvo.start_s + salvo.ripple_s * np.arange(n) + rng.normal(0, 0.05, n)
    for i in range(n):
        if np.isnan(down[i]):
            raise ConfigError(f"{raid.source}: salvo {number} never comes down")
        keep = age <= down[i] + 0.3
        moved = _moved(states[keep, i], miss)
        way = Way(launch_s[i] + age[keep], moved)
        cut = Way(np.append(way.time_s[:-1], launch_s[i] + down[i]), way.state)
        name = f"{salvo.kind[0]}{number}-{i}"
        flyers.append(Flyer(name, cut))
        where = (spot[i, 0] + miss[0], spot[i, 1] + miss[1])
        fallen.append(
            Fallen(
                name, salvo.kind, float(launch_s[i]), float(launch_s[i] + down[i]), where
            )
        )


def _moved(state: FloatArray, shift_rad: FloatArray) -> FloatArray:
    """A path laid elsewhere by a small shift of latitude and longitude."""
    lat, lon, height = geographic_points(np.ascontiguousarray(state[:, :3]))
    place = ecef_points(lat + shift_rad[0], lon + shift_rad[1], height)
    return np.concatenate([place, state[:, 3:]], axis=1)


def _speed_for(salvo: SalvoKeys, wind_mps: tuple[float, float]) -> float:
    """Speed that reaches the range: read off a fan of flights."""
    guess = np.sqrt(9.8 * salvo.range_km * 1e3)
    fan = guess * np.linspace(0.9, 3.2, 24)
    n = len(fan)
    launch = Launch(
        site_rad=np.tile([radians(salvo.aim_lat_deg), radians(salvo.aim_lon_deg)], (n, 1)),
        azimuth=np.full(n, radians(salvo.from_deg) + pi),
        elevation=np.full(n, radians(salvo.elevation_deg)),
        speed_mps=fan,
        burn_s=np.full(n, salvo.burn_s),
        beta=np.full(n, salvo.beta),
    )
    _, _, _, spot = fly(launch, wind_mps)
    scale = metres_per_radian(radians(salvo.aim_lat_deg))
    reach = np.hypot(*((spot - launch.site_rad) * scale).T)
    good = np.isfinite(reach)
    if not reach[good].min() < salvo.range_km * 1e3 < reach[good].max():
        raise ConfigError(
            f"salvo: a range of {salvo.range_km} km cannot be met by this body"
        )
    return float(np.interp(salvo.range_km * 1e3, reach[good], fan[good]))


def _add_drones(
    drone: DroneKeys,
    number: int,
    t0: float,
    rng: np.random.Generator,
    flyers: list[Flyer],
    fallen: list[Fallen],
) -> None:
    for i in range(drone.count):
        aim_lat, aim_lon = _shifted(
            radians(drone.aim_lat_deg),
            radians(drone.aim_lon_deg),
            abs(rng.normal(0, drone.spread_m)),
            rng.uniform(0, 2 * pi),
        )
        away = drone.distance_km * 1e3
        side = radians(drone.from_deg) + rng.normal(0, 0.1)
        lat, lon = _shifted(aim_lat, aim_lon, away, side)
        speed = drone.speed_mps * rng.normal(1, 0.05)
        steep = radians(rng.uniform(25, 45))
        dive_m = drone.height_m / np.tan(steep)
        legs: list[tuple[float, float, float, float]] = []
        here = np.array([lat, lon])
        to_go = away
        while to_go > dive_m + 3000.0:
            course = (
                _course(here, (aim_lat, aim_lon)) + radians(drone.wander_deg) * rng.normal()
            )
            leg_m = min(rng.uniform(1500, 4000), to_go - dive_m - 1500.0)
            legs.append((leg_m / speed, course, speed, rng.normal(0, 0.5)))
            here = np.array(_shifted(here[0], here[1], leg_m, course))
            to_go = _distance(here, (aim_lat, aim_lon))
        start = t0 + drone.start_s + drone.every_s * i
        way = steer(np.array([lat, lon]), legs, drone.height_m, start)
        way = _dive(way, (aim_lat, aim_lon), speed, dive_m)
        name = f"d{number}-{i}"
        flyers.append(Flyer(name, way))
        fallen.append(
            Fallen(name, "drone", start, float(way.time_s[-1]), (aim_lat, aim_lon))
        )


def _dive(way: Way, aim: tuple[float, float], speed: float, dive_m: float) -> Way:
    """Straight on to the aim, the last `dive_m` of it down."""
    lat, lon, height = geographic_points(way.state[:, :3])
    away = _distance(np.array([lat[-1], lon[-1]]), aim)
    level = max(away - dive_m, 0.0)
    seconds = (level + np.hypot(min(dive_m, away), height[-1])) / speed
    steps = max(int(np.ceil(seconds)), 2)
    part = np.arange(1, steps + 1) / steps
    gone = part * away
    down = np.clip((gone - level) / max(away - level, 1.0), 0.0, 1.0)
    times = np.append(way.time_s, way.time_s[-1] + seconds * part)
    return path_of_places(
        times,
        np.append(lat, lat[-1] + part * (aim[0] - lat[-1])),
        np.append(lon, lon[-1] + part * (aim[1] - lon[-1])),
        np.append(height, height[-1] * (1 - down)),
    )


def _course(here: FloatArray, aim: tuple[float, float]) -> float:
    per_lat, per_lon = metres_per_radian(float(here[0]))
    return float(np.arctan2((aim[1] - here[1]) * per_lon, (aim[0] - here[0]) * per_lat))


def _distance(here: FloatArray, aim: tuple[float, float]) -> float:
    per_lat, per_lon = metres_per_radian(float(here[0]))
    return float(np.hypot((aim[1] - here[1]) * per_lon, (aim[0] - here[0]) * per_lat))


def _add_traffic(
    region: RegionKeys,
    traffic: TrafficKeys,
    number: int,
    span_s: tuple[float, float],
    rng: np.random.Generator,
    flyers: list[Flyer],
) -> None:
    for i in range(traffic.count):
        lat, lon = _shifted(
            radians(region.lat_deg),
            radians(region.lon_deg),
            region.radius_km * 1e3 * rng.uniform(0.2, 0.9),
            rng.uniform(0, 2 * pi),
        )
        seconds = span_s[1] - span_s[0]
        speed = rng.uniform(*traffic.speed_mps)
        course = rng.uniform(0, 2 * pi)
        turn = rng.uniform(-0.3, 0.3)
        legs = [(seconds / 2, course, speed, 0.0), (seconds / 2, course + turn, speed, 0.0)]
        way = steer(np.array([lat, lon]), legs, rng.uniform(*traffic.height_m), span_s[0])
        flyers.append(
            Flyer(f"a{number}-{i}", way, identity=f"{0x400000 + 16 * number + i:06x}")
        )
