"""The tracker and its kernels, against numbers made otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from conftest import square_zones
from forewarn.bench.drawing import default_chain
from forewarn.errors import ConfigError, PlotError
from forewarn.geodesy import ecef_points
from forewarn.records import PlotBatch, Tick, Tracks
from forewarn.score.tracks import TrackMeter
from forewarn.sim.sight import LATENCY_S, polar
from forewarn.stores.codec import decode_memory, encode_memory
from forewarn.threats import AIRCRAFT, DRONE, ROCKET
from forewarn.track import Tracker, TrackParams
from forewarn.track import table as tables
from tracking import AIR, RADAR, SOUTH, follow, salvo, state


def test_rockets_are_found_fast_followed_closely_and_known_for_what_they_are() -> None:
    drawn = salvo()
    history = follow(drawn, Tracker(drawn.sensors, AIR, TrackParams()))
    truth = drawn.truth
    seen_s: dict[str, float] = {}
    errors = []
    for tracks in history:
        mean = np.einsum("nm,nmk->nk", tracks.mode_weight, tracks.mean)[tracks.confirmed]
        for name in truth.threat_id:
            rows = np.array(truth.state_id) == name
            k = int(np.abs(truth.state_time_s[rows] - tracks.received_s + 0.2).argmin())
            if abs(truth.state_time_s[rows][k] - tracks.received_s + 0.2) > 0.26:
                continue
            lat, lon, height = truth.state[rows][k][:3]
            place = ecef_points(np.radians([lat]), np.radians([lon]), np.array([height]))
            away = np.linalg.norm(mean[:, :3] - place, axis=1)
            if len(away) and away.min() < 600.0:
                seen_s.setdefault(name, tracks.received_s)
                if tracks.received_s - seen_s[name] > 10.0:
                    errors.append(away.min())
    assert set(seen_s) == set(truth.threat_id)
    assert np.median(errors) < 150.0  # m: the radars' own noise at 40 km is 60 m a plot
    late = [t for t in history if t.confirmed.any()][-60]
    assert (late.class_prob[late.confirmed].argmax(axis=1) == ROCKET).all()


def test_a_salvo_at_the_pace_of_the_radar_is_told_rocket_by_rocket() -> None:
    """Each rocket appears where the one before it was: the hard case of any start."""
    drawn = salvo(count=12, ripple_s=0.5)
    history = follow(drawn, Tracker(drawn.sensors, AIR, TrackParams()))
    truth, meter = drawn.truth, TrackMeter()
    names, times = np.array(truth.state_id), truth.state_time_s
    for tracks in history:
        now_s = tracks.received_s - LATENCY_S
        rows = np.flatnonzero(np.abs(times - now_s) < 0.26)
        lat, lon, height = truth.state[rows, :3].T
        shown = tracks.existence > 0.99
        mean = np.einsum("nm,nmk->nk", tracks.mode_weight, tracks.mean)[shown]
        mean[:, :3] += (now_s - tracks.time_s[shown])[:, None] * mean[:, 3:6]
        meter.step(
            [truth.threat_id.index(name) for name in names[rows]],
            ecef_points(np.radians(lat), np.radians(lon), height),
            np.ones(len(rows), bool),
            tracks.track_id[shown].tolist(),
            mean[:, :3],
        )
    score = meter.result()
    assert score.targets == 12
    assert score.switches <= 4
    assert score.missed < 0.15  # below the mask, and the first two seconds


def test_readings_of_the_same_first_plots_do_not_share_a_name() -> None:
    drawn = salvo(count=20, clutter=50.0, ripple_s=0.5)
    blind = tuple(replace(s, sigma_range_rate_mps=np.nan) for s in drawn.sensors)
    drawn = replace(drawn, sensors=blind, batches=[_without_rate(b) for b in drawn.batches])
    for tracks in follow(drawn, Tracker(blind, AIR, TrackParams()), 120):
        assert len(np.unique(tracks.track_id)) == len(tracks.track_id)


def _without_rate(batch: PlotBatch) -> PlotBatch:
    measured = batch.measured.copy()
    measured[:, 3] = np.nan
    return replace(batch, measured=measured)


def test_clutter_alone_makes_no_track_that_counts() -> None:
    sensors = tuple(replace(sensor, clutter_per_scan=100.0) for sensor in (RADAR, SOUTH))
    tracker = Tracker(sensors, AIR, TrackParams())
    rng = np.random.default_rng(1)
    confirmed = 0
    for seq in range(1, 401):
        sensor = sensors[seq % 2]
        low = [1e3, 0.0, 0.01, -1200.0]
        high = [120e3, 2 * np.pi, 1.2, 1200.0]
        rows = rng.uniform(low, high, (100, 4))
        when = seq * 0.5
        tracks = tracker.step(
            PlotBatch(
                seq,
                when,
                sensor.sensor_id,
                np.full(100, when),
                rows,
                np.tile(sensor.sigma, (100, 1)),
                np.tile(sensor.origin_ecef_m, (100, 1)),
                np.full((100, 2), np.nan),
                ("",) * 100,
            )
        )
        confirmed = max(confirmed, int(tracks.confirmed.sum()))
    assert confirmed == 0


def test_a_restored_tracker_goes_on_bit_for_bit() -> None:
    drawn = salvo()
    whole, first = (Tracker(drawn.sensors, AIR, TrackParams()) for _ in range(2))
    expected = follow(drawn, whole, 120)[-1]
    follow(drawn, first, 60)
    second = Tracker(drawn.sensors, AIR, TrackParams())
    second.restore(decode_memory(encode_memory(first.memory())))  # as a store keeps it
    for seq, batch in enumerate(drawn.batches[60:120], start=61):
        got = second.step(replace(batch, seq=seq))
    for name in (
        "track_id",
        "mean",
        "cov",
        "mode_weight",
        "class_prob",
        "existence",
        "confirmed",
    ):
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name))


def test_a_snapshot_of_another_build_is_refused_by_the_column() -> None:
    """NumPy would fill a column that is too short with anything."""
    tracker = Tracker((RADAR,), AIR, TrackParams())
    memory = tracker.memory()
    columns = [(n, memory["tracks"].dtype[n]) for n in memory["tracks"].dtype.names or ()]
    shorter = [(n, (np.float64, (23,)) if n == "last" else kind) for n, kind in columns]
    with pytest.raises(ConfigError, match=r"tracks has other columns .*\(last\)"):
        tracker.restore({**memory, "tracks": np.zeros(3, shorter)})


@pytest.mark.parametrize("lost", ["track.withdrawn", "forecast.owner"])
def test_a_snapshot_of_another_version_is_refused_by_what_it_lacks(lost: str) -> None:
    chain = default_chain((RADAR,), square_zones(rows=2))
    memory = chain.memory()
    chain.restore(memory)
    del memory[lost]
    stage, name = lost.split(".")
    with pytest.raises(ConfigError, match=f"{stage} has no '{name}': made by another"):
        chain.restore(memory)


def test_memory_of_tables_is_used_again_and_never_while_anyone_looks_at_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "_laid_back", [])  # what other tests left is as good
    table = tables.empty(400)  # large enough to lie in a page
    table["track_id"] = np.arange(400)
    kept = tables.select(table, np.arange(400))
    whole = kept.base
    for _ in range(50):  # pages come and go
        tables.select(table, np.arange(399, -1, -1))
    np.testing.assert_array_equal(kept["track_id"], np.arange(400))
    del table
    address = whole.ctypes.data
    del kept, whole
    again = tables.select(tables.empty(400), np.arange(400))
    more = tables.select(tables.empty(400), np.arange(400))
    assert address in {again.base.ctypes.data, more.base.ctypes.data}


def test_a_plot_of_an_unknown_sensor_is_refused() -> None:
    tracker = Tracker((RADAR,), AIR, TrackParams())
    batch = salvo().batches[0]
    with pytest.raises(PlotError, match="sensor 's' is unknown, expected one of r"):
        tracker.step(replace(batch, sensor_id="s"))


def test_a_lost_track_ends() -> None:
    drawn = salvo(count=1, clutter=0.0)
    tracker = Tracker(drawn.sensors, AIR, TrackParams())
    last = follow(drawn, tracker, 100)[-1]
    assert last.confirmed.any()
    assert not tracker.step(Tick(101, last.received_s + 20.0)).confirmed.any()


def fly_level(speed: float, height: float, seconds: int = 60) -> Tracks:
    tracker = Tracker((RADAR, SOUTH), AIR, TrackParams())
    rng = np.random.default_rng(2)
    for k in range(2 * seconds):
        sensor = (RADAR, SOUTH)[k % 2]
        when = 0.5 * k
        s = state((-15e3 + speed * when, 8e3, height), (speed, 0.0, 0.0))[None, :6]
        rows = polar(s, sensor) + sensor.sigma * rng.standard_normal((1, 4))
        tracks = tracker.step(
            PlotBatch(
                k + 1,
                when,
                sensor.sensor_id,
                np.array([when]),
                rows,
                sensor.sigma[None],
                sensor.origin_ecef_m[None],
                np.full((1, 2), np.nan),
                ("",),
            )
        )
    return tracks


@pytest.mark.parametrize(
    ("speed", "height", "kind"), [(50.0, 800.0, DRONE), (220.0, 9000.0, AIRCRAFT)]
)
def test_what_cruises_is_told_apart_by_speed_and_height(
    speed: float, height: float, kind: int
) -> None:
    tracks = fly_level(speed, height)
    assert tracks.confirmed.sum() == 1
    assert tracks.class_prob[0, kind] > 0.99
