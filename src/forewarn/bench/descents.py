"""Real descents through our own forecast: how far off, and whether it says so."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from forewarn.bench.falls import Fall, Stone, read_astra, read_erebus, read_stone
from forewarn.bench.result import Ask, Figure, Result
from forewarn.bench.single import Single, one_track
from forewarn.dynamics import drag_table
from forewarn.flight import fall as fly
from forewarn.flight import level_ground
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.forecast.areas import (
    area_m2,
    arrival_s,
    futures_of,
    levels,
    shares_at,
)
from forewarn.geodesy import (
    FloatArray,
    ecef_from_geographic,
    enu_from_ecef,
    geographic_points,
    metres_per_radian,
)
from forewarn.motion import COUNT
from forewarn.records import STRAIGHT, Forecasts, Tick
from forewarn.threats import SHAPES

CUTS = 20  # along each flight, the last of them LAST_S before its end
LAST_S = 0.99
STATED = 0.95
EARLY_LATE = ((1 - STATED) / 2, 0.5, (1 + STATED) / 2)
# seconds of track: before the first cut, and before the cut that is held to a goal
EREBUS_S, ASTRA_S = (3.0, 3.0), (14.0, 16.0)
BLUNT = STRAIGHT - 1  # mode of what has no nose
SPHERE_AREA = 1.21  # of a sphere, over (mass / density) ** (2/3)
MURRILI = "fireballs/murrili_2015"
MASSES_KG = np.geomspace(0.2, 10.0, 60)


class Cut(NamedTuple):
    """A forecast from the reports up to some time, held against the end.

    lead_s  : from then to the end
    late_s  : by which the median of the forecast is later than the end
    doubt_s : half of the stated central interval of times; whether it holds the end
    share   : of the smallest area that reaches to the end
    wide_m  : radius of a circle as large as the stated area; miss_m : to its middle
    """

    lead_s: float
    late_s: float
    doubt_s: float
    in_time: bool
    share: float
    wide_m: float
    miss_m: float


def cut_points(fall: Fall, first_s: float) -> list[int]:
    """CUTS rows of reports, even from first_s of track until LAST_S before the end."""
    time_s = fall.time_s
    usable = (time_s >= time_s[0] + first_s) & (time_s <= time_s[-1] - LAST_S)
    rows = np.flatnonzero(usable)
    return [int(k) for k in rows[np.linspace(0, len(rows) - 1, CUTS).round().astype(int)]]


def follow_fall(fall: Fall, first_s: float, params: ForecastParams) -> dict[int, Cut]:
    """Forecasts at the cut points of a fall, by row of its last report."""
    params = replace(params, ground_m=float(fall.place[-1, 2]))
    cuts = cut_points(fall, first_s)
    single, out = Single(fall), {}
    for row in range(1, max(cuts) + 1):
        single.step()
        if row in cuts:
            tracks = single.tracks()
            told = Forecaster(fall.air, None, params).step(
                tracks, Tick(1, tracks.received_s)
            )
            out[row] = _hold(told, float(fall.time_s[row]), fall)
    return out


def _hold(told: Forecasts, now_s: float, fall: Fall) -> Cut:
    end_s, end_rad = float(fall.time_s[-1]), fall.place[-1:, :2]
    early, median, late = arrival_s(told, 0, EARLY_LATE)
    futures = futures_of(told, 0)
    (level,) = levels(futures, (STATED,))
    return Cut(
        lead_s=end_s - now_s,
        late_s=float(median) - end_s,
        doubt_s=float(late - early) / 2,
        in_time=bool(early <= end_s <= late),
        share=float(shares_at(futures, end_rad)[0]),
        wide_m=float(np.sqrt(area_m2(futures, float(level)) / np.pi)),
        miss_m=_apart_m(end_rad[0], futures.middle_rad),
    )


def _apart_m(one_rad: FloatArray, other_rad: FloatArray) -> float:
    away = (one_rad - other_rad) * metres_per_radian(float(one_rad[0]))
    return float(np.hypot(*away))


def stone_line(stone: Stone) -> FloatArray:
    """(masses, 2) metres east, north of the find at which stones of MASSES_KG come down."""
    pos, vel = _launch(stone.start)
    n = len(MASSES_KG)
    down = fly(
        np.tile([*pos, *vel], (n, 1)),
        ln_beta(MASSES_KG, stone.rock_kgpm3[0]),
        np.zeros((n, 2)),
        level_ground(stone.ground_m),
        stone.air,
        drag_table(SHAPES[-1].drag),
    )
    lat, lon, _ = geographic_points(np.ascontiguousarray(down[:, 1:4]))
    away = np.column_stack([lat, lon]) - stone.found_rad
    return np.asarray((away * metres_per_radian(float(stone.found_rad[0])))[:, ::-1])


def line_miss_m(line_m: FloatArray) -> float:
    """Shortest way from the origin to a line of points (n, 2)."""
    first, way = line_m[:-1], np.diff(line_m, axis=0)
    part = -np.sum(first * way, axis=1) / np.sum(way * way, axis=1)
    nearest = first + np.clip(part, 0.0, 1.0)[:, None] * way
    return float(np.linalg.norm(nearest, axis=1).min())


def ln_beta(mass_kg: FloatArray, rock_kgpm3: float) -> FloatArray:
    """ln of m / (Cd A) of stones like spheres, kg/m2, with Cd at Mach 1.5-2.5."""
    mach, drag = np.array(SHAPES[-1].drag).T
    scale = np.interp(np.linspace(1.5, 2.5, 21), mach, drag).mean()
    area = SPHERE_AREA * (mass_kg / rock_kgpm3) ** (2 / 3)
    return np.asarray(np.log(mass_kg / (scale * area)))


def stone_forecast(stone: Stone, params: ForecastParams) -> Forecasts:
    """Where the stone of known mass comes down, with all the doubts that are stated."""
    (mass, mass_sigma), (rock, rock_sigma) = stone.mass_kg, stone.rock_kgpm3
    heavy = np.hypot(mass_sigma / mass / 3, 2 / 3 * rock_sigma / rock)
    slopes = np.column_stack(
        [
            (_state(stone.start + step) - _state(stone.start - step)) / 2.0
            for step in np.diag(stone.sigma)
        ]
    )
    cov = np.zeros((7, 7))
    cov[:6, :6] = slopes @ slopes.T
    cov[6, 6] = heavy**2
    mean = np.append(_state(stone.start), ln_beta(np.array([mass]), rock))
    track = one_track(
        np.tile(mean, (COUNT, 1)), np.tile(cov, (COUNT, 1, 1)), np.eye(COUNT)[BLUNT], 0.0
    )
    params = replace(params, ground_m=stone.ground_m, wind_sigma_mps=stone.wind_mps)
    return Forecaster(stone.air, None, params).step(track, Tick(1, 0.0))


def _state(start: FloatArray) -> FloatArray:
    return np.concatenate(_launch(start))


def _launch(start: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Earth-fixed position and velocity of `Stone.start`."""
    lat, lon, height, speed, zenith, azimuth = start
    flat = np.sin(zenith)
    enu = np.array([flat * np.sin(azimuth), flat * np.cos(azimuth), -np.cos(zenith)])
    pos = np.array(ecef_from_geographic(lat, lon, height))
    return pos, speed * enu @ enu_from_ecef(lat, lon)


def fall_figures(
    fall: Fall, cuts: dict[int, Cut], held_s: float, most_s: float
) -> list[Figure]:
    """Time error after held_s of track, and how often the end lay in what was stated."""
    row = next(k for k in cuts if fall.time_s[k] - fall.time_s[0] >= held_s - 0.01)
    held, all_cuts, least = cuts[row], list(cuts.values()), f">= {0.9 * CUTS:.0f}"
    figures = [
        Figure(
            f"{fall.name}: time of coming down, error after {held_s:.0f} s of track",
            abs(held.late_s),
            "s",
            f"<= {most_s}",
            note=f"{held.lead_s:.1f} s ahead, stated to +- {held.doubt_s:.1f} s",
        ),
        Figure(
            f"{fall.name}: forecasts of {CUTS} whose 95 % of times hold the end",
            sum(cut.in_time for cut in all_cuts),
            goal=least,
        ),
    ]
    if fall.sigma_m[-1, 0] >= fall.sigma_m[0, 0]:
        return figures  # its place was never told
    return [
        *figures,
        Figure(
            f"{fall.name}: forecasts of {CUTS} whose 95 % area holds the end",
            sum(cut.share <= STATED for cut in all_cuts),
            goal=least,
            note=f"{held.miss_m:.0f} m off, area as a circle of {held.wide_m:.0f} m"
            f" {held.lead_s:.0f} s ahead",
        ),
    ]


def stone_figures(stone: Stone, params: ForecastParams) -> list[Figure]:
    """Fall line over mass, and the area of the stone's own mass."""
    futures = futures_of(stone_forecast(stone, params), 0)
    (level,) = levels(futures, (STATED,))
    share = float(shares_at(futures, stone.found_rad[None])[0])
    miss = _apart_m(stone.found_rad, futures.middle_rad)
    return [
        Figure(
            "Murrili: from the fall line over mass to the stone",
            line_miss_m(stone_line(stone)),
            "m",
            "<= 50",
        ),
        Figure(
            "Murrili: share of the smallest area that reaches to the stone",
            share,
            goal=f"<= {STATED}",
            note=f"{miss:.0f} m from its middle; the 95 % area has"
            f" {area_m2(futures, float(level)) / 1e6:.1f} km2",
        ),
    ]


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Two rockets and a meteorite; their files lie beside those of aircraft."""
    folder = ask.aircraft.parents[1] / "trajectories"
    figures: list[Figure] = []
    table: list[tuple[str, ...]] = [
        ("flight", "lead s", "late s", "stated +- s", "share", "miss m", "stated m")
    ]
    for read, (first_s, held_s), most_s in (
        (read_erebus, EREBUS_S, 0.4),
        (read_astra, ASTRA_S, 1.0),
    ):
        fall = read(folder / "rockets")
        cuts = follow_fall(fall, first_s, ForecastParams())
        figures += fall_figures(fall, cuts, held_s, most_s)
        table += [_row(fall.name, cut) for cut in cuts.values()]
        progress()
    figures += stone_figures(read_stone(folder / MURRILI), ForecastParams())
    progress()
    return Result("descents", "Real descents", tuple(figures), tuple(table))


def _row(name: str, cut: Cut) -> tuple[str, ...]:
    return (
        name,
        f"{cut.lead_s:.1f}",
        f"{cut.late_s:+.2f}",
        f"{cut.doubt_s:.2f}",
        f"{cut.share:.2f}",
        f"{cut.miss_m:.0f}",
        f"{cut.wide_m:.0f}",
    )
