"""Real flights as two noisy radars would see them: names kept, false tracks, errors."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import radians
from pathlib import Path

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.following import states_at
from forewarn.bench.ground import RADAR
from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray, geographic_points
from forewarn.records import Sensor, Tracks
from forewarn.score.tracks import TrackMeter
from forewarn.sim.sight import LATENCY_S, Flyer, in_cover, polar, watch
from forewarn.sim.traffic import read_aircraft
from forewarn.sim.world import Path as Way
from forewarn.sim.world import path_of_places
from forewarn.track import Tracker, TrackParams

# file, and how far from where they fly the radars stand, degrees of latitude
SCENES = {
    "paris_2021-10-07.csv.gz": 0.3,
    "zero_gravity_2020-06-25.csv.gz": 0.3,
    "uav_2019-12-09.csv": 0.05,
}
UAV_COLUMNS = ("timestamp", "latitude", "longitude", "altitude (m)")
LEAST_ROWS = 30
NEAR_M = 600.0  # a track this near is the flight's own
NOTHING_M = 1500.0  # a track this far from every flight is false
SETTLED_S = 15.0  # from when a flight comes into cover
SHOWN, LEAST_HITS = 0.99, 4  # of a track that counts
LONGEST_COAST_S = 2.5  # a track that goes on when its flight left cover is not false


def read_flights(source: Path, start_s: float = 0.0, end_s: float = 1e9) -> list[Flyer]:
    """Flights of a file between two times since its start."""
    whole = [_uav(source)] if source.name.startswith("uav") else read_aircraft(source)
    first = min(flyer.path.time_s[0] for flyer in whole)
    out = []
    for flyer in whole:
        times = flyer.path.time_s
        keep = (times >= first + start_s) & (times <= first + end_s)
        if keep.sum() > LEAST_ROWS:
            out.append(replace(flyer, path=Way(times[keep], flyer.path.state[keep])))
    return out


def _uav(source: Path) -> Flyer:
    """The one flight of a file of GPS places, at whole seconds."""
    try:
        with source.open(encoding="utf-8") as file:
            rows = [[float(row[k]) for k in UAV_COLUMNS] for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(f"{source}: no flight of a drone: {error!r}") from None
    if not rows:
        raise ConfigError(f"{source}: no flight of a drone: no rows")
    time_s, lat, lon, height = np.array(sorted(rows)).T
    new = np.append(True, np.diff(time_s) > 0)
    whole = np.arange(time_s[0], time_s[-1] + 0.5)
    columns = [np.interp(whole, time_s[new], c[new]) for c in (lat, lon, height)]
    way = path_of_places(whole, np.radians(columns[0]), np.radians(columns[1]), columns[2])
    return Flyer("uav", way)


def two_radars(flyers: Sequence[Flyer], away_deg: float) -> tuple[Sensor, ...]:
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


@dataclass(frozen=True, slots=True)
class FlightScore:
    """How flights were tracked once they had been in cover for SETTLED_S.

    flights    : that had a track
    changed    : of them, whose nearest track got another name
    false      : tracks far from every flight, summed over scans
    missed     : share of flights in cover that no track was near, over scans
    error_m    : root mean square
    over_noise : that over the same of a plot
    """

    flights: int
    changed: int
    false: int
    missed: float
    error_m: float
    over_noise: float


class FlightMeter:
    """Holds tracks against flights, scan by scan."""

    def __init__(self, flyers: Sequence[Flyer], sensors: Sequence[Sensor]) -> None:
        self._flyers = flyers
        self._sensors = {sensor.sensor_id: sensor for sensor in sensors}
        self._meter = TrackMeter(NEAR_M)
        self._span_s = np.array([f.path.time_s[[0, -1]] for f in flyers])
        self._cover_s = np.full(len(flyers), np.nan)
        self._names = [set[int]() for _ in flyers]
        self._square = self._plot_square = 0.0
        self._false = self._settled = 0

    def step(self, tracks: Tracks, sensor_id: str, now_s: float) -> None:
        """One scan, measured at now_s."""
        first_s, last_s = self._span_s.T
        # a flight that was received no longer stays where it was last
        whens = np.clip(now_s, first_s, last_s)
        state = np.concatenate(
            [f.path.at(whens[k : k + 1]) for k, f in enumerate(self._flyers)]
        )
        covered = [in_cover(polar(state, s), s) for s in self._sensors.values()]
        aloft = (first_s <= now_s) & (now_s < last_s)
        seen = aloft & np.logical_or.reduce(covered)
        self._cover_s[~seen] = np.nan
        self._cover_s[seen & np.isnan(self._cover_s)] = now_s
        old = seen & (now_s - self._cover_s > SETTLED_S)
        shown = (tracks.existence > SHOWN) & (tracks.hits >= LEAST_HITS)
        shown &= now_s - tracks.time_s < LONGEST_COAST_S
        there, ids = states_at(tracks, now_s)[shown, :3], tracks.track_id[shown]
        away = np.linalg.norm(there[None] - state[:, None, :3], axis=2)
        lately = (first_s <= now_s) & (now_s < last_s + LONGEST_COAST_S)
        nearest = away[lately].min(axis=0, initial=np.inf)
        self._false += int((nearest > NOTHING_M).sum())
        numbers = np.flatnonzero(seen).tolist()
        self._meter.step(numbers, state[seen, :3], old[seen], ids.tolist(), there)
        for k in np.flatnonzero(old & (away.min(axis=1, initial=np.inf) < NEAR_M)):
            best = int(away[k].argmin())
            self._names[k].add(int(ids[best]))
            self._square += float(away[k, best] ** 2)
            self._plot_square += _plot_square(state[k], self._sensors[sensor_id])
            self._settled += 1

    def result(self) -> FlightScore:
        """All scans so far."""
        return FlightScore(
            flights=sum(len(names) > 0 for names in self._names),
            changed=sum(len(names) > 1 for names in self._names),
            false=self._false,
            missed=self._meter.result().mature_missed,
            error_m=float(np.sqrt(self._square / max(self._settled, 1))),
            over_noise=float(np.sqrt(self._square / max(self._plot_square, 1e-9))),
        )


def _plot_square(state: FloatArray, sensor: Sensor) -> float:
    """Mean square error of a plot of something at an ECEF state, m2."""
    reach, _, elevation, _ = polar(state[None], sensor)[0]
    across = reach * np.cos(elevation) * sensor.sigma_azimuth_rad
    up = reach * sensor.sigma_elevation_rad
    return float(sensor.sigma_range_m**2 + across**2 + up**2)


def follow_aircraft(flyers: Sequence[Flyer], away_deg: float) -> FlightScore:
    """Lead the tracker through what two radars see of flights."""
    sensors = two_radars(flyers, away_deg)
    span_s = (
        min(float(f.path.time_s[0]) for f in flyers),
        max(float(f.path.time_s[-1]) for f in flyers),
    )
    tracker = Tracker(sensors, standard_air(), TrackParams())
    meter = FlightMeter(flyers, sensors)
    for seq, batch in enumerate(
        watch(sensors, flyers, span_s, np.random.SeedSequence(3)), 1
    ):
        tracks = tracker.step(replace(batch, seq=seq))
        meter.step(tracks, batch.sensor_id, batch.received_s - LATENCY_S)
    return meter.result()
