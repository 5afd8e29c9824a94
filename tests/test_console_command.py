"""`forewarn console`: a recording in the operators' console, without a service."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from forewarn.files import write_recording, write_truth
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
    assert "nothing was sent" in sent.json()["detail"]
