"""Scenes for trackers: scans, and what truly flew at each, from our world or a file.

A file (.npz) holds a flat scene: east, north, up of one plane. It is laid on the round
Earth where its origin touches it, every plot turned into its own radar's axes; distances
stay what they were, and what the plane leaves out (the Earth's turning and bending) is
small beside what a tracker allows for.
"""

from dataclasses import dataclass, replace
from math import radians
from pathlib import Path
from typing import Any

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import (
    FloatArray,
    ecef_from_geographic,
    ecef_points,
    enu_from_ecef,
    geographic_from_ecef,
)
from forewarn.records import BoolArray, IntArray, PlotBatch, Sensor, SensorKind
from forewarn.sim import raids
from forewarn.sim.raid_keys import Generated
from forewarn.sim.sight import LATENCY_S, in_cover, polar
from forewarn.units import RAD_PER_DEG

MATURE_S = 15.0
PLACE = (radians(50.0), radians(10.0))


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Truth at one scan: targets in some radar's view (n), ECEF m; whether long aloft."""

    target: IntArray
    place: FloatArray
    mature: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Batches in order, and the truth at each.

    fallers : how many targets are rockets or missiles
    """

    name: str
    sensors: tuple[Sensor, ...]
    batches: list[PlotBatch]
    truth: list[Sight]
    fallers: int

    def without_rate(self) -> "Scene":
        """The same seen by radars that measure no range rate."""
        nan = float("nan")
        blank = np.array([1.0, 1.0, 1.0, nan])
        return replace(
            self,
            sensors=tuple(replace(s, sigma_range_rate_mps=nan) for s in self.sensors),
            batches=[
                replace(b, measured=b.measured * blank, sigma=b.sigma * blank)
                for b in self.batches
            ],
        )

    @property
    def plots(self) -> int:
        """In all scans together."""
        return sum(len(batch.time_s) for batch in self.batches)


def own_scene(name: str, seed: int, rockets: int | None = None) -> Scene:
    """A shipped raid as its radars see it; rockets = of each salvo, None = as shipped."""
    raid = raids.load(name)
    sensors = tuple(s for s in raid.sensors if s.kind is SensorKind.RADAR)
    salvos = raid.salvos
    if rockets is not None:
        salvos = tuple(replace(salvo, count=rockets) for salvo in salvos)
    drawn = raids.generate(replace(raid, sensors=sensors, salvos=salvos), seed)
    count = sum(s.count for s in salvos)
    return scene_of(f"{name}, {count} rockets, seed {seed}", drawn)


def scene_of(name: str, drawn: Generated) -> Scene:
    """What the radars of a drawing see, and its truth."""
    sensors = tuple(s for s in drawn.sensors if s.kind is SensorKind.RADAR)
    radars = {sensor.sensor_id for sensor in sensors}
    batches = [batch for batch in drawn.batches if batch.sensor_id in radars]
    truth = drawn.truth
    names = {threat: k for k, threat in enumerate(truth.threat_id)}
    other = {name: len(names) + k for k, name in enumerate(sorted(set(truth.state_id)))}
    number = np.array([names.get(n, other[n]) for n in truth.state_id])
    lat, lon, height = truth.state[:, 0], truth.state[:, 1], truth.state[:, 2]
    place = ecef_points(lat * RAD_PER_DEG, lon * RAD_PER_DEG, height)
    start = {n: truth.state_time_s[number == n].min() for n in np.unique(number)}
    sights = []
    for batch in batches:
        now_s = batch.received_s - LATENCY_S
        ids, places = [], []
        for n in start:
            rows = np.flatnonzero(number == n)
            times = truth.state_time_s[rows]
            if times[0] <= now_s < times[-1]:
                ids.append(n)
                places.append([np.interp(now_s, times, place[rows, k]) for k in range(3)])
        there = np.array(places).reshape(-1, 3)
        states = np.concatenate([there, np.zeros_like(there)], axis=1)
        seen = np.zeros(len(ids), bool)
        for sensor in sensors:
            seen |= in_cover(polar(states, sensor), sensor)
        which = np.array(ids, np.int64)[seen]
        age = np.array([now_s - start[n] for n in which])
        sights.append(Sight(which, there[seen], np.asarray(age >= MATURE_S)))
    fallers = sum(kind != "drone" for kind in truth.kind)
    return Scene(name, sensors, batches, sights, fallers)


def read_scene(path: Path) -> Scene:
    """A flat scene from a file."""
    try:
        with np.load(path) as file:
            data = dict(file)
        return _laid_out(path, data)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{path}: not a scene of a tracking benchmark: {error}") from None


def _laid_out(path: Path, data: dict[str, Any]) -> Scene:
    origin = np.array(ecef_from_geographic(*PLACE, 0.0))
    plane = enu_from_ecef(*PLACE)
    sensors = tuple(
        _radar(k, row @ plane + origin, data) for k, row in enumerate(data["radars"])
    )
    turns = [enu_from_ecef(s.lat_rad, s.lon_rad) for s in sensors]
    ends = np.searchsorted(data["plot_scan"], np.arange(len(data["scan_time"]) + 1))
    truth_ends = np.searchsorted(data["truth_scan"], np.arange(len(data["scan_time"]) + 1))
    batches, sights = [], []
    for k, (time_s, radar) in enumerate(
        zip(data["scan_time"], data["scan_sensor"], strict=True)
    ):
        rows = slice(ends[k], ends[k + 1])
        reach, azimuth, elevation = (
            data[f"plot_{name}"][rows] for name in ("range", "azimuth", "elevation")
        )
        flat = reach * np.cos(elevation)
        sight = np.stack(
            [flat * np.sin(azimuth), flat * np.cos(azimuth), reach * np.sin(elevation)], 1
        )
        own = sight @ plane @ turns[radar].T
        measured = np.stack(
            [
                reach,
                np.arctan2(own[:, 0], own[:, 1]) % (2 * np.pi),
                np.arcsin(np.clip(own[:, 2] / reach, -1.0, 1.0)),
                data["plot_range_rate"][rows],
            ],
            axis=1,
        )
        batches.append(_batch(k + 1, float(time_s), sensors[radar], measured))
        seen = np.arange(truth_ends[k], truth_ends[k + 1])
        seen = seen[data["truth_visible"][seen]]
        target = data["truth_id"][seen]
        # drones have no launch: always mature
        young = time_s - data["target_launch_time"][target] < MATURE_S
        place = data["truth_state"][seen, :3] @ plane + origin
        sights.append(Sight(target, place, ~young))
    fallers = int((~data["target_is_drone"]).sum())
    return Scene(path.stem, sensors, batches, sights, fallers)


def _radar(number: int, place: FloatArray, data: dict[str, Any]) -> Sensor:
    lat, lon, height = geographic_from_ecef(*place)
    sigma_range, sigma_azimuth, sigma_elevation = (float(s) for s in data["sigmas"])
    return Sensor(
        f"radar {number}",
        SensorKind.RADAR,
        lat,
        lon,
        height,
        scan_s=1.0,
        sigma_range_m=sigma_range,
        sigma_azimuth_rad=sigma_azimuth,
        sigma_elevation_rad=sigma_elevation,
        sigma_range_rate_mps=float(data["sigma_range_rate"]),
        range_min_m=1e3,
        range_max_m=100e3,
        elevation_min_rad=radians(0.5),
        elevation_max_rad=radians(70.0),
        detection_probability=float(data["detection_probability"]),
        clutter_per_scan=float(data["clutter_per_scan"]),
        simulated=True,
    )


def _batch(seq: int, time_s: float, sensor: Sensor, measured: FloatArray) -> PlotBatch:
    n = len(measured)
    return PlotBatch(
        seq=seq,
        received_s=time_s + LATENCY_S,
        sensor_id=sensor.sensor_id,
        time_s=np.full(n, time_s),
        measured=measured,
        sigma=np.tile(sensor.sigma, (n, 1)),
        origin_ecef_m=np.tile(sensor.origin_ecef_m, (n, 1)),
        sigma_pos_m=np.full((n, 2), np.nan),
        identity=("",) * n,
    )
