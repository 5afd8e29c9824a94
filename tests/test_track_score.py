"""How tracks are judged, and the tracker judged on scenes it was not made on."""

import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.bench.following import follow
from forewarn.bench.peers import PEERS, Plane
from forewarn.bench.result import Ask
from forewarn.bench.scenes import own_scene, read_scene
from forewarn.bench.tracking import measure
from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.score.tracks import CUTOFF_M, TrackMeter, match

SHARED = Path(__file__).parents[2] / "shared/bench/tracking"


def best_by_trying(truth: FloatArray, found: FloatArray, cutoff: float) -> float:
    """Least sum of squares, unmatched at half the cutoff's square each: every pairing."""
    if len(truth) > len(found):
        truth, found = found, truth
    away2 = ((truth[:, None] - found[None]) ** 2).sum(axis=2)
    alone = cutoff**2 / 2
    sums = []
    for order in permutations(range(len(found)), len(truth)):
        cost = [min(away2[i, j], 2 * alone) for i, j in enumerate(order)]
        sums.append(sum(cost) + alone * (len(found) - len(truth)))
    return float(min(sums))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 10**6))
def test_the_best_pairs_are_those_found_by_trying_all(n: int, m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, found = rng.normal(0, 200, (n, 3)), rng.normal(0, 200, (m, 3))
    rows, columns, away = match(truth, found, 300.0)
    assert len(set(rows)) == len(rows)
    assert len(set(columns)) == len(columns)
    total = (away**2).sum() + 300.0**2 / 2 * (n + m - 2 * len(rows))
    assert total == pytest.approx(best_by_trying(truth, found, 300.0))


def test_a_swap_of_two_tracks_counts_for_both_targets() -> None:
    meter = TrackMeter()
    truth = np.array([[0.0, 0, 0], [1000.0, 0, 0]])
    old = np.array([True, False])
    meter.step([1, 2], truth, old, [7, 8], truth)
    meter.step([1, 2], truth, old, [8, 7], truth)
    score = meter.result()
    assert (score.switches, score.mature_switches) == (2, 1)
    assert score.gospa_m == 0.0
    assert score.missed == 0.0


def test_what_is_missed_and_what_is_false_costs_half_the_cutoff_squared() -> None:
    meter = TrackMeter(300.0)
    here = np.array([[0.0, 0, 0]])
    meter.step([1], here, np.array([True]), [7], here + 1000.0)
    score = meter.result()
    assert score.gospa_m == pytest.approx(300.0)
    assert (score.missed, score.mature_missed, score.false_per_scan) == (1.0, 1.0, 1.0)


def test_the_shipped_raid_is_followed() -> None:
    scene = own_scene("rockets", 3)
    _, score, _ = follow(scene)
    assert score.gospa_m < 50.0
    assert score.mature_missed < 0.005
    assert score.switches < 0.5 * scene.fallers
    _, blind, _ = follow(scene.without_rate())
    assert blind.gospa_m < 60.0


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not here")
def test_a_flat_scene_of_others_is_followed_and_scored_as_they_score_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(SHARED))
    import scenario
    import score as theirs

    data = scenario.generate(scenario.standard(10, seed=5))
    path = tmp_path / "scene.npz"
    np.savez(path, **data)
    scene = read_scene(path)
    _, ours, _ = follow(scene)
    assert ours.gospa_m < 60.0
    # the truth itself, shifted and partly left out, judged by both
    rng = np.random.default_rng(1)
    meter = TrackMeter()
    scan, track, state = [], [], []
    for k, sight in enumerate(scene.truth):
        rows = rng.random(len(sight.target)) < 0.9
        shift = rng.normal(0, 60.0, (int(rows.sum()), 3))
        names = sight.target[rows] % 7 + 100 * (k // 40)
        names, first = np.unique(names, return_index=True)
        found = (sight.place[rows] + shift)[first]
        meter.step(sight.target.tolist(), sight.place, sight.mature, names.tolist(), found)
        truth_rows = np.flatnonzero((data["truth_scan"] == k) & data["truth_visible"])
        flat = (data["truth_state"][truth_rows, :3][rows])[first]
        turned = np.linalg.norm(found - sight.place[rows][first], axis=1)
        unit = shift[first] / turned[:, None]
        scan.append(np.full(len(names), k))
        track.append(names)
        state.append(np.concatenate([flat + turned[:, None] * unit, 0 * flat], axis=1))
    told = {
        "scan": np.concatenate(scan),
        "track": np.concatenate(track),
        "state": np.concatenate(state),
    }
    expected = theirs.score(data, told)
    got = meter.result()
    assert got.gospa_m == pytest.approx(expected["gospa_per_target"], rel=0.02)
    assert got.missed == pytest.approx(expected["missed_share"], rel=0.02)


def test_a_bench_of_a_file_that_is_none_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.npz"
    with pytest.raises(ConfigError, match="not a scene"):
        measure(Ask(scenarios=(path,)), lambda: None)
    np.savez(path, radars=np.zeros((1, 3)))
    with pytest.raises(ConfigError, match="not a scene"):
        read_scene(path)


@pytest.mark.parametrize("peer", sorted(PEERS))
def test_a_peer_follows_a_scene_too(peer: str) -> None:
    package, make = PEERS[peer]
    pytest.importorskip(
        package, reason=f"{peer} is not installed (requirements-peers.lock)"
    )
    scene = own_scene("quiet", 1)
    plane, meter, tracker = Plane(scene), TrackMeter(), make()
    for batch, sight in list(zip(scene.batches, scene.truth, strict=True))[:30]:
        numbers, places = tracker.step(float(batch.time_s.max()), *plane.plots(batch))
        place = plane.ecef(np.asarray(places, np.float64))
        meter.step(sight.target.tolist(), sight.place, sight.mature, numbers, place)
    assert meter.result().position_m < 300.0
    assert meter.result().missed < 0.9


def test_gospa_is_that_of_stone_soup() -> None:
    """Over random scenes; only where the peers are installed."""
    reason = "Stone Soup is an optional peer: pip install -r requirements-peers.lock"
    gospa = pytest.importorskip("stonesoup.metricgenerator.ospametric", reason=reason)
    states = pytest.importorskip("stonesoup.types.state")
    rng = np.random.default_rng(4)
    theirs = gospa.GOSPAMetric(p=2, c=CUTOFF_M, switching_penalty=0.0)
    for _ in range(40):
        truth = rng.uniform(0.0, 3000.0, (rng.integers(1, 12), 3))
        found = truth[rng.random(len(truth)) < 0.8]
        found = found + rng.normal(0.0, 120.0, found.shape)
        found = np.concatenate([found, rng.uniform(0.0, 3000.0, (rng.integers(0, 4), 3))])
        meter = TrackMeter()
        mature = np.zeros(len(truth), bool)
        meter.step(range(len(truth)), truth, mature, range(len(found)), found)
        sets = [[states.State(place) for place in places] for places in (found, truth)]
        metric, _ = theirs.compute_gospa_metric(*sets)
        expected = metric.value["distance"] / np.sqrt(len(truth))
        assert meter.result().gospa_m == pytest.approx(expected, rel=1e-9)
