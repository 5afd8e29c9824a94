"""How tracks split and merge: what breaks up, flies together, parts, or is seen double."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from forewarn import threats
from forewarn.bench.following import states_at
from forewarn.bench.ground import LAT, LON, ecef_of
from forewarn.geodesy import FloatArray
from forewarn.records import FALLING, TURNING, IntArray, PlotBatch
from forewarn.score.tracks import match
from forewarn.sim.sight import LATENCY_S, Flyer, in_cover, polar, watch
from forewarn.sim.world import STEP_S, Launch, Path, coast, fly
from forewarn.track import Tracker, TrackParams
from forewarn.track import table as tables
from forewarn.track.life import living
from forewarn.track.naming import give_names
from forewarn.track.nursery import WITHDRAWN_S, Nursery
from tracking import AIR, RADAR, SOUTH, TURN, state

SENSORS = (RADAR, SOUTH)
WIND = (8.0, -5.0)
NEAR_M = 200.0  # a target is followed by what is no further: three times a plot's noise
CLEAR_M = 300.0  # targets nearer to each other are one to a radar for some scans
SURE = 0.99  # existence


class Look(NamedTuple):
    """Places after one scan: of targets (n, 3), nan = not in cover, of tracks (m, 3)."""

    time_s: float
    truth: FloatArray
    name: IntArray
    place: FloatArray

    def own(self) -> IntArray:
        """(n,) name of the one track of each target, -1 = none near."""
        out = np.full(len(self.truth), -1)
        there = np.flatnonzero(np.isfinite(self.truth[:, 0]))
        target, track, _ = match(self.truth[there], self.place, NEAR_M)
        out[there[target]] = self.name[track]
        return out

    def away_m(self) -> FloatArray:
        """(n, m) from targets to tracks; infinite where out of cover."""
        away = np.linalg.norm(self.truth[:, None] - self.place[None], axis=2)
        return np.where(np.isnan(away), np.inf, away)

    def near(self, reach_m: float) -> int:
        """How many tracks lie within reach of any target."""
        return int((self.away_m() < reach_m).any(axis=0).sum())

    def apart_m(self) -> FloatArray:
        """(n,) from each target to the next; infinite where there is none."""
        away = np.linalg.norm(self.truth[:, None] - self.truth[None], axis=2)
        away[np.isnan(away)] = np.inf
        np.fill_diagonal(away, np.inf)
        return np.asarray(away.min(axis=1))


def longest_s(looks: Sequence[Look], holds: Sequence[bool]) -> float:
    """For how long without a break something held at most."""
    longest, since = 0.0, np.inf
    for look, true in zip(looks, holds, strict=True):
        since = min(since, look.time_s) if true else np.inf
        longest = max(longest, look.time_s - since)
    return longest


def follow(batches: Sequence[PlotBatch], paths: Sequence[Path]) -> list[Look]:
    """What is shown, that surely is there and named, scan after scan."""
    tracker = Tracker(SENSORS, AIR, TrackParams())
    looks = []
    for seq, batch in enumerate(batches, start=1):
        tracks = tracker.step(replace(batch, seq=seq))
        now_s = batch.received_s - LATENCY_S
        shown = tracks.named & (tracks.existence > SURE)
        truth = np.full((len(paths), 3), np.nan)
        for k, path in enumerate(paths):
            if path.time_s[0] <= now_s < path.time_s[-1]:
                state = path.at(np.array([now_s]))
                if all(in_cover(polar(state, sensor), sensor)[0] for sensor in SENSORS):
                    truth[k] = state[0, :3]
        place = states_at(tracks, now_s)[shown, :3]
        looks.append(Look(now_s, truth, tracks.track_id[shown], place))
    return looks


def sights(paths: Sequence[Path], seed: int, until_s: float) -> list[PlotBatch]:
    flyers = [Flyer(str(k), path) for k, path in enumerate(paths)]
    return watch(SENSORS, flyers, (0.0, until_s), np.random.SeedSequence(seed))


def rocket() -> Path:
    """40 km to the east, flying west to land some 5 km short of the radars."""
    launch = Launch(
        np.array([[LAT + 0.001, LON + 52e3 / 6.37e6 / np.cos(LAT)]]),
        np.radians([272.0]),
        np.radians([55.0]),
        np.array([1150.0]),
        np.array([4.0]),
        np.array([9000.0]),
    )
    time_s, state, down_s, _ = fly(launch, WIND)
    flown = time_s <= down_s[0]
    return Path(time_s[flown], state[flown, 0])


def part(
    whole: Path,
    when_s: float,
    change_enu_mps: Sequence[Sequence[float]],
    beta: Sequence[float],
) -> list[Path]:
    """A body up to a time of its path, and those that it becomes, which only fall on."""
    k = round(when_s / STEP_S)
    first = np.tile(whole.state[k], (len(beta), 1))
    first[:, 3:] += np.array(change_enu_mps) @ TURN
    fallen = coast(first, np.array(beta), WIND, 300.0)
    paths = [Path(whole.time_s[: k + 1], whole.state[: k + 1])]
    for j in range(len(beta)):
        own = fallen[np.isfinite(fallen[:, j, 0]), j]
        paths.append(Path(whole.time_s[k] + STEP_S * np.arange(len(own)), own))
    return paths


def drones(apart_m: float = 40.0, together_s: float = 34.0) -> list[Path]:
    """Two that meet 20 km to the north-east, fly east side by side, and part again."""
    time_s = np.arange(0.0, 190.0 + together_s)
    meet_s, leave_s = 80.0, 80.0 + together_s
    # metres aside: straight lines, their corners smoothed
    gap = np.interp(
        time_s,
        [0.0, meet_s - 10.0, meet_s, leave_s, leave_s + 10.0, leave_s + 90.0],
        [1050.0, 100.0, 0.0, 0.0, 100.0, 1050.0],
    )
    gap = np.convolve(np.pad(gap, 4, "edge"), np.ones(9) / 9, "valid") + apart_m / 2
    paths = []
    for side in (1.0, -1.0):
        aside = np.gradient(gap)
        east = 12e3 + np.cumsum(np.sqrt(50.0**2 - aside**2))
        north = 14e3 + side * gap
        up = 1500.0 - (east**2 + north**2) / 2 / 6.37e6
        place = ecef_of(np.column_stack([east, north, up]))
        velocity = np.gradient(place, time_s, axis=0)
        paths.append(Path(time_s, np.concatenate([place, velocity], axis=1)))
    return paths


def shifted(
    batches: Sequence[PlotBatch], by: Sequence[float], until_s: float
) -> list[PlotBatch]:
    """The same, but until then the second radar says so much too much."""
    return [
        replace(batch, measured=batch.measured + np.array(by))
        if batch.sensor_id == SOUTH.sensor_id and batch.received_s - LATENCY_S < until_s
        else batch
        for batch in batches
    ]


BREAK_S = 50.0  # just beyond its highest point


def broken(seed: int) -> list[Look]:
    """Three pieces that left the rocket with 30, 59 and 78 m/s, the heaviest first."""
    change = ((20.0, -20.0, 10.0), (-30.0, 50.0, 10.0), (0.0, -60.0, -50.0))
    paths = part(rocket(), BREAK_S, change, (7000.0, 2500.0, 900.0))
    return follow(sights(paths, seed, max(path.time_s[-1] for path in paths)), paths)


@pytest.mark.parametrize("seed", range(4))
def test_what_breaks_up_is_followed_piece_by_piece(seed: int) -> None:
    looks = broken(seed)
    before = [look for look in looks if BREAK_S - 5.0 < look.time_s < BREAK_S]
    after = [look for look in looks if look.time_s >= BREAK_S]
    first = {int(look.own()[0]) for look in before}
    assert len(first) == 1
    assert -1 not in first
    for look in after:
        if np.isfinite(look.truth).any():
            assert look.away_m().min() < NEAR_M, look.time_s
    for body in (1, 2, 3):
        falls = [bool(np.isfinite(look.truth[body, 0])) for look in after]
        clear = [look.apart_m()[body] > CLEAR_M for look in after]
        alone = [look.own()[body] < 0 for look in after]
        bare = [look.away_m()[body].min(initial=np.inf) > NEAR_M for look in after]
        assert sum(falls) > 90  # looks: the better part of a minute is judged
        # its own track within 8 s of coming apart, and from then on
        own_s = [f and c and a for f, c, a in zip(falls, clear, alone, strict=True)]
        assert longest_s(after, own_s) < 8.0
        assert longest_s(after, [f and b for f, b in zip(falls, bare, strict=True)]) < 8.0
        assert not any(own_s[60:])  # half a minute on, nothing is lost again


def keeps_the_name(seed: int) -> bool:
    looks = broken(seed)
    first = [int(look.own()[0]) for look in looks if look.time_s < BREAK_S][-1]
    late = [look for look in looks if look.time_s > BREAK_S + 8.0]
    late = [look for look in late if np.isfinite(look.truth[1, 0])]
    assert len(late) > 60
    return {int(look.own()[1]) for look in late} == {first}


def test_the_heaviest_piece_mostly_keeps_the_name() -> None:
    # a track drawn between two pieces may die: docs/tracking.md says how often
    assert sum(keeps_the_name(seed) for seed in range(12)) >= 9


@pytest.mark.parametrize("seed", range(4))
def test_a_decoy_is_followed_by_the_time_it_is_apart(seed: int) -> None:
    whole = rocket()
    top = int(np.argmax(np.linalg.norm(whole.state[:, :3], axis=1)))
    change = ((0.0, 0.0, 0.0), (9.0, 12.0, 0.0))  # 15 m/s
    paths = part(whole, whole.time_s[top], change, (9000.0, 1200.0))
    looks = follow(sights(paths, seed, max(path.time_s[-1] for path in paths)), paths)
    apart = [look for look in looks if 400.0 < look.apart_m()[1] < np.inf]
    assert len(apart) > 60
    for look in apart:
        assert (look.own()[1:] >= 0).all(), look.time_s
    assert len({int(look.own()[1]) for look in apart}) == 1
    assert len({int(look.own()[2]) for look in apart}) == 1


@pytest.mark.parametrize("seed", range(4))
def test_drones_that_meet_and_part_stay_two(seed: int) -> None:
    paths = drones()
    looks = follow(sights(paths, seed, float(paths[0].time_s[-1])), paths)
    together = [look for look in looks if look.apart_m()[0] < 50.0]
    assert longest_s(looks, [look.apart_m()[0] < 50.0 for look in looks]) >= 29.0
    known = [look for look in looks if look.time_s > 15.0]
    clear = [look for look in known if look.apart_m()[0] > 1000.0]
    for look in clear:
        assert (look.own() >= 0).all(), look.time_s
        assert look.near(500.0) == 2, look.time_s
    for look in known:
        assert look.near(500.0) >= 1, look.time_s
    assert longest_s(known, [look.near(500.0) > 2 for look in known]) < 5.0
    assert longest_s(known, [look.near(500.0) < 2 for look in known]) < 5.0
    # who is who cannot be told of two within a plot's noise: they may swap names once;
    # asked where they are far enough apart for the nearest track to be each one's own
    assert min(look.time_s for look in together) > clear[0].time_s
    names = [look.own() for look in known if look.apart_m()[0] > 150.0]
    assert sum(int((a != b).sum()) for a, b in pairwise(names)) <= 2


def straight(speed_mps: float, height_m: float) -> Path:
    time_s = np.arange(0.0, 60.0)
    east, north = 12e3 + 0.8 * speed_mps * time_s, 14e3 - 0.6 * speed_mps * time_s
    place = ecef_of(np.column_stack([east, north, np.full(len(time_s), height_m)]))
    return Path(time_s, np.column_stack([place, np.gradient(place, time_s, axis=0)]))


def test_what_turns_tells_at_which_rate() -> None:
    time_s = np.arange(0.0, 100.0)
    rate = np.where(time_s > 60.0, 0.06, 0.0)
    course = 2.5 + np.cumsum(rate)
    way = np.cumsum(50.0 * np.column_stack([np.sin(course), np.cos(course)]), axis=0)
    place = ecef_of(
        np.column_stack([np.add(way, (12e3, 14e3)), np.full(len(time_s), 1500.0)])
    )
    path = Path(time_s, np.column_stack([place, np.gradient(place, time_s, axis=0)]))
    tracker = Tracker(SENSORS, AIR, TrackParams())
    told = []
    for seq, batch in enumerate(sights([path], 3, 100.0), start=1):
        tracks = tracker.step(replace(batch, seq=seq))
        if batch.received_s > 30.0 and len(tracks.track_id):
            first = tracks.existence.argmax()
            weight = tracks.mode_weight[first, TURNING]
            told.append((batch.received_s, weight, *tracks.turn_radps[first]))
    when, weight, rate_radps, sigma = np.array(told).T
    turning = when > 80.0
    assert weight[turning].mean() > 0.6
    assert weight[when < 60.0].max() < 0.3
    assert np.abs(rate_radps - 0.06)[turning].mean() < sigma[turning].mean() < 0.03


DRONE, AIRCRAFT = straight(50.0, 1500.0), straight(220.0, 6000.0)
RIGHT_S = 20.0


def seen_double(path: Path, by_m: float, seed: int) -> list[Look]:
    """One radar measures too far for a while: gated apart, or learned and then wrong."""
    batches = sights([path], seed, float(path.time_s[-1]))
    return follow(shifted(batches, (by_m, 0.0, 0.0, 0.0), RIGHT_S), [path])


@pytest.mark.parametrize("path", [DRONE, AIRCRAFT], ids=["drone", "aircraft"])
@pytest.mark.parametrize("by_m", [80.0, 100.0, 150.0, 250.0, 400.0])
def test_two_tracks_of_one_target_become_one(path: Path, by_m: float) -> None:
    doubled, late = 0.0, 0
    for seed in range(6):
        looks = seen_double(path, by_m, seed)
        doubled = max(doubled, longest_s(looks, [look.near(1000.0) > 1 for look in looks]))
        after = [look for look in looks if look.time_s > RIGHT_S + 15.0]
        late += any(look.near(1000.0) != 1 for look in after)
        bare = [look.away_m().min(initial=np.inf) > NEAR_M for look in after]
        assert longest_s(after, bare) <= 1.0, seed
        for look in after:
            if look.time_s > RIGHT_S + 20.0:
                assert look.near(1000.0) == 1, (seed, look.time_s)
    assert late <= 1  # of six drawings; docs/tracking.md says how often
    assert doubled > 3.0  # else nothing was there to be merged


def test_a_name_waits_until_two_are_apart_or_time_has_gone() -> None:
    def named(apart_m: float, now_s: float) -> list[bool]:
        t = tables.empty(2)
        t["mean"][:, FALLING] = state((10e3, 5e3, 4e3), (500.0, 0.0, 100.0))
        t["mean"][1, FALLING, 0] += apart_m
        t["cov"][:, FALLING] = np.diag([50.0] * 3 + [10.0] * 3 + [0.3]) ** 2
        t["weight"][:, FALLING] = 1.0
        t["time_s"], t["hits"], t["log_odds"] = now_s, 6, 9.0
        give_names(t, tables.empty(), np.zeros(0, bool), now_s, 4, 8.0, 3.0, False)
        return [bool(one) for one in t["named"]]

    assert named(100.0, 5.0) == [False, False]
    assert named(400.0, 5.0) == [True, True]
    assert named(100.0, 8.5) == [True, True]


def test_what_is_not_a_number_dies_alone() -> None:
    t = tables.empty(2)
    t["mean"][:, FALLING] = state((10e3, 5e3, 4e3), (500.0, 0.0, 100.0))
    t["weight"][:, FALLING] = 1.0
    t["log_odds"] = (np.nan, 9.0)
    for last_word in (False, True):
        assert living(t, 0.0, -3.0, 5.0, 3.0, 0.0, last_word).tolist() == [False, True]


def young(now_s: float, log_odds: tuple[float, ...], hits: int) -> tables.Table:
    """Readings, numbered 10, 20, ..., each sharing its newer plots with the next."""
    t = tables.empty(len(log_odds))
    t["track_id"] = 10 * (1 + np.arange(len(t)))
    t["mean"][:, FALLING] = state((10e3, 5e3, 4e3), (500.0, 0.0, 100.0))
    t["cov"][:, FALLING] = np.diag([100.0] * 6 + [0.01])
    t["weight"][:, FALLING] = 1.0
    t["recent"] = 2 * np.arange(len(t))[:, None] + np.arange(4)
    t["time_s"], t["first_s"], t["confirmed"] = now_s, now_s - 3.0, True
    t["log_odds"], t["hits"] = log_odds, hits
    return t


def test_a_reading_that_counted_and_lost_to_a_better_one_is_withdrawn() -> None:
    nursery = Nursery(TrackParams())
    nursery.table = young(5.0, (8.0, 7.0), hits=4)
    assert len(nursery.choose(tables.empty(), 5.0)) == 0
    assert nursery.leads.tolist() == [True, False]
    nursery.table = young(6.0, (8.0, 15.0), hits=5)
    assert nursery.choose(tables.empty(), 6.0)["track_id"].tolist() == [20]
    assert nursery.withdrawn["track_id"].tolist() == [10]
    nursery.choose(tables.empty(), 6.0 + WITHDRAWN_S)
    assert len(nursery.withdrawn) == 0


def test_a_reading_that_counted_and_fell_silent_is_not_withdrawn() -> None:
    """It may have gone out of cover: who counts is looked for as long as a grown track."""
    params = TrackParams()
    nursery = Nursery(params)
    nursery.table = young(5.0, (8.0, 7.0), hits=4)
    nursery.choose(tables.empty(), 5.0)
    nursery.end(5.0 + params.coast_s - 0.1)
    assert len(nursery.table) == 2
    nursery.end(5.0 + params.coast_s)
    nursery.choose(tables.empty(), 5.0 + params.coast_s)
    assert len(nursery.table) == len(nursery.withdrawn) == 0


def test_a_fall_that_nobody_believes_in_is_told_once_more() -> None:
    """So that what was foretold of it is taken back; what steers itself may hide."""
    t = young(5.0, (-7.0, -7.0), hits=9)
    t["prob"][0, threats.ROCKET] = t["prob"][1, threats.DRONE] = 1.0
    assert living(t, 5.0, -6.0, 5.0, 3.0, 0.0, False).tolist() == [False, False]
    assert living(t, 5.0, -6.0, 5.0, 3.0, 0.0, True).tolist() == [True, False]
