"""Whether tracks are as sure as they may be: NEES by phase, and the Cramer-Rao bound.

Bodies fly in the world of `sim`, which shares no dynamics with the tracker, once with each
of five drag curves. The bound is that of a flight whose every force is known but for where
it began and its ballistic coefficient: no tracker can know that much.
Sources: Bar-Shalom, Li, Kirubarajan, "Estimation with Applications to Tracking and
Navigation" (2001), section 5.4 (NEES); Tichavsky, Muravchik, Nehorai, "Posterior
Cramer-Rao bounds for discrete-time nonlinear filtering", IEEE Transactions on Signal
Processing 46(5), 1998; Niu, Willett, Bar-Shalom, "Matrix CRLB scaling due to measurements
of uncertain origin", IEEE Transactions on Signal Processing 49(7), 2001 (detection).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import radians
from typing import NamedTuple

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.result import Ask, Figure, Result
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import PlotBatch, Sensor, SensorKind, Tracks
from forewarn.sim.sight import LATENCY_S, Flyer, in_cover, polar, watch
from forewarn.sim.world import FINNED, STEP_S, Launch, coast, fly, steer
from forewarn.sim.world import Path as Way
from forewarn.track import Tracker, TrackParams

# Mach and drag: as a finned rocket; as nothing happened at the speed of sound; as a sphere
# (blunt, hardly falling off); as a swept shape whose rise comes late; as the G1 projectile
CURVES = {
    "finned": FINNED,
    "flat": np.array([[0.0, 10.0], [1.5, 1.5]]),
    "blunt": np.array([[0.0, 0.6, 1.0, 1.5, 3.0, 6.0], [1.0, 1.1, 1.7, 2.1, 2.0, 1.9]]),
    "late": np.array(
        [[0.0, 0.95, 1.1, 1.5, 2.0, 3.0, 6.0], [1.0, 1.0, 1.3, 2.2, 1.9, 1.2, 0.8]]
    ),
    "G1": np.array(
        [
            [0.0, 0.5, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 2.0, 2.5, 3.0, 4.0],
            [1.0, 0.8, 1.0, 1.3, 1.8, 2.2, 2.4, 2.5, 2.25, 2.05, 1.95, 1.9],
        ]
    ),
}
ROCKETS, DRONES, APART_S = 48, 12, 2.5
SEEDS = tuple(range(1, 13))  # of four, NEES of boosting is luck: it lasts seconds
START_S = 1.7e9
PLACE = (radians(50.0), radians(10.0))
WIND_MPS = (8.0, -5.0)
NEAR_M = 300.0  # a track further off is of something else
MATURE_S = 15.0
LEAST_HITS = 6  # with fewer it may still be another reading of the same plots
PHASES = ("boost", "coast", "drones")
# what a tracker may know of a body as it burns out: place m, velocity m/s, ln beta
KNOWN = np.array([50.0, 50.0, 50.0, 30.0, 30.0, 30.0, 0.6])
NUDGE = np.array([10.0, 10.0, 10.0, 1.0, 1.0, 1.0, 0.02])


@dataclass(frozen=True, slots=True, eq=False)
class Flights:
    """What flies: rockets first, then drones; bound_m (k, rockets) every STEP_S, or nan."""

    flyers: list[Flyer]
    burnt_s: FloatArray
    bound_m: FloatArray


def radars(with_rate: bool) -> tuple[Sensor, ...]:
    """Two, 19 km apart, looking in turn."""
    per_lat, per_lon = metres_per_radian(PLACE[0])
    return tuple(
        Sensor(
            f"radar {k}",
            SensorKind.RADAR,
            PLACE[0] + north / per_lat,
            PLACE[1] + east / per_lon,
            40.0,
            scan_s=1.0,
            sigma_range_m=20.0,
            sigma_azimuth_rad=2e-3,
            sigma_elevation_rad=2e-3,
            sigma_range_rate_mps=5.0 if with_rate else float("nan"),
            range_min_m=1e3,
            range_max_m=100e3,
            elevation_min_rad=radians(0.5),
            elevation_max_rad=radians(70.0),
            detection_probability=0.9,
            clutter_per_scan=20.0,
            simulated=True,
        )
        for k, (east, north) in enumerate([(0.0, 0.0), (-12e3, 15e3)])
    )


class Rockets(NamedTuple):
    """Rockets from all over the east, one by one.

    starts : (n,) seconds; states : (k, n, 6) every STEP_S since then
    """

    launch: Launch
    starts: FloatArray
    states: FloatArray
    flyers: list[Flyer]


def make_rockets(
    curve: FloatArray, rng: np.random.Generator, longest_burn_s: float = 10.0
) -> Rockets:
    """Drawn anew each time, flown with this drag curve."""
    n = ROCKETS
    scale = metres_per_radian(PLACE[0])
    site = PLACE + rng.uniform([-30e3, 5e3], [30e3, 55e3], (n, 2)) / scale
    speed_mps = rng.uniform(450.0, 1500.0, n)
    # a motor that pushes less than 100 m/s2 does not carry an unguided body off its rail
    burn_s = STEP_S * np.round(
        rng.uniform(2.0, np.minimum(longest_burn_s, speed_mps / 100.0)) / STEP_S
    )
    launch = Launch(
        site_rad=site,
        azimuth=radians(270.0) + rng.uniform(-0.8, 0.8, n),
        elevation=np.radians(rng.uniform(35.0, 58.0, n)),
        speed_mps=speed_mps,
        burn_s=burn_s,
        beta=rng.uniform(6e3, 14e3, n),
    )
    age, states, down, _ = fly(launch, WIND_MPS, curve=curve)
    starts = START_S + APART_S * np.arange(n, dtype=np.float64)
    flyers = []
    for i in range(n):
        keep = age <= down[i]
        way = Way(starts[i] + age[keep], states[keep, i])
        flyers.append(Flyer(f"r{i}", way))
    return Rockets(launch, starts, states, flyers)


def make_flights(curve: FloatArray, sensors: tuple[Sensor, ...], seed: int) -> Flights:
    """Rockets, and drones that turn and climb."""
    rng = np.random.default_rng(seed)
    launch, starts, states, flyers = make_rockets(curve, rng)
    bound_m = _bounds(launch, states, starts, curve, sensors)
    scale = metres_per_radian(PLACE[0])
    for i in range(DRONES):
        legs, course, left = [], radians(270.0), 0.0
        for _ in range(int(APART_S * ROCKETS) + 60):
            if left <= 0.0:
                left = rng.uniform(20.0, 40.0)
                turn = radians(rng.uniform(-4.0, 4.0)) * (rng.random() < 0.6)
                climb = rng.uniform(-3.0, 3.0)
            course, left = course + turn, left - 1.0
            legs.append((1.0, course, 50.0, climb))
        at = PLACE + rng.uniform([-25e3, 5e3], [25e3, 45e3]) / scale
        flyers.append(Flyer(f"d{i}", steer(at, legs, rng.uniform(800.0, 2000.0), START_S)))
    return Flights(flyers, starts + launch.burn_s, bound_m)


def _bounds(
    launch: Launch,
    states: FloatArray,
    starts: FloatArray,
    curve: FloatArray,
    sensors: tuple[Sensor, ...],
) -> FloatArray:
    """(k, n) least root mean square error of place, m, at each STEP_S since launch.

    Every scan that covers the body tells its measurement's information times the chance
    that it sees it.
    """
    n = states.shape[1]
    burnt = np.round(launch.burn_s / STEP_S).astype(int)
    first = states[burnt, np.arange(n)]
    whole = np.concatenate([first, np.log(launch.beta)[:, None]], axis=1)
    seconds = len(states) * STEP_S
    slope = []
    for k in range(7):
        paths = []
        for sign in (1.0, -1.0):
            moved = whole.copy()
            moved[:, k] += sign * NUDGE[k]
            paths.append(coast(moved[:, :6], np.exp(moved[:, 6]), WIND_MPS, seconds, curve))
        slope.append((paths[0] - paths[1]) / (2 * NUDGE[k]))
    grown = np.stack(slope, axis=3)  # (k, n, 6, 7)
    out = np.full(states.shape[:2], np.nan)
    for i in range(n):
        told = np.diag(1.0 / KNOWN**2)
        for k in range(burnt[i], len(states)):
            state, way = states[k, i], grown[k - burnt[i], i]
            if not np.isfinite(state + way.sum(axis=1)).all():
                break
            when = starts[i] + k * STEP_S - START_S
            for s, sensor in enumerate(sensors):
                turn = (when - s * sensor.scan_s / len(sensors)) % sensor.scan_s
                if turn < 1e-6 and in_cover(polar(state[None], sensor), sensor)[0]:
                    h = _measured_slope(state, sensor) @ way
                    told += sensor.detection_probability * h.T @ h
            cov = way[:3] @ np.linalg.inv(told) @ way[:3].T
            out[k, i] = np.sqrt(np.trace(cov))
    return out


def _measured_slope(state: FloatArray, sensor: Sensor) -> FloatArray:
    """(q, 6) of what a radar measures by place and velocity, over its noise."""
    step = np.array([1.0, 1.0, 1.0, 0.1, 0.1, 0.1])
    both = [polar(state + sign * np.diag(step), sensor) for sign in (1.0, -1.0)]
    slope = ((both[0] - both[1]) / (2 * step[:, None])).T / sensor.sigma[:, None]
    return np.asarray(slope[np.isfinite(sensor.sigma)])


class Tally:
    """NEES per degree of freedom by phase, and squared errors beside squared bounds."""

    def __init__(self) -> None:
        self.nees: dict[str, list[float]] = {phase: [] for phase in PHASES}
        self.square: list[float] = []
        self.bound: list[float] = []

    def add(self, tracks: Tracks, flights: Flights, when_s: float) -> None:
        """Hold tracks that a plot of this moment has just reached against the truth."""
        part = tracks.mode_weight[:, :, None]
        mean = (part * tracks.mean[:, :, :6]).sum(axis=1)
        away = tracks.mean[:, :, :6] - mean[:, None]
        spread = tracks.cov[:, :, :6, :6] + away[..., None] * away[:, :, None]
        cov = (part[..., None] * spread).sum(axis=1)
        lag_s = when_s - tracks.time_s
        place = mean[:, :3] + lag_s[:, None] * mean[:, 3:]
        aloft = [
            number
            for number, flyer in enumerate(flights.flyers)
            if flyer.path.time_s[0] <= when_s < flyer.path.time_s[-1]
        ]
        counts = np.flatnonzero(tracks.hits >= LEAST_HITS)
        if not len(counts) or not aloft:
            return
        truths = np.array([flights.flyers[n].path.at(np.array([when_s]))[0] for n in aloft])
        far_m = np.linalg.norm(truths[:, None, :3] - place[counts], axis=2)
        for row, number in enumerate(aloft):
            truth, times = truths[row], flights.flyers[number].path.time_s
            best = int(far_m[row].argmin())
            i = counts[best]
            if abs(lag_s[i]) > 1e-6 or far_m[:, best].argmin() != row:
                continue  # its own track took nothing now, or this is another's
            off = mean[i] - truth
            square = float((off[:3] ** 2).sum())
            if square > NEAR_M**2:
                continue
            nees = float(off @ np.linalg.solve(cov[i], off)) / 6.0
            rocket = number < ROCKETS
            burning = rocket and when_s < flights.burnt_s[number]
            phase = "boost" if burning else "coast" if rocket else "drones"
            self.nees[phase].append(nees)
            if rocket and when_s - times[0] >= MATURE_S:
                k = round((when_s - times[0]) / STEP_S)
                bound_m = flights.bound_m[min(k, len(flights.bound_m) - 1), number]
                if np.isfinite(bound_m):
                    self.square.append(square)
                    self.bound.append(float(bound_m) ** 2)

    def mean(self, phase: str) -> float:
        """NEES per degree of freedom: 1 = as sure as it may be, less = too modest."""
        return float(np.mean(self.nees[phase])) if self.nees[phase] else float("nan")

    @property
    def over_bound(self) -> float:
        """Root mean square error of mature rockets over the bound."""
        return float(np.sqrt(np.sum(self.square) / np.sum(self.bound)))

    @property
    def error_m(self) -> float:
        """Root mean square error of mature rockets."""
        return float(np.sqrt(np.mean(self.square)))


def follow_flights(curve: FloatArray, with_rate: bool, seed: int, tally: Tally) -> None:
    """Lead the tracker through one drawing, into the tally."""
    sensors = radars(with_rate)
    flights = make_flights(curve, sensors, seed)
    end_s = max(float(flyer.path.time_s[-1]) for flyer in flights.flyers)
    stream = np.random.SeedSequence(seed)
    batches: list[PlotBatch] = watch(sensors, flights.flyers, (START_S, end_s), stream)
    tracker = Tracker(sensors, standard_air(), TrackParams())
    for batch in batches:
        tally.add(tracker.step(batch), flights, batch.received_s - LATENCY_S)


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """NEES by phase for each curve, of which the least and the most count."""
    table: list[tuple[str, ...]] = [("drag curve", *PHASES, "error m", "over bound")]
    figures: list[Figure] = []
    for with_rate, label in ((False, "positions only"), (True, "with range rate")):
        worst: dict[str, list[float]] = {phase: [] for phase in PHASES}
        over = []
        for name, curve in CURVES.items():
            tally = Tally()
            for seed in SEEDS:
                follow_flights(curve, with_rate, seed, tally)
                progress()
            for phase in PHASES:
                worst[phase].append(tally.mean(phase))
            over.append(tally.over_bound)
            table.append(
                (
                    f"{name}, {label}",
                    *(f"{tally.mean(phase):.2f}" for phase in PHASES),
                    f"{tally.error_m:.1f}",
                    f"{tally.over_bound:.2f}",
                )
            )
        for phase in PHASES:
            figures += [
                Figure(f"{label}: NEES, {phase}, least", min(worst[phase]), "", ">= 0.7"),
                Figure(f"{label}: NEES, {phase}, most", max(worst[phase]), "", "<= 1.5"),
            ]
        mean = float(np.mean(over))
        figures.append(
            Figure(f"{label}: error of mature rockets over the bound", mean, "", "<= 1.3")
        )
    return Result(
        "accuracy",
        "Tracks against the truth, with five drag curves",
        tuple(figures),
        tuple(table),
    )
