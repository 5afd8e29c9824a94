"""What comes late, twice, or makes no sense: put where it belongs, or refused."""

from dataclasses import replace

import numpy as np
import pytest

from forewarn.records import PlotBatch, Tick, Tracks
from forewarn.track import Tracker, TrackParams
from forewarn.track.sieve import MOST_PLOTS, sift
from tracking import AIR, RADAR, follow, salvo


def same(one: Tracks, other: Tracks) -> None:
    for name in ("track_id", "time_s", "mean", "cov", "mode_weight", "class_prob", "hits"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.existence, other.existence)
    np.testing.assert_array_equal(one.confirmed, other.confirmed)


@pytest.mark.parametrize("late_s", [0.7, 5.0, 9.5])
def test_scans_that_come_late_give_what_they_would_have_given_in_time(
    late_s: float,
) -> None:
    drawn = salvo()
    numbered = [replace(b, seq=seq) for seq, b in enumerate(drawn.batches[:160], start=1)]
    in_time = Tracker(drawn.sensors, AIR, TrackParams())
    for batch in numbered:
        expected = in_time.step(batch)
    held = set(range(40, 110, 3))
    arrivals = sorted(
        (
            replace(b, received_s=b.received_s + late_s * (k in held))
            for k, b in enumerate(numbered)
        ),
        key=lambda batch: batch.received_s,
    )
    assert [b.seq for b in arrivals] != [b.seq for b in numbered]
    tracker = Tracker(drawn.sensors, AIR, TrackParams())
    for batch in arrivals:
        got = tracker.step(batch)
    same(tracker.step(Tick(999, expected.received_s)), expected)
    assert len(got.track_id)
    assert not tracker.refused


def test_scans_that_come_too_late_or_twice_are_counted_and_harm_nothing() -> None:
    drawn = salvo()
    tracker = Tracker(drawn.sensors, AIR, TrackParams())
    before = follow(drawn, tracker, 100)[-1]
    name = drawn.batches[40].sensor_id
    after = tracker.step(replace(drawn.batches[40], seq=101))
    assert tracker.refused[name, "too late"] == len(drawn.batches[40].time_s)
    same(after, before)
    twice = drawn.batches[98]
    after = tracker.step(replace(twice, seq=102))
    assert tracker.refused[twice.sensor_id, "scan sent twice"] == len(twice.time_s)
    same(after, before)


BAD: list[tuple[int, float, str]] = [
    (0, -500.0, "range out of bounds"),
    (0, np.inf, "range out of bounds"),
    (1, 7.5, "azimuth out of bounds"),
    (1, np.nan, "tells no direction"),
    (2, 2.0, "elevation out of bounds"),
    (3, 1e6, "range rate out of bounds"),
]


@pytest.mark.parametrize(("column", "value", "reason"), BAD)
def test_a_plot_without_sense_is_refused_and_the_rest_of_its_scan_used(
    column: int, value: float, reason: str
) -> None:
    drawn = salvo()
    good = replace(drawn.batches[60], seq=61)
    measured = np.concatenate([good.measured, good.measured[:1] + 0.001])
    measured[-1, column] = value
    bad = replace(
        good,
        time_s=np.append(good.time_s, good.time_s[0]),
        measured=measured,
        sigma=np.concatenate([good.sigma, good.sigma[:1]]),
        origin_ecef_m=np.concatenate([good.origin_ecef_m, good.origin_ecef_m[:1]]),
        sigma_pos_m=np.concatenate([good.sigma_pos_m, good.sigma_pos_m[:1]]),
        identity=(*good.identity, ""),
    )
    clean, tracker = (Tracker(drawn.sensors, AIR, TrackParams()) for _ in range(2))
    follow(drawn, clean, 60)
    follow(drawn, tracker, 60)
    same(tracker.step(bad), clean.step(good))
    assert tracker.refused == {(good.sensor_id, reason): 1}


def test_plots_of_tomorrow_and_plots_sent_twice_are_refused() -> None:
    drawn = salvo()
    good = drawn.batches[60]
    n = len(good.time_s)
    double = replace(
        good,
        **{
            name: np.concatenate([getattr(good, name)] * 2)
            for name in ("time_s", "measured", "sigma", "origin_ecef_m", "sigma_pos_m")
        },
        identity=good.identity * 2,
    )
    keep, reasons = sift(double, drawn.sensors[0])
    assert keep.sum() == n
    assert reasons == {"sent twice": n}
    keep, reasons = sift(replace(good, received_s=good.received_s - 3600), drawn.sensors[0])
    assert not keep.any()
    assert reasons == {"from the future": n}


def test_a_scan_of_a_hundred_thousand_plots_is_thinned_and_counted() -> None:
    n = 100_000
    rng = np.random.default_rng(3)
    low, high = [1e3, 0.0, 0.01, -900.0], [1e5, 6.28, 1.2, 900.0]
    flood = PlotBatch(
        1,
        1.0,
        RADAR.sensor_id,
        np.ones(n),
        rng.uniform(low, high, (n, 4)),
        np.tile(RADAR.sigma, (n, 1)),
        np.tile(RADAR.origin_ecef_m, (n, 1)),
        np.full((n, 2), np.nan),
        ("",) * n,
    )
    tracker = Tracker((RADAR,), AIR, TrackParams())
    tracker.step(flood)
    shed = tracker.refused[RADAR.sensor_id, "more plots than a scan can hold"]
    assert shed == n - MOST_PLOTS
