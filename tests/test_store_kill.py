"""Kill -9 in the middle of writing: nothing acknowledged is lost, nothing is doubled.

FOREWARN_KILLS sets how often (20 in the suite, 1000 in a campaign). The checker reads a
copy of the file with Python's own SQLite and shares no code with the product.
"""

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

KILLS = int(os.environ.get("FOREWARN_KILLS", "20"))
CHILD = Path(__file__).parent / "store_child.py"
STATES = ("prepare", "take_cover", "all_clear")
Kill = Callable[[float], None]


def faults(folder: Path) -> list[str]:
    """What is wrong with a store, held against what was acknowledged."""
    acked = [line.split() for line in (folder / "acked").read_text().splitlines()]
    copy = folder / "copy"
    copy.mkdir(exist_ok=True)
    for name in ("s.sqlite", "s.sqlite-wal"):
        (copy / name).unlink(missing_ok=True)
        if (folder / name).exists():
            shutil.copy(folder / name, copy / name)
    (copy / "s.sqlite-shm").unlink(missing_ok=True)
    with closing(sqlite3.connect(copy / "s.sqlite")) as db:
        found = [str(row) for row in db.execute("pragma integrity_check") if row != ("ok",)]
        journal = db.execute("select * from journal order by seq").fetchall()
        alerts = db.execute("select alert_id, step, seq, state from alerts").fetchall()
        outbox = db.execute("select channel, alert_id, step, delivered_s from outbox")
        boxed = {(name, key, step): time_s for name, key, step, time_s in outbox}
        saved = db.execute("select seq from snapshot").fetchone()
    newest = len(journal)
    found += _journal_faults(journal)
    found += _alert_faults(alerts, newest)
    steps = {(alert_id, step) for alert_id, step, _, _ in alerts}
    if set(boxed) != {(name, *key) for name in ("cap", "sse") for key in steps}:
        found.append("outbox and alerts do not agree")
    for kind, *what in acked:
        key = (what[0], int(what[-1]))
        if kind == "event" and newest < int(what[0]):
            found.append(f"event {what[0]} was acknowledged, {newest} are on record")
        if kind == "alert" and key not in steps:
            found.append(f"alert {key} was acknowledged and is lost")
        if kind == "carried" and boxed.get(("cap", *key)) is None:
            found.append(f"alert {key} was carried and would be carried again")
        if kind == "snapshot" and (saved is None or saved[0] < int(what[0])):
            found.append(f"snapshot {what[0]} was acknowledged and is lost")
    if saved is not None and saved[0] > newest:
        found.append(f"snapshot {saved[0]} is ahead of the journal")
    return found


def _journal_faults(rows: list[tuple[int, str, float, bytes, bytes]]) -> Iterator[str]:
    chain = bytes(32)
    for row, (seq, kind, received_s, body, kept) in enumerate(rows, 1):
        chain = hashlib.sha256(chain + kind.encode() + b"\0" + body).digest()
        if (seq, kind, received_s, kept) != (row, "tick", row / 8, chain):
            yield f"journal row {row} is {seq}, {kind}, {received_s}"


def _alert_faults(rows: list[tuple[str, int, int, str]], newest: int) -> Iterator[str]:
    """Alerts of the last group may be missing: it was killed. Else all, and no other."""
    due = {
        (f"a{(seq // 2 - 1) // 3}", (seq // 2 - 1) % 3, seq, STATES[(seq // 2 - 1) % 3])
        for seq in range(2, newest + 1, 2)
    }
    if len(rows) != len(set(rows)):
        yield "an alert is doubled"
    yield from (f"alert {row} came out of thin air" for row in set(rows) - due)
    late = {row for row in due if row[2] > newest - 5}
    yield from (f"alert {row} is lost" for row in due - late - set(rows))


@contextmanager
def killer(folder: Path, *planted: str) -> Iterator[Kill]:
    """Starts a writer and kills it after some seconds, as often as called."""
    command = [sys.executable, str(CHILD), str(folder), *planted]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as forks:
        assert forks.stdin is not None
        assert forks.stdout is not None

        def kill(after_s: float) -> None:
            print("write", file=forks.stdin, flush=True)
            child = int(forks.stdout.readline())
            time.sleep(after_s)
            os.kill(child, signal.SIGKILL)
            assert forks.stdout.readline().strip() == str(-signal.SIGKILL)

        yield kill
        forks.stdin.close()


def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    rng = random.Random(5)
    with killer(tmp_path) as kill:
        kill(0.3)
        for _ in range(KILLS):
            kill(rng.random() * 0.08)
            assert faults(tmp_path) == []
    assert (tmp_path / "acked").read_text().count("\n") > 5 * KILLS


def test_a_writer_that_acknowledges_too_early_is_found_out(tmp_path: Path) -> None:
    with killer(tmp_path, "early") as kill:
        kill(0.3)
        for _ in range(20):
            kill(0.05)
            if faults(tmp_path):
                return
    pytest.fail("the harness would not have noticed a store that loses events")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            "delete from journal where seq > (select max(seq) - 6 from journal)",
            "acknowledged",
        ),
        ("delete from journal where seq = 3", "journal row 3 is 4"),
        ("update journal set body = x'00' where seq = 4", "journal row 4"),
        ("delete from alerts where alert_id = 'a0' and step = 1", "lost"),
        ("update alerts set seq = 4 where alert_id = 'a0' and step = 2", "thin air"),
        ("delete from outbox where channel = 'sse' and step = 0", "do not agree"),
        ("update outbox set delivered_s = null where channel = 'cap'", "carried again"),
        ("delete from snapshot", "snapshot"),
    ],
)
def test_the_checker_sees_each_harm(tmp_path: Path, harm: str, said: str) -> None:
    with killer(tmp_path) as kill:
        kill(0.3)
    assert faults(tmp_path) == []
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as db, db:
        db.execute(harm)
    assert any(said in fault for fault in faults(tmp_path))
