"""From the command line: simulate, replay twice, score; the same bytes, all words clear."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forewarn.app.command_line import cli

RAID = """
[raid]
name = "small"
quiet_after_s = 20.0
[region]
name = "Small"
lat_deg = 56.45
lon_deg = 9.4
radius_km = 12.0
[[sensor]]
id = "north"
kind = "radar"
lat_deg = 56.5
lon_deg = 9.9
height_m = 60.0
scan_s = 1.0
sigma_range_m = 15.0
sigma_azimuth_deg = 0.1
sigma_elevation_deg = 0.1
range_min_m = 1000.0
range_max_m = 120000.0
elevation_min_deg = 0.5
clutter_per_scan = 10.0
[[salvo]]
aim_lat_deg = 56.4532
aim_lon_deg = 9.4020
count = 2
range_km = 35.0
from_deg = 100.0
"""


def call(*words: str) -> str:
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def raid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raid")
    (folder / "small.toml").write_text(RAID)
    call("simulate", str(folder / "small.toml"), "--out", str(folder / "r"), "--seed", "3")
    for name in ("one", "two"):
        where = ["--site", str(folder / "r" / "site.toml"), "--out", str(folder / name)]
        call("replay", str(folder / "r" / "recording"), *where)
    return folder


def test_a_recording_replayed_twice_gives_the_same_bytes(raid: Path) -> None:
    one, two = ((raid / name / "alerts.jsonl").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.count(b"take_cover") > 5
    rows = [json.loads(line) for line in one.splitlines()[1:]]
    assert list(rows[0])[:5] == ["alert_id", "step", "zone_id", "state", "issued_s"]
    assert "recorded_s" not in rows[0]
    last = {row["alert_id"]: row["state"] for row in rows}
    assert set(last.values()) == {"all_clear"}


def test_score_reads_the_run_back_and_draws_its_report(raid: Path) -> None:
    html = raid / "report.html"
    truth = ["--truth", str(raid / "r" / "truth")]
    text = call("score", str(raid / "one"), *truth, "--html", str(html))
    assert "warned in time" in text
    assert "<svg" in html.read_text()
    told = json.loads(call("score", str(raid / "one"), *truth, "--json"))
    assert told["people"]["in_time_share"]["value"] > 0.9


def test_check_says_what_would_run(raid: Path) -> None:
    text = call("check", str(raid / "r" / "site.toml"))
    assert "all of it can be used" in text


def test_a_command_that_cannot_go_on_says_why_in_one_line(
    raid: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from forewarn.app.command_line import app

    monkeypatch.setattr("sys.argv", ["forewarn", "check", str(raid / "none.toml")])
    with pytest.raises(SystemExit) as stop:
        app()
    assert stop.value.code == 2
    assert capsys.readouterr().err.strip().endswith("none.toml: no such file")
