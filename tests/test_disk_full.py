"""The disk is full in mid-raid: every alert goes out, none twice, and the gap is marked.

FOREWARN_FULL sets how often at random instants (3 in the suite, more in a campaign), each
time held against a run that nobody disturbed; then once through the whole service, whose
core really cannot write any more, with a subscriber and CAP files.
"""

import asyncio
import os
import random
import resource
import time
from pathlib import Path
from typing import Any

import apsw
import pytest

from checker.record import read_record, record_faults
from faulty_disk import Disk, faulty
from forewarn.records import Parcel
from forewarn.stores.memory import MemoryStore
from live_raid import LiveRaid
from small_raid import CHANNELS, Flown, core_of, drawn, lasting, site

TIMES = int(os.environ.get("FOREWARN_FULL", "3"))
SEED = int(os.environ.get("FOREWARN_FULL_SEED", "3"))


@pytest.fixture(scope="module")
def flown() -> Flown:
    return drawn()


def full(name: str, kind: str, growth: int) -> None:
    """No file can grow any more."""
    if growth > 0:
        raise apsw.FullError("disk is full")


def fly(folder: Path, flown: Flown, from_: int, until: int) -> list[Parcel]:
    """What goes out in a raid when the disk is full between two of its events."""
    where = site(folder)
    out: list[Parcel] = []
    with faulty(Disk()) as disk:
        store = lasting(where)
        core = core_of(where, flown.sensors, store=store)
        for number, event in enumerate(flown.events):
            disk.log.clear()
            disk.fault = full if from_ <= number < until else lambda *_: None
            _, parcels = core.handle([event])
            out += parcels
            store.delivered("cap", [parcel.key for parcel in parcels], 1.0)
        assert store.trouble == ""
        assert store.pending("cap") == []
        store.close()
    return out


def said(parcels: list[Parcel]) -> list[tuple[str, Any, tuple[float, ...]]]:
    """All that a channel is given, comparable: nan as text."""
    return [(repr(one.alert), one.texts, one.earlier_s) for one in parcels]


def test_a_raid_with_a_full_disk_is_told_as_one_without(
    flown: Flown, tmp_path: Path
) -> None:
    rng = random.Random(SEED)
    last = len(flown.events)
    undisturbed = said(fly(tmp_path, flown, last, last))
    assert len(undisturbed) > 50
    spans = [(0, last - 30)]  # throughout
    spans += [tuple(sorted(rng.sample(range(last - 30), 2))) for _ in range(TIMES - 1)]
    for number, (from_, until) in enumerate(spans):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        assert said(fly(folder, flown, from_, until)) == undisturbed, (SEED, from_, until)
        record = read_record(folder / "s.sqlite")
        assert list(record_faults(record, CHANNELS)) == [], (from_, until)
        assert len(record.steps) == len(undisturbed)
        late = sum(gap["steps"] for gap in record.gaps)
        assert number or (late > 50 and len(record.gaps) == 1)


def test_a_store_that_keeps_nothing_meanwhile_is_found_out(
    flown: Flown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted fault: what goes out from memory never comes on record."""
    monkeypatch.setattr(MemoryStore, "record", lambda *_: None)
    out = fly(tmp_path, flown, len(flown.events) // 4, len(flown.events) - 30)
    record = read_record(tmp_path / "s.sqlite")
    assert len(record.steps) < len(out)


async def fill_the_disk(flight: LiveRaid) -> None:
    """From the first alert on the core can write nothing more, until the raid is over."""
    while not flight.board.alerts:
        await asyncio.sleep(0.02)
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(flight.core_pid, resource.RLIMIT_FSIZE, (0, unlimited[1]))
    filled_s = time.monotonic()
    while flight.board.service != "degraded":
        await asyncio.sleep(0.02)
        assert time.monotonic() < filled_s + 5.0
    while flight.source.now_s() < flight.source.over_s - 60.0:
        assert flight.board.service == "degraded"
        assert flight.board.detail.startswith("not recorded: ")
        await asyncio.sleep(0.02)
    resource.prlimit(flight.core_pid, resource.RLIMIT_FSIZE, unlimited)
    while flight.board.service != "live":
        await asyncio.sleep(0.02)


def test_the_whole_service_warns_on_with_a_full_disk_and_says_so(tmp_path: Path) -> None:
    flight = LiveRaid(tmp_path, fill_the_disk)
    asyncio.run(flight.fly())
    assert flight.faults() == []
    (gap,) = read_record(flight.site.store.path).gaps
    assert gap["steps"] > 20
    assert gap["forgotten"] == 0
    assert '"degraded"' in (tmp_path / "sse").read_text()
