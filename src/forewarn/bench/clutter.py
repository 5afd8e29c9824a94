"""Radars that see ten times the clutter they state and nothing else: how many tracks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.ground import RADAR, SOUTH
from forewarn.sim.sight import watch
from forewarn.threats import AIRCRAFT, CLUTTER
from forewarn.track import Tracker, TrackParams

PIECE_S = 600.0  # drawn at a time
TENFOLD = 10.0
SHOWN, LEAST_HITS = 0.99, 4  # of a track that likely exists
HARMLESS = 0.99  # clutter or aircraft this surely: raises no warning


@dataclass(frozen=True, slots=True)
class ClutterScore:
    """False plots seen, and the tracks of them: likely, confirmed, and that could warn."""

    hours: float
    plots: int
    likely: int
    confirmed: int
    threats: int


def follow_clutter(
    hours: float, seed: int, progress: Callable[[], None] = lambda: None
) -> ClutterScore:
    """Two radars, a scan a second each, over so many simulated hours."""
    sensors = tuple(replace(s, simulated=True) for s in (RADAR, SOUTH))
    seeing = tuple(
        replace(s, clutter_per_scan=TENFOLD * s.clutter_per_scan) for s in sensors
    )
    tracker = Tracker(sensors, standard_air(), TrackParams())
    likely, confirmed, threats = set[int](), set[int](), set[int]()
    seq, plots, start_s = 0, 0, 0.0
    while start_s < hours * 3600.0:
        end_s = min(start_s + PIECE_S, hours * 3600.0)
        stream = np.random.SeedSequence([seed, int(start_s)])
        for batch in watch(seeing, [], (start_s, end_s), stream):
            seq, plots = seq + 1, plots + len(batch.time_s)
            tracks = tracker.step(replace(batch, seq=seq))
            shown = (tracks.existence > SHOWN) & (tracks.hits >= LEAST_HITS)
            likely |= set(tracks.track_id[shown].tolist())
            sure = tracks.confirmed
            confirmed |= set(tracks.track_id[sure].tolist())
            harmless = tracks.class_prob[:, [CLUTTER, AIRCRAFT]].sum(axis=1)
            threats |= set(tracks.track_id[sure & (harmless < HARMLESS)].tolist())
        start_s = end_s
        progress()
    return ClutterScore(hours, plots, len(likely), len(confirmed), len(threats))
