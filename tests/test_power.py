"""Power cuts: what a call of the store said is safe is there when the power is back.

FOREWARN_CUTS sets how many (1000 in the suite, 10000 in a campaign). A writer works on a
disk that remembers what was synced; the power is cut at random instants of what it did,
opening, checkpoints and closing included, and of each unsynced write some sectors are lost.
"""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checker.record import read_record, record_faults
from faulty_disk import Disk, faulty
from forewarn.errors import ForewarnError
from forewarn.stores import SqlStore, sqlite_store
from store_load import CHANNELS, load_faults, recover, write_group

CUTS = int(os.environ.get("FOREWARN_CUTS", "1000"))
SEED = int(os.environ.get("FOREWARN_CUTS_SEED", "5"))
CUTS_EACH, GROUPS, EPISODES = 10, 6, 5
Weaken = Callable[[SqlStore], object]


def cut_faults(
    disk: Disk, folder: Path, count: int, weaken: Weaken = lambda store: None
) -> Iterator[tuple[int, list[str]]]:
    """Cut the power so often: for each time its number, and what is wrong then.

    Every few episodes begin with a new store; between them one goes on from what was left.
    """
    rng = random.Random(SEED)
    said: list[str] = []
    left: dict[str, bytes] = {}
    for first in range(0, count, CUTS_EACH):
        if first // CUTS_EACH % EPISODES == 0:
            said, left = [], {}
        place = laid(folder / f"work{first}", left)
        disk.begin(left)
        store = sqlite_store(place / "s.sqlite", CHANNELS)
        weaken(store)
        recover(store)
        for _ in range(GROUPS):
            write_group(store, disk.mark)
        if rng.random() < 0.5:
            store.close()
        episode = list(disk.log)
        for number in range(first, min(first + CUTS_EACH, count)):
            disk.log[:] = episode
            at = rng.randrange(len(episode) + 1)
            left = disk.cut(at, rng, rng.choice([0.0, 0.1, 0.5, 0.9, 1.0]))
            told = [*said, *disk.said(at)]
            yield number, after_faults(laid(folder / f"cut{number}", left), told)
        store.close()
        said = told


def laid(folder: Path, files: dict[str, bytes]) -> Path:
    """The files, in a folder of their own."""
    folder.mkdir()
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return folder


def after_faults(folder: Path, told: list[str]) -> list[str]:
    """Open the store as a restart does, then hold it against what was said to be safe."""
    try:
        sqlite_store(folder / "s.sqlite", CHANNELS).close()
    except ForewarnError as error:
        return [str(error)]
    record = read_record(folder / "s.sqlite")
    return [*record_faults(record, CHANNELS), *load_faults(record, told)]


def test_a_power_cut_takes_nothing_that_was_said_to_be_safe(tmp_path: Path) -> None:
    with faulty(Disk()) as disk:
        for number, found in cut_faults(disk, tmp_path, CUTS):
            assert found == [], f"seed {SEED}, cut {number}"


def normal(store: SqlStore) -> None:
    """A planted fault: a commit does not wait for the disk."""
    store._db.run("pragma synchronous = normal")


@pytest.mark.parametrize(("disk", "weaken"), [(Disk(), normal), (Disk(lies=True), None)])
def test_a_store_that_does_not_wait_for_the_disk_is_found_out(
    tmp_path: Path, disk: Disk, weaken: Weaken | None
) -> None:
    with faulty(disk):
        found = cut_faults(disk, tmp_path, 100, weaken or (lambda store: None))
        assert any(texts for _, texts in found)
