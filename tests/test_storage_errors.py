"""The storage errs at every single call of the path of alerts, and warning goes on.

For each n the n-th write, sync or truncation fails, once or from then on. What the store
says is safe must outlast a power cut, even one that takes all that a failed sync left in
memory; what it cannot keep must be marked.
"""

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from checker.record import Record, read_record, record_faults
from faulty_disk import Disk, faulty
from forewarn.errors import ConfigError, StorageError
from forewarn.files import StoreKeys
from forewarn.pipeline import Store
from forewarn.records import Tick
from forewarn.stores import SqlStore, open_store, read_store, sqlite_store
from forewarn.stores.lasting import LastingStore
from store_load import CHANNELS, GROUP, load_faults, recover, save, write_group

GROUPS = 4


@dataclass
class FailsAt:
    """Fails at the n-th call, and with `lasting` at all behind it until `healed`."""

    n: int
    lasting: bool
    error: type[apsw.Error] = apsw.IOError
    calls: int = 0
    healed: bool = False

    def __call__(self, name: str, kind: str, growth: int) -> None:
        self.calls += 1
        due = self.calls >= self.n if self.lasting else self.calls == self.n
        if due and not self.healed:
            raise self.error(f"{kind} failed")

    @property
    def reached(self) -> bool:
        """Whether the failure has taken place."""
        return self.calls >= self.n


def opened(folder: Path, after: int = 0) -> LastingStore:
    keys = StoreKeys(folder / "s.sqlite")
    return LastingStore(
        lambda again: open_store(keys, CHANNELS, (), again),
        lambda: read_store(keys),
        after,
    )


def work(store: LastingStore, disk: Disk, fault: FailsAt) -> None:
    """Some groups with a failure in them; then the storage heals and is found again."""
    disk.fault = fault

    def ack(line: str) -> None:
        if not store.trouble:
            disk.mark(line)

    for _ in range(GROUPS):
        write_group(store, ack)
    fault.healed = True
    for _ in range(2):
        write_group(store, ack)
        save(store)
    disk.fault = lambda name, kind, growth: None


def left_by_a_power_cut(folder: Path, disk: Disk) -> Record:
    """The store when all that was not synced is gone."""
    folder.mkdir()
    for name, body in disk.cut(len(disk.log), random.Random(1), keep=0.0).items():
        (folder / name).write_bytes(body)
    sqlite_store(folder / "s.sqlite", CHANNELS).close()
    return read_record(folder / "s.sqlite")


def faults_at_each_call(
    folder: Path, lasting: bool, error: type[apsw.Error], read: bool = False
) -> Iterator[tuple[int, Record, list[str]]]:
    """For n = 1, 2, ...: what stands on record in the end, and what is wrong with it.

    read : another program has the store open all the while
    """
    n = 1
    while True:
        with faulty(Disk()) as disk:
            place = folder / f"{n}"
            place.mkdir()
            disk.begin({})
            store = opened(place)
            reader = apsw.Connection(str(place / "s.sqlite"))
            if read:
                assert reader.execute("select count(*) from journal").get == 0
            fault = FailsAt(n, lasting, error)
            work(store, disk, fault)
            assert store.trouble == ""
            store.close()
            record = left_by_a_power_cut(folder / f"{n}-cut", disk)
            reader.close()
            if not fault.reached:
                return
        told = disk.said(len(disk.log))
        yield n, record, [*record_faults(record, CHANNELS), *load_faults(record, told)]
        n += 1


@pytest.mark.parametrize(("error", "read"), [(apsw.IOError, True), (apsw.FullError, False)])
def test_one_failed_call_costs_nothing(
    tmp_path: Path, error: type[apsw.Error], read: bool
) -> None:
    tried = 0
    for n, record, found in faults_at_each_call(tmp_path, False, error, read):
        assert found == [], n
        assert record.gaps == [], n
        assert record.journal[-1].seq == (GROUPS + 2) * GROUP, n
        tried = n
    assert tried > 50


@pytest.mark.parametrize(("error", "read"), [(apsw.IOError, False), (apsw.FullError, True)])
def test_a_storage_that_fails_for_good_leaves_a_marked_gap(
    tmp_path: Path, error: type[apsw.Error], read: bool
) -> None:
    marked = 0
    for n, record, found in faults_at_each_call(tmp_path, True, error, read):
        assert found == [], n
        assert record.journal[-1].seq == (GROUPS + 2) * GROUP, n
        assert len(record.steps) == (GROUPS + 2) * GROUP // 2, n
        marked += len(record.gaps)
        for gap in record.gaps:
            assert gap["first_seq"] <= gap["last_seq"]
            assert gap["forgotten"] == 0
            assert "failed" in gap["cause"]
    assert marked > 50


def test_a_store_that_catches_and_goes_on_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted fault: what failed is opened anew, and taken for done."""

    def write(self: LastingStore, act: Callable[[Store], None]) -> None:
        try:
            act(self._store)
        except StorageError as error:
            self._store = self._next(str(error))

    monkeypatch.setattr(LastingStore, "_write", write)
    tries = faults_at_each_call(tmp_path, False, apsw.IOError)
    assert any("lost" in text for _, _, found in tries for text in found)


def faults_of_one_killed_at_a_failed_call(folder: Path) -> Iterator[list[str]]:
    """Killed as the n-th call fails, started again; then the power is cut."""
    n = 1
    while (moment := moment_of_failure(folder / f"{n}", n)) is not None:
        shown, synced, told = moment
        place = folder / f"{n}-again"
        place.mkdir()
        for name, body in shown.items():
            (place / name).write_bytes(body)
        with faulty(Disk()) as disk:
            disk.begin(synced)
            store = sqlite_store(place / "s.sqlite", CHANNELS)
            recover(store)
            for _ in range(2):
                write_group(store, disk.mark)
            record = left_by_a_power_cut(folder / f"{n}-cut", disk)
            told += disk.said(len(disk.log))
            store.close()
        yield [*record_faults(record, CHANNELS), *load_faults(record, told)]
        n += 1


Files = dict[str, bytes]


def moment_of_failure(folder: Path, n: int) -> tuple[Files, Files, list[str]] | None:
    """What the kernel shows when the n-th call fails, what is synced, what was said."""
    folder.mkdir()
    moments: list[tuple[Files, Files, list[str]]] = []
    with faulty(Disk()) as disk:
        disk.begin({})
        store = sqlite_store(folder / "s.sqlite", CHANNELS)
        fails = FailsAt(n, lasting=False)

        def fault(name: str, kind: str, growth: int) -> None:
            try:
                fails(name, kind, growth)
            except apsw.Error:
                shown = {path.name: path.read_bytes() for path in folder.glob("s.sqlite*")}
                synced = disk.cut(len(disk.log), random.Random(1), keep=0.0)
                moments.append((shown, synced, disk.said(len(disk.log))))
                raise

        disk.fault = fault
        with contextlib.suppress(StorageError):
            for _ in range(2):
                write_group(store, disk.mark)
        store.close()
    return moments[0] if moments else None


def test_what_a_failed_sync_left_is_written_again_at_the_next_start(tmp_path: Path) -> None:
    tried = list(faults_of_one_killed_at_a_failed_call(tmp_path))
    assert [found for found in tried if found] == []
    assert len(tried) > 20


def test_a_start_that_trusts_what_a_failed_sync_left_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forewarn.stores.sqlite._rewrite", lambda db: None)
    tried = faults_of_one_killed_at_a_failed_call(tmp_path)
    assert any("acknowledged" in text for found in tried for text in found)


def test_a_second_failure_within_a_minute_goes_to_memory_at_once(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqlStore, "append", _raise)
        store.append([Tick(1, 1.0)])
        store.append([Tick(2, 2.0)])
    assert "no such disk" in store.trouble
    assert store.last_seq == 2
    store.append([Tick(3, 3.0)])
    save(store)
    assert store.trouble == ""
    store.close()
    (gap,) = read_record(tmp_path / "s.sqlite").gaps
    assert (gap["first_seq"], gap["last_seq"], gap["to_s"]) == (1, 3, 3.0)


def _raise(self: SqlStore, events: object) -> None:
    raise StorageError("no such disk")


def test_who_starts_anew_knows_how_far_the_service_had_come(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.append([Tick(1, 1.0), Tick(2, 2.0)])
    first.close()
    again = opened(tmp_path, after=7)  # 3 to 7 were acted on from memory
    assert again.last_seq == 7
    assert "events 3 to 7 are not on record" in again.trouble
    again.append([Tick(8, 8.0)])
    save(again)
    assert again.trouble == ""
    again.append([Tick(9, 9.0)])
    again.close()
    record = read_record(tmp_path / "s.sqlite")
    assert [row.seq for row in record.journal] == [1, 2, 8, 9]
    assert list(record_faults(record, CHANNELS)) == []


def test_a_store_that_cannot_be_opened_stops_a_first_start_only(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"no store" * 500)
    with pytest.raises(ConfigError, match="cannot be used as a store"):
        opened(tmp_path)
    again = opened(tmp_path, after=7)
    assert "cannot be used as a store" in again.trouble
    assert again.live() == []
    again.append([Tick(8, 8.0)])
    save(again)
    assert "cannot be used as a store" in again.trouble
