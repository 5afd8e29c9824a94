"""People who point at what they see: seldom, coarsely, and some of them wrongly."""

from dataclasses import replace

import numpy as np

from forewarn.geodesy import FloatArray, ecef_points, enu_from_ecef
from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.sim.sight import LATENCY_S
from forewarn.sim.world import Path
from forewarn.track import Tracker, TrackParams
from test_bearings import drone, microphones, places
from tracking import AIR

PEOPLE = Sensor(
    "people",
    SensorKind.BEARING,
    sigma_azimuth_rad=np.radians(15.0),
    range_max_m=5000.0,
    detection_probability=0.3,
    clutter_per_scan=0.1,
)
SECONDS = 240


def report(k: int, who: int, ear: FloatArray, azimuth: float, when_s: float) -> PlotBatch:
    return PlotBatch(
        seq=k,
        received_s=when_s + LATENCY_S,
        sensor_id="people",
        time_s=np.array([when_s]),
        measured=np.array([[np.nan, azimuth % (2 * np.pi), np.nan, np.nan]]),
        sigma=PEOPLE.sigma[None],
        origin_ecef_m=ear[None],
        sigma_pos_m=np.full((1, 2), np.nan),
        identity=(f"phone {who}",),
    )


def crowd(seed: int) -> tuple[list[PlotBatch], Path, set[str]]:
    """Reports of one drone over 400 people; every tenth always points elsewhere."""
    rng = np.random.default_rng(seed)
    ears_at = microphones(400, 1500.0, rng)
    ears = ecef_points(*ears_at.T)
    turns = np.array([enu_from_ecef(lat, lon) for lat, lon, _ in ears_at])
    path = drone(rng, SECONDS, half_m=8e3)
    liars = rng.choice(400, 40, replace=False)
    silent_until = np.zeros(400)
    batches = []
    for second in range(1, SECONDS):
        here = path.at(np.array([float(second)]))[0, :3]
        rel = here - ears
        near = np.linalg.norm(rel, axis=1) < 4000.0
        near[liars] |= rng.random(40) < 0.01
        may = np.flatnonzero(near & (silent_until <= second))
        for who in may[rng.random(len(may)) < 0.6 / max(len(may), 1)]:
            east, north = turns[who, :2] @ rel[who]
            azimuth = np.arctan2(east, north) + np.radians(15.0) * rng.normal()
            if who in liars:
                azimuth = rng.uniform(0, 2 * np.pi)
            silent_until[who] = second + 60.0
            batches.append(report(len(batches) + 1, int(who), ears[who], azimuth, second))
    return batches, path, {f"phone {who}" for who in liars}


def test_people_alone_find_a_drone_to_within_a_district() -> None:
    errors, found_s, false = [], [], 0
    for seed in range(1, 7):
        batches, path, _ = crowd(seed)
        tracker = Tracker([PEOPLE], AIR, TrackParams())
        first = None
        for batch in batches:
            tracks = tracker.step(batch)
            now_s = float(batch.time_s[0])
            place, _ = places(tracks, now_s, 0.9)
            away = np.linalg.norm(place - path.at(np.array([now_s]))[0, :3], axis=1)
            false += int((away > 5000.0).sum())
            if len(away) and away.min() < 3000.0:
                first = now_s if first is None else first
                errors.append(away.min())
        found_s.append(SECONDS if first is None else first)
    assert np.median(found_s) <= 90.0
    assert np.median(errors) < 1000.0


def test_who_speaks_again_within_a_minute_is_not_heard_twice() -> None:
    batches, _, _ = crowd(1)
    tracker = Tracker([PEOPLE], AIR, TrackParams())
    for k, batch in enumerate(batches[:20]):
        tracker.step(replace(batch, seq=2 * k))
        again = batch.measured + np.array([0.0, 1e-3, 0.0, 0.0])
        later = replace(batch, seq=2 * k + 1, measured=again)
        tracker.step(replace(later, time_s=batch.time_s + 0.1))
    assert tracker.refused["people", "spoke again within a minute"] == 20


def test_who_is_often_wrong_is_believed_less() -> None:
    doubts: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(1, 4):
        batches, _, liars = crowd(seed)
        tracker = Tracker([PEOPLE], AIR, TrackParams())
        for batch in batches:
            tracker.step(batch)
        for name, doubt in tracker.doubts.items():
            doubts[name in liars].append(doubt)
    assert np.mean(doubts[True]) > np.mean(doubts[False])


def test_a_snapshot_remembers_who_has_spoken() -> None:
    batches, _, _ = crowd(2)
    one, two = (Tracker([PEOPLE], AIR, TrackParams()) for _ in range(2))
    half = len(batches) // 2
    for batch in batches[:half]:
        one.step(batch)
    two.restore(one.memory())
    for batch in batches[half:]:
        first, second = one.step(batch), two.step(batch)
        np.testing.assert_array_equal(first.mean, second.mean)
    assert one.doubts == two.doubts
