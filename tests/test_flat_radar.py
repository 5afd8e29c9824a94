"""Radars that measure no elevation: tracks begin, hold and count by range and azimuth."""

from dataclasses import replace

import numpy as np
import pytest

from forewarn.geodesy import FloatArray, enu_from_ecef
from forewarn.records import Sensor, SensorKind
from forewarn.sim.sight import LATENCY_S, Flyer, in_cover, polar, watch
from forewarn.sim.world import steer
from forewarn.track import Tracker, TrackParams
from tracking import AIR, LAT, LON

EARTH_M = 6.37e6
RADAR = Sensor(
    "flat",
    SensorKind.RADAR2D,
    LAT,
    LON,
    50.0,
    scan_s=4.0,
    sigma_range_m=60.0,
    sigma_azimuth_rad=np.radians(0.2),
    range_min_m=5e3,
    range_max_m=120e3,
    elevation_min_rad=np.radians(0.2),
    elevation_max_rad=np.radians(30.0),
    detection_probability=0.9,
    clutter_per_scan=20.0,
    simulated=True,
)
SECONDS = 400.0


def flights(rng: np.random.Generator, count: int) -> list[Flyer]:
    """Drones at 50 m/s and aircraft up to 230 m/s, at 1,500 to 4,000 m, turning gently."""
    out = []
    for k in range(count):
        speed = 50.0 if k % 2 else rng.uniform(90.0, 230.0)
        course, at = rng.uniform(0, 2 * np.pi), rng.uniform(-50e3, 50e3, 2)
        legs = []
        for _ in range(int(SECONDS) // 20):
            course += rng.normal(0.0, 0.1)
            legs.append((20.0, course, speed, rng.normal(0.0, 1.0)))
        start = np.array([LAT + at[1] / EARTH_M, LON + at[0] / EARTH_M / np.cos(LAT)])
        height = rng.uniform(1500.0, 4000.0)
        out.append(Flyer(f"f{k}", steer(start, legs, height, 0.0)))
    return out


def across_m(away: FloatArray, place: FloatArray) -> FloatArray:
    """Distances over the ground of ECEF differences (n, 3) at a place."""
    up = place / np.linalg.norm(place)
    return np.linalg.norm(away - (away @ up)[:, None] * up, axis=1)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_radar_without_elevation_follows_what_flies_level(seed: int) -> None:
    rng = np.random.default_rng(seed)
    flyers = flights(rng, 12)
    batches = watch([RADAR], flyers, (0.0, SECONDS), np.random.SeedSequence(seed))
    tracker = Tracker([RADAR], AIR, TrackParams())
    errors, plot_errors, in_view, found, false = [], [], 0, 0, 0
    names: dict[int, set[int]] = {}
    for k, batch in enumerate(batches):
        tracks = tracker.step(replace(batch, seq=k + 1))
        now_s = batch.received_s - LATENCY_S
        if now_s < 60.0:
            continue
        shown = np.flatnonzero(tracks.existence > 0.99)
        mean = np.einsum("nm,nmk->nk", tracks.mode_weight, tracks.mean)[shown]
        place = mean[:, :3] + (now_s - tracks.time_s[shown])[:, None] * mean[:, 3:6]
        owned = np.zeros(len(shown), bool)
        for number, flyer in enumerate(flyers):
            truth = flyer.path.at(np.array([now_s]))
            seen = polar(truth, RADAR)
            away = across_m(place - truth[0, :3], truth[0, :3])
            near = np.flatnonzero(away < 1500.0)
            owned[near] = True
            if not in_cover(seen, RADAR)[0]:
                continue
            in_view += 1
            if len(near):
                best = near[np.argmin(away[near])]
                found += 1
                errors.append(away[best])
                plot_errors.append(np.hypot(60.0, np.radians(0.2) * seen[0, 0]))
                names.setdefault(number, set()).add(int(tracks.track_id[shown[best]]))
        false += int((~owned & tracks.confirmed[shown]).sum())
    assert found > 0.97 * in_view
    assert np.sqrt(np.mean(np.square(errors))) < np.sqrt(np.mean(np.square(plot_errors)))
    assert false == 0
    assert np.mean([len(ids) for ids in names.values()]) < 1.3


def test_what_drones_it_sees_are_known_as_such() -> None:
    flyers = [f for k, f in enumerate(flights(np.random.default_rng(3), 12)) if k % 2]
    batches = watch([RADAR], flyers, (0.0, SECONDS), np.random.SeedSequence(3))
    tracker = Tracker([RADAR], AIR, TrackParams())
    for k, batch in enumerate(batches):
        tracks = tracker.step(replace(batch, seq=k + 1))
    seen = sum(
        in_cover(polar(f.path.at(np.array([SECONDS - 10.0])), RADAR), RADAR)[0]
        for f in flyers
    )
    assert tracks.confirmed.sum() >= seen - 1
    height = (
        np.einsum(
            "nm,nmk->nk", tracks.mode_weight, (tracks.mean[:, :, :3] - RADAR.origin_ecef_m)
        )
        @ enu_from_ecef(LAT, LON)[2]
    )
    assert (np.abs(height[tracks.confirmed]) < 9000.0).all()
