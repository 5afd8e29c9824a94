"""A thousand drones at once: what their forecasts take of a core, second by second."""

import time

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.drawing import region_zones
from forewarn.bench.result import Figure
from forewarn.bench.wanderers import MODELS, STEP_S, wander
from forewarn.exposure import Exposer
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.geodesy import (
    FloatArray,
    ecef_points,
    enu_from_ecef,
    metres_per_radian,
    wrapped,
)
from forewarn.records import MODES, STRAIGHT, TURNING, Tick, Tracks
from forewarn.sim import raids
from forewarn.threats import DRONE

DRONES = 1000
SETTLE_S, TIMED_S = 5, 15
REFRESHED_S = 5.0  # a forecast may be no older
START_S = 1.7e9
HEIGHT_M = 800.0
SIGMA = np.array([100.0, 100.0, 100.0, 3.0, 3.0, 3.0])


def swarm_figures() -> list[Figure]:
    """Processor seconds a second of the forecasts of DRONES, and how old any becomes."""
    zones = region_zones(raids.load("load"))
    forecaster = Forecaster(standard_air(), zones, ForecastParams())
    exposer = Exposer(zones)
    middle = zones.point_rad.mean(axis=0)
    flown = wander(MODELS[0], 2 * DRONES, 1, SETTLE_S + TIMED_S + 2 * STEP_S)
    rng = np.random.default_rng(1)
    start = rng.uniform(-60e3, 60e3, (DRONES, 2))
    spent = np.zeros((2, SETTLE_S + TIMED_S))
    oldest_s = 0.0
    for second in range(SETTLE_S + TIMED_S):
        tracks = tracks_at(flown.place_m[:DRONES], start, middle, float(second))
        before = time.process_time()
        forecasts = forecaster.step(tracks, Tick(second + 1, tracks.received_s))
        between = time.process_time()
        exposer.step(forecasts)
        spent[:, second] = between - before, time.process_time() - between
        oldest_s = max(oldest_s, float((tracks.received_s - forecasts.made_s).max()))
    forecast, exposure = spent[:, SETTLE_S:].mean(axis=1).tolist()
    note = f"{len(forecasts.track_id):,} forecasts"
    return [
        Figure("1,000 drones at once: cores that forecasts take", forecast, "", "<= 0.5"),
        Figure(
            "oldest of their forecasts", oldest_s, "s", f"<= {REFRESHED_S:g}", note=note
        ),
        Figure("and cores that telling whom they threaten takes", exposure),
    ]


def tracks_at(
    way_m: FloatArray, start_m: FloatArray, middle: FloatArray, second: float
) -> Tracks:
    """Tracks of drones on ways (n, k, 2), east, north m, a place every STEP_S."""
    n, k = len(way_m), int(second / STEP_S)
    leg = way_m[:, k + 1] - way_m[:, k]
    next_leg = way_m[:, k + 2] - way_m[:, k + 1]
    place = start_m + way_m[:, k] + (second / STEP_S - k) * leg
    spot = middle + (place / metres_per_radian(float(middle[0]))[::-1])[:, ::-1]
    pos = ecef_points(spot[:, 0], spot[:, 1], np.full(n, HEIGHT_M))
    vel = np.column_stack([leg / STEP_S, np.zeros(n)]) @ enu_from_ecef(*middle)
    course = np.arctan2(leg[:, 0], leg[:, 1]), np.arctan2(next_leg[:, 0], next_leg[:, 1])
    turn = wrapped(course[1] - course[0]) / STEP_S
    turns = np.abs(turn) > 0.005
    weight = np.zeros((n, len(MODES)))
    weight[:, STRAIGHT] = np.where(turns, 0.2, 0.8)
    weight[:, TURNING] = 1.0 - weight[:, STRAIGHT]
    mean = np.zeros((n, len(MODES), 7))
    mean[:, STRAIGHT:, :6] = np.concatenate([pos, vel], axis=1)[:, None]
    cov = np.zeros((n, len(MODES), 7, 7))
    cov[:, STRAIGHT:] = np.diag(np.append(SIGMA, 0.01) ** 2)
    now_s = START_S + second
    return Tracks(
        received_s=now_s,
        track_id=np.arange(1, n + 1),
        time_s=np.full(n, now_s),
        mean=mean,
        cov=cov,
        mode_weight=weight,
        turn_radps=np.column_stack([turn, np.full(n, 0.01)]),
        class_prob=np.tile(np.eye(6)[DRONE], (n, 1)),
        existence=np.ones(n),
        confirmed=np.ones(n, bool),
        named=np.ones(n, bool),
        trusted=np.ones(n, bool),
        group_mask=np.ones(n, np.int64),
        first_s=np.full(n, START_S - 60.0),
        silence=np.zeros(n),
        hits=np.full(n, 60),
        withdrawn=np.zeros(0, np.int64),
        identity=("",) * n,
        group_names=("a",),
    )
