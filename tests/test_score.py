"""The judge, on raids small enough to work out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forewarn.geodesy import ecef_points, metres_per_radian
from forewarn.records import Alert, AlertState, Sensor, SensorKind, Zones
from forewarn.score import (
    Case,
    Fate,
    Judged,
    Rules,
    Samples,
    bins,
    first_seen_s,
    harmed,
    judge,
    summarise,
)
from forewarn.score.practice import groupings
from forewarn.score.statistics import (
    bootstrap_ratio,
    exact_interval,
    keyed_uniform,
    weighted_quantile,
)

IMPACT_S = 1000.0
SHELTER_S = 60.0
RULES = Rules(delay_s=(8.0, 8.0))  # a delay known to the second


def line_of_zones(parents: tuple[str, ...] = ("", "", "")) -> Zones:
    """Three zones of 100 people, each at one point, 2 km apart, on the equator."""
    per_lon = metres_per_radian(0.0)[1]
    place = np.array([(0.0, i * 2000.0 / per_lon) for i in range(3)])
    return Zones(
        zone_id=("a", "b", "c"),
        name=("A", "B", "C"),
        names=((),) * 3,
        population=np.full(3, 100.0),
        shelter_s=np.full(3, SHELTER_S),
        area_m2=np.full(3, 1e6),
        centre_rad=place.copy(),
        parents=tuple((p, p, p, "") for p in parents),
        polygons=("",) * 3,
        point_rad=place.copy(),
        point_zone=np.arange(3),
        point_share=np.ones(3),
        point_sigma_m=np.zeros(3),
        version="line",
    )


def step(
    zone: str, state: AlertState, issued_s: float, onset_s: float = float("nan")
) -> Alert:
    return Alert(
        alert_id=f"{zone}-alert",
        step=0,
        seq=1,
        zone_id=zone,
        state=state,
        issued_s=issued_s,
        onset_p05_s=onset_s,
        onset_p50_s=onset_s + 5.0,
        probability=0.5,
        threshold=1e-3,
        people=100.0,
        kind="rocket",
        threats=(),
        sources=(),
        reason="threat",
    )


def cover(zone: str, start_s: float, end_s: float, onset_s: float = 990.0) -> list[Alert]:
    return [
        step(zone, AlertState.TAKE_COVER, start_s, onset_s),
        step(zone, AlertState.ALL_CLEAR, end_s),
    ]


def one_rocket(alerts: list[Alert], seen_s: float = 900.0, **other: object) -> Judged:
    """A rocket that comes down in the middle of zone a at IMPACT_S."""
    case = Case(
        name="one rocket",
        threat_id=("r1",),
        kind=("rocket",),
        appears_s=np.array([880.0]),
        impact_s=np.array([IMPACT_S]),
        impact_rad=np.zeros((1, 2)),
        harmful_m=np.array([150.0]),
        seen_s=np.array([seen_s]),
        zones=line_of_zones(),
        alerts=tuple(sorted(alerts, key=lambda alert: alert.issued_s)),
        until_s=1100.0,
    )
    return judge(replace(case, **other), RULES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("alerts", "seen_s", "fate"),
    [
        (cover("a", 932.0, 1030.0), 900.0, Fate.IN_TIME),  # 1000 - 60 - 8: just in time
        (cover("a", 932.1, 1030.0), 900.0, Fate.LATE),
        (cover("a", 500.0, 1030.0), 900.0, Fate.IN_TIME),  # still out from before
        ([], 900.0, Fate.MISSED),
        (cover("b", 920.0, 1030.0), 900.0, Fate.MISSED),
        (cover("a", 1001.0, 1030.0), 900.0, Fate.MISSED),
        (cover("a", 920.0, 990.0), 900.0, Fate.CLEARED),
        (cover("a", 920.0, 1030.0), np.inf, Fate.OUT_OF_SIGHT),
        (cover("a", 932.0, 1030.0), 927.1, Fate.TOO_SHORT),  # 60 + 8 + 5 s before: 927
        ([], 927.0, Fate.MISSED),
        ([step("a", AlertState.PREPARE, 900.0)], 900.0, Fate.MISSED),
    ],
)
def test_people_are_warned_in_time_late_or_not(
    alerts: list[Alert], seen_s: float, fate: Fate
) -> None:
    judged = one_rocket(alerts, seen_s)
    assert judged.rows.fate == (fate,)
    assert_allclose(judged.rows.people, [100.0])


def test_stay_after_take_cover_is_the_same_alert() -> None:
    alerts = [
        step("a", AlertState.PREPARE, 900.0),
        step("a", AlertState.TAKE_COVER, 920.0, 990.0),
        step("a", AlertState.STAY, 980.0),
        step("a", AlertState.ALL_CLEAR, 1040.0),
    ]
    score = summarise([one_rocket(alerts)])
    assert score.people.in_time == 100.0
    assert score.seconds.given_p50 == pytest.approx(IMPACT_S - 920.0 - 8.0)
    assert score.alerts.take_cover == 1
    assert score.alerts.clear_p50_s == pytest.approx(40.0)
    assert score.minutes.prepare == pytest.approx(100 * 20 / 60)
    assert score.seconds.early_held.value == 1.0


def test_minutes_in_vain_are_those_of_people_no_impact_reached() -> None:
    alerts = cover("a", 920.0, 1040.0) + cover("b", 920.0, 980.0)
    score = summarise([one_rocket(alerts)])
    assert score.minutes.cover == pytest.approx(100 * 2 + 100 * 1)
    assert score.minutes.in_vain == pytest.approx(100 * 1)
    assert score.minutes.per_person == pytest.approx(1.0)
    assert (score.alerts.take_cover, score.alerts.not_hit) == (2, 1)
    assert score.alerts.not_hit_people == 100.0


def test_practice_warns_the_whole_group_at_the_same_times() -> None:
    zones = line_of_zones(parents=("north", "north", "south"))
    alerts = cover("a", 920.0, 1040.0)
    score = summarise([one_rocket(alerts + cover("b", 920.0, 980.0), zones=zones)])
    for practice in score.minutes.practices:
        # the other zone of the north, two minutes; a is hit, the south sleeps on
        assert practice.in_vain_min == pytest.approx(200.0)
        assert practice.ratio.value == pytest.approx(2.0)


def test_group_is_under_alert_from_its_first_zone_to_its_last() -> None:
    zones = line_of_zones(parents=("all", "all", "all"))
    alerts = (
        cover("b", 900.0, 960.0) + cover("c", 930.0, 990.0) + cover("c", 1020.0, 1050.0)
    )
    score = summarise([one_rocket(alerts, zones=zones)])
    # 900-990 and 1020-1050 for the 200 people out of reach
    assert score.minutes.practices[0].in_vain_min == pytest.approx(200 * 2.0)


def test_zones_without_parents_are_grouped_in_squares_of_the_same_size() -> None:
    oblast, raion, hromada = groupings(line_of_zones())
    assert len(set(oblast.group)) == len(set(raion.group)) == len(set(hromada.group)) == 1
    assert "24,000 km2" in oblast.how


def test_oracle_warns_the_zones_truly_hit_with_our_delay_and_hold() -> None:
    per_lon = metres_per_radian(0.0)[1]
    zones = line_of_zones()
    place = np.array([(0.0, 0.0), (0.0, 2000.0 / per_lon), (0.0, 600.0 / per_lon)])
    zones = replace(  # a quarter of zone a lives 600 m away, out of reach
        zones,
        point_rad=place,
        point_zone=np.array([0, 1, 0]),
        point_share=np.array([0.75, 1.0, 0.25]),
    )
    score = summarise([one_rocket(cover("a", 700.0, 1100.0), zones=zones)])
    oracle_s = SHELTER_S + 13.0 + 5.0 + 20.0
    assert score.minutes.oracle_in_vain == pytest.approx(25 * oracle_s / 60)
    assert score.minutes.oracle_ratio.value == pytest.approx(400.0 / oracle_s)


def test_people_of_a_point_stand_around_it() -> None:
    zones = replace(line_of_zones(), point_sigma_m=np.full(3, 100.0))
    found = harmed(zones, np.zeros((1, 2)), np.array([100.0]))
    # a disc of 100 m in one of 200 m
    assert_allclose(found.people, [25.0], atol=2.0)
    assert_allclose(found.anyone, [found.people[0], 0.0, 0.0])


def test_people_across_the_date_line_are_near() -> None:
    zones = line_of_zones()
    east = np.pi - zones.point_rad[1, 1] / 2
    around = np.array(
        [(0.0, (east + lon + np.pi) % (2 * np.pi) - np.pi) for _, lon in zones.point_rad]
    )
    zones = replace(zones, point_rad=around)
    found = harmed(zones, around[[0, 2]], np.array([150.0, 150.0]))
    assert_allclose(found.anyone, [100.0, 0.0, 100.0])


def test_person_in_reach_of_two_impacts_is_one_person_harmed_twice() -> None:
    found = harmed(line_of_zones(), np.zeros((2, 2)), np.array([150.0, 500.0]))
    assert_allclose(found.people, [100.0, 100.0])
    assert_allclose(found.anyone, [100.0, 0.0, 0.0])


def test_threat_that_never_comes_down_harms_nobody() -> None:
    judged = one_rocket(
        cover("a", 900.0, 960.0),
        impact_s=np.array([np.nan]),
        impact_rad=np.full((1, 2), np.nan),
    )
    score = summarise([judged])
    assert (score.impacts, score.people.in_harm, score.alerts.baseless) == (0, 0.0, 0)
    assert np.isnan(score.people.in_time_share.value)


def test_alert_with_nothing_in_the_air_is_baseless() -> None:
    score = summarise([one_rocket(cover("c", 700.0, 760.0))])
    assert (score.alerts.baseless, score.alerts.baseless_people) == (1, 100.0)


def test_zone_on_again_within_ten_minutes_flickers() -> None:
    alerts = (
        cover("a", 200.0, 300.0) + cover("a", 899.0, 950.0) + cover("a", 1551.0, 1600.0)
    )
    score = summarise([one_rocket(alerts, until_s=1700.0)])
    assert score.alerts.flicker == 1


def test_alert_that_nothing_ends_is_cut_at_the_end_of_the_run_and_counted() -> None:
    score = summarise([one_rocket([step("b", AlertState.TAKE_COVER, 1040.0)])])
    assert score.minutes.in_vain == pytest.approx(100.0)
    assert score.alerts.not_cleared == 1


def test_seconds_left_are_held_against_the_first_impact() -> None:
    early = summarise([one_rocket(cover("a", 920.0, 1030.0, onset_s=1000.5))])
    assert early.seconds.early_held.value == 0.0
    assert early.seconds.median_held.value == 0.0
    assert early.seconds.stated == 1


def test_nothing_told_and_nothing_hit_has_no_shares() -> None:
    empty = Case(
        "calm",
        (),
        (),
        *(np.zeros(0),) * 2,
        np.zeros((0, 2)),
        *(np.zeros(0),) * 2,
        line_of_zones(),
        (),
        0.0,
    )
    score = summarise([judge(empty, RULES)])
    assert score.minutes.cover == 0.0
    assert np.isnan(score.minutes.practices[0].ratio.value)
    assert np.isnan(score.people.failed_share.high)


@given(start_s=st.floats(885, 999), earlier_s=st.floats(0, 200))
def test_earlier_alert_never_makes_more_people_late(
    start_s: float, earlier_s: float
) -> None:
    later = summarise([one_rocket(cover("a", start_s, 1030.0))]).people
    sooner = summarise([one_rocket(cover("a", start_s - earlier_s, 1030.0))]).people
    assert sooner.in_time >= later.in_time
    assert sooner.could == later.could


spans = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(800, 1100), st.floats(0, 200)), max_size=6
)


@given(first=spans, zone=st.sampled_from("abc"), start_s=st.floats(0, 700))
def test_one_more_alert_never_lowers_the_minutes(
    first: list[tuple[str, float, float]], zone: str, start_s: float
) -> None:
    alerts = [a for z, begin, lasts in first for a in cover(z, begin, begin + lasts)]
    before = summarise([one_rocket(alerts)]).minutes
    after = summarise([one_rocket(alerts + cover(zone, start_s, start_s + 50.0))]).minutes
    assert after.cover >= before.cover
    for one, other in zip(before.practices, after.practices, strict=True):
        assert other.in_vain_min >= one.in_vain_min - 1e-9
    assert after.practices[0].in_vain_min >= after.in_vain - 1e-9  # wider is never cheaper


def radar(**other: float) -> Sensor:
    return Sensor("r", SensorKind.RADAR, lat_rad=0.0, lon_rad=0.0, height_m=0.0, **other)


def test_threat_is_seen_once_inside_range_and_elevation() -> None:
    sensor = radar(range_min_m=1e3, range_max_m=50e3, elevation_min_rad=np.radians(1.0))
    per_lon = metres_per_radian(0.0)[1]
    east_m = np.array([60e3, 40e3, 40e3, 500.0])
    height_m = np.array([9e3, 500.0, 2e3, 800.0])  # too far, too low, seen, too near
    places = ecef_points(np.zeros(4), east_m / per_lon, height_m)
    seen = first_seen_s(np.arange(4.0), np.zeros(4, np.int64), places, [sensor], 2)
    assert_allclose(seen, [2.0, np.inf])


def test_reported_positions_are_no_sight() -> None:
    sensor = Sensor("adsb", SensorKind.POSITION, lat_rad=0.0, lon_rad=0.0, height_m=0.0)
    places = ecef_points(np.zeros(1), np.zeros(1), np.full(1, 1e3))
    seen = first_seen_s(np.zeros(1), np.zeros(1, np.int64), places, [sensor], 1)
    assert_allclose(seen, [np.inf])


def test_bins_compare_what_was_stated_with_what_came() -> None:
    samples = Samples(stated=np.full(1000, 0.02), observed=np.repeat([1.0, 0.0], [30, 970]))
    found = {one.low: one for one in bins([samples])}
    assert found[1e-2].samples == 1000
    assert found[1e-2].ratio == pytest.approx(1.5)
    assert found[0.1].samples == 0
    assert np.isnan(found[0.1].ratio)


def test_zero_misses_get_a_bound_and_not_a_promise() -> None:
    low, high = exact_interval(0, 300)
    assert low == 0.0
    assert high == pytest.approx(1 - 0.05 ** (1 / 300))  # the rule of three, exactly
    assert exact_interval(3, 10) == pytest.approx((0.0667, 0.6525), abs=1e-4)


def test_interval_over_runs_needs_two_and_holds_the_ratio() -> None:
    assert np.isnan(bootstrap_ratio(np.ones(1), np.ones(1))[0])
    low, high = bootstrap_ratio(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]))
    assert low < 1.0 < high


def test_delay_of_a_zone_and_threat_is_the_same_every_time() -> None:
    drawn = keyed_uniform([f"z{i}|r1" for i in range(2000)], 4.0, 13.0)
    assert_allclose(drawn, keyed_uniform([f"z{i}|r1" for i in range(2000)], 4.0, 13.0))
    assert 4.0 <= drawn.min() < drawn.max() < 13.0
    assert drawn.mean() == pytest.approx(8.5, abs=0.2)


def test_quantile_counts_people_not_rows() -> None:
    values, people = np.array([30.0, 10.0, 20.0]), np.array([1.0, 97.0, 2.0])
    assert weighted_quantile(values, people, 0.5) == 10.0
    assert weighted_quantile(values, people, 0.98) == 20.0
    assert np.isnan(weighted_quantile(np.zeros(0), np.zeros(0), 0.5))
