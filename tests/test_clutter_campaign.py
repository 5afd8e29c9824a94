"""Radars that see ten times the clutter they state and nothing else, as long as asked."""

import os

from forewarn.bench.clutter import follow_clutter

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
