"""Radars that see ten times the clutter they state and nothing else, as long as asked."""

import os

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.clutter import follow_clutter
from forewarn.bench.drawing import numbered
from forewarn.sim import raids
from forewarn.track import Tracker, TrackParams

HOURS = float(os.environ.get("FOREWARN_CLUTTER_HOURS", "0.05"))
SEED = int(os.environ.get("FOREWARN_CLUTTER_SEED", "1"))


def test_tenfold_clutter_raises_no_warning() -> None:
    score = follow_clutter(HOURS, SEED)
    print(
        f"{HOURS:g} h, {score.plots} false plots: {score.likely / HOURS:.2f} likely tracks"
        f" an hour, {score.confirmed / HOURS:.2f} confirmed, {score.threats} could raise a"
        " warning"
    )
    assert not score.threats


def test_a_jammed_radar_makes_no_missile() -> None:
    """Twenty minutes of the quiet month, radars jammed by turns: four false plots in a line
    at two kilometres a second counted there before."""
    raid = raids.load("month")
    drawn = raids.generate(raid, 10)
    tracker = Tracker(drawn.sensors, standard_air(), TrackParams())
    begins_s = drawn.batches[0].received_s
    most = 0
    for event in numbered(drawn):
        if event.received_s > begins_s + 1200.0:
            break
        tracks = tracker.step(event)
        most = max(most, len(getattr(event, "time_s", ())))
        speed = np.linalg.norm(tracks.mean[tracks.confirmed, :, 3:6], axis=2)
        mostly = tracks.mode_weight[tracks.confirmed]
        assert not ((speed * mostly).sum(axis=1) > 400.0).any()
    assert most > 80  # a radar was jammed
