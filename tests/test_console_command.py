"""`forewarn console`: a recording in the operators' console, without a service."""

import asyncio
import io
import json
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from alerts import ALERT
from forewarn.app.console import application
from forewarn.errors import ConfigError
from forewarn.files import (
    read_alerts,
    read_recording,
    read_site,
    write_alerts,
    write_recording,
    write_truth,
)
from forewarn.sim import raids
from test_export import drawn

API = "/api/operators/v1"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("recorded")
    raid, _ = drawn()
    made = raids.generate(raid, 4)
    write_recording(folder / "recording", made.sensors, made.batches, made.told)
    write_truth(folder / "truth", made.truth)
    (folder / "site.toml").write_text(raids.site_text(raid))
    words = ["console", "recording", "--site", "site.toml", "--truth", "truth"]
    program = "from forewarn.app.command_line import app; app()"
    with subprocess.Popen(
        [sys.executable, "-c", program, *words, "--port", "0", "--no-open"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = re.match(r"(http://127.0.0.1:\d+)/console", process.stdout.readline())
        assert found
        yield found[1]
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
        assert process.wait(timeout=20) == 0


def test_a_recording_is_played_without_a_service(address: str) -> None:
    status = httpx.get(f"{address}{API}/status").json()
    assert status["service"] == "stopped"  # nobody takes it for a live one
    assert status["world"] == "exercise"
    from_s, to_s = status["record_s"]
    answer = httpx.get(
        f"{address}{API}/past/film?from_s={from_s}&to_s={to_s + 1}", timeout=120
    )
    frames = [json.loads(line) for line in answer.text.splitlines()]
    assert frames[0]["reset"]
    assert any(zone for frame in frames for zone in frame.get("zones", {}).get("set", ()))
    assert frames[-1]["time_s"] > to_s - 2


def test_with_truth_the_report_is_the_score(address: str) -> None:
    from_s, to_s = httpx.get(f"{address}{API}/status").json()["record_s"]
    span = f"from_s={from_s}&to_s={to_s + 1}"
    page = httpx.get(f"{address}{API}/past/report.html?{span}", timeout=120).text
    assert "of people who could be warned were warned in time" in page
    told = httpx.get(f"{address}{API}/past/period?{span}", timeout=120).json()
    assert told["steps"] > 20
    assert sum(stage["person_minutes"] for stage in told["stages"]) > 0


def test_nothing_can_be_sent_from_it(address: str) -> None:
    headers = {"origin": address}
    body = {"action": "prepare", "zone_ids": []}
    answer = httpx.post(f"{address}{API}/drafts", json=body, headers=headers)
    assert answer.status_code == 400
    zones = httpx.get(f"{address}/api/public/v1/zones").json()["features"]
    body["zone_ids"] = [zones[0]["properties"]["zone_id"]]
    echo = httpx.post(f"{address}{API}/drafts", json=body, headers=headers).json()
    told = {"confirm": echo["confirm"], "digest": echo["digest"]}
    if echo["needs_typing"]:
        told["typed"] = str(echo["people"])
    sent = httpx.post(
        f"{address}{API}/drafts/{echo['draft_id']}/send", json=told, headers=headers
    )
    assert sent.status_code == 503
    assert sent.json()["detail"] == "this is a recording: nothing was sent"


@pytest.mark.parametrize("live", [False, True])
def test_of_a_recording_that_span_is_taken_away_that_was_asked_for(
    tmp_path: Path, live: bool
) -> None:
    raid, _ = drawn()
    made = raids.generate(raid, 4)
    sensors = [replace(sensor, simulated=not live) for sensor in made.sensors]
    whole = tmp_path / "whole"
    write_recording(whole, sensors, made.batches, made.told)
    from_s, to_s = made.batches[10].received_s, made.batches[40].received_s
    steps = [replace(ALERT, issued_s=at_s, step=i) for i, at_s in enumerate((from_s, to_s))]
    write_alerts(whole / "alerts.jsonl", [(step, {}, None) for step in steps])
    (tmp_path / "site.toml").write_text(raids.site_text(raid))
    site = read_site(tmp_path / "site.toml")
    board, app = application(read_recording(whole), whole, site, None)
    assert board.simulated is not live

    async def ask(span: str) -> httpx.Response:
        own = httpx.ASGITransport(app, client=("127.0.0.1", 5))
        async with httpx.AsyncClient(transport=own, base_url="http://localhost") as page:
            return await page.get(f"{API}/past/recording.zip?{span}")

    answer = asyncio.run(ask(f"from_s={from_s}&to_s={to_s}"))
    assert answer.status_code == 200, answer.text
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path / "out")
    taken = read_recording(tmp_path / "out" / "recording")
    asked = [one for one in made.batches if from_s <= one.received_s < to_s]
    assert [one.received_s for one in taken.batches] == [one.received_s for one in asked]
    assert len(asked) >= 30
    told = read_alerts(tmp_path / "out" / "recording" / "alerts.jsonl")
    assert [step.step for step in told] == [0]
    empty = asyncio.run(ask("from_s=5&to_s=6"))
    assert empty.status_code == 409
    assert empty.json()["detail"] == "nothing is on record of that time"


def test_a_recording_that_is_still_packed_is_named(tmp_path: Path) -> None:
    (tmp_path / "raid.zip").write_bytes(b"PK")
    with pytest.raises(
        ConfigError, match=r"raid\.zip: is a file, expected a folder: unpack"
    ):
        read_recording(tmp_path / "raid.zip")
