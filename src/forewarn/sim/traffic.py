"""Real aircraft seen by simulated radars, alone or with invented threats among them."""

import csv
import gzip
from dataclasses import dataclass
from math import radians
from pathlib import Path

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray, geographic_points
from forewarn.records import Sensor, SensorKind
from forewarn.sim.raid_keys import (
    DroneKeys,
    Generated,
    Raid,
    RaidKeys,
    RegionKeys,
    SalvoKeys,
)
from forewarn.sim.raids import add_threats, site_text
from forewarn.sim.sight import Flyer, watch
from forewarn.sim.truth import Fallen, make_truth
from forewarn.sim.world import Path as Way
from forewarn.sim.world import path_of_places

HIGHEST_M = 15_000.0  # above it barometric heights are faults of the receiver
GAP_S = 15.0  # a longer silence ends one flight and begins another
FASTEST_MPS = 330.0
COLUMNS = ("time", "icao24", "latitude", "longitude", "altitude_baro_m")


@dataclass(frozen=True, slots=True)
class Extra:
    """What is done to the traffic: threats added, identities kept, how long."""

    rockets: int = 0
    drones: int = 0
    identities: bool = True
    seconds: float = 1e9


def read_aircraft(path: Path) -> list[Flyer]:
    """Flights out of a CSV: repeats and impossible heights dropped, gaps cut, smoothed."""
    opener = gzip.open if path.suffix == ".gz" else open
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise ConfigError(f"{path}: column {missing[0]!r} is missing")
            for row in reader:
                try:
                    values = tuple(float(row[name]) for name in ("time", *COLUMNS[2:]))
                except ValueError:
                    continue  # a height or place is missing in that second
                if -100.0 < values[3] < HIGHEST_M:
                    rows.setdefault(row["icao24"], []).append(values)  # type: ignore[arg-type]
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    flyers = []
    for name, seen in sorted(rows.items()):
        flyers += _flights(name, np.array(sorted(seen)))
    return flyers


def _flights(name: str, rows: FloatArray) -> list[Flyer]:
    moved = np.append(True, (np.diff(rows[:, 1:3], axis=0) != 0).any(axis=1))
    rows = rows[moved & np.append(True, np.diff(rows[:, 0]) > 0)]
    parts = np.split(rows, np.flatnonzero(np.diff(rows[:, 0]) > GAP_S) + 1)
    out = []
    for number, part in enumerate(parts):
        if len(part) < 30:
            continue
        time_s, lat, lon, height = part.T
        whole = np.arange(time_s[0], time_s[-1] + 0.5)
        smooth = [_smooth(np.interp(whole, time_s, value)) for value in (lat, lon, height)]
        way = path_of_places(whole, np.radians(smooth[0]), np.radians(smooth[1]), smooth[2])
        if np.linalg.norm(way.state[:, 3:], axis=1).max() < FASTEST_MPS:
            out.append(Flyer(f"{name}-{number}", way, identity=name))
    return out


def _smooth(values: FloatArray) -> FloatArray:
    """Mean over 9 s: places are rounded, and heights come in steps of 25 feet."""
    padded = np.pad(values, 4, mode="reflect", reflect_type="odd")
    return np.convolve(padded, np.full(9, 1 / 9), mode="valid")


def make_traffic(path: Path, extra: Extra, seed: int) -> tuple[Generated, str]:
    """What two radars would have seen of it, the truth, and a site file for the region."""
    flyers = read_aircraft(path)
    if not flyers:
        raise ConfigError(f"{path}: no aircraft with 30 s of usable places")
    first = min(f.path.time_s[0] for f in flyers)
    last = min(max(f.path.time_s[-1] for f in flyers), first + extra.seconds)
    raid = _raid(_middle(flyers), extra)
    streams = np.random.SeedSequence(seed).spawn(2)
    fallen: list[Fallen] = []
    add_threats(raid, float(first), np.random.default_rng(streams[0]), flyers, fallen)
    sensors = tuple(
        s for s in raid.sensors if extra.identities or s.kind is SensorKind.RADAR
    )
    batches = watch(sensors, flyers, (float(first), float(last)), streams[1])
    kept = [f for f in flyers if f.path.time_s[0] < last]
    cut = [Flyer(f.name, _cut(f.path, last), f.identity) for f in kept]
    truth = make_truth(cut, [one for one in fallen if one.impact_s < last])
    return Generated(sensors, batches, truth), site_text(raid)


def traffic_raid(path: Path) -> Raid:
    """Region and radars for the traffic of a file."""
    return _raid(_middle(read_aircraft(path)), Extra())


def _middle(flyers: list[Flyer]) -> FloatArray:
    """Latitude, longitude (deg) around which the aircraft flew."""
    places = np.concatenate([f.path.state[::30, :3] for f in flyers])
    lat, lon, _ = geographic_points(np.ascontiguousarray(places))
    return np.degrees([np.median(lat), np.median(lon)])


def _cut(way: Way, last: float) -> Way:
    keep = way.time_s <= last
    keep[:2] = True
    return Way(way.time_s[keep], way.state[keep])


def _raid(middle: FloatArray, extra: Extra) -> Raid:
    lat, lon = float(middle[0]), float(middle[1])
    aims = [(lat + 0.12, lon), (lat - 0.1, lon + 0.15), (lat, lon - 0.2), (lat - 0.2, lon)]
    each = -(-extra.rockets // len(aims)) if extra.rockets else 0
    counts = [min(each, max(extra.rockets - each * k, 0)) for k in range(len(aims))]
    salvos = tuple(
        SalvoKeys(
            *aim,
            range_km=45.0 + 5 * k,
            from_deg=60.0 + 80 * k,
            count=n,
            start_s=120.0 + 25 * k,
        )
        for k, (aim, n) in enumerate(zip(aims, counts, strict=True))
        if n
    )
    drones = tuple(
        DroneKeys(
            *aims[k % len(aims)], from_deg=30.0 + 70 * k, distance_km=12.0, start_s=30.0 * k
        )
        for k in range(extra.drones)
    )
    return Raid(
        raid=RaidKeys(name="traffic"),
        region=RegionKeys("Real traffic", round(lat, 3), round(lon, 3), 87.0),
        sensors=(
            _radar("north", lat + 0.15, lon + 0.1),
            _radar("south", lat - 0.2, lon - 0.15),
            Sensor(
                "traffic",
                SensorKind.POSITION,
                scan_s=1.0,
                sigma_position_m=50.0,
                sigma_height_m=50.0,
                simulated=True,
            ),
        ),
        salvos=salvos,
        drones=drones,
    )


def _radar(name: str, lat: float, lon: float) -> Sensor:
    return Sensor(
        name,
        SensorKind.RADAR,
        radians(lat),
        radians(lon),
        150.0,
        scan_s=1.0,
        sigma_range_m=20.0,
        sigma_azimuth_rad=radians(0.1),
        sigma_elevation_rad=radians(0.1),
        sigma_range_rate_mps=5.0,
        range_min_m=1000.0,
        range_max_m=110e3,
        elevation_min_rad=radians(0.5),
        elevation_max_rad=radians(70.0),
        clutter_per_scan=20.0,
        trusted=True,
        simulated=True,
    )
