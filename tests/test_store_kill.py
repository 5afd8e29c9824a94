"""Kill -9 in the middle of writing: nothing acknowledged is lost, nothing is doubled.

FOREWARN_KILLS sets how often (50 in the suite, 1000 in a campaign).
"""

import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from checker.record import read_record, record_faults
from store_load import CHANNELS, load_faults

KILLS = int(os.environ.get("FOREWARN_KILLS", "50"))
CHILD = Path(__file__).parent / "store_child.py"
Kill = Callable[[float], None]


def faults(folder: Path) -> list[str]:
    """What is wrong with a store, held against what was acknowledged."""
    told = (folder / "acked").read_text().splitlines()
    acked = [line[:-1] for line in told if line.endswith(";")]  # others are torn
    record = read_record(folder / "s.sqlite")
    found = [*record_faults(record, CHANNELS), *load_faults(record, acked)]
    saved = saved_seq(folder / "s.sqlite.snapshot")
    if any(line.startswith("snapshot") and saved < int(line[9:]) for line in acked):
        found.append(f"snapshot {saved} is older than one that was acknowledged")
    if saved > max((row.seq for row in record.journal), default=0):
        found.append(f"snapshot {saved} is ahead of the journal")
    return found


def saved_seq(path: Path) -> int:
    """Number of the last event in a snapshot, 0 without one."""
    if not path.exists():
        return 0
    with zipfile.ZipFile(path) as kept:
        return int(struct.unpack("<q", kept.read("snapshot_seq.npy")[-8:])[0])


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


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store that was killed once."""
    folder = tmp_path_factory.mktemp("written")
    with killer(folder) as kill:
        kill(0.3)
    assert faults(folder) == []
    return folder


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            "delete from journal where seq > (select max(seq) - 6 from journal)",
            "acknowledged",
        ),
        ("delete from journal where seq = 3", "journal row 4"),
        ("update journal set body = x'00' where seq = 4", "journal row 4"),
        ("update journal set received_s = 9e9 where seq = 4", "earlier time"),
        ("delete from alerts where alert_id = 'a0' and step = 1", "is lost"),
        ("update alerts set step = 7 where alert_id = 'a0' and step = 2", "thin air"),
        ("update alerts set zone_id = 'z0', state = 'stay'", "at once"),
        ("update alerts set state = 'all_clear' where step = 1", "after its end"),
        ("delete from outbox where channel = 'sse' and step = 0", "do not agree"),
        ("update outbox set delivered_s = null where channel = 'cap'", "carried again"),
    ],
)
def test_the_checker_sees_each_harm(
    written: Path, tmp_path: Path, harm: str, said: str
) -> None:
    for path in written.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as db, db:
        db.execute(harm)
    assert any(said in fault for fault in faults(tmp_path))


def test_a_lost_snapshot_is_seen(written: Path, tmp_path: Path) -> None:
    for path in written.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "s.sqlite.snapshot").unlink()
    assert any("snapshot" in fault for fault in faults(tmp_path))
