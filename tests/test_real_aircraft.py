"""Real flights as noisy radars see them: one name each, and half the error of a plot."""

import csv
from dataclasses import replace
from math import isnan, radians
from pathlib import Path

import numpy as np
import pytest

from forewarn.geodesy import FloatArray, geographic_points
from forewarn.records import Sensor
from forewarn.score.tracks import TrackMeter
from forewarn.sim.sight import LATENCY_S, Flyer, in_cover, polar, watch
from forewarn.sim.traffic import read_aircraft
from forewarn.sim.world import Path as Way
from forewarn.sim.world import path_of_places
from forewarn.track import Tracker, TrackParams
from tracking import AIR, RADAR

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "adsb"
SETTLED_S = 15.0  # from when a flight comes into cover
SHOWN, LEAST_HITS = 0.99, 4  # of a track that counts
LONGEST_COAST_S = 2.5  # a track that goes on when its flight left cover is not false


def flights(name: str, start_s: float, end_s: float) -> list[Flyer]:
    """Flights of a file between two times since its start."""
    source = DATA / name
    if not source.exists():
        pytest.skip(f"{source} is not here: real flights are not part of the project")
    whole = [_uav(source)] if name.startswith("uav") else read_aircraft(source)
    first = min(flyer.path.time_s[0] for flyer in whole)
    out = []
    for flyer in whole:
        times = flyer.path.time_s
        keep = (times >= first + start_s) & (times <= first + end_s)
        if keep.sum() > 30:
            out.append(replace(flyer, path=Way(times[keep], flyer.path.state[keep])))
    return out


def _uav(source: Path) -> Flyer:
    with source.open() as file:
        rows = [
            [float(r[k]) for k in ("timestamp", "latitude", "longitude", "altitude (m)")]
            for r in csv.DictReader(file)
        ]
    time_s, lat, lon, height = np.array(sorted(rows)).T
    new = np.append(True, np.diff(time_s) > 0)
    whole = np.arange(time_s[0], time_s[-1] + 0.5)
    columns = [np.interp(whole, time_s[new], c[new]) for c in (lat, lon, height)]
    way = path_of_places(whole, np.radians(columns[0]), np.radians(columns[1]), columns[2])
    return Flyer("uav", way)


def two_radars(flyers: list[Flyer], away_deg: float) -> tuple[Sensor, ...]:
    """North and south of where they fly, as noisy as an old air traffic radar."""
    places = np.concatenate([flyer.path.state[::10, :3] for flyer in flyers])
    lat, lon, height = geographic_points(np.ascontiguousarray(places))
    noisy = replace(
        RADAR,
        height_m=min(50.0, float(height.min()) - 20.0),
        lat_rad=float(np.median(lat)) - radians(away_deg),
        lon_rad=float(np.median(lon)),
        range_max_m=150e3,
        sigma_range_m=50.0,
        sigma_azimuth_rad=2e-3,
        sigma_elevation_rad=2e-3,
        elevation_min_rad=radians(0.3),
        clutter_per_scan=20.0,
        simulated=True,
    )
    north = noisy.lat_rad + radians(2 * away_deg)
    return noisy, replace(noisy, sensor_id="n", lat_rad=north)


@pytest.mark.parametrize(
    ("name", "start_s", "end_s", "away_deg"),
    [
        ("paris_2021-10-07.csv.gz", 0.0, 300.0, 0.3),
        ("zero_gravity_2020-06-25.csv.gz", 2000.0, 4000.0, 0.3),
        ("uav_2019-12-09.csv", 0.0, 1e9, 0.05),
    ],
)
def test_a_real_flight_keeps_its_name_at_half_the_error_of_its_plots(
    name: str, start_s: float, end_s: float, away_deg: float
) -> None:
    flyers = flights(name, start_s, end_s)
    sensors = two_radars(flyers, away_deg)
    span = (
        min(float(f.path.time_s[0]) for f in flyers),
        max(float(f.path.time_s[-1]) for f in flyers),
    )
    tracker, meter = Tracker(sensors, AIR, TrackParams()), TrackMeter(600.0)
    cover_s = np.full(len(flyers), np.nan)
    square, plot_square, false, names = 0.0, 0.0, 0, [set[int]() for _ in flyers]
    settled = 0
    for seq, batch in enumerate(watch(sensors, flyers, span, np.random.SeedSequence(3)), 1):
        now_s = batch.received_s - LATENCY_S
        tracks = tracker.step(replace(batch, seq=seq))
        sensor = next(s for s in sensors if s.sensor_id == batch.sensor_id)
        alive = [f.path.time_s[0] <= now_s < f.path.time_s[-1] for f in flyers]
        # a flight that was received no longer stays where it was last
        whens = [np.array([min(now_s, f.path.time_s[-1])]) for f in flyers]
        state = np.array([f.path.at(w)[0] for f, w in zip(flyers, whens, strict=True)])
        lately = [now_s < f.path.time_s[-1] + LONGEST_COAST_S for f in flyers]
        seen = np.array(alive) & np.logical_or.reduce(
            [in_cover(polar(state, s), s) for s in sensors]
        )
        cover_s = np.where(seen, np.where(np.isnan(cover_s), now_s, cover_s), np.nan)
        old = seen & (now_s - cover_s > SETTLED_S)
        mean = np.einsum("nm,nmk->nk", tracks.mode_weight, tracks.mean)
        shown = (tracks.existence > SHOWN) & (tracks.hits >= LEAST_HITS)
        shown &= now_s - tracks.time_s < LONGEST_COAST_S
        there = mean[shown, :3] + (now_s - tracks.time_s[shown])[:, None] * mean[shown, 3:6]
        away = np.linalg.norm(there[None] - state[:, None, :3], axis=2)
        false += int((away[lately].min(axis=0) > 1500.0).sum())
        meter.step(
            np.flatnonzero(seen).tolist(),
            state[seen, :3],
            old[seen],
            tracks.track_id[shown].tolist(),
            there,
        )
        for k in np.flatnonzero(old):
            best = int(away[k].argmin())
            if away[k, best] < 600.0:
                names[k].add(int(tracks.track_id[shown][best]))
                square += float(away[k, best] ** 2)
                plot_square += _plot_square(state[k], sensor)
                settled += 1
    score = meter.result()
    changed = sum(len(one) > 1 for one in names)
    flown = sum(len(one) > 0 for one in names)
    ratio = float(np.sqrt(square / plot_square))
    error_m, missed = np.sqrt(square / settled), 100 * score.mature_missed
    print(
        f"{name}: {flown} flights, {changed} changed name, {false} false, missed"
        f" {missed:.2f} %, error {error_m:.0f} m, {ratio:.2f} of a plot's"
    )
    assert changed <= 0.05 * flown
    assert false == 0
    assert ratio <= 0.5


def _plot_square(state: FloatArray, sensor: Sensor) -> float:
    """Mean square error of a plot of something there, m2."""
    reach, _, elevation, _ = polar(state[None], sensor)[0]
    assert not isnan(reach)
    across = reach * np.cos(elevation) * sensor.sigma_azimuth_rad
    up = reach * sensor.sigma_elevation_rad
    return float(sensor.sigma_range_m**2 + across**2 + up**2)
