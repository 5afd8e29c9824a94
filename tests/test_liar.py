"""One lying radar with a valid key: it raises no cover alone where two others look, and it
silences no threat that the others see.

FOREWARN_LIARS sets how many seeded lies of each kind (4 in the suite, 1000 in a campaign).
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from forewarn.bench.drawing import judged_for, region_zones, run
from forewarn.cover import in_cover
from forewarn.geodesy import ecef_points
from forewarn.records import AlertState, PlotBatch, Sensor, Zones
from forewarn.score import Fate, summarise
from forewarn.sim import raids
from forewarn.sim.raid_keys import Generated, Raid, SalvoKeys

LIARS = int(os.environ.get("FOREWARN_LIARS", "4"))
TOWNS = ((56.4532, 9.402), (56.1697, 9.5451), (56.1393, 8.9738), (56.4607, 10.0364))
Lie = Callable[[int, int], Generated]
CORRECTED_S = 30.0  # after the time by which an alert said it should be over
CLEARED_S = 60.0  # after what was told of would have come down
BASE = raids.load("rockets")


@cache
def zones() -> Zones:
    return region_zones(BASE)


def radars(count: int) -> tuple[Sensor, ...]:
    """The two of the shipped raid, and another west of them: each its own group."""
    north, south = BASE.sensors
    west = replace(
        north, sensor_id="west", lat_rad=np.radians(56.2), lon_rad=np.radians(8.9)
    )
    return (north, south, west)[:count]


def salvo(seed: int, watchers: Sequence[Sensor], liar: Sensor) -> tuple[Raid, Generated]:
    """Rockets that, while they rise, the others have in cover wherever the liar has."""
    rng = np.random.default_rng(seed)
    while True:
        lat, lon = TOWNS[rng.integers(len(TOWNS))]
        some = SalvoKeys(
            aim_lat_deg=lat,
            aim_lon_deg=lon,
            range_km=float(rng.uniform(25, 60)),
            from_deg=float(rng.uniform(0, 360)),
            count=4,
        )
        raid = replace(BASE, sensors=tuple(watchers), salvos=(some,))
        drawn = raids.generate(raid, seed)
        truth = drawn.truth
        rising = truth.state_time_s < truth.appears_s.min() + 15.0
        lat_rad, lon_rad = np.radians(truth.state[rising, :2]).T
        places = ecef_points(lat_rad, lon_rad, truth.state[rising, 2])
        seen = places[in_cover(liar, places)]
        if all(in_cover(one, seen).all() for one in watchers):
            return raid, drawn


def mixed(honest: Generated, lies: Generated, liar: str) -> Generated:
    """What the others see, with what the liar says."""
    told = [one for one in honest.batches if one.sensor_id != liar]
    told += [one for one in lies.batches if one.sensor_id == liar]
    return replace(honest, batches=sorted(told, key=lambda one: one.received_s))


def drawn_with(seed: int, count: int) -> tuple[Generated, Generated, str]:
    """A salvo, the same sky without it, and who lies."""
    watchers = radars(count)
    liar = watchers[seed % count]
    raid, true = salvo(seed, watchers, liar)
    lasts_s = true.batches[-1].received_s - true.batches[0].received_s
    quiet = replace(raid.raid, quiet_after_s=lasts_s)
    empty = raids.generate(replace(raid, raid=quiet, salvos=()), 10_000 + seed)
    return true, empty, liar.sensor_id


class Heard(NamedTuple):
    """Threats that harm people of whom none was under alert then, though they could have
    been; people who could be warned, and those of them late or unwarned."""

    silenced: frozenset[int]
    could: float
    failed: float


def heard(drawn: Generated) -> Heard:
    judged = judged_for("lie", drawn, (zones(),))
    rows, people = judged[0].rows, summarise(judged).people
    told = {Fate.IN_TIME, Fate.LATE, Fate.TOO_SHORT, Fate.OUT_OF_SIGHT}
    told_of = {t for t, fate in zip(rows.threat, rows.fate, strict=True) if fate in told}
    silenced = frozenset({int(t) for t in rows.threat} - told_of)
    return Heard(silenced, people.could, people.late + people.missed + people.cleared_early)


def shifted(batch: PlotBatch) -> PlotBatch:
    """Everything three kilometres farther away than it is."""
    return replace(batch, measured=batch.measured + np.array([3000.0, 0.0, 0.0, 0.0]))


def hiding(seed: int, count: int) -> Generated:
    """One of `count` radars hides all that flies."""
    true, empty, liar = drawn_with(seed, count)
    return mixed(true, empty, liar)


def showing_elsewhere(seed: int, count: int) -> Generated:
    """One of `count` radars shows everything three kilometres farther away than it is."""
    true, _, liar = drawn_with(seed, count)
    wrong = [shifted(b) if b.sensor_id == liar else b for b in true.batches]
    return replace(true, batches=wrong)


@cache
def with_and_without(lie: Lie, seed: int, count: int) -> tuple[Heard, Heard]:
    """How people heard with the lie, and had nobody lied."""
    return heard(lie(seed, count)), heard(drawn_with(seed, count)[0])


SILENCING = [(hiding, 2), (hiding, 3), (showing_elsewhere, 3)]


@pytest.mark.parametrize("seed", range(LIARS))
def test_a_phantom_raises_no_cover_where_two_other_groups_look(seed: int) -> None:
    true, empty, liar = drawn_with(seed, 3)
    alerts, _ = run(mixed(empty, true, liar), zones())
    assert [a for a in alerts if a.state is AlertState.TAKE_COVER] == []


@pytest.mark.parametrize("seed", range(LIARS))
def test_a_phantom_elsewhere_is_marked_as_of_one_source_and_cleared(seed: int) -> None:
    true, empty, liar = drawn_with(seed, 2)
    alerts, _ = run(mixed(empty, true, liar), zones())
    covers = [a for a in alerts if a.state is AlertState.TAKE_COVER]
    cleared = {a.alert_id: a.issued_s for a in alerts if a.state is AlertState.ALL_CLEAR}
    assert {a.sources for a in covers} <= {(liar,)}
    assert {a.alert_id for a in alerts} == set(cleared)
    end_s = true.truth.impact_s.max()
    assert max(cleared.values()) < end_s + CLEARED_S
    last = {a.alert_id: 2 * a.onset_p50_s - a.onset_p05_s for a in covers}
    late_s = [cleared[one] - max(said_s, end_s) for one, said_s in last.items()]
    assert max(late_s) < CORRECTED_S


@pytest.mark.parametrize("seed", range(LIARS))
@pytest.mark.parametrize(("lie", "count"), SILENCING)
def test_a_lie_silences_no_threat_that_others_see(lie: Lie, count: int, seed: int) -> None:
    lied, honest = with_and_without(lie, seed, count)
    assert lied.silenced <= honest.silenced


@pytest.mark.parametrize("seed", range(LIARS))
@pytest.mark.parametrize(("lie", "count"), SILENCING)
def test_a_lie_makes_nobody_late(lie: Lie, count: int, seed: int) -> None:
    """Stricter than must be: a radar that hides all is one radar less, and in some of a
    thousand seeds people at the edge of an area hear later for that alone."""
    lied, honest = with_and_without(lie, seed, count)
    assert lied.failed <= honest.failed


@pytest.mark.parametrize(("lie", "count"), SILENCING)
def test_a_lie_makes_few_people_late(lie: Lie, count: int) -> None:
    """Not more than one in a thousand of those who could be warned, over all seeds."""
    each = [with_and_without(lie, seed, count) for seed in range(LIARS)]
    late = sum(lied.failed - honest.failed for lied, honest in each)
    assert late <= 1e-3 * sum(honest.could for _, honest in each)


def test_the_harness_sees_a_phantom_that_nobody_denies() -> None:
    """The fault planted: without the denials of others, one radar's word raises cover."""
    true, empty, liar = drawn_with(1, 3)
    alone = replace(
        mixed(empty, true, liar),
        batches=[b for b in mixed(empty, true, liar).batches if b.sensor_id == liar],
    )
    alerts, _ = run(alone, zones())
    assert any(a.state is AlertState.TAKE_COVER for a in alerts)


def test_the_harness_sees_a_threat_that_all_silence() -> None:
    """The fault planted: where every radar hides it, nobody hears of it."""
    true, empty, _ = drawn_with(1, 2)
    assert heard(replace(true, batches=empty.batches)).silenced
