"""Sensors that tell no place: microphones by the hundred, and people."""

from dataclasses import replace

import numpy as np
import pytest

from forewarn.bench.ground import drone, observers
from forewarn.bench.microphones import APART_M, NETWORK, follow_heard, hear
from forewarn.records import PlotBatch, Sensor, Tracks
from forewarn.sim.hearing import listen
from forewarn.sim.sight import Flyer
from forewarn.track import Tracker, TrackParams
from tracking import AIR


def lead(sensor: Sensor, batches: list[PlotBatch]) -> list[Tracks]:
    tracker = Tracker((sensor,), AIR, TrackParams())
    return [tracker.step(replace(batch, seq=k)) for k, batch in enumerate(batches, start=1)]


@pytest.mark.parametrize("seed", [1, 2])
def test_three_hundred_microphones_follow_twenty_drones(seed: int) -> None:
    score = follow_heard(hear(seed))
    print(
        f"seed {seed}: found {np.sort(score.took_s)[-4:]} s,",
        f"median {np.median(score.error_m):.0f} m,",
        f"90 % {np.quantile(score.error_m, 0.9):.0f} m,",
        f"{score.nothing} of {score.shown} tracks of nothing",
    )
    assert (score.took_s <= 30.0).all()
    assert np.median(score.error_m) <= 150.0
    assert score.nothing <= 0.08 * score.shown  # a ghost between two drones, for a while


def scene(drones: int, false: float, ears: int, seconds: float) -> list[PlotBatch]:
    rng = np.random.default_rng(7)
    paths = [drone(rng, seconds, side_m=6e3) for _ in range(drones)]
    network = replace(NETWORK, clutter_per_scan=false)
    flyers = [Flyer(f"d{k}", path) for k, path in enumerate(paths)]
    return listen(network, observers(ears, APART_M, rng), flyers, (2.0, seconds), rng)


@pytest.mark.parametrize(("false", "shown_s"), [(15.0, 0), (60.0, 12)])
def test_nonsense_from_three_hundred_microphones_makes_no_track(
    false: float, shown_s: int
) -> None:
    history = lead(NETWORK, scene(0, false, 300, 120.0))
    assert sum(int((tracks.existence > 0.99).sum()) for tracks in history) <= shown_s
    assert not any(tracks.confirmed.any() for tracks in history)


def test_one_observer_begins_nothing() -> None:
    heard = scene(3, 0.0, 25, 60.0)
    here = next(batch for batch in heard if len(batch.time_s)).origin_ecef_m[:1]
    batches = [
        replace(batch, origin_ecef_m=np.tile(here, (len(batch.time_s), 1)))
        for batch in heard
    ]
    assert sum(len(batch.time_s) for batch in batches) > 200
    for tracks in lead(NETWORK, batches):
        assert not len(tracks.track_id)


def test_what_was_heard_survives_a_restart_and_a_late_scan_bit_for_bit() -> None:
    batches = [replace(b, seq=k) for k, b in enumerate(scene(3, 3.0, 36, 50.0), start=1)]
    straight, first, second, late = (
        Tracker((NETWORK,), AIR, TrackParams()) for _ in range(4)
    )
    for batch in batches:
        expected = straight.step(batch)
    assert len(expected.track_id) >= 2
    for batch in batches[:12]:
        first.step(batch)
    second.restore(first.memory())
    for batch in batches[12:]:
        got = second.step(batch)
    swapped = [*batches[:20], *batches[21:24], batches[20], *batches[24:]]
    for batch in swapped:
        after = late.step(batch)
    for name in ("track_id", "mean", "cov", "mode_weight", "existence"):
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name))
        np.testing.assert_array_equal(getattr(after, name), getattr(expected, name))
