"""The tracker led through a scene, and held against its truth."""

import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.scenes import Scene
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, Tracks
from forewarn.score.tracks import TrackMeter, TrackScore
from forewarn.sim.sight import LATENCY_S, in_cover, polar
from forewarn.track import Tracker, TrackParams

SHOWN = 0.999  # existence above which a track is held against the truth


class Followed(NamedTuple):
    """Processor seconds of each scan, the score, and the tracker as it ended."""

    took_s: FloatArray
    score: TrackScore
    tracker: Tracker


def follow(scene: Scene, from_s: float = 0.0) -> Followed:
    """Lead the tracker through a scene; scored from so many seconds after its start."""
    tracker = Tracker(scene.sensors, standard_air(), TrackParams())
    meter = TrackMeter()
    took_s = np.empty(len(scene.batches))
    start_s = scene.batches[0].received_s + from_s
    for k, (batch, sight) in enumerate(zip(scene.batches, scene.truth, strict=True)):
        numbered = replace(batch, seq=k + 1)
        before = time.process_time()
        tracks = tracker.step(numbered)
        took_s[k] = time.process_time() - before
        if batch.received_s < start_s:
            continue
        good, place = shown(tracks, batch.received_s - LATENCY_S, scene)
        meter.step(
            sight.target.tolist(),
            sight.place,
            sight.mature,
            tracks.track_id[good].tolist(),
            place[good],
        )
    return Followed(took_s, meter.result(), tracker)


def shown(tracks: Tracks, when_s: float, scene: Scene) -> tuple[BoolArray, FloatArray]:
    """Tracks named that surely exist where a radar looks, and all places at when_s."""
    state = states_at(tracks, when_s)
    seen = np.zeros(len(state), bool)
    for sensor in scene.sensors:
        seen |= in_cover(polar(state, sensor), sensor)
    return np.asarray(seen & tracks.named & (tracks.existence > SHOWN)), state[:, :3]


def states_at(tracks: Tracks, when_s: float) -> FloatArray:
    """(n, 6) Earth-fixed states, m and m/s, of all tracks, flown on straight to when_s."""
    state = np.einsum("nm,nmk->nk", tracks.mode_weight, tracks.mean)[:, :6]
    state[:, :3] += (when_s - tracks.time_s)[:, None] * state[:, 3:]
    return np.asarray(state)
