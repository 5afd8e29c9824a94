"""Where tracks of rockets are said to come down, against where they do.

The whole way from plots to impact points: the tracker, and the forecast of each of its
tracks at every scan. Rockets are those of our own world, once with each of five drag
curves, or of files. What a file's plane leaves out, the bending and turning of the Earth,
moves an impact by some hundred metres: for each track the truth is moved by as much as one
flight of it over our Earth ends from one over the plane.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from forewarn.atmosphere import standard_air, with_profile
from forewarn.bench.accuracy import CURVES, START_S, WIND_MPS, make_rockets, radars
from forewarn.bench.following import shown
from forewarn.bench.result import Ask, Figure, Result
from forewarn.bench.scenes import PLACE, Ends, Scene, read_scene, sights
from forewarn.dynamics import drag_tables
from forewarn.flight import fall, level_ground
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.forecast.areas import futures_of, shares_at
from forewarn.geodesy import (
    WGS84,
    Earth,
    FloatArray,
    ecef_from_geographic,
    enu_from_ecef,
    geographic_points,
)
from forewarn.records import FALLING, STRAIGHT, Forecasts, Tracks
from forewarn.score.tracks import TrackMeter
from forewarn.sim.sight import LATENCY_S, watch
from forewarn.track import Tracker, TrackParams

SEEDS = (1, 2)
WIND_OFF_MPS = 2.0  # a component of what is told of the wind, from the true one
# seconds since launch, or to go; median error m that is asked for
WINDOWS = (
    ("12-16 s after launch", True, 12.0, 16.0, 500.0),
    ("30-45 s to go", False, 30.0, 45.0, 180.0),
    ("15-20 s to go", False, 15.0, 20.0, 60.0),
)
DRAG = drag_tables()
OTHER = 1.5  # times as much may other drag curves cost than the first


class Missed(NamedTuple):
    """One forecast: which window, how far off m, share of the smallest area that reaches
    to where it came down, area m2 that holds 95 %."""

    window: int
    away_m: float
    share: float


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Each drag curve or file apart, then 1,000 drones at once."""
    figures: list[Figure] = []
    table: list[tuple[str, ...]] = [
        ("flights", *(f"{name}: {what}" for name, *_ in WINDOWS for what in ("median m", "in 95 %", "known")))
    ]
    groups: list[tuple[str, list[Scene]]]
    if ask.scenarios:
        groups = [(path.stem, [read_scene(path)]) for path in ask.scenarios]
    else:
        groups = [(name, [own(name, seed) for seed in SEEDS]) for name in CURVES]
    for number, (name, scenes) in enumerate(groups):
        missed, asked = [], np.zeros(len(WINDOWS))
        for scene in scenes:
            more, count = forecasts_of(scene)
            missed += more
            asked += count
            progress()
        figures += figures_of(name, missed, OTHER if number else 1.0)
        table.append(row_of(name, missed, asked))
    return Result("impact", "x", tuple(figures), tuple(table))


def own(name: str, seed: int) -> Scene:
    """Rockets of our own world with one of CURVES, and the wind told a little wrong."""
    rng = np.random.default_rng(seed)
    sensors = radars(with_rate=True)
    rockets = make_rockets(CURVES[name], rng)
    end_s = max(float(flyer.path.time_s[-1]) for flyer in rockets.flyers)
    batches = watch(sensors, rockets.flyers, (START_S, end_s), np.random.SeedSequence(seed))
    ways = {n: (f.path.time_s, f.path.state[:, :3]) for n, f in enumerate(rockets.flyers)}
    last = np.array([flyer.path.state[-1] for flyer in rockets.flyers])
    down_s = np.array([flyer.path.time_s[-1] for flyer in rockets.flyers])
    # the path ends a part of a step above the ground
    lat, lon, height = geographic_points(last[:, :3].copy())
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], 1)
    rest_s = -height / (up * last[:, 3:]).sum(axis=1)
    ends = Ends(
        rockets.starts,
        down_s + rest_s,
        last[:, :3] + rest_s[:, None] * last[:, 3:],
        told_air(rng),
    )
    truth = sights(batches, sensors, ways)
    return Scene(f"{name}, seed {seed}", sensors, batches, truth, len(ways), ends)


def told_air(rng: np.random.Generator) -> FloatArray:
    """The wind of `sim` a little wrong: a third of WIND_MPS below, all of it from 5 km on."""
    height = np.array([0.0, 5e3])
    wind = np.array([[1 / 3], [1.0]]) * WIND_MPS + WIND_OFF_MPS * rng.standard_normal(2)
    return with_profile(standard_air(), height, wind)


def forecasts_of(scene: Scene) -> tuple[list[Missed], FloatArray]:
    """All forecasts of rockets in the windows; how many there might be in each."""
    ends = scene.ends
    assert ends is not None
    tracker = Tracker(scene.sensors, standard_air(), TrackParams())
    forecaster = Forecaster(ends.air, None, ForecastParams())
    meter, missed, asked = TrackMeter(), [], np.zeros(len(WINDOWS))
    for k, (batch, sight) in enumerate(zip(scene.batches, scene.truth, strict=True)):
        event = replace(batch, seq=k + 1)
        tracks = tracker.step(event)
        now_s = batch.received_s - LATENCY_S
        forecasts = forecaster.step(tracks, event)
        good, place = shown(tracks, now_s, scene)
        ids = tracks.track_id[good].tolist()
        meter.step(sight.target.tolist(), sight.place, sight.mature, ids, place[good])
        for target in sight.target:
            age_s, to_go_s = now_s - ends.launch_s[target], ends.down_s[target] - now_s
            for window, (_, since, low, high, _) in enumerate(WINDOWS):
                if low <= (age_s if since else to_go_s) <= high:
                    asked[window] += 1
                    one = _missed(tracks, forecasts, meter.held.get(int(target)), ends, target)
                    if one is not None:
                        missed.append(Missed(window, *one))
    return missed, asked


def _missed(
    tracks: Tracks, forecasts: Forecasts, track: int | None, ends: Ends, target: int
) -> tuple[float, float] | None:
    """How far off the forecast of a track is, m, and which share of it is nearer; None = none."""
    if track is None or track not in forecasts.track_id:
        return None
    told = futures_of(forecasts, int(np.searchsorted(forecasts.track_id, track)))
    truth = ends.place[target]
    if ends.earth != WGS84:
        row = int(np.searchsorted(tracks.track_id, track))
        truth = truth + _bent(tracks, row, ends)
    lat, lon, _ = geographic_points(truth)
    spot = np.array([lat[0], lon[0]])
    away = np.hypot(*((spot - told.middle_rad) * told.scale))
    return float(away), float(shares_at(told, spot)[0])


def _bent(tracks: Tracks, row: int, ends: Ends) -> FloatArray:
    """How far, ECEF m, a track comes down over our Earth from where it would in its plane."""
    weight = tracks.mode_weight[row, FALLING:STRAIGHT]
    # where no falling mode is awake it is flown as the forecast does, by the first curve
    mode = FALLING + int(weight.argmax()) if weight.any() else int(tracks.mode_weight[row].argmax())
    body = tracks.mean[row, mode]
    up = enu_from_ecef(*PLACE)[2]
    lower = np.zeros(6)
    lower[:3] = ends.earth.a_m * up - ecef_from_geographic(*PLACE, 0.0)
    drag = DRAG[weight.argmax()]

    def down(state: FloatArray, earth: Earth) -> FloatArray:
        args = (body[6:], np.zeros((1, 2)), level_ground(0.0), ends.air, drag, earth)
        return np.asarray(fall(state[None], *args)[0, 1:4])

    return down(body[:6], WGS84) - (down(body[:6] + lower, ends.earth) - lower[:3])


def figures_of(name: str, missed: list[Missed], room: float) -> list[Figure]:
    """Median error by window, and how often the true place lies in the 95 % area."""
    out = []
    for window, (label, *_, bar) in enumerate(WINDOWS):
        mine = [one for one in missed if one.window == window]
        away = float(np.median([one.away_m for one in mine])) if mine else np.nan
        out.append(Figure(f"{name}: {label}, median error", away, "m", f"<= {room * bar:g}"))
    return out


def row_of(name: str, missed: list[Missed], asked: FloatArray) -> tuple[str, ...]:
    """The same as text."""
    cells = [name]
    for window in range(len(WINDOWS)):
        mine = [one for one in missed if one.window == window]
        inside = np.mean([one.share <= 0.95 for one in mine]) if mine else np.nan
        cells.append(f"{np.median([one.away_m for one in mine]) if mine else np.nan:.0f}")
        cells.append(f"{100 * inside:.1f} %")
        cells.append(f"{100 * len(mine) / max(asked[window], 1):.0f} %")
    return tuple(cells)
