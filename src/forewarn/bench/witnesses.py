"""People who point at a drone they see, some of them wrongly, and how it is tracked."""

from typing import NamedTuple

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.following import states_at
from forewarn.bench.ground import drone, observers
from forewarn.geodesy import FloatArray, ecef_points, enu_from_ecef
from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.sim.sight import LATENCY_S
from forewarn.sim.world import Path as Way
from forewarn.track import Tracker, TrackParams

PEOPLE_AROUND, APART_M, LIARS = 400, 1500.0, 40
RATE_HZ = 0.6  # reports of all people together, while a drone is near any
SIGHT_M = 4000.0
PEOPLE = Sensor(
    "people",
    SensorKind.BEARING,
    sigma_azimuth_rad=np.radians(15.0),
    range_max_m=5000.0,
    detection_probability=0.3,
    clutter_per_scan=0.1,
)
SECONDS = 240
SHOWN = 0.9  # existence above which a track counts
FOUND_M = 3000.0


class Told(NamedTuple):
    """Reports in order, the drone's way, and the names of those who point elsewhere."""

    batches: list[PlotBatch]
    path: Way
    liars: set[str]


class ToldScore(NamedTuple):
    """How the drone was tracked.

    found_s : since it came; inf = never
    error_m : (n,) of the nearest track, height included, at reports; if within FOUND_M
    """

    found_s: float
    error_m: FloatArray


def report(k: int, who: int, eye: FloatArray, azimuth: float, when_s: float) -> PlotBatch:
    """One person's word: number, who, from where (3,) ECEF m, rad from north, when."""
    return PlotBatch(
        seq=k,
        received_s=when_s + LATENCY_S,
        sensor_id=PEOPLE.sensor_id,
        time_s=np.full(1, when_s, np.float64),
        measured=np.array([[np.nan, azimuth % (2 * np.pi), np.nan, np.nan]]),
        sigma=PEOPLE.sigma[None],
        origin_ecef_m=eye[None],
        sigma_pos_m=np.full((1, 2), np.nan),
        identity=(f"phone {who}",),
    )


def tell(seed: int) -> Told:
    """Reports of one drone over 400 people; every tenth always points elsewhere."""
    rng = np.random.default_rng(seed)
    at = observers(PEOPLE_AROUND, APART_M, rng)
    eyes = ecef_points(*at.T)
    turns = np.array([enu_from_ecef(lat, lon) for lat, lon, _ in at])
    path = drone(rng, SECONDS, side_m=8e3)
    liars = rng.choice(PEOPLE_AROUND, LIARS, replace=False)
    silent_until = np.zeros(PEOPLE_AROUND)
    batches: list[PlotBatch] = []
    for second in range(1, SECONDS):
        rel = path.at(np.array([float(second)]))[0, :3] - eyes
        near = np.linalg.norm(rel, axis=1) < SIGHT_M
        near[liars] |= rng.random(LIARS) < 0.01
        may = np.flatnonzero(near & (silent_until <= second))
        for who in may[rng.random(len(may)) < RATE_HZ / max(len(may), 1)]:
            east, north = turns[who, :2] @ rel[who]
            azimuth = np.arctan2(east, north) + PEOPLE.sigma_azimuth_rad * rng.normal()
            if who in liars:
                azimuth = rng.uniform(0, 2 * np.pi)
            silent_until[who] = second + 60.0
            batches.append(report(len(batches) + 1, int(who), eyes[who], azimuth, second))
    return Told(batches, path, {f"phone {who}" for who in liars})


def follow_told(told: Told) -> ToldScore:
    """Lead the tracker through what people said."""
    tracker = Tracker([PEOPLE], standard_air(), TrackParams())
    found_s, errors = np.inf, []
    for batch in told.batches:
        tracks = tracker.step(batch)
        now_s = float(batch.time_s[0])
        there = states_at(tracks, now_s)[tracks.existence > SHOWN, :3]
        away = np.linalg.norm(there - told.path.at(np.array([now_s]))[0, :3], axis=1)
        if len(away) and away.min() < FOUND_M:
            found_s = min(found_s, now_s)
            errors.append(away.min())
    return ToldScore(found_s, np.array(errors))
