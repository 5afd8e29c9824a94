"""What a run's own record tells the judge: causes, calibration, sharpness, oracles."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forewarn.files import Run, RunWriter, alert_line, read_run
from forewarn.files.parquet import TableWriter, numbers, read_groups, read_table
from forewarn.geodesy import ecef_points, metres_per_radian
from forewarn.records import Alert, AlertState
from forewarn.score import Case, Cause, Evidence, Judged, Paths, Watcher, judge, summarise
from forewarn.score.evidence import Areas, Pairs
from forewarn.score.practice import PRACTICES
from forewarn.score.reading import read_evidence
from test_score import IMPACT_S, RULES, cover, line_of_zones, step

PER_LON = metres_per_radian(0.0)[1]
ROCKET, DECOY = 2, 6  # ids of tracks: the rocket's, and one of nothing


def eastward(east_m: np.ndarray, height_m: float = 500.0) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude (k, 2) on the equator, and heights."""
    place = np.stack([np.zeros(len(east_m)), east_m / PER_LON], axis=1)
    return place, np.full(len(east_m), height_m)


def one_case(kind: str = "rocket", speed_mps: float = 200.0) -> Case:
    """Something flies east along the zones and comes down in the middle of zone a."""
    time_s = np.arange(900.0, IMPACT_S + 1.0)
    place, height = eastward((time_s - IMPACT_S) * speed_mps)
    return Case(
        name="one",
        threat_id=("r1",),
        kind=(kind,),
        appears_s=np.array([900.0]),
        impact_s=np.array([IMPACT_S]),
        impact_rad=np.zeros((1, 2)),
        harmful_m=np.array([150.0]),
        seen_s=np.array([900.0]),
        zones=line_of_zones(),
        alerts=(),
        until_s=1100.0,
        paths=Paths(np.array([0, len(time_s)]), time_s, place, height),
    )


def said(
    pairs: list[tuple[int, int, float, float, float]], since_s: float = 905.0
) -> Evidence:
    """Tracks of the rocket and of nothing; pairs of zone, track, first, due, stated."""
    time_s = np.arange(since_s, 995.0, 5.0)
    place, height = eastward((time_s - IMPACT_S) * 200.0 + 60.0)
    true_m = ecef_points(place[:, 0], place[:, 1], height)
    away_m = ecef_points(place[:, 0] + 0.02, place[:, 1], height)
    n = len(time_s)
    zone, track, first, due, stated = (
        np.array(column) for column in zip(*pairs, strict=True)
    )
    return Evidence(
        track_id=np.repeat([ROCKET, DECOY], n),
        track_s=np.tile(time_s, 2),
        track_ecef_m=np.concatenate([true_m, away_m]),
        zone=zone,
        pair_track=track,
        first_s=first,
        due_s=due,
        stated=stated,
        early_s=np.full(len(zone), 985.0),
        median_s=np.full(len(zone), 1001.0),
        area_m2=np.full(len(zone), 3e6),
        latency_s=np.array([0.010, 0.020]),
    )


def judged(
    pairs: list[tuple[int, int, float, float, float]],
    alerts: list[Alert] | None = None,
    since_s: float = 905.0,
    case: Case | None = None,
) -> Judged:
    told = tuple(sorted(alerts or [], key=lambda alert: alert.issued_s))
    return judge(replace(case or one_case(), alerts=told), RULES, said(pairs, since_s))


@pytest.mark.parametrize(
    ("pairs", "since_s", "cause"),
    [
        ([(1, DECOY, 910.0, 915.0, 0.5)], 905.0, Cause.ELSEWHERE),
        ([(0, ROCKET, 933.0, 934.0, 0.5)], 905.0, Cause.ELSEWHERE),  # met after 932
        ([(0, ROCKET, 910.0, 934.0, 0.5)], 905.0, Cause.TIME_LONG),
        ([(0, ROCKET, 910.0, np.nan, np.nan)], 905.0, Cause.TIME_LONG),
        ([(0, ROCKET, 910.0, 920.0, 5e-4)], 905.0, Cause.BELOW),
        ([(0, ROCKET, 910.0, 920.0, 0.5)], 905.0, Cause.TOLD_LATE),
        ([(0, ROCKET, 940.0, 940.0, 0.5)], 940.0, Cause.TRACKED_LATE),
    ],
)
def test_people_who_were_missed_are_told_apart_by_what_failed_first(
    pairs: list[tuple[int, int, float, float, float]], since_s: float, cause: Cause
) -> None:
    # another zone's alert tells the threshold of the run, 1e-3
    found = judged(pairs, cover("c", 950.0, 1030.0), since_s)
    assert found.rows.cause == (cause,)
    assert summarise([found]).people.causes == ((str(cause), 100.0),)


def test_zone_is_held_against_its_own_threshold() -> None:
    stricter = [replace(one, threshold=0.6) for one in cover("a", 950.0, 1030.0)]
    pairs = [(0, ROCKET, 910.0, 920.0, 0.5)]
    assert judged(pairs, stricter).rows.cause == (Cause.BELOW,)
    others = [replace(one, threshold=0.6) for one in cover("c", 950.0, 1030.0)]
    both = others + cover("a", 950.0, 1030.0)
    assert judged(pairs, both).rows.cause == (Cause.TOLD_LATE,)


def test_threat_that_no_track_followed_is_told_as_such() -> None:
    case = one_case()
    assert case.paths is not None
    north = replace(case.paths, place_rad=case.paths.place_rad + np.array([0.01, 0.0]))
    found = judged([(0, ROCKET, 910.0, 920.0, 0.5)], [], case=replace(case, paths=north))
    assert found.rows.cause == (Cause.NEVER_TRACKED,)


def test_who_was_warned_in_time_has_no_cause() -> None:
    found = judged([(0, ROCKET, 910.0, 920.0, 0.5)], cover("a", 925.0, 1030.0))
    assert found.rows.cause == (None,)
    assert summarise([found]).people.causes == ()


def test_one_sample_for_each_zone_and_threat_and_tracks_of_nothing_count() -> None:
    found = judged(
        [
            (0, ROCKET, 910.0, 925.0, 0.2),
            (1, ROCKET, 910.0, 920.0, 0.02),
            (1, DECOY, 910.0, 920.0, 0.05),
            (2, ROCKET, 910.0, np.nan, np.nan),  # never due: never decided upon
        ]
    )
    assert found.decided is not None
    assert_allclose(sorted(found.decided.samples.stated), [0.02, 0.05, 0.2])
    order = np.argsort(found.decided.samples.stated)
    assert_allclose(found.decided.samples.observed[order], [0.0, 0.0, 1.0])
    score = summarise([found])
    told = {one.low: one for one in score.calibration}
    assert told[0.1].ratio == pytest.approx(5.0)
    assert not told[0.1].judged
    assert (score.seconds.pairs, score.seconds.pairs_early.value) == (1, 1.0)
    assert score.seconds.pairs_median.value == 0.0  # it came before the stated 1001
    assert [(one.kind, one.median_km2) for one in score.sharpness] == [("rocket", 3.0)]
    assert score.latency.p50_s == pytest.approx(0.010)


def test_second_track_of_a_threat_is_the_same_threat() -> None:
    evidence = said([(0, ROCKET, 910.0, 925.0, 0.2), (0, 4, 910.0, 920.0, 0.3)])
    own = evidence.track_id == ROCKET
    both = replace(
        evidence,
        track_id=np.append(evidence.track_id, np.full(own.sum(), 4)),
        track_s=np.append(evidence.track_s, evidence.track_s[own]),
        track_ecef_m=np.concatenate([evidence.track_ecef_m, evidence.track_ecef_m[own]]),
    )
    decided = judge(one_case(), RULES, both).decided
    assert decided is not None
    assert_allclose(decided.samples.stated, [0.3])  # decided upon first


def naming(alerts: list[Alert], track: int) -> list[Alert]:
    return [replace(alert, threats=(f"T{track}",)) for alert in alerts]


def test_zone_on_again_for_another_threat_does_not_count_for_the_same() -> None:
    pairs = [(0, ROCKET, 910.0, 925.0, 0.2)]
    again = cover("b", 980.0, 1000.0)
    for track, same in ((ROCKET, 1), (DECOY, 0)):
        alerts = naming(cover("b", 920.0, 950.0), ROCKET) + naming(again, track)
        found = summarise([judged(pairs, alerts)]).alerts
        assert (found.flicker, found.flicker_same) == (1, same)
        assert found.flicker_share.value == 0.5


def test_all_clear_counts_from_the_end_of_the_threat_wherever_it_came_down() -> None:
    alerts = naming(cover("b", 920.0, 1040.0), ROCKET) + naming(
        cover("c", 920.0, 990.0), ROCKET
    )
    found = summarise([judged([(0, ROCKET, 910.0, 925.0, 0.2)], alerts)]).alerts
    # c was cleared while the rocket still flew: there is no delay to count
    assert [(one.kind, one.alerts, one.p95_s) for one in found.clear_by_kind] == [
        ("rocket", 1, 40.0)
    ]


def test_drone_that_flew_past_is_over_for_a_zone_when_no_dive_could_end_there() -> None:
    case = one_case("drone", 50.0)
    far = replace(case, impact_rad=np.array([[0.0, 3000.0 / PER_LON]]))
    assert far.paths is not None
    place, height = eastward((far.paths.time_s - IMPACT_S) * 50.0 + 3000.0)
    far = replace(far, paths=replace(far.paths, place_rad=place, height_m=height))
    evidence = said([(0, ROCKET, 910.0, 925.0, 0.2)])
    track, high = eastward(
        (evidence.track_s[evidence.track_id == ROCKET] - IMPACT_S) * 50.0 + 3000.0
    )
    true_m = np.concatenate([ecef_points(track[:, 0], track[:, 1], high)] * 2)
    evidence = replace(evidence, track_ecef_m=true_m)
    alerts = tuple(naming(cover("a", 905.0, 995.0), ROCKET))
    found = summarise([judge(replace(far, alerts=alerts), RULES, evidence)]).alerts
    # it passed zone a, 3 km before its end, 60 s before; reach is 150 m, 3 s, either way
    assert found.clear_by_kind[0].p50_s == pytest.approx(995.0 - 943.0, abs=3.0)


def test_oracle_of_paths_warns_along_the_way_of_a_drone_and_ahead_of_it() -> None:
    case = one_case("drone", 50.0)
    score = summarise([judge(case, RULES)])
    # a itself is hit, and so not in vain; b, 2 km beyond the last place, is just in reach
    # of a dive from there; c is not
    assert score.minutes.path_in_vain > 0
    lead_s = 60.0 + 13.0 + 5.0 + 30.0
    assert score.minutes.path_in_vain == pytest.approx(100 * lead_s / 60, rel=0.1)
    rocket = summarise([judge(one_case("rocket"), RULES)]).minutes
    assert rocket.path_in_vain == rocket.oracle_in_vain == 0.0


def test_practice_as_really_held_lasts_as_long_as_half_of_real_alerts() -> None:
    zones = line_of_zones(parents=("all", "all", "all"))
    alerts = tuple(cover("b", 900.0, 960.0))
    score = summarise([judge(replace(one_case(), zones=zones, alerts=alerts), RULES)])
    for one, (name, _, _, held_min) in zip(score.minutes.practices, PRACTICES, strict=True):
        assert (one.name, one.held_min) == (name, held_min)
        assert one.in_vain_min == pytest.approx(200 * 1.0)
        assert one.held_in_vain_min == pytest.approx(200 * held_min)
        assert one.held_ratio.value == pytest.approx(2 * held_min)


def test_prepare_is_held_against_the_minutes_of_warned_raions() -> None:
    zones = line_of_zones(parents=("all", "all", "all"))
    alerts = [step("c", AlertState.PREPARE, 900.0), *cover("b", 900.0, 960.0)]
    alerts.append(step("c", AlertState.ALL_CLEAR, 990.0))
    case = replace(one_case(), zones=zones, alerts=tuple(alerts))
    assert summarise([judge(case, RULES)]).minutes.prepare_ratio.value == pytest.approx(
        100 * 1.5 / (300 * 1.0)
    )


def test_first_rows_are_those_first_in_time_however_they_come() -> None:
    need_s = np.array([60.0, 60.0])
    one_by_one, at_once = Pairs(need_s), Pairs(need_s)
    rows = np.array(  # received, probability, early, median
        [
            [1.0, 1e-4, 90.0, 95.0],
            [2.0, 2e-4, 63.0, 95.0],
            [3.0, 3e-4, 62.0, 95.0],  # due: 59 s left
            [4.0, 4e-4, 70.0, 95.0],
            [5.0, 5e-4, 60.0, 95.0],
        ]
    )
    zone, track = np.zeros(5, np.int64), np.full(5, 8)
    at_once.add(zone, track, rows)
    for i in range(5):
        one_by_one.add(zone[[i]], track[[i]], rows[[i]])
    for pairs in (one_by_one, at_once):
        key, first_s, due = pairs.settle()
        assert (len(key), first_s[0]) == (1, 1.0)
        assert_allclose(due[0], rows[2])


def test_area_is_found_by_track_and_moment() -> None:
    areas = Areas()
    areas.add(np.array([3, 5]), np.array([10.0, 10.0]), np.array([7.0, 8.0]))
    found = areas.at(np.array([3, 3, 4]), np.array([10.0, 11.0, 10.0]))
    assert found[0] == 7.0
    assert np.isnan(found[1:]).all()


def test_long_table_is_written_in_groups_and_read_back_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forewarn.files.parquet.GROUP", 10)
    path = tmp_path / "t.parquet"
    table = TableWriter(path)
    for start in range(0, 28, 4):
        table.add({"x": np.arange(start, start + 4.0)})
    table.close()
    assert [len(group) for group in read_groups(path)] == [10, 2, 10, 2, 4]
    assert_allclose(numbers(path, read_table(path), "x"), np.arange(28.0))


def test_time_to_disk_is_read_where_alerts_tell_it(tmp_path: Path) -> None:
    alerts = cover("a", 920.0, 1000.0)
    lines = [alert_line(alerts[0], {}, 920.05), alert_line(alerts[1], {})]
    (tmp_path / "alerts.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "summary.json").write_text("{}")
    run = read_run(tmp_path)
    assert_allclose(run.recorded_s, [920.05, np.nan])
    assert read_evidence(run, line_of_zones()) is None


def test_looking_on_tells_the_same_as_the_tables_of_the_run(tmp_path: Path) -> None:
    from forewarn.bench.drawing import default_chain, numbered, region_zones
    from forewarn.sim import raids
    from replay.test_replay import RAID

    (tmp_path / "small.toml").write_text(RAID)
    raid = raids.load(str(tmp_path / "small.toml"))
    drawn, zones = raids.generate(raid, 3), region_zones(raid)
    pipeline, watcher = default_chain(drawn.sensors, zones), Watcher(zones)
    writer = RunWriter(tmp_path / "run")
    for event in numbered(drawn):
        outcome = pipeline.step(event)
        watcher.step(outcome)
        writer.write(outcome, {zone_id: {} for zone_id in zones.zone_id})
    writer.close({})
    run: Run = read_run(tmp_path / "run")
    table, seen = read_evidence(run, zones), watcher.evidence()
    assert table is not None
    assert len(seen.zone) > 100
    assert np.isfinite(seen.due_s).sum() > 20
    for name in Evidence.__dataclass_fields__:
        # places go through degrees: half a micrometre
        assert_allclose(getattr(table, name), getattr(seen, name), rtol=1e-9, err_msg=name)
