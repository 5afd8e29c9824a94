"""Figures: the forecast of drones that obey another turn model, and what it costs.

Each model is met before any drone like it was seen, and after SEEN were, as many as in a
night: what these flew then counts for as much as is shipped, for the next wave may turn
otherwise, or for all.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from forewarn.bench.result import Ask, Figure, Result
from forewarn.bench.swarm import swarm_figures
from forewarn.bench.wanderers import MODELS, STEP_S, Flight, wander
from forewarn.compiled import kernel
from forewarn.forecast import ForecastParams
from forewarn.forecast.manoeuvring import Steered, carry, chances
from forewarn.forecast.raster import Ground, make_ground
from forewarn.forecast.seen import SeenWays
from forewarn.forecast.ways import HABITS, LONG_S, Ways, draw_ways
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import BoolArray
from forewarn.threats import DRONE

SIDE_M = 400e3  # of the country: 20 x 20 districts of 20 km
EDGES = np.array([1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0 + 1e-9])
LEAST = 30.0  # expected hits in a bin that is judged
SIGMA = np.array([100.0, 100.0, 3.0, 3.0])  # of a track's place and velocity
TURN_SIGMA = 0.003  # rad/s
SEED = 2026
BATCH = 100
SEEN, SEEN_S = 300, 5400.0  # drones that flew before, each for so long at most


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Calibration by turn model, on districts of 20 km and zones of 5 km; time a target."""
    believed = draw_ways(DRONE)
    figures = speed_figures(believed)
    progress()
    table = [("turn model", "zones", "seen", *(f"{edge:g}" for edge in EDGES[:-1]))]
    for model in MODELS:
        seen = taught(model, SEEN, SEED + 1, believed)
        each = {"none": believed}
        most = min(seen.share(), 1.0 - ForecastParams().believed)
        for name, share in ((f"{SEEN}, as shipped", most), (f"{SEEN}", 1.0)):
            each[name] = believed.seen(*seen.table(), share)
        for cell_m, count in ((20e3, 2000), (5e3, 400)):
            for name, ways in each.items():
                expected, observed = calibration(model, count, cell_m, ways, SEED)
                figures.append(_figure(model, cell_m, name, expected, observed))
                ratio = observed / np.maximum(expected, 1e-12)
                told = [
                    f"{r:.2f}" if e >= LEAST else "-"
                    for r, e in zip(ratio, expected, strict=True)
                ]
                table.append((model, f"{cell_m / 1e3:.0f} km", name, *told))
            progress()
    return Result(
        "manoeuvring",
        "Drones that obey another turn model: observed over expected, by forecast chance",
        tuple(figures),
        tuple(table),
    )


def taught(model: str, drones: int, seed: int, ways: Ways) -> SeenWays:
    """What some drones of a model teach while a tracker follows them."""
    rng = np.random.default_rng([seed, 1])
    flown = SeenWays(round(ways.horizon_s / ways.step_s), ways.step_s, np.inf)
    seen = wander(model, drones, seed, SEEN_S)
    ahead = np.diff(seen.place_m, axis=1)
    for k, step_m in enumerate(np.moveaxis(ahead, 1, 0)):
        up = np.flatnonzero(seen.up[:, k + 1])
        error = SIGMA * rng.normal(size=(len(up), 4))
        place = (seen.place_m[up, k] + error[:, :2])[:, ::-1] / metres_per_radian(0.0)
        vel = step_m[up] / STEP_S + error[:, 2:]
        course, speed = np.arctan2(vel[:, 0], vel[:, 1]), np.hypot(vel[:, 0], vel[:, 1])
        now_s = k * STEP_S
        here = np.column_stack([place, course, speed])
        flown.follow(now_s, up + 1, np.full(len(up), now_s), here)
    return flown


def calibration(
    model: str, count: int, cell_m: float, ways: Ways, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Expected and observed hits in each bin of EDGES: came down in, or passed over."""
    rng = np.random.default_rng([seed, round(cell_m)])
    flown = wander(model, count, seed, ways.horizon_s)
    ground = open_country(cell_m)
    start = rng.uniform(-80e3, 80e3, (len(flown.vel_mps), 2))
    expected, observed = np.zeros((2, len(EDGES) - 1))
    for first in range(0, len(start), BATCH):
        rows = slice(first, first + BATCH)
        targets = tracked(flown, rows, start[rows], rng)
        _, reached = chances(carry(targets, ways, ground), len(start[rows]), ground.labels)
        hit = visited(flown, rows, start[rows], cell_m)
        bins = np.digitize(reached, EDGES) - 1
        for j in range(len(expected)):
            expected[j] += reached[bins == j].sum()
            observed[j] += hit[bins == j].sum()
    return expected, observed


def worst(expected: FloatArray, observed: FloatArray) -> float:
    """Largest factor between observed and expected, over the bins that are judged."""
    judged = expected >= LEAST
    ratio = np.maximum(observed[judged], 0.5) / expected[judged]
    return float(np.maximum(ratio, 1 / ratio).max(initial=1.0))


def open_country(cell_m: float) -> Ground:
    """Cells of one size, each its own label, and no intent known."""
    side = round(SIDE_M / cell_m)
    rate = HABITS[DRONE].dives_per_s
    label = np.arange(side * side, dtype=np.int32).reshape(side, side)
    hazard = np.full((side, side), rate, np.float32)
    return make_ground(label, hazard, (-SIDE_M / 2, -SIDE_M / 2), cell_m, rate)


def tracked(
    flown: Flight, rows: slice, start: FloatArray, rng: np.random.Generator
) -> Steered:
    """What a tracker may know of some drones."""
    n = len(start)
    error = rng.normal(0, 1, (n, 4)) * SIGMA
    turn = flown.turn_radps[rows] + TURN_SIGMA * rng.normal(size=n)
    return Steered(
        pos_m=start + error[:, :2],
        vel_mps=flown.vel_mps[rows] + error[:, 2:],
        cov=np.tile(np.diag(SIGMA**2), (n, 1, 1)),
        above_m=np.full(n, 800.0),
        sink=np.zeros(n),
        turn_radps=np.stack([turn, np.full(n, TURN_SIGMA)], axis=1),
        turning=np.ones(n),
        run_s=np.full(n, LONG_S),
    )


def visited(flown: Flight, rows: slice, start: FloatArray, cell_m: float) -> BoolArray:
    """(n, labels) whether each cell was passed over or hit."""
    side = round(SIDE_M / cell_m)
    cell = np.floor((flown.place_m[rows] + start[:, None] + SIDE_M / 2) / cell_m)
    inside = flown.up[rows] & (cell >= 0).all(axis=2) & (cell < side).all(axis=2)
    drone = np.broadcast_to(np.arange(len(start))[:, None], inside.shape)
    hit = np.zeros((len(start), side * side), bool)
    label = cell[..., 1] * side + cell[..., 0]
    hit[drone[inside], label[inside].astype(np.int64)] = True
    return hit


def speed_figures(ways: Ways) -> list[Figure]:
    """Process time a target, of the full case, of production, and of a plain loop."""
    flown = wander(MODELS[0], 240, SEED, 3 * STEP_S)
    rng = np.random.default_rng(SEED)
    start = rng.uniform(-80e3, 80e3, (200, 2))
    targets = tracked(flown, slice(0, 200), start, rng)
    few = tracked(flown, slice(0, 20), start[:20], rng)
    districts, near = open_country(20e3), open_country(2.5e3)
    soon, soon_all = draw_ways(DRONE, 1024, 180.0), draw_ways(DRONE, 5000, 180.0)
    full = _ms(lambda: carry(few, ways, districts), len(few.sink))
    plain = _ms(lambda: _plain(few.pos_m, few.vel_mps, 5000, 180, 10.0, 20), len(few.sink))
    return [
        Figure("5,000 particles, 30 min, 400 districts: a target", full, "ms", "<= 20"),
        Figure(
            "1,024 particles, 3 min, cells of 2.5 km: a target",
            _ms(lambda: carry(targets, soon, near), len(targets.sink)),
            "ms",
            "<= 2.5",
        ),
        Figure(
            "5,000 particles, 3 min, cells of 2.5 km: a target",
            _ms(lambda: carry(targets, soon_all, near), len(targets.sink)),
            "ms",
        ),
        Figure(
            "a plain compiled loop over as many particles and steps, over ours",
            plain / full,
            "x",
            note=f"{plain:.1f} ms: normal draws, turn events, one look-up a step",
        ),
        *swarm_figures(),
        *_stone_soup(full),
    ]


def _stone_soup(ours_ms: float) -> list[Figure]:
    """The particle predictor of Stone Soup on as many particles and steps; no zones."""
    try:
        from stonesoup.models.transition.linear import (
            CombinedLinearGaussianTransitionModel,
            ConstantVelocity,
        )
        from stonesoup.predictor.particle import ParticlePredictor
        from stonesoup.types.array import StateVectors
        from stonesoup.types.state import ParticleState
    except ImportError:
        return []
    rng = np.random.default_rng(SEED)
    model = CombinedLinearGaussianTransitionModel([ConstantVelocity(1.0)] * 2)
    predictor = ParticlePredictor(model)
    first = ParticleState(
        StateVectors(rng.normal(size=(4, 5000))),
        weight=np.full(5000, 1 / 5000),
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    )

    def run() -> None:
        state = first
        for _ in range(180):
            later = state.timestamp + timedelta(seconds=10)
            state = predictor.predict(state, timestamp=later)

    theirs = _ms(run, 1)
    return [
        Figure(
            "Stone Soup's particle predictor on as many, over ours",
            theirs / ours_ms,
            "x",
            note=f"{theirs:.0f} ms: constant velocity, no zones looked up",
        )
    ]


def _ms(call: Callable[[], object], targets: int) -> float:
    """Median process time a target, ms; the first call only warms up."""
    call()
    took = []
    for _ in range(5):
        before = time.process_time()
        call()
        took.append(time.process_time() - before)
    return 1e3 * float(np.median(took)) / targets


@kernel
def _plain(
    pos: FloatArray, vel: FloatArray, count: int, steps: int, step_s: float, side: int
) -> FloatArray:
    """What one writes first: each particle drawn anew, chance of districts reached."""
    reached = np.zeros((len(pos), side * side))
    stamp = np.full(side * side, -1)
    np.random.seed(1)  # noqa: NPY002  (the only generator there is inside a kernel)
    for job in range(len(pos)):
        for i in range(count):
            x = pos[job, 0] + 100.0 * np.random.normal() + 200e3  # noqa: NPY002
            y = pos[job, 1] + 100.0 * np.random.normal() + 200e3  # noqa: NPY002
            ve = vel[job, 0] + 3.0 * np.random.normal()  # noqa: NPY002
            vn = vel[job, 1] + 3.0 * np.random.normal()  # noqa: NPY002
            speed, course, rate = np.sqrt(ve * ve + vn * vn), np.arctan2(ve, vn), 0.0
            for _ in range(steps):
                if np.random.random() < step_s / 240.0:  # noqa: NPY002
                    rate = 0.02 * np.random.normal()  # noqa: NPY002
                elif np.random.random() < step_s / 30.0:  # noqa: NPY002
                    rate = 0.0
                course += rate * step_s
                x += speed * step_s * np.sin(course) + np.random.normal()  # noqa: NPY002
                y += speed * step_s * np.cos(course) + np.random.normal()  # noqa: NPY002
                if 0.0 <= x < 400e3 and 0.0 <= y < 400e3:
                    z = int(y / 400e3 * side) * side + int(x / 400e3 * side)
                    if stamp[z] != job * count + i:
                        stamp[z] = job * count + i
                        reached[job, z] += 1.0 / count
    return reached


def _figure(
    model: str, cell_m: float, seen: str, expected: FloatArray, observed: FloatArray
) -> Figure:
    judged = int((expected >= LEAST).sum())
    goal = "<= 1.5" if cell_m == 20e3 else ""
    label = f"{model}, zones of {cell_m / 1e3:.0f} km, seen {seen}: worst factor"
    return Figure(label, worst(expected, observed), "", goal, note=f"{judged} bins")
