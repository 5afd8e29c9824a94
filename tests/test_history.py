"""Real siren histories: read, added up, held against what others found in the same data."""

import json
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from typer.testing import CliRunner

from forewarn.app.command_line import cli
from forewarn.app.local_time import local_clock
from forewarn.errors import ConfigError
from forewarn.files.sirens import (
    Place,
    Places,
    Sirens,
    leave_out,
    plain,
    read_places,
    read_sirens,
)
from forewarn.score.history import History, study
from forewarn.score.practice import PRACTICES
from forewarn.units import epoch_from_iso

DAY_S = 86_400.0
START_S = epoch_from_iso("2023-01-02T00:00:00Z")
OFFICIAL = "ukraine-sirens-official/sirens_2022-03-15_to_2023-12-31.csv"


def utc(time_s: np.ndarray) -> np.ndarray:
    return time_s


def sirens(*rows: tuple[str, float, float]) -> Sirens:
    """Place as `region/district/community`, first and last hour since the start."""
    places = tuple((*name.split("/"), "", "")[:3] for name, _, _ in rows)
    hours = np.array([row[1:] for row in rows], np.float64).reshape(-1, 2)
    return Sirens(places, START_S + 3600 * hours[:, 0], START_S + 3600 * hours[:, 1], ())


def country(**people: float) -> Places:
    """Two regions of two communities each, unless told otherwise."""
    people = people or {"n/d/a": 100.0, "n/d/b": 300.0, "s/e/c": 500.0, "s/e/d": 100.0}
    places: tuple[Place, ...] = tuple((*name.split("/"),) for name in people)  # type: ignore[misc]
    n = len(places)
    counts = np.array(list(people.values()))
    return Places(places, counts, "people", np.full((n, 2), np.nan), ((),) * n)


def found(*rows: tuple[str, float, float], places: Places | None = None) -> History:
    return study([sirens(*rows)], places or country(), utc)[0]


def test_burden_is_that_of_the_people_whom_the_alert_was_for() -> None:
    one = found(("n", 0, 2), ("s/e/c", 10, 11), ("n", 1, 3), ("s", 23, 24))
    # n: three hours, whatever overlaps; c: two; d: one; over the day that it lasts
    people_hours = 400 * 3 + 500 * 2 + 100 * 1
    assert one.everyone.minutes_a_day == pytest.approx(people_hours * 60 / 1000)
    assert [(region.name, region.minutes_a_day) for region in one.regions] == [
        ("n", pytest.approx(180.0)),
        ("s", pytest.approx(110.0)),
    ]
    assert one.burden_p50 == pytest.approx(120.0)  # half have at most that of c


def test_nights_begin_at_ten_in_the_evening_and_end_at_six() -> None:
    one = found(("n", 0, 1), ("n", 21, 23), ("s", 12, 13), ("s", 47, 48))
    # two days: nights ending and beginning on each, three in all; n is woken in the
    # first two for an hour each, s in the last for an hour
    north, south = sorted(one.regions, key=lambda region: region.name)
    assert (north.nights, north.night_min) == (pytest.approx(2 / 3), pytest.approx(40.0))
    assert (south.nights, south.night_min) == (pytest.approx(1 / 3), pytest.approx(20.0))


def test_days_count_on_which_nine_in_ten_were_under_alert_together() -> None:
    both = found(("n", 0, 2), ("s", 1, 3), ("n", 30, 31), ("s", 31, 33), ("n", 71, 72))
    once = both.at_once
    assert (once.whole_days, once.days, once.most) == (1, 3, 1.0)
    assert (once.many, once.episodes, once.mean_min) == (2, 1, pytest.approx(60.0))
    assert once.time_share == pytest.approx(1 / 72)
    in_it = 1000 * 1.0
    assert once.burden_share == pytest.approx(in_it / (400 * 4 + 600 * 4))


def test_smaller_alerts_save_what_the_region_would_have_borne() -> None:
    one = found(("n/d/a", 0, 2), ("n/d/b", 1, 3), ("s", 3, 4))
    (saved,) = one.saved
    assert (saved.level, saved.alerts) == ("community", 2)
    assert saved.person_min == pytest.approx((100 * 2 + 300 * 2) * 60)
    assert saved.region_person_min == pytest.approx(400 * 3 * 60)
    assert saved.share == pytest.approx(1 / 3)


def test_share_over_time_and_by_hour_is_the_mean_of_all_people() -> None:
    _, pictures = study([sirens(("n", 6, 12), ("s", 0, 24))], country(), utc)
    assert_allclose(pictures.hour_share[[0, 6, 11, 12]], [0.6, 1.0, 1.0, 0.6])
    assert_allclose(pictures.above[[0, 60, 61, 100]], [1.0, 1.0, 0.25, 0.25])
    assert_allclose(pictures.day_share, [1.0])


def test_alert_of_a_place_that_no_table_knows_counts_for_nobody_and_is_told() -> None:
    one = found(("n", 0, 1), ("elsewhere", 0, 24))
    assert one.unknown == 1
    assert one.everyone.minutes_a_day == pytest.approx(0.4 * 60)


def test_without_a_table_every_region_counts_alike() -> None:
    one = study([sirens(("n", 0, 24), ("s", 0, 12))], None, utc)[0]
    assert (one.counted, one.people) == ("places", 2.0)
    assert one.everyone.minutes_a_day == pytest.approx(18 * 60)


hours = st.floats(0, 200)
names = st.sampled_from(["n", "s", "n/d", "n/d/a", "n/d/b", "s/e/c"])
alerts = st.lists(st.tuples(names, hours, st.floats(0.1, 20)), min_size=1, max_size=8)


def lasting(rows: list[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    return [(name, start, start + hours) for name, start, hours in rows]


@given(rows=alerts)
def test_cutting_places_in_two_changes_nothing(
    rows: list[tuple[str, float, float]],
) -> None:
    whole = country()
    halves = Places(
        whole.place * 2,
        np.tile(whole.people / 2, 2),
        "people",
        np.tile(whole.centre_rad, (2, 1)),
        whole.outline * 2,
    )
    one, two = (found(*lasting(rows), places=places) for places in (whole, halves))
    assert two.everyone.minutes_a_day == pytest.approx(one.everyone.minutes_a_day)
    assert astuple(two.at_once) == pytest.approx(astuple(one.at_once), nan_ok=True)


@given(rows=alerts, name=names)
def test_one_more_alert_never_lightens_the_burden(
    rows: list[tuple[str, float, float]], name: str
) -> None:
    rows = [*lasting(rows), ("n", 0.0, 0.1), ("n", 220.0, 220.1)]  # the same first and last
    before, after = found(*rows), found(*rows, (name, 50.0, 55.0))
    assert after.everyone.minutes_a_day >= before.everyone.minutes_a_day - 1e-9
    assert after.at_once.most >= before.at_once.most - 1e-12


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Vinnytska oblast", "vinnytska"),
        ("Kyiv City", "kyiv"),
        ("Umanskyi raion", "umanskyi"),
        ("m. Sumy ta Sumska terytorialna hromada", "sumska"),
    ],
)
def test_names_are_the_same_whatever_words_stand_around_them(name: str, told: str) -> None:
    assert plain(name) == told


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "h.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_forms_are_known_by_their_headers(tmp_path: Path) -> None:
    local = (
        "data,date,time,category\nא, ב,07.10.2023,06:29:30,1\nא,07.10.2023,06:30:00,101\n"
    )
    read = read_sirens(written(tmp_path, local.replace("א, ב", '"א, ב"')), DAY_S)
    assert read.place == (("א", "", ""), ("ב", "", ""))
    assert_allclose(read.start_s, epoch_from_iso("2023-10-07T03:29:30Z"))  # summer time
    assert_allclose(read.end_s - read.start_s, 600.0)
    assert any("1 rows are drills" in notice for notice in read.notices)
    head = "oblast,raion,hromada,level,started_at,finished_at\n"
    turned = "Lubenskyi raion,Poltavska oblast,,raion,2023-01-01T00:00Z,2023-01-01T01:00Z\n"
    assert read_sirens(written(tmp_path, head + turned), DAY_S).place == (
        ("poltavska", "lubenskyi", ""),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "columns are a, b; expected"),
        ("region,started_at,finished_at\n", "no rows"),
        (
            "region,started_at,finished_at\nn,2023-01-01T00:00:00,2023-01-01T01:00:00Z\n",
            "line 2",
        ),
        ("region,started_at,finished_at\nn,yesterday,2023-01-01T01:00:00Z\n", "line 2"),
    ],
)
def test_bad_history_is_refused_by_file_and_line(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        read_sirens(written(tmp_path, text), DAY_S)


def test_alert_that_missed_its_end_is_left_out_and_counted(tmp_path: Path) -> None:
    text = (
        "region,started_at,finished_at\nn,2023-01-01T00:00:00Z,2023-01-03T00:00:00Z\n"
        "n,2023-01-01T00:00:00Z,2023-01-01T01:00:00Z\n"
    )
    read = read_sirens(written(tmp_path, text), DAY_S)
    assert len(read.place) == 1
    assert "1 alerts end before they start, or never did" in read.notices[0]


def test_clocks_on_the_wall_follow_summer_time() -> None:
    local = local_clock("Europe/Kyiv")
    times = np.array(
        [epoch_from_iso(f"2023-{day}T12:00:00Z") for day in ("01-15", "07-15")]
    )
    assert_allclose(local(times) - times, [7200.0, 10800.0])
    with pytest.raises(ConfigError, match="Europe/Kyiv"):
        local_clock("Kyiv time")


@pytest.fixture(scope="module")
def ukraine(shared_data: Path) -> History:
    zones = shared_data / "ukraine-zones"
    places = read_places([zones / "hromadas.csv", zones / "raions.csv"])
    assert places.people.sum() == 41_167_335  # as the data's own notes say
    read = [read_sirens(shared_data / OFFICIAL, DAY_S)]
    return study(*leave_out(read, places, ["Luhanska oblast"]), local_clock("Europe/Kyiv"))[
        0
    ]


def test_nine_in_ten_are_under_alert_at_once_on_more_than_a_third_of_days(
    ukraine: History,
) -> None:
    # 281 of 768 days to April 2024 were found before; the file here ends with 2023
    once = ukraine.at_once
    assert once.days == 658
    assert once.whole_days / once.days == pytest.approx(281 / 768, abs=0.025)


def test_episodes_of_twenty_regions_are_few_long_and_a_quarter_of_the_burden(
    ukraine: History,
) -> None:
    # 403 of them in 768 days, 66 min, 2.4 % of the time, 23 % of person-minutes
    once = ukraine.at_once
    assert (once.regions, once.many) == (24, 20)
    assert once.episodes / once.days == pytest.approx(403 / 768, abs=0.02)
    assert once.mean_min == pytest.approx(66, abs=3)
    assert once.time_share == pytest.approx(0.024, abs=0.002)
    assert once.burden_share == pytest.approx(0.23, abs=0.02)


def test_hromada_alerts_spared_nearly_all_of_the_oblast(ukraine: History) -> None:
    saved = {one.level: one.share for one in ukraine.saved}
    assert saved["community"] == pytest.approx(0.96, abs=0.015)


def test_durations_that_the_score_holds_practices_to_are_those_of_the_data(
    ukraine: History,
) -> None:
    real = {one.level: one.p50 for one in ukraine.durations}
    level = {"oblast": "region", "raion": "district", "hromada": "community"}
    for name, _, _, held_min in PRACTICES:
        assert real[level[name]] == pytest.approx(held_min, abs=0.05)


def test_two_collections_of_the_same_sirens_agree(
    shared_data: Path, ukraine: History
) -> None:
    path = shared_data / "ukraine-sirens-volunteer/sirens_2022-02-25_to_2023-12-31.csv"
    zones = shared_data / "ukraine-zones"
    places = read_places([zones / "hromadas.csv", zones / "raions.csv"])
    read = leave_out([read_sirens(path, DAY_S)], places, ["Luhanska oblast"])
    other = study(*read, local_clock("Europe/Kyiv"))[0]
    assert other.everyone.minutes_a_day == pytest.approx(
        ukraine.everyone.minutes_a_day, rel=0.06
    )
    assert other.at_once.whole_days / other.at_once.days == pytest.approx(
        ukraine.at_once.whole_days / ukraine.at_once.days, abs=0.03
    )


def test_command_writes_figures_and_a_report(shared_data: Path, tmp_path: Path) -> None:
    html = tmp_path / "h.html"
    words = [
        "history",
        str(shared_data / "israel-alerts/zone_alerts_2014-07-24_to_2024-06-30.csv"),
        f"--zones={shared_data / 'israel-zones/zone_polygons.geojson'}",
        "--time-zone=Asia/Jerusalem",
        f"--html={html}",
    ]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert "alerts of unknown places" in result.output
    page = html.read_text()
    assert page.count("<svg") >= 4
    assert "http://" not in page
    assert "https://" not in page
    told = CliRunner().invoke(cli, [*words[:-1], "--json"], catch_exceptions=False).output
    figures = json.loads(told[told.index("{") :])
    assert figures["counted"] == "places"
    # one salvo can put a seventh of all zones under alert, found before in other years too
    assert 0.1 < figures["at_once"]["most"] < 0.2
