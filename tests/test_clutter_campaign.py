"""Radars that see ten times the clutter they state and nothing else, as long as asked."""

import os
from collections import Counter
from dataclasses import replace

import numpy as np

from forewarn.records import Sensor
from forewarn.sim.sight import watch
from forewarn.threats import AIRCRAFT, CLUTTER
from forewarn.track import Tracker, TrackParams
from tracking import AIR, RADAR, SOUTH

HOURS = float(os.environ.get("FOREWARN_CLUTTER_HOURS", "0.05"))
SEED = int(os.environ.get("FOREWARN_CLUTTER_SEED", "1"))
PIECE_S = 600.0  # drawn at a time
TENFOLD = 10.0


def test_tenfold_clutter_raises_no_warning() -> None:
    sensors = tuple(replace(s, simulated=True) for s in (RADAR, SOUTH))
    tracker = Tracker(sensors, AIR, TrackParams())
    shown: set[int] = set()
    confirmed: set[int] = set()
    threats: set[int] = set()
    plots: Counter[str] = Counter()
    seq, start_s = 0, 0.0
    while start_s < HOURS * 3600.0:
        end_s = min(start_s + PIECE_S, HOURS * 3600.0)
        seed = np.random.SeedSequence([SEED, int(start_s)])
        for batch in watch(_seeing_more(sensors), [], (start_s, end_s), seed):
            seq += 1
            plots["all"] += len(batch.time_s)
            tracks = tracker.step(replace(batch, seq=seq))
            likely = (tracks.existence > 0.99) & (tracks.hits >= 4)
            shown |= set(tracks.track_id[likely].tolist())
            sure = tracks.confirmed
            confirmed |= set(tracks.track_id[sure].tolist())
            harmless = tracks.class_prob[:, [CLUTTER, AIRCRAFT]].sum(axis=1)
            threats |= set(tracks.track_id[sure & (harmless < 0.99)].tolist())
        start_s = end_s
    likely_h, sure_h = len(shown) / HOURS, len(confirmed) / HOURS
    print(
        f"{HOURS:g} h, {plots['all']} false plots: {likely_h:.2f} likely tracks an hour,"
        f" {sure_h:.2f} confirmed, {len(threats)} could raise a warning"
    )
    assert not threats


def _seeing_more(sensors: tuple[Sensor, ...]) -> tuple[Sensor, ...]:
    return tuple(replace(s, clutter_per_scan=TENFOLD * s.clutter_per_scan) for s in sensors)
