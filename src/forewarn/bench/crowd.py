"""Many at once: what a scan takes with ever more targets, and with plots that come late."""

import time
from dataclasses import replace
from math import radians

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.result import Figure
from forewarn.bench.scenes import Scene
from forewarn.geodesy import FloatArray
from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.sim.sight import LATENCY_S
from forewarn.track import Tracker, TrackParams

SIZES = (850, 1_700, 4_250, 10_000, 16_500)  # 1,000 to 20,000 plots
FALSE_PART = 0.2  # false plots over targets
SETTLE, TIMED = 12, 8  # scans; it keeps those of ten seconds
START_S = 1.7e9
LATE_S = 5.0
RADAR = Sensor(
    "wide",
    SensorKind.RADAR,
    radians(50.0),
    radians(10.0),
    100.0,
    scan_s=1.0,
    sigma_range_m=30.0,
    sigma_azimuth_rad=1e-3,
    sigma_elevation_rad=1e-3,
    range_min_m=1e3,
    range_max_m=300e3,
    elevation_min_rad=radians(0.5),
    elevation_max_rad=radians(70.0),
    detection_probability=0.98,
    simulated=True,
)


def crowd(targets: int, scans: int, seed: int = 1) -> tuple[Sensor, list[PlotBatch]]:
    """Targets all over the sky, each on its straight way, and clutter among them."""
    rng = np.random.default_rng(seed)
    low = np.array([20e3, 0.0, radians(1.0)])
    high = np.array([280e3, 2 * np.pi, radians(25.0)])
    place = _east_north_up(rng.uniform(low, high, (targets, 3)))
    course, speed = rng.uniform(0, 2 * np.pi, targets), rng.uniform(60.0, 280.0, targets)
    velocity = np.stack([speed * np.sin(course), speed * np.cos(course), 0.0 * speed], 1)
    sensor = replace(RADAR, clutter_per_scan=FALSE_PART * targets)
    sigma, batches = sensor.sigma, []
    for k in range(scans):
        there = place + k * velocity
        reach = np.sqrt((there**2).sum(axis=1))
        seen = np.stack(
            [reach, np.arctan2(there[:, 0], there[:, 1]), np.arcsin(there[:, 2] / reach)], 1
        )
        seen = seen[rng.random(targets) < sensor.detection_probability]
        seen += sigma[:3] * rng.standard_normal(seen.shape)
        false = rng.uniform(low, high, (rng.poisson(sensor.clutter_per_scan), 3))
        rows = rng.permutation(np.concatenate([seen, false]))
        n = len(rows)
        when = START_S + k
        batches.append(
            PlotBatch(
                seq=k + 1,
                received_s=when + LATENCY_S,
                sensor_id=sensor.sensor_id,
                time_s=np.full(n, when),
                measured=np.column_stack([rows, np.full(n, np.nan)]),
                sigma=np.tile(sigma, (n, 1)),
                origin_ecef_m=np.tile(sensor.origin_ecef_m, (n, 1)),
                sigma_pos_m=np.full((n, 2), np.nan),
                identity=("",) * n,
            )
        )
    return sensor, batches


def _east_north_up(polar: FloatArray) -> FloatArray:
    reach, azimuth, elevation = polar.T
    flat = reach * np.cos(elevation)
    parts = [flat * np.sin(azimuth), flat * np.cos(azimuth), reach * np.sin(elevation)]
    return np.stack(parts, axis=1)


def crowd_figures() -> list[Figure]:
    """Milliseconds of a scan, and how that grows with its plots (1 = in proportion)."""
    spent, least, plots, alive = [], [], [], 0
    for targets in SIZES:
        sensor, batches = crowd(targets, SETTLE + TIMED)
        tracker = Tracker((sensor,), standard_air(), TrackParams())
        took = []
        for batch in batches:
            before = time.process_time()
            tracks = tracker.step(batch)
            took.append(1e3 * (time.process_time() - before))
        spent.append(float(np.median(took[SETTLE:])))
        least.append(min(took[SETTLE:]))
        plots.append(float(np.mean([len(batch.time_s) for batch in batches[SETTLE:]])))
        if targets == 10_000:
            alive = int((tracks.existence > 0.9).sum())
    at = SIZES.index(10_000)
    growth = float(np.polyfit(np.log(plots), np.log(least), 1)[0])
    sizes = ", ".join(f"{p:,.0f}: {ms:.1f} ms" for p, ms in zip(plots, spent, strict=True))
    return [
        Figure(
            f"a scan of {plots[at]:,.0f} plots, 10,000 targets",
            spent[at],
            "ms",
            "<= 100",
            note=f"{alive:,} tracks alive",
        ),
        Figure(
            "time of a scan grows as plots to the power of",
            growth,
            "",
            "<= 1.2",
            note=sizes,
        ),
    ]


def late_figures(scene: Scene) -> list[Figure]:
    """One scan that comes LATE_S late: what it takes; whether the answer is the same."""
    batches = [replace(batch, seq=k + 1) for k, batch in enumerate(scene.batches)]
    when_s = np.array([batch.received_s for batch in batches])
    early = np.flatnonzero(when_s < when_s[-1] - LATE_S)  # others cannot come so late
    most = int(max(early, key=lambda k: len(batches[k].time_s)))
    end = int(np.argmax(when_s > when_s[most] + LATE_S))
    in_order = Tracker(scene.sensors, standard_air(), TrackParams())
    for batch in batches[: end + 1]:
        expected = in_order.step(batch)
    late = Tracker(scene.sensors, standard_air(), TrackParams())
    for batch in [*batches[:most], *batches[most + 1 : end + 1]]:
        late.step(batch)
    held = replace(batches[most], received_s=batches[end].received_s)
    before = time.process_time()
    got = late.step(held)
    took_s = time.process_time() - before
    same = all(
        np.array_equal(getattr(got, name), getattr(expected, name))
        for name in ("track_id", "mean", "cov", "existence", "class_prob")
    )
    return [
        Figure(
            f"a scan of {len(held.time_s)} plots {LATE_S:g} s late",
            1e3 * took_s,
            "ms",
            "<= 50",
            note=f"{end - most} scans taken again; {len(got.track_id):,} tracks",
        ),
        Figure("tracks the same as in order (1 = yes)", float(same), "", ">= 1"),
    ]
