"""What simulated sensors see of simulated objects: scans with noise, misses, clutter."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray, enu_from_ecef
from forewarn.records import BoolArray, IntArray, PlotBatch, Sensor, SensorKind
from forewarn.sim.world import Path

LATENCY_S = 0.2  # from the end of a scan to its arrival


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One scan as drawn. who: (n,) row of the flyer behind each plot, -1 = nothing."""

    begins_s: float
    plots: PlotBatch
    who: IntArray


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
    return [scan.plots for scan in observe(sensors, flyers, span_s, seed, rotating)]


def observe(
    sensors: Sequence[Sensor],
    flyers: Sequence[Flyer],
    span_s: tuple[float, float],
    seed: np.random.SeedSequence,
    rotating: bool = False,
    error_ratio: float = 1.0,
) -> list[Scan]:
    """The same, and which plot is of whom.

    error_ratio : true errors over those that sensors state
    """
    scans: list[Scan] = []
    for k, (sensor, stream) in enumerate(
        zip(sensors, seed.spawn(len(sensors)), strict=True)
    ):
        rng = np.random.default_rng(stream)
        times = np.arange(
            span_s[0] + k * sensor.scan_s / len(sensors), span_s[1], sensor.scan_s
        )
        if sensor.kind is SensorKind.POSITION:
            scans += _reports(sensor, flyers, times, rng, error_ratio)
        else:
            scans += look(sensor, flyers, times, rng, rotating, error_ratio)
    return sorted(scans, key=lambda scan: scan.plots.received_s)


def _there(path: Path, times: FloatArray) -> IntArray:
    """Scans during which the path goes on."""
    alive = (times >= path.time_s[0]) & (times < path.time_s[-1])
    return np.asarray(np.flatnonzero(alive))


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


def look(
    sensor: Sensor,
    flyers: Sequence[Flyer],
    times: FloatArray,
    rng: np.random.Generator,
    rotating: bool,
    error_ratio: float,
) -> list[Scan]:
    """One scan per time; a rotating sensor meets each object as its beam passes it."""
    turn_s = sensor.scan_s if rotating else 0.0
    scans: list[IntArray] = [np.empty(0, np.int64)]
    whens: list[FloatArray] = [np.empty(0)]
    seens: list[FloatArray] = [np.empty((0, 4))]
    for flyer in flyers:
        there = _there(flyer.path, times)
        row = polar(flyer.path.at(times[there]), sensor)
        whens.append(times[there] + row[:, 1] / (2 * np.pi) * turn_s)
        if rotating:
            row = polar(flyer.path.at(np.minimum(whens[-1], flyer.path.time_s[-1])), sensor)
        scans.append(there)
        seens.append(row)
    scan, when, seen = np.concatenate(scans), np.concatenate(whens), np.concatenate(seens)
    hit = in_cover(seen, sensor) & (rng.random(len(scan)) < sensor.detection_probability)
    sigma = sensor.sigma
    true = error_ratio * np.nan_to_num(sigma)
    noise = true * rng.standard_normal((int(hit.sum()), 4))
    who = np.repeat(np.arange(len(flyers)), [len(part) for part in scans[1:]])
    false_scan, false = _clutter(sensor, len(times), rng)
    false_when = times[false_scan] + false[:, 1] / (2 * np.pi) * turn_s
    rows = np.concatenate([seen[hit] + noise, false])
    rows[:, 1] %= 2 * np.pi
    rows[:, np.isnan(sigma)] = np.nan
    scan = np.append(scan[hit], false_scan)
    when = np.append(when[hit], false_when)
    who = np.append(who[hit], np.full(len(false), -1))
    order = np.lexsort((rows[:, 0], when, scan))
    ends = np.searchsorted(scan[order], np.arange(len(times) + 1))
    return [
        Scan(
            float(times[k]),
            _batch(sensor, times[k] + turn_s, when[part], rows[part]),
            who[part],
        )
        for k in range(len(times))
        for part in [order[ends[k] : ends[k + 1]]]
    ]


def _batch(sensor: Sensor, end_s: float, when: FloatArray, rows: FloatArray) -> PlotBatch:
    n = len(rows)
    return PlotBatch(
        seq=0,
        received_s=float(end_s) + LATENCY_S,
        sensor_id=sensor.sensor_id,
        time_s=when,
        measured=rows,
        sigma=np.tile(sensor.sigma, (n, 1)),
        origin_ecef_m=np.tile(sensor.origin_ecef_m, (n, 1)),
        sigma_pos_m=np.full((n, 2), np.nan),
        identity=("",) * n,
    )


def _clutter(
    sensor: Sensor, scans: int, rng: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """Plots of nothing, evenly over the cover: (n,) their scan, (n, 4) where."""
    scan = np.repeat(np.arange(scans), rng.poisson(sensor.clutter_per_scan, scans))
    low = [sensor.range_min_m, 0.0, sensor.elevation_min_rad, -1200.0]
    high = [sensor.range_max_m, 2 * np.pi, sensor.elevation_max_rad, 1200.0]
    return scan, rng.uniform(low, high, (len(scan), 4))


def _reports(
    sensor: Sensor,
    flyers: Sequence[Flyer],
    times: FloatArray,
    rng: np.random.Generator,
    error_ratio: float,
) -> list[Scan]:
    """Identified aircraft that say where they are, one batch per time."""
    rows = np.array([i for i, flyer in enumerate(flyers) if flyer.identity], np.int64)
    told = [flyers[i] for i in rows]
    there = [_there(flyer.path, times) for flyer in told]
    scan = np.concatenate([np.empty(0, np.int64), *there])
    who = np.repeat(np.arange(len(told)), [len(part) for part in there])
    place = np.concatenate(
        [
            np.empty((0, 3)),
            *(f.path.at(times[k])[:, :3] for f, k in zip(told, there, strict=True)),
        ]
    )
    place += error_ratio * sensor.sigma_position_m * rng.standard_normal(place.shape)
    order = np.lexsort((who, scan))
    ends = np.searchsorted(scan[order], np.arange(len(times) + 1))
    own = [sensor.sigma_position_m, sensor.sigma_height_m]
    return [
        Scan(
            float(times[k]),
            PlotBatch(
                seq=0,
                received_s=float(times[k]) + LATENCY_S,
                sensor_id=sensor.sensor_id,
                time_s=np.full(len(part), times[k]),
                measured=np.full((len(part), 4), np.nan),
                sigma=np.full((len(part), 4), np.nan),
                origin_ecef_m=place[part],
                sigma_pos_m=np.tile(own, (len(part), 1)),
                identity=tuple(told[i].identity for i in who[part]),
            ),
            rows[who[part]],
        )
        for k in range(len(times))
        for part in [order[ends[k] : ends[k + 1]]]
    ]
