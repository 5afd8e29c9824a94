"""A simulated defence that flies with the full chain: who is engaged, and what falls."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from forewarn.app.demo_defence import mark
from forewarn.bench.defended import Defended, defended, undefended
from forewarn.bench.drawing import region_zones
from forewarn.errors import ConfigError
from forewarn.geodesy import geographic_points
from forewarn.records import PlotBatch, Zones
from forewarn.score import Judged, summarise
from forewarn.sim import raids
from forewarn.sim.defence import Battery, Debris, Doctrine, Layer, Odds, Timing
from forewarn.sim.defence.flown import Flown, Said
from forewarn.sim.defence.sky import NOBODY, Sky
from forewarn.sim.raid_keys import Raid, RegionKeys, SalvoKeys
from forewarn.web.board import Board, Clock

SEED, ROCKETS, STRAY = 5, 4, 2
HEATH = (56.33, 9.05)  # no town within 4 km


def raid() -> Raid:
    """An invented raid: one salvo at Viborg, one that comes down in open country."""
    demo = raids.load("demo")
    town = SalvoKeys(
        aim_lat_deg=56.4532, aim_lon_deg=9.402, range_km=45, from_deg=100, count=ROCKETS
    )
    heath = replace(
        town, aim_lat_deg=HEATH[0], aim_lon_deg=HEATH[1], count=STRAY, start_s=10.0
    )
    heath = replace(heath, spread_m=100.0)
    region = RegionKeys("Exercise heath", 56.40, 9.25, 30.0)
    return replace(demo, region=region, salvos=(town, heath), drones=())


def layer(odds: float, magazine: int = 20) -> Layer:
    """An invented one, so late that what it lets fall comes down near the town."""
    return Layer(
        "inner",
        Odds(odds, "round"),
        Timing(window_s=6.0, cycle_s=4.0, ends_s=2.0),
        (Battery("B1", 25.0, 6, magazine, place="Viborg", unit_cost=50_000.0),),
        debris=Debris(share=1.0),
    )


@cache
def zones() -> Zones:
    return region_zones(raid())


@cache
def alone() -> Judged:
    return undefended(raid(), SEED, zones())


@cache
def run(odds: float, magazine: int = 20) -> Defended:
    return defended(raid(), SEED, zones(), (layer(odds, magazine),), Doctrine())


def bodies(names: tuple[str, ...], kind: str) -> set[str]:
    """Names of the threats (r0: at the town, r1: at the heath; their pieces are -d)."""
    return {name for name in names if name.startswith(kind) and "-d" not in name}


def test_a_sure_layer_ends_what_heads_for_people_and_lets_the_rest_fall() -> None:
    sure = run(1.0)
    fell = sure.judged.case.threat_id
    assert len(bodies(alone().case.threat_id, "r0")) == ROCKETS
    assert bodies(fell, "r0") == set()
    assert bodies(fell, "r1") == {f"r1-{i}" for i in range(STRAY)}
    assert {one.body for one in sure.flown.log} == {f"r0-{i}" for i in range(ROCKETS)}


def test_where_pieces_come_down_on_people_they_were_warned() -> None:
    case = run(1.0).judged.case
    pieces = [i for i, kind in enumerate(case.kind) if kind == "debris"]
    assert len(pieces) == 3 * ROCKETS
    assert (case.harmful_m[pieces] == 100.0).all()
    people = summarise([run(1.0).judged]).people
    assert people.in_harm > 0.0
    # pieces are seen too late for shelter, but what they are of was not
    assert people.in_time + people.too_short_told >= 0.95 * people.in_harm


def test_without_luck_nothing_changes_at_all() -> None:
    vain = run(0.0)
    assert vain.flown.books().engaged == ROCKETS
    assert vain.flown.books().stopped == 0
    assert repr(vain.judged.case.alerts) == repr(alone().case.alerts)
    assert_same(raids.draw(raid(), SEED).told().batches, vain.flown.sky.batches)
    assert_array_equal(vain.judged.case.impact_rad, alone().case.impact_rad)


def test_the_same_seed_gives_the_same_end() -> None:
    again, before = run.__wrapped__(1.0, 2), run(1.0, 2)
    assert repr(again.judged.case.alerts) == repr(before.judged.case.alerts)
    assert_same(again.flown.sky.batches, before.flown.sky.batches)
    assert again.flown.books() == before.flown.books()


def test_books_of_rounds_are_exact() -> None:
    for odds, magazine in ((1.0, 20), (1.0, 2)):
        flown = run(odds, magazine).flown
        books, fired = flown.books(), sum(one.rounds for one in flown.log)
        assert books.rounds == (fired,)
        assert books.left == (magazine - fired,)
        assert books.cost == 50_000.0 * fired
        assert books.stopped == min(ROCKETS, magazine)
        assert books.no_rounds == max(ROCKETS - magazine, 0)
        leaked = bodies(run(odds, magazine).judged.case.threat_id, "r0")
        assert len(leaked) == ROCKETS - books.stopped


def assert_same(ours: list[PlotBatch], theirs: list[PlotBatch]) -> None:
    for a, b in zip(ours, theirs, strict=True):
        assert (a.received_s, a.sensor_id) == (b.received_s, b.sensor_id)
        assert a.measured.tobytes() == b.measured.tobytes()
        assert a.time_s.tobytes() == b.time_s.tobytes()


def ended(name: str, seed: int) -> tuple[raids.Drawn, Sky, float]:
    """A sky out of which the first body is taken half way."""
    drawn = raids.draw(raids.load(name), seed)
    sky, path = Sky(drawn), drawn.flyers[0].path
    at_s = float(path.time_s[0] + path.time_s[-1]) / 2
    sky.end(0, at_s, True, seed)
    return drawn, sky, at_s


@pytest.mark.parametrize("name", ["volley", "demo"])
def test_who_was_not_engaged_is_seen_exactly_as_before(name: str) -> None:
    drawn, sky, at_s = ended(name, 1)
    gone = more = 0
    plain = drawn.told().batches  # `volley` has faults too: late, twice, silent, biased
    for before, after in zip(plain, sky.batches, strict=True):
        assert before.received_s == after.received_s
        old = {row.tobytes() for row in before.measured}
        new = {row.tobytes() for row in after.measured}
        early = {row.tobytes() for row in before.measured[before.time_s < at_s]}
        assert early <= new
        gone, more = gone + len(old - new), more + len(new - old)
    late = sum(int(((s.who == 0) & (s.plots.time_s >= at_s)).sum()) for s in drawn.scans)
    assert min(late, more) > 10
    # a scan that fell silent hides some, one that came twice shows some twice
    assert gone == late if name == "demo" else 0.8 * late < gone < 1.2 * late


def test_what_is_ended_leaves_the_truth_and_its_pieces_enter_it() -> None:
    drawn, sky, at_s = ended("volley", 1)
    truth, name = sky.truth(), drawn.flyers[0].name
    assert name not in truth.threat_id
    last_s = truth.state_time_s[np.array(truth.state_id) == name].max()
    assert last_s == pytest.approx(at_s, abs=1e-6)
    pieces = [i for i, kind in enumerate(truth.kind) if kind == "debris"]
    assert len(pieces) == 3
    assert (truth.appears_s[pieces] == at_s).all()
    assert (truth.impact_s[pieces] > at_s).all()


def test_rounds_at_nothing_are_spent_and_end_nobody() -> None:
    drawn = raids.draw(raid(), SEED)
    flown = Flown(Sky(drawn), raid().region, (layer(1.0),), Doctrine(), SEED)
    town = np.radians([56.4532, 9.402])
    now_s = drawn.start_s + 30.0
    ghost = Said(7, now_s, np.array([3.5e6, 0.6e6, 5.9e6]), now_s + 10.0, town, 300.0)
    (fired,) = flown.step(now_s, [ghost])
    assert (fired.body, fired.stopped, fired.rounds) == ("", False, 1)
    assert flown.step(now_s + 1.0, [ghost]) == []
    assert_same(drawn.told().batches, flown.sky.batches)


def test_a_track_is_taken_for_the_body_that_is_there() -> None:
    drawn, sky, ended_s = ended("demo", 1)
    rng = np.random.default_rng(1)
    for body, flyer in enumerate(drawn.flyers):
        first_s, last_s = flyer.path.time_s[[0, -1]]
        for time_s in rng.uniform(first_s, last_s, 20):
            place = flyer.path.at(np.array([time_s]))[0, :3]
            gone = body == 0 and time_s > ended_s
            assert (sky.nearest(time_s, place) == body) != gone
        above = flyer.path.state[0, :3] * 1.01
        assert sky.nearest(first_s, above) == NOBODY
        assert sky.nearest(last_s + 1e4, place) == NOBODY


def test_a_battery_in_no_town_is_refused() -> None:
    drawn = raids.draw(raid(), SEED)
    lost = replace(layer(1.0), battery=(Battery("B9", 25.0, 6, 9, place="Atlantis"),))
    with pytest.raises(ConfigError, match="'B9': no town 'Atlantis'"):
        Flown(Sky(drawn), raid().region, (lost,), Doctrine(), SEED)


def picture(drawn: raids.Drawn, body: int, after_s: float, aim: tuple[float, float]) -> Any:
    """What operators see of one body so long after its start, said to come down at aim."""
    now_s = float(drawn.flyers[body].path.time_s[0]) + after_s
    state = drawn.flyers[body].path.at(np.array([now_s]))
    lat, lon, height = (float(a[0]) for a in geographic_points(state[:, :3].copy()))
    seen = {"id": f"T{body}", "confirmed": True, "threat_probability": 0.9}
    seen["place"] = (np.degrees(lat), np.degrees(lon), height, 0.0, 0.0, 0.0)
    end = {"futures": [[1.0, *aim, 1e4, 0.0, 1e4]], "onset_p50_s": now_s + 11.0}
    area = {"track_id": f"T{body}", "kind": "rocket"} | end
    return now_s, {f"T{body}": seen}, {f"T{body}": area}


def test_the_demo_marks_what_its_defence_does() -> None:
    drawn = raids.draw(raid(), SEED)
    flown = Flown(Sky(drawn), raid().region, (layer(1.0),), Doctrine(), SEED)
    board = Board("site", ("en",), True, Clock(lambda: 0.0))

    def texts(now: Any) -> list[str]:
        board.scene.at_s, board.scene.tracks, board.scene.areas = now
        mark(flown, board)
        assert board.whole()["marks"] == board.marks
        return [one["text"] for one in board.marks]

    shown = picture(drawn, 0, 60.0, (56.4532, 9.402))
    assert texts(picture(drawn, 1, 60.0, HEATH)) == ["SIMULATED: let fall, open country"]
    assert texts(shown) == ["SIMULATED: engaged"]
    assert board.scene.log[-1]["text"] == "SIMULATED defence: 1 heading for people engaged"
    assert texts((shown[0] + 5.0, {}, {})) == ["SIMULATED: intercepted"]
