"""Contract files: what is written reads back; what is wrong is named."""

import json
from dataclasses import replace
from math import inf, radians
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.channels.siren import SirenKeys
from forewarn.errors import ConfigError
from forewarn.files import (
    Truth,
    fill,
    read_recording,
    read_run,
    read_sensors,
    read_site,
    read_truth,
    write_recording,
    write_sensors,
    write_truth,
)
from forewarn.records import Command, PlotBatch, Sensor, SensorKind, Tick, Weather

RADAR = Sensor(
    "north",
    SensorKind.RADAR,
    radians(56.0),
    radians(9.0),
    60.0,
    scan_s=1.0,
    sigma_range_m=15.0,
    sigma_azimuth_rad=radians(0.1),
    sigma_elevation_rad=radians(0.1),
    range_max_m=100e3,
    trusted=True,
)


def scan(received_s: float, plots: int = 2) -> PlotBatch:
    rows = np.tile([20e3, 1.0, 0.1, np.nan], (plots, 1))
    return PlotBatch(
        seq=0,
        received_s=received_s,
        sensor_id="north",
        time_s=np.full(plots, received_s - 0.2),
        measured=rows,
        sigma=np.tile(RADAR.sigma, (plots, 1)),
        origin_ecef_m=np.tile(RADAR.origin_ecef_m, (plots, 1)),
        sigma_pos_m=np.full((plots, 2), np.nan),
        identity=("",) * plots,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_recording(tmp_path, [RADAR], [scan(10.2), scan(11.2, 0), scan(12.2, 3)])
    return tmp_path


def change_plots(folder: Path, **columns: list[object]) -> None:
    path = folder / "plots.parquet"
    table = pq.read_table(path)
    for name, values in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(values))
    pq.write_table(table, path)


def test_a_recording_reads_back_with_its_empty_scans_and_a_tick_a_second(
    folder: Path,
) -> None:
    recording = read_recording(folder)
    assert recording.refused == ()
    assert not recording.simulated
    assert [len(batch.time_s) for batch in recording.batches] == [2, 0, 3]
    np.testing.assert_allclose(recording.batches[0].measured, scan(10.2).measured)
    events = list(recording.events())
    assert len(events) == len(recording) == 5
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert [event.received_s for event in events if isinstance(event, Tick)] == [11.0, 12.0]


def test_a_truncated_plots_file_is_named(folder: Path) -> None:
    path = folder / "plots.parquet"
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(ConfigError, match=r"plots\.parquet: is not a whole Parquet file"):
        read_recording(folder)


def test_a_plot_with_azimuth_400_is_refused_and_the_rest_is_read(folder: Path) -> None:
    change_plots(folder, azimuth_deg=[57.0, 400.0, 57.0, 57.0, 57.0])
    recording = read_recording(folder)
    assert recording.refused_count == 1
    assert (
        "row 1 of sensor 'north': azimuth_deg is 400.0, expected 0 to 360"
        in (recording.refused[0])
    )
    assert sum(len(batch.time_s) for batch in recording.batches) == 4


def test_a_plot_of_an_unknown_sensor_is_refused_by_name(folder: Path) -> None:
    change_plots(folder, sensor_id=["north", "moon", "north", "north", "north"])
    recording = read_recording(folder)
    assert "sensor_id is moon, expected one of north" in recording.refused[0]


def test_a_missing_column_and_a_wrong_type_are_named(folder: Path) -> None:
    path = folder / "plots.parquet"
    whole = pq.read_table(path)
    pq.write_table(whole.drop_columns(["received_s"]), path)
    with pytest.raises(ConfigError, match="column 'received_s' is missing"):
        read_recording(folder)
    pq.write_table(whole, path)
    change_plots(folder, range_m=["far", "near", "far", "far", "far"])
    with pytest.raises(ConfigError, match="column 'range_m' is string, expected numbers"):
        read_recording(folder)


def test_time_that_goes_back_is_refused(folder: Path) -> None:
    change_plots(folder, received_s=[10.2, 10.2, 9.0, 12.2, 12.2])
    with pytest.raises(ConfigError, match="row 2 received_s goes back in time"):
        read_recording(folder)


def test_another_schema_is_refused(folder: Path) -> None:
    path = folder / "plots.parquet"
    table = pq.read_table(path).replace_schema_metadata({"schema": "2"})
    pq.write_table(table, path)
    with pytest.raises(ConfigError, match="schema is '2', this build reads 1"):
        read_recording(folder)


def test_an_unknown_column_is_ignored_with_a_notice(folder: Path) -> None:
    path = folder / "plots.parquet"
    pq.write_table(pq.read_table(path).append_column("colour", pa.array(["red"] * 5)), path)
    assert any(
        "column 'colour' ignored" in notice for notice in read_recording(folder).notices
    )


def test_events_of_operators_and_weather_are_merged_in_order(folder: Path) -> None:
    lines = [
        {"schema": 1},
        {
            "kind": "weather",
            "received_s": 10.5,
            "height_m": [0, 9000],
            "wind_mps": [[1, 2], [9, 8]],
        },
        {
            "kind": "command",
            "received_s": 11.5,
            "operator_id": "op",
            "action": "all_clear",
            "zone_ids": ["a"],
        },
    ]
    (folder / "events.jsonl").write_text("\n".join(map(json.dumps, lines)))
    events = list(read_recording(folder).events())
    assert [type(event) for event in events[1:5]] == [Weather, Tick, PlotBatch, Command]
    (folder / "events.jsonl").write_text('{"kind": "launch", "received_s": 1}')
    with pytest.raises(ConfigError, match="found 'launch', expected one of tick, command"):
        read_recording(folder)


sensors = st.builds(
    replace,
    st.just(RADAR),
    lat_rad=st.floats(-1.5, 1.5),
    lon_rad=st.floats(-3.1, 3.1),
    height_m=st.floats(-400, 9000),
    sigma_range_m=st.floats(0.1, 500),
    range_max_m=st.sampled_from([30e3, 100e3]),
    independence=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    trusted=st.booleans(),
)


@given(sensor=sensors)
def test_sensors_read_back_whatever_they_hold(
    sensor: Sensor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("sensors") / "sensors.toml"
    write_sensors(path, [sensor])
    (back,) = read_sensors(path)
    for name in Sensor.__dataclass_fields__:
        mine, its = getattr(sensor, name), getattr(back, name)
        if isinstance(mine, float) and mine == mine and abs(mine) != inf:
            assert its == pytest.approx(mine, abs=1e-12)
        else:
            assert its == mine or mine != mine


SITE = """
schema = 1
[site]
name = "Here"
languages = ["en", "uk"]
region = {lat_deg = 56.2, lon_deg = 9.4, radius_km = 10.0}
[[sensor]]
id = "north"
kind = "radar"
feed = "udp://127.0.0.1:8600"
sac = 1
sic = 2
lat_deg = 56.0
lon_deg = 9.0
height_m = 60.0
sigma_range_m = 15.0
sigma_azimuth_deg = 0.1
sigma_elevation_deg = 0.1
range_max_m = 100000.0
[[channel]]
kind = "cap"
folder = "out"
[warning]
hold_s = 20
"""


def test_a_site_reads_with_defaults_and_paths_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(SITE)
    site = read_site(path)
    assert site.warning.hold_s == 20.0
    assert site.warning.margin_s == 5.0
    assert site.sensors[0].trusted  # a radar is, unless it says otherwise
    assert site.channels[0].keys == {"folder": "out"}
    assert (site.feeds[0].sac, site.feeds[0].sic) == (1, 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hold_s = 20", "hold_secs = 20", "unknown key 'hold_secs'; did you mean 'hold_s'"),
        ("hold_s = 20", 'hold_s = "long"', "hold_s: found 'long', expected float"),
        ("[warning]", "[warnings]", r"unknown table \[warnings\]"),
        ("schema = 1", "schema = 2", "schema is 2, this build reads 1"),
        ('kind = "radar"', 'kind = "sonar"', "found 'sonar', expected one of radar"),
        ("sigma_range_m = 15.0", "", "a radar needs sigma_range_m"),
        (
            "lat_deg = 56.0\n",
            "lat_deg = 156.0\n",
            "lat_deg: found 156.0, expected -90 to 90",
        ),
        ("sic = 2", "sic = 999", "sic: found 999, expected 0 to 255"),
        ("region =", "regoin =", "unknown key 'regoin'"),
        ('kind = "cap"', "kind = 3", "kind: found 3, expected text"),
        ('kind = "cap"', 'exercise = "no"\nkind = "cap"', "expected true or false"),
    ],
)
def test_a_wrong_site_is_refused_with_what_was_meant(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "site.toml"
    assert old in SITE
    path.write_text(SITE.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        read_site(path)


def test_a_setting_that_is_gone_is_refused_with_what_to_use_now(tmp_path: Path) -> None:
    table = {"siren": [{"id": "n", "zones": ["z"]}], "test_every_s": 0}
    with pytest.raises(ConfigError, match=r"'test_every_s' is gone: name times"):
        fill(SirenKeys, table, "site.toml: [[channel]]", tmp_path)


def test_truth_reads_back_and_fills_in_radii(tmp_path: Path) -> None:
    truth = Truth(
        threat_id=("r1", "d1"),
        kind=("rocket", "drone"),
        appears_s=np.array([1.0, 2.0]),
        impact_s=np.array([100.0, np.nan]),
        impact_deg=np.array([[56.0, 9.0], [np.nan, np.nan]]),
        impact_height_m=np.zeros(2),
        harmful_m=np.array([np.nan, 300.0]),
        state_id=("r1",),
        state_time_s=np.array([2.0]),
        state=np.ones((1, 6)),
    )
    write_truth(tmp_path, truth)
    back = read_truth(tmp_path)
    np.testing.assert_array_equal(back.harmful_m, [150.0, 300.0])
    np.testing.assert_array_equal(back.impact_s, truth.impact_s)
    assert back.kind == truth.kind


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the output of a run"):
        read_run(tmp_path)
    (tmp_path / "summary.json").write_text("{}")
    (tmp_path / "alerts.jsonl").write_text('{"schema":1}\n{"alert_id": 3}\n')
    with pytest.raises(ConfigError, match=r"alerts\.jsonl: line 2: KeyError"):
        read_run(tmp_path)
