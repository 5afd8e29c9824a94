"""Sensors that tell no place: microphones by the hundred, and people."""

from dataclasses import replace

import numpy as np
import pytest

from forewarn.geodesy import FloatArray, ecef_points
from forewarn.records import PlotBatch, Sensor, SensorKind, Tracks
from forewarn.sim.hearing import listen
from forewarn.sim.sight import Flyer
from forewarn.sim.world import Path
from forewarn.track import Tracker, TrackParams
from tracking import AIR, LAT, LON, TURN, state

EARTH_M = 6.37e6
NETWORK = Sensor(
    "ears",
    SensorKind.BEARING,
    scan_s=1.0,
    sigma_azimuth_rad=np.radians(5.0),
    range_max_m=4000.0,
    detection_probability=0.9,
    clutter_per_scan=15.0,
    propagation="sound",
)


def microphones(count: int, apart_m: float, rng: np.random.Generator) -> FloatArray:
    """(count, 3) latitude, longitude, height, on a grid shaken a little."""
    side = int(np.ceil(np.sqrt(count)))
    grid = np.stack(np.meshgrid(*[np.arange(side) - side / 2] * 2), -1).reshape(-1, 2)
    plane = grid[:count] * apart_m + rng.normal(0.0, 300.0, (count, 2))
    lat = LAT + plane[:, 1] / EARTH_M
    return np.stack(
        [lat, LON + plane[:, 0] / EARTH_M / np.cos(LAT), np.full(count, 20.0)], 1
    )


def drone(
    rng: np.random.Generator, seconds: float, speed: float = 50.0, half_m: float = 40e3
) -> Path:
    """Straight with gentle turns at 200 to 1,000 m, over the network."""
    times = np.arange(0.0, seconds + 1.0)
    heading = rng.uniform(0, 2 * np.pi)
    turn = np.where(rng.random(len(times)) < 0.3, rng.normal(0, 0.01, len(times)), 0.0)
    course = heading + np.cumsum(turn)
    step = speed * np.stack([np.sin(course), np.cos(course)], 1)
    across = rng.uniform(-half_m / 2, half_m / 2, 2) + np.cumsum(step, 0) - step.sum(0) / 2
    height = rng.uniform(200.0, 1000.0)
    rows = [
        state((e, n, height - (e * e + n * n) / 2 / EARTH_M), (v[0], v[1], 0.0))[:6]
        for (e, n), v in zip(across, step, strict=True)
    ]
    return Path(times, np.array(rows))


def places(tracks: Tracks, when_s: float, least: float) -> tuple[FloatArray, FloatArray]:
    mean = np.einsum("nm,nmk->nk", tracks.mode_weight, tracks.mean)
    there = mean[:, :3] + (when_s - tracks.time_s)[:, None] * mean[:, 3:6]
    shown = tracks.existence > least
    return there[shown], tracks.track_id[shown]


def lead(sensor: Sensor, batches: list[PlotBatch]) -> list[Tracks]:
    tracker = Tracker((sensor,), AIR, TrackParams())
    return [tracker.step(replace(batch, seq=k)) for k, batch in enumerate(batches, start=1)]


@pytest.mark.parametrize("seed", [1, 2])
def test_three_hundred_microphones_follow_twenty_drones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ears = microphones(300, 3000.0, rng)
    paths = [drone(rng, 120.0) for _ in range(20)]
    flyers = [Flyer(f"d{k}", path) for k, path in enumerate(paths)]
    batches = listen(NETWORK, ears, flyers, (2.0, 119.0), rng)
    found_s = np.full(20, np.inf)
    cover_s = np.full(20, np.inf)
    errors, false, wrong = [], 0, 0
    at = ecef_points(*ears.T)
    for batch, tracks in zip(batches, lead(NETWORK, batches), strict=True):
        now_s = batch.received_s - 0.2
        truth = np.array([path.at(np.array([now_s]))[0, :3] for path in paths])
        near = (np.linalg.norm(at[None] - truth[:, None], axis=2) < 4000.0).sum(axis=1)
        near *= now_s > 14.0  # sound of the start has not come yet
        cover_s = np.where((near >= 2) & np.isinf(cover_s), now_s, cover_s)
        there, _ = places(tracks, now_s, 0.99)
        # across the ground: azimuths alone tell no height
        away = np.linalg.norm((there[None] - truth[:, None]) @ TURN[:2].T, axis=2)
        if len(there):
            best = away.min(axis=1)
            found_s = np.where((best < 300.0) & np.isinf(found_s), now_s, found_s)
            errors += [e for e, f in zip(best, found_s, strict=True) if now_s - f > 30.0]
            wrong += int((away.min(axis=0) > 1500.0).sum())
            false += len(there)
    took = found_s - cover_s
    print(
        f"seed {seed}: found {np.sort(took)[-4:]} s, median {np.median(errors):.0f} m,",
        f"90 % {np.quantile(errors, 0.9):.0f} m, {wrong} of {false} tracks of nothing",
    )
    assert (took <= 30.0).all()
    assert np.median(errors) <= 150.0
    assert wrong <= 0.08 * false  # a ghost between two drones, for a while


def scene(drones: int, false: float, ears: int, seconds: float) -> list[PlotBatch]:
    rng = np.random.default_rng(7)
    paths = [drone(rng, seconds, half_m=6e3) for _ in range(drones)]
    network = replace(NETWORK, clutter_per_scan=false)
    flyers = [Flyer(f"d{k}", path) for k, path in enumerate(paths)]
    return listen(network, microphones(ears, 3000.0, rng), flyers, (2.0, seconds), rng)


@pytest.mark.parametrize(("false", "shown_s"), [(15.0, 0), (60.0, 12)])
def test_nonsense_from_three_hundred_microphones_makes_no_track(
    false: float, shown_s: int
) -> None:
    history = lead(NETWORK, scene(0, false, 300, 120.0))
    assert sum(int((tracks.existence > 0.99).sum()) for tracks in history) <= shown_s
    assert not any(tracks.confirmed.any() for tracks in history)


def test_one_observer_begins_nothing() -> None:
    heard = scene(3, 0.0, 25, 60.0)
    here = next(batch for batch in heard if len(batch.time_s)).origin_ecef_m[:1]
    batches = [
        replace(batch, origin_ecef_m=np.tile(here, (len(batch.time_s), 1)))
        for batch in heard
    ]
    assert sum(len(batch.time_s) for batch in batches) > 200
    for tracks in lead(NETWORK, batches):
        assert not len(tracks.track_id)


def test_what_was_heard_survives_a_restart_and_a_late_scan_bit_for_bit() -> None:
    batches = [replace(b, seq=k) for k, b in enumerate(scene(3, 3.0, 36, 50.0), start=1)]
    straight, first, second, late = (
        Tracker((NETWORK,), AIR, TrackParams()) for _ in range(4)
    )
    for batch in batches:
        expected = straight.step(batch)
    assert len(expected.track_id) >= 2
    for batch in batches[:12]:
        first.step(batch)
    second.restore(first.memory())
    for batch in batches[12:]:
        got = second.step(batch)
    swapped = [*batches[:20], *batches[21:24], batches[20], *batches[24:]]
    for batch in swapped:
        after = late.step(batch)
    for name in ("track_id", "mean", "cov", "mode_weight", "existence"):
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name))
        np.testing.assert_array_equal(getattr(after, name), getattr(expected, name))
