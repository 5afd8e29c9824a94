"""What simulated sensors see of simulated objects: scans with noise, misses, clutter."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray, enu_from_ecef
from forewarn.records import BoolArray, PlotBatch, Sensor, SensorKind
from forewarn.sim.world import Path

LATENCY_S = 0.2  # from the end of a scan to its arrival


@dataclass(frozen=True, slots=True, eq=False)
class Flyer:
    """Something in the air: its path ends where it comes down, or leaves."""

    name: str
    path: Path
    identity: str = ""


def watch(
    sensors: Sequence[Sensor],
    flyers: Sequence[Flyer],
    span_s: tuple[float, float],
    seed: np.random.SeedSequence,
    rotating: bool = False,
) -> list[PlotBatch]:
    """All scans of all sensors in order of arrival; several sensors are staggered."""
    batches: list[PlotBatch] = []
    for k, (sensor, stream) in enumerate(
        zip(sensors, seed.spawn(len(sensors)), strict=True)
    ):
        rng = np.random.default_rng(stream)
        times = np.arange(
            span_s[0] + k * sensor.scan_s / len(sensors), span_s[1], sensor.scan_s
        )
        see = _report if sensor.kind is SensorKind.POSITION else _scan
        batches += [see(sensor, flyers, float(time_s), rng, rotating) for time_s in times]
    return sorted(batches, key=lambda batch: batch.received_s)


def _alive(flyers: Sequence[Flyer], time_s: float) -> list[Flyer]:
    return [f for f in flyers if f.path.time_s[0] <= time_s < f.path.time_s[-1]]


def polar(state: FloatArray, sensor: Sensor) -> FloatArray:
    """(n, 4) range m, azimuth rad, elevation rad, range rate m/s of (n, 6) ECEF states."""
    turn = enu_from_ecef(sensor.lat_rad, sensor.lon_rad)
    rel = (state[:, :3] - sensor.origin_ecef_m) @ turn.T
    vel = state[:, 3:] @ turn.T
    reach = np.linalg.norm(rel, axis=1)
    return np.stack(
        [
            reach,
            np.arctan2(rel[:, 0], rel[:, 1]) % (2 * np.pi),
            np.arcsin(rel[:, 2] / reach),
            (rel * vel).sum(axis=1) / reach,
        ],
        axis=1,
    )


def in_cover(seen: FloatArray, sensor: Sensor) -> BoolArray:
    """Which (n, 4) polar places the sensor can see."""
    return np.asarray(
        (seen[:, 0] >= sensor.range_min_m)
        & (seen[:, 0] <= sensor.range_max_m)
        & (seen[:, 2] >= sensor.elevation_min_rad)
        & (seen[:, 2] <= sensor.elevation_max_rad)
    )


def _scan(
    sensor: Sensor,
    flyers: Sequence[Flyer],
    time_s: float,
    rng: np.random.Generator,
    rotating: bool,
) -> PlotBatch:
    there = _alive(flyers, time_s)
    when = np.full(len(there), time_s)
    states = np.array([f.path.at(time_s) for f in there]).reshape(-1, 6)
    seen = polar(states, sensor)
    if rotating:
        when = time_s + seen[:, 1] / (2 * np.pi) * sensor.scan_s
        states = np.array(
            [f.path.at(min(t, f.path.time_s[-1])) for f, t in zip(there, when, strict=True)]
        )
        seen = polar(states.reshape(-1, 6), sensor)
    hit = in_cover(seen, sensor) & (rng.random(len(there)) < sensor.detection_probability)
    sigma = sensor.sigma
    noise = np.nan_to_num(sigma) * rng.standard_normal((int(hit.sum()), 4))
    false = _clutter(sensor, rng)
    rows = np.concatenate([seen[hit] + noise, false])
    false_when = time_s + (false[:, 1] / (2 * np.pi) * sensor.scan_s if rotating else 0.0)
    when = np.concatenate([when[hit], np.broadcast_to(false_when, len(false))])
    rows[:, 1] %= 2 * np.pi
    rows[:, np.isnan(sigma)] = np.nan
    order = np.lexsort((rows[:, 0], when))
    n = len(rows)
    end_s = time_s + (sensor.scan_s if rotating else 0.0)
    return PlotBatch(
        seq=0,
        received_s=end_s + LATENCY_S,
        sensor_id=sensor.sensor_id,
        time_s=when[order],
        measured=rows[order],
        sigma=np.tile(sigma, (n, 1)),
        origin_ecef_m=np.tile(sensor.origin_ecef_m, (n, 1)),
        sigma_pos_m=np.full((n, 2), np.nan),
        identity=("",) * n,
    )


def _clutter(sensor: Sensor, rng: np.random.Generator) -> FloatArray:
    low = [sensor.range_min_m, 0.0, sensor.elevation_min_rad, -1200.0]
    high = [sensor.range_max_m, 2 * np.pi, sensor.elevation_max_rad, 1200.0]
    return rng.uniform(low, high, (rng.poisson(sensor.clutter_per_scan), 4))


def _report(
    sensor: Sensor,
    flyers: Sequence[Flyer],
    time_s: float,
    rng: np.random.Generator,
    rotating: bool,
) -> PlotBatch:
    """Identified aircraft that say where they are."""
    there = [f for f in _alive(flyers, time_s) if f.identity]
    place = np.array([f.path.at(time_s)[:3] for f in there]).reshape(-1, 3)
    n = len(there)
    place = place + sensor.sigma_position_m * rng.standard_normal((n, 3))
    own = [sensor.sigma_position_m, sensor.sigma_height_m]
    return PlotBatch(
        seq=0,
        received_s=time_s + LATENCY_S,
        sensor_id=sensor.sensor_id,
        time_s=np.full(n, time_s),
        measured=np.full((n, 4), np.nan),
        sigma=np.full((n, 4), np.nan),
        origin_ecef_m=place,
        sigma_pos_m=np.tile(own, (n, 1)),
        identity=tuple(f.identity for f in there),
    )
