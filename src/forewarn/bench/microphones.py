"""Drones that a network of microphones hears: a drawing, and how well they are tracked."""

from dataclasses import dataclass, replace

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.following import states_at
from forewarn.bench.ground import TURN, drone, observers
from forewarn.geodesy import FloatArray, ecef_points
from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.sim.hearing import listen
from forewarn.sim.sight import LATENCY_S, Flyer
from forewarn.sim.world import Path as Way
from forewarn.track import Tracker, TrackParams

MICROPHONES, APART_M = 300, 3000.0
DRONES, SECONDS = 20, 120.0
NETWORK = Sensor(
    "ears",
    SensorKind.BEARING,
    scan_s=1.0,
    sigma_azimuth_rad=np.radians(5.0),
    range_max_m=4000.0,
    detection_probability=0.9,
    clutter_per_scan=0.05 * MICROPHONES,
    propagation="sound",
)
SHOWN = 0.99  # existence above which a track counts
FOUND_M = 300.0  # a drone is tracked from when a track lies this near, across the ground
NOTHING_M = 1500.0  # a track this far from every drone is of nothing
SETTLED_S = 30.0  # errors count from then after it was found
FIRST_S = 14.0  # what was made at the start has reached the ears in range by then


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A drawing: (k, 3) where the ears are, latitude, longitude rad, m; ways; scans."""

    ears: FloatArray
    paths: list[Way]
    batches: list[PlotBatch]


@dataclass(frozen=True, slots=True, eq=False)
class HeardScore:
    """How drones were tracked.

    cover_s : (n,) when two ears had first heard of each; inf = never
    found_s : (n,) when a track was first near; inf = never
    error_m : across the ground, at each scan from SETTLED_S after that, all drones
    shown   : tracks shown, summed over scans; nothing: of which far from every drone
    """

    cover_s: FloatArray
    found_s: FloatArray
    error_m: FloatArray
    shown: int
    nothing: int

    @property
    def took_s(self) -> FloatArray:
        """(n,) from cover to track; inf = never tracked."""
        took_s = self.found_s.copy()
        tracked = np.isfinite(took_s)
        took_s[tracked] -= self.cover_s[tracked]
        return took_s


def hear(seed: int) -> Heard:
    """Drones all over the network, each on its own way, and five false reports in 100."""
    rng = np.random.default_rng(seed)
    ears = observers(MICROPHONES, APART_M, rng)
    paths = [drone(rng, SECONDS) for _ in range(DRONES)]
    flyers = [Flyer(f"d{k}", path) for k, path in enumerate(paths)]
    return Heard(ears, paths, listen(NETWORK, ears, flyers, (2.0, SECONDS - 1.0), rng))


def follow_heard(heard: Heard) -> HeardScore:
    """Lead the tracker through a drawing, and hold it against the truth at each scan."""
    tracker = Tracker((NETWORK,), standard_air(), TrackParams())
    ears_m = ecef_points(*heard.ears.T)
    cover_s, found_s = np.full((2, len(heard.paths)), np.inf)
    errors, shown, nothing = [np.empty(0)], 0, 0
    for seq, batch in enumerate(heard.batches, start=1):
        tracks = tracker.step(replace(batch, seq=seq))
        now_s = batch.received_s - LATENCY_S
        truth = np.array([path.at(np.array([now_s]))[0, :3] for path in heard.paths])
        reach = np.linalg.norm(ears_m[None] - truth[:, None], axis=2)
        covered = (reach < NETWORK.range_max_m).sum(axis=1) >= 2
        if now_s > FIRST_S:
            cover_s = np.where(covered, np.minimum(cover_s, now_s), cover_s)
        there = states_at(tracks, now_s)[tracks.existence > SHOWN, :3]
        if not len(there):
            continue
        # across the ground: azimuths alone tell no height
        away = np.linalg.norm((there[None] - truth[:, None]) @ TURN[:2].T, axis=2)
        best = away.min(axis=1)
        found_s = np.where(best < FOUND_M, np.minimum(found_s, now_s), found_s)
        errors.append(best[now_s - found_s > SETTLED_S])
        shown += len(there)
        nothing += int((away.min(axis=0) > NOTHING_M).sum())
    return HeardScore(cover_s, found_s, np.concatenate(errors), shown, nothing)
