"""Figures: flights to the ground and their uncertainty, how fast and how true."""

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from forewarn.atmosphere import us1976
from forewarn.bench import rocketpy_world
from forewarn.bench.check_cases import CASES, SIMULATORS, case_of, distances_m, read_check
from forewarn.bench.flying import (
    AIR,
    CLOSE_M,
    FAMILIES,
    ROCKET,
    SEA,
    TRIED,
    Bodies,
    all_scipy,
    apart_m,
    bodies,
    choose_peer,
    fly,
    fly_fine,
    ratio_of,
    took_s,
)
from forewarn.bench.result import Ask, Figure, Result
from forewarn.dynamics import drag_table
from forewarn.errors import ConfigError
from forewarn.flight.steps import STEP_S
from forewarn.forecast import ForecastParams
from forewarn.forecast.falling import falling_futures
from forewarn.geodesy import FloatArray
from forewarn.threats import SHAPES

BATCH = 4096
TIMED = 41  # batches
CHECKED = 64  # flights held against fine steps
TRACKS = 1000
SIGMA = np.array([*[30.0] * 3, *[10.0] * 3, 0.2])  # of a track of some seconds
TUMBLER = "light and fast"
POTENTIAL_M = 6356766.0  # radius of the Earth in the standard atmosphere
SEED = 20261125


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Speed and error of flights, peers, uncertainty, check cases."""
    figures: list[Figure] = []
    case = bodies(ROCKET, BATCH, 0.0, SEED)
    parts: tuple[Callable[[], list[Figure]], ...] = (
        lambda: speed_figures(case),
        lambda: scipy_figures(case),
        lambda: rocketpy_figures(case),
        uncertainty_figures,
    )
    for part in parts:
        figures += part()
        progress()
    worst, table = families()
    figures += worst
    progress()
    folder = ask.aircraft.parents[1] / "trajectories"
    if folder.is_dir():
        figures += check_figures(folder / "nesc") + air_figures(folder / "us1976")
    return Result(
        "forecast", "Flights to the ground and their uncertainty", tuple(figures), table
    )


def _few(case: Bodies, count: int) -> Bodies:
    return Bodies(*(rows[:count] for rows in case))


def speed_figures(case: Bodies) -> list[Figure]:
    """The benchmark case: a batch of rockets with a minute to go."""
    drag = drag_table()
    took = took_s(lambda: fly(case, drag), TIMED)
    few = _few(case, CHECKED)
    off_m = apart_m(fly(few, drag), fly_fine(few, drag))
    count = len(case.ln_beta)
    return [
        Figure(
            "flights of 60 s to the ground, one core",
            count / float(np.median(took)),
            "/s",
            ">= 250000",
            note=f"median of {TIMED} batches of {count:,};"
            f" fastest {count / took.min():,.0f} /s",
        ),
        Figure(
            "their error on the ground, worst",
            float(off_m.max()),
            "m",
            f"<= {CLOSE_M}",
            note=f"against steps of 0.01 s, {len(off_m)} flights;"
            f" median {np.median(off_m):.2g} m",
        ),
    ]


def scipy_figures(case: Bodies) -> list[Figure]:
    """SciPy's integrators at the same accuracy, with plain and compiled forces."""
    drag = drag_table()
    few, those = _few(case, CHECKED), _few(case, TRIED)
    truth = fly_fine(few, drag)
    figures = []
    for plain, forces, goal in (
        (True, "plain Python", ">= 1000"),
        (False, "our compiled", ""),
    ):
        peer = choose_peer(few, truth, drag, plain)
        ratio, rate = ratio_of(
            lambda: fly(case, drag),
            len(case.ln_beta),
            lambda: all_scipy(those, drag, peer, plain),  # noqa: B023
            len(those.ln_beta),
        )
        figures.append(
            Figure(
                f"flights over those of SciPy at {CLOSE_M} m, {forces} forces",
                ratio,
                "x",
                goal,
                note=f"{rate:.0f} /s: {peer.method}, rtol {peer.rtol:.0e},"
                f" worst error {peer.worst_m:.2f} m; one run, timed in turn",
            )
        )
    return figures


def rocketpy_figures(case: Bodies) -> list[Figure]:
    """RocketPy: the same case as a point, and a rocket from its rail in 6 degrees."""
    if not rocketpy_world.importable():
        return []
    drag = drag_table()
    height_m, (along, _, up), beta = FAMILIES[ROCKET]
    speed, angle = float(np.hypot(along, up)), float(np.degrees(np.arctan2(up, along)))
    point = rocketpy_world.Point(height_m, speed, angle, beta, drag)
    rng = np.random.default_rng(SEED)
    rocket = rocketpy_world.draw_rocket(rng)
    calm = rocketpy_world.Weather(np.zeros((len(rocketpy_world.HEIGHTS_M), 2)), 1.0)
    whole = rocketpy_world.launch(rocket, calm)
    whole_s = float(whole().t_final)
    figures = []
    for label, note, theirs in (
        ("RocketPy's 3 degrees of freedom", f"flights of {point.fly():.0f} s", point.fly),
        (
            "RocketPy's 6 degrees of freedom",
            f"flights of {whole_s:.0f} s from the rail; it does more physics",
            whole,
        ),
    ):
        ratio, rate = ratio_of(lambda: fly(case, drag), len(case.ln_beta), theirs, 1)
        figures.append(
            Figure(
                f"flights over those of {label}", ratio, "x", note=f"{rate:.2g} /s: {note}"
            )
        )
    return figures


def uncertainty_figures() -> list[Figure]:
    """Place and time of one track with all doubts, of a thousand, of one that tumbles."""
    drag = drag_table()
    noise = ForecastParams().fall_noise

    def futures(family: str, count: int) -> Callable[[], FloatArray]:
        those = bodies(family, count, 0.0, SEED)
        mean = np.column_stack([those.state, those.ln_beta])
        cov = np.tile(np.diag(SIGMA**2), (count, 1, 1))
        return lambda: falling_futures(mean, cov, np.zeros(count), noise, SEA, AIR, drag)

    one, light = (
        1e3 * float(np.median(took_s(futures(family, 1), 201)))
        for family in (ROCKET, TUMBLER)
    )
    many = float(np.median(took_s(futures(ROCKET, TRACKS), 9)))
    return [
        Figure(
            "place and time of one track with all doubts",
            one,
            "ms",
            "<= 0.5",
            note=f"19 flights; of a light body that tumbles, 25 flights: {light:.2g} ms",
        ),
        Figure(f"the same of {TRACKS:,} tracks", many, "s", "<= 0.2"),
    ]


def families() -> tuple[list[Figure], tuple[tuple[str, ...], ...]]:
    """One rule of steps for everything that falls: worst errors by family and drag."""
    table: list[tuple[str, ...]] = [("family", "drag", "worst m", "worst ms")]
    away, late = [], []
    for family in FAMILIES:
        those = bodies(family, CHECKED, 3.0, SEED)
        for shape in SHAPES:
            drag = drag_table(shape.drag)
            ours, fine = fly(those, drag), fly_fine(those, drag)
            away.append(float(apart_m(ours, fine).max()))
            late.append(1e3 * float(np.abs(ours[:, 0] - fine[:, 0]).max()))
            table.append((family, shape.name, f"{away[-1]:.3f}", f"{late[-1]:.2f}"))
    note = f"six families, {len(SHAPES)} drag curves, {CHECKED} flights each"
    return [
        Figure(
            "one rule of steps, worst error of place", max(away), "m", "<= 0.5", note=note
        ),
        Figure(
            "one rule of steps, worst error of time", max(late), "ms", "<= 2", note=note
        ),
    ], tuple(table)


def check_figures(folder: Path) -> list[Figure]:
    """Worst distance over 30 s from the simulators of NASA that agree."""
    figures = []
    with tempfile.TemporaryDirectory() as room:
        for name in CASES:
            worst = []
            for simulator in SIMULATORS:
                check = read_check(folder, name, simulator)
                off_m = distances_m(check, case_of(check, Path(room)), STEP_S)
                worst.append(float(off_m.max()))
            figures.append(
                Figure(
                    f"NASA check case {name[:2]}, furthest in 30 s",
                    max(worst),
                    "m",
                    "<= 0.01",
                    note=", ".join(
                        f"simulator {simulator}: {1e3 * one:.2g} mm"
                        for simulator, one in zip(SIMULATORS, worst, strict=True)
                    ),
                )
            )
    return figures


def air_figures(folder: Path) -> list[Figure]:
    """Our standard atmosphere against the printed table of the standard."""
    path = folder / "table1.csv"
    try:
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        potential, thick, pressure = (
            np.array([float(row[name]) for row in rows])
            for name in ("geopotential_altitude_m", "density_kg_m3", "pressure_Pa")
        )
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(f"{path}: no standard atmosphere: {error!r}") from None
    _, ours, our_thick = us1976(POTENTIAL_M * potential / (POTENTIAL_M - potential))
    note = f"{len(rows)} levels to {potential.max() / 1e3:.0f} km"
    return [
        Figure(
            f"US Standard Atmosphere 1976, {name}, worst relative error",
            float(np.abs(mine / printed - 1.0).max()),
            "",
            "<= 1e-4",
            note=note,
        )
        for name, mine, printed in (
            ("pressure", ours, pressure),
            ("density", our_thick, thick),
        )
    ]
