"""Where tracks of rockets are said to come down, against where they do.

The whole way from plots to impact points: the tracker, and the forecast of each of its
tracks at every scan, told of the wind. Rockets are those of our own world, once with each
of five drag curves, or of files. What a file's plane leaves out, the bending and turning
of the Earth, moves an impact by 20 to 300 m: for each track the truth is moved by as much
as one flight of it over our Earth ends from one over the plane.
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
from forewarn.errors import ConfigError
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

SEEDS = (1, 2, 3)
BURN_S = 4.0  # at most
WIND_OFF_MPS = 2.0  # of each component of the wind that is told, from the true one
# of scans: from .. to so many seconds after launch, or to go; median error asked for, m
WINDOWS = (
    ("12-16 s after launch", True, 12.0, 16.0, 500.0),
    ("30-45 s to go", False, 30.0, 45.0, 180.0),
    ("15-20 s to go", False, 15.0, 20.0, 60.0),
)
OTHER = 1.5  # times as far off it may be with other drag curves than the first
STATED = 0.95


class Told(NamedTuple):
    """One forecast: in which window, how far off (m; nan = none was made), and the share of
    the smallest area that reaches to where it came down."""

    window: int
    away_m: float
    share: float


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Each drag curve, or file, apart; the first also without range rate."""
    if ask.scenarios:
        # files whose names differ by a number at the end are drawings of the same
        alike: dict[str, list[Scene]] = {}
        for path in ask.scenarios:
            alike.setdefault(path.stem.rstrip("0123456789"), []).append(read_scene(path))
        groups = list(alike.items())
    else:
        groups = [(name, [own(name, seed) for seed in SEEDS]) for name in CURVES]
    first, scenes = groups[0]
    groups.append((f"{first}, positions only", [s.without_rate() for s in scenes]))
    table: list[tuple[str, ...]] = [
        ("flights", *(f"{name}: {what}" for name, *_ in WINDOWS for what in ("m", "held")))
    ]
    figures: list[Figure] = []
    everyone: list[Told] = []
    for name, scenes in groups:
        told = [one for scene in scenes for one in follow_down(scene, progress)]
        everyone += told
        room = 1.0 if name == first else OTHER
        own_figures = figures_of(name, told, 0.0 if "only" in name else room)
        figures += own_figures
        cells = ((f"{one.value:.0f}", one.note.split(" of")[0]) for one in own_figures)
        table.append((name, *(cell for pair in cells for cell in pair)))
    for window, (label, *_) in enumerate(WINDOWS):
        share = held([one for one in everyone if one.window == window])
        figures.append(Figure(f"all, {label}: 95 % areas hold", share, "%"))
    return Result(
        "impact_files" if ask.scenarios else "impact",
        "Impact points of tracks against the true ones: median error",
        tuple(figures),
        tuple(table),
    )


def own(name: str, seed: int) -> Scene:
    """Rockets of our own world with one of CURVES, and the wind told a little wrong."""
    rng = np.random.default_rng(seed)
    sensors = radars(with_rate=True)
    rockets = make_rockets(CURVES[name], rng, BURN_S)
    flown = [flyer.path for flyer in rockets.flyers]
    span_s = START_S, max(float(path.time_s[-1]) for path in flown)
    batches = watch(sensors, rockets.flyers, span_s, np.random.SeedSequence(seed))
    ways = {n: (path.time_s, path.state[:, :3]) for n, path in enumerate(flown)}
    # paths end less than a step above the ground
    last = np.array([path.state[-1] for path in flown])
    lat, lon, height = geographic_points(last[:, :3].copy())
    up = np.array([enu_from_ecef(*place)[2] for place in zip(lat, lon, strict=True)])
    rest_s = height / -(up * last[:, 3:]).sum(axis=1)
    down_s = np.array([path.time_s[-1] for path in flown]) + rest_s
    place = last[:, :3] + rest_s[:, None] * last[:, 3:]
    ends = Ends(rockets.starts, down_s, place, told_air(rng))
    truth = sights(batches, sensors, ways)
    return Scene(f"{name}, seed {seed}", sensors, batches, truth, len(ways), ends)


def told_air(rng: np.random.Generator) -> FloatArray:
    """The wind of `sim`, a third of it at the ground and all from 5 km on, a little off."""
    wind = np.array([[1 / 3], [1.0]]) * WIND_MPS + WIND_OFF_MPS * rng.standard_normal(2)
    return with_profile(standard_air(), np.array([0.0, 5e3]), wind)


def follow_down(scene: Scene, progress: Callable[[], None] = lambda: None) -> list[Told]:
    """What is told of every rocket in view at every scan in one of WINDOWS."""
    ends = scene.ends
    if ends is None:
        raise ConfigError(f"{scene.name}: nobody knows where its targets came down")
    tracker = Tracker(scene.sensors, ends.air, TrackParams())
    forecaster = Forecaster(ends.air, None, ForecastParams())
    meter, out, drag = TrackMeter(), [], drag_tables()
    for k, (batch, sight) in enumerate(zip(scene.batches, scene.truth, strict=True)):
        event = replace(batch, seq=k + 1)
        tracks = tracker.step(event)
        forecasts = forecaster.step(tracks, event)
        now_s = batch.received_s - LATENCY_S
        good, place = shown(tracks, now_s, scene)
        ids = tracks.track_id[good].tolist()
        meter.step(sight.target.tolist(), sight.place, sight.mature, ids, place[good])
        for target in sight.target.tolist():
            clock = now_s - ends.launch_s[target], ends.down_s[target] - now_s
            for window, (_, since, low, high, _) in enumerate(WINDOWS):
                if low <= clock[0 if since else 1] <= high:
                    track = meter.held.get(target, -1)
                    off = _off(tracks, forecasts, track, ends, target, drag)
                    out.append(Told(window, *off))
    progress()
    return out


def _off(
    tracks: Tracks,
    forecasts: Forecasts,
    track: int,
    ends: Ends,
    target: int,
    drag: FloatArray,
) -> tuple[float, float]:
    """As `Told` has them."""
    if track not in forecasts.track_id:
        return np.nan, np.nan
    told = futures_of(forecasts, int(np.searchsorted(forecasts.track_id, track)))
    truth = ends.place[target]
    if ends.earth != WGS84:
        body, curve = _likeliest(tracks, track)
        truth = truth + bent(body, drag[curve], ends)
    lat, lon, _ = geographic_points(truth)
    spot = np.array([lat[0], lon[0]])
    away_m = np.hypot(*((spot - told.middle_rad) * told.scale))
    return float(away_m), float(shares_at(told, spot)[0])


def _likeliest(tracks: Tracks, track: int) -> tuple[FloatArray, int]:
    """State (7,) of the likeliest mode of a track that falls, and its drag curve."""
    row = int(np.searchsorted(tracks.track_id, track))
    weight = tracks.mode_weight[row]
    curve = int(weight[FALLING:STRAIGHT].argmax())
    # where no falling mode is awake it falls by the first curve, as in the forecast
    awake = weight[FALLING:STRAIGHT].any()
    return tracks.mean[row, FALLING + curve if awake else int(weight.argmax())], curve


def bent(body: FloatArray, drag: FloatArray, ends: Ends) -> FloatArray:
    """(3,) m from where a body (7,) comes down in its plane to where over our own Earth."""
    up = enu_from_ecef(*PLACE)[2]
    lower = ends.earth.a_m * up - ecef_from_geographic(*PLACE, 0.0)

    def down(place: FloatArray, earth: Earth) -> FloatArray:
        state = np.concatenate([place, body[3:6]])[None]
        rest = (np.zeros((1, 2)), level_ground(0.0), ends.air, drag, earth)
        return np.asarray(fall(state, body[6:].copy(), *rest)[0, 1:4])

    flat = down(body[:3] + lower, ends.earth) - lower
    return np.asarray(down(body[:3], WGS84) - flat)


def figures_of(name: str, told: list[Told], room: float) -> list[Figure]:
    """Median error by window; room : times the bar, 0 = only told."""
    out = []
    for window, (label, *_, bar) in enumerate(WINDOWS):
        mine = [one for one in told if one.window == window]
        # what has no forecast is as far off as can be
        away = np.nan_to_num([one.away_m for one in mine], nan=np.inf)
        value = float(np.median(away)) if len(away) else np.nan
        goal = f"<= {room * bar:g}" if room else ""
        note = f"{held(mine):.1f} % of {len(mine)} in their 95 % areas"
        out.append(Figure(f"{name}: {label}", value, "m", goal, note=note))
    return out


def held(told: list[Told]) -> float:
    """Per cent of true places inside the areas stated to hold 95 %."""
    return 100 * float(np.mean([one.share <= STATED for one in told])) if told else np.nan
