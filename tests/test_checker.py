"""The checker sees every harm: each is done to a faultless raid, and must be named."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.deliveries import cap_faults, sse_faults
from checker.packing import unpacked
from checker.record import read_record, record_faults
from checker.truth import truth_faults
from forewarn import signing
from forewarn.channels.cap.folder import CapFolder
from forewarn.channels.cap.message import Sender
from forewarn.records import Parcel
from small_raid import CHANNELS, core_of, drawn, site, write_truth

LATE_S = 2.0
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def faultless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, CAP files, a subscriber's log and the truth."""
    folder = tmp_path_factory.mktemp("faultless")
    flown, where = drawn(), site(folder)
    core = core_of(where, flown.sensors)
    carried: list[Any] = []
    cap = CapFolder(folder / "cap", Sender("a@b.invalid", exercise=True), carried.append)
    rows: Rows = [beat("live"), {"at_s": 0.0, "event": "state", "data": state()}]
    for event in flown.events:
        (outcome,), parcels = core.handle([event])
        if parcels:
            cap.offer(parcels)
            rows.append(heard(outcome.seq, outcome.received_s, parcels))
    cap.close()
    for keys in carried:
        core.store.delivered("cap", keys, 1.0)
    core.store.close()
    (folder / "sse").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_truth(folder, where, flown.truth)
    assert faults(folder) == []
    return folder


def beat(service: str, simulated: bool = True) -> dict[str, Any]:
    data = {"service": service, "simulated": simulated}
    return {"at_s": 0.0, "event": "heartbeat", "data": data}


def state() -> dict[str, Any]:
    return {"seq": 0, "alerts": []}


def heard(seq: int, now_s: float, parcels: list[Parcel]) -> dict[str, Any]:
    alerts = [signing.told(one) for one in parcels]
    return {"at_s": now_s + 0.1, "event": "alerts", "data": {"seq": seq, "alerts": alerts}}


def faults(folder: Path) -> list[str]:
    record = read_record(folder / "s.sqlite")
    return [
        *record_faults(record, CHANNELS),
        *cap_faults(record, folder / "cap", exercise=True),
        *sse_faults(record, folder / "sse", True, LATE_S),
        *truth_faults(record, folder / "truth.json", folder / "zones.geojson", 10.0),
    ]


def alerts(rows: Rows) -> Rows:
    return [row for row in rows if row["event"] == "alerts"]


def lose(rows: Rows) -> None:
    rows.remove(alerts(rows)[3])


def double(rows: Rows) -> None:
    rows.append(rows[-1])


def invent(rows: Rows) -> None:
    alerts(rows)[0]["data"]["alerts"][0]["alert_id"] = "0" * 16


def swap(rows: Rows) -> None:
    """A later step of the same life first."""
    seen: dict[str, dict[str, Any]] = {}
    for row in alerts(rows):
        for told in row["data"]["alerts"]:
            if told["alert_id"] in seen:
                first = seen[told["alert_id"]]
                first["step"], told["step"] = told["step"], first["step"]
                return
            seen[told["alert_id"]] = told


def delay(rows: Rows) -> None:
    alerts(rows)[1]["at_s"] += LATE_S


def reword(rows: Rows) -> None:
    alerts(rows)[0]["data"]["alerts"][0]["text"]["en"] = "all is well"


def pretend(rows: Rows) -> None:
    rows.insert(0, beat("live", simulated=False))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lose, "never heard"),
        (double, "heard twice"),
        (invent, "thin air"),
        (swap, "heard after step"),
        (delay, "s late"),
        (reword, "heard otherwise"),
        (pretend, "simulated: False"),
    ],
)
def test_harm_to_what_a_subscriber_heard_is_seen(
    faultless: Path, tmp_path: Path, harm: Callable[[Rows], None], said: str
) -> None:
    rows = [json.loads(line) for line in (faultless / "sse").read_text().splitlines()]
    harm(rows)
    log = tmp_path / "sse"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = sse_faults(read_record(faultless / "s.sqlite"), log, True, LATE_S)
    assert any(said in text for text in found)


def test_late_is_no_fault_once_it_is_declared(faultless: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (faultless / "sse").read_text().splitlines()]
    delay(rows)
    rows.insert(rows.index(alerts(rows)[1]), beat("degraded"))
    log = tmp_path / "sse"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    record = read_record(faultless / "s.sqlite")
    assert list(sse_faults(record, log, True, LATE_S)) == []


def test_a_state_of_affairs_makes_up_for_steps_before_it(
    faultless: Path, tmp_path: Path
) -> None:
    """Who connects again is told what is live, and needs no step that led to it."""
    rows = [json.loads(line) for line in (faultless / "sse").read_text().splitlines()]
    first = alerts(rows)[0]
    told = {"seq": first["data"]["seq"], "alerts": first["data"]["alerts"]}
    rows[rows.index(first)] = {"at_s": 0.0, "event": "state", "data": told}
    log = tmp_path / "sse"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    record = read_record(faultless / "s.sqlite")
    assert list(sse_faults(record, log, True, LATE_S)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, "", "is listed and is not there"),
        ("Exercise", "Actual", "has the status"),
        ("<msgType>Alert", "<msgType>Update", "is an Update, with 0 before it"),
        ("<sent>20", "<sent>19", "was sent at"),
        ("<valueName>zone_id", "<valueName>other", "of other zones"),
    ],
)
def test_harm_to_a_message_is_seen(
    faultless: Path, tmp_path: Path, old: str | None, new: str, said: str
) -> None:
    shutil.copytree(faultless / "cap", tmp_path / "cap")
    victim = next(
        path
        for path in sorted((tmp_path / "cap").glob("*.xml"))
        if old is None or old in path.read_text()
    )
    if old is None:
        victim.unlink()
    else:
        victim.write_text(victim.read_text().replace(old, new))
    found = cap_faults(read_record(faultless / "s.sqlite"), tmp_path / "cap", exercise=True)
    assert any(said in text for text in found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[1:], "is lost in CAP, though confirmed"),
        (lambda lines: [*lines, lines[0]], "is told by 2 CAP messages"),
        (lambda lines: [*lines, '["x", 0.0, "", [["none", 0]]]'], "thin air in CAP"),
        (lambda lines: lines[:-1], "stands on no list"),
    ],
)
def test_harm_to_the_list_of_messages_is_seen(
    faultless: Path, tmp_path: Path, change: Callable[[list[str]], list[str]], said: str
) -> None:
    shutil.copytree(faultless / "cap", tmp_path / "cap")
    path = tmp_path / "cap" / "messages.jsonl"
    path.write_text("\n".join(change(path.read_text().splitlines())))
    found = cap_faults(read_record(faultless / "s.sqlite"), tmp_path / "cap", exercise=True)
    assert any(said in text for text in found)


def test_a_message_that_forgets_the_ones_before_is_seen(
    faultless: Path, tmp_path: Path
) -> None:
    shutil.copytree(faultless / "cap", tmp_path / "cap")
    for victim in (tmp_path / "cap").glob("*.xml"):
        head, _, rest = victim.read_text().partition("<references>")
        if rest:
            victim.write_text(head + rest.partition("</references>")[2])
    record = read_record(faultless / "s.sqlite")
    found = list(cap_faults(record, tmp_path / "cap", exercise=True))
    assert any("refers to 0 messages" in text for text in found)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("update journal set kind = 'tick' where kind = 'plots'", "not what was written"),
        ("update alerts set seq = seq + 1", "thin air"),
        ("delete from alerts where state = 'take_cover'", "came down in"),
        ("update alerts set zone_id = 'elsewhere' where step > 0", "of several zones"),
        ("update alerts set zone_id = 'elsewhere'", "warned of thin air"),
    ],
)
def test_harm_to_the_record_is_seen(
    faultless: Path, tmp_path: Path, harm: str, said: str
) -> None:
    folder = tmp_path / "harmed"
    shutil.copytree(faultless, folder)
    with closing(sqlite3.connect(folder / "s.sqlite")) as db, db:
        db.execute(harm)
    assert any(said in text for text in faults(folder))


def test_it_runs_by_itself(faultless: Path) -> None:
    command = [
        *(sys.executable, "-I", "-c"),
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import runpy; "
        "runpy.run_module('checker', run_name='__main__')",
        str(Path(__file__).parent),
        *("s.sqlite", "--cap", "cap", "--sse", "sse", "--exercise"),
        *("--truth", "truth.json", "--zones", "zones.geojson", "--late-s", str(LATE_S)),
    ]
    done = subprocess.run(
        command, cwd=faultless, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith(" 0 faults")


def test_it_imports_nothing_of_the_product() -> None:
    for path in (Path(__file__).parent / "checker").glob("*.py"):
        assert "forewarn" not in path.read_text()


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(values)
def test_its_reader_reads_what_others_pack(value: Any) -> None:
    assert unpacked(msgspec.msgpack.encode(value)) == value
