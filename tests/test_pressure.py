"""A pressed core leaves out detail, in order, on record, and takes it back."""

from forewarn.app.pressure import CALM_GROUPS, GROUP_MAX, HARDEST, Pressure
from forewarn.bench.drawing import default_chain, numbered, region_zones
from forewarn.records import Load
from forewarn.sim import raids


def test_full_groups_raise_the_level_and_a_calm_stretch_takes_it_back() -> None:
    pressure = Pressure()
    assert not pressure.step(GROUP_MAX - 1)
    assert [pressure.step(GROUP_MAX) for _ in range(5)] == [True] * HARDEST + [False] * 2
    assert pressure.level == HARDEST
    changes = [pressure.step(1) for _ in range(HARDEST * CALM_GROUPS)]
    assert changes.count(True) == HARDEST
    assert pressure.level == 0
    assert not any(pressure.step(0) for _ in range(100))


def test_one_busy_group_starts_the_calm_anew() -> None:
    pressure = Pressure()
    pressure.step(GROUP_MAX)
    for _ in range(CALM_GROUPS - 1):
        pressure.step(1)
    assert not pressure.step(30)
    assert not any(pressure.step(1) for _ in range(CALM_GROUPS - 1))
    assert pressure.step(1)


def test_a_pressed_chain_makes_fewer_forecasts_and_warns_the_same_people() -> None:
    raid = raids.load("rockets")
    drawn = raids.generate(raid, 4)
    zones = region_zones(raid)
    made, covered = [], []
    for level in (0, HARDEST):
        chain = default_chain(drawn.sensors, zones)
        events = list(numbered(drawn))
        chain.step(Load(0, events[0].received_s, level))
        count, told = 0, set()
        seen: dict[int, float] = {}
        for event in events:
            outcome = chain.step(event)
            forecasts = outcome.forecasts
            ids, made_s = forecasts.track_id.tolist(), forecasts.made_s.tolist()
            now = dict(zip(ids, made_s, strict=True))
            count += len(now.items() - seen.items())
            seen = now
            told |= {a.zone_id for a in outcome.alerts if str(a.state) == "take_cover"}
        made.append(count)
        covered.append(told)
    assert made[1] < 0.6 * made[0]
    assert len(covered[0] & covered[1]) >= 0.9 * len(covered[0])
