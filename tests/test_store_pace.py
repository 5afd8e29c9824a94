"""What waiting for the disk costs the path of alerts. `pytest -s` prints it.

Bounds are on the median: other programs share the disk that this runs on.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from forewarn.stores import sqlite_store
from store_load import CHANNELS, answer, event

GROUPED_MS = 20.0  # no event waits longer to be durable
TRACKS_BYTES = 10_000_000  # a snapshot of a thousand tracks


def took(act: Callable[[], object]) -> float:
    """Milliseconds."""
    begun_s = time.perf_counter()
    act()
    return 1e3 * (time.perf_counter() - begun_s)


def told(name: str, ms: list[float]) -> float:
    """Print what it took; returns the median."""
    median, p99 = np.percentile(ms, [50, 99])
    print(f"{name}: median {median:.2f} ms, p99 {p99:.2f} ms, longest {max(ms):.2f} ms")
    return float(median)


def test_events_and_alerts_are_durable_within_the_bound(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path / "s.sqlite", CHANNELS)
    single, group, record = [], [], []
    for _ in range(100):
        for size, ms in ((1, single), (64, group)):
            last = store.last_seq
            events = [event(last + k) for k in range(1, size + 1)]
            ms.append(took(lambda events=events: store.append(events)))
        found = answer(store.last_seq - store.last_seq % 2)
        record.append(took(lambda found=found: store.record([found], {})))
    store.close()
    assert told("one event journalled", single) < GROUPED_MS
    assert told("64 events journalled together", group) < GROUPED_MS
    assert told("an alert and its outbox rows recorded", record) < GROUPED_MS


def test_a_snapshot_of_a_thousand_tracks_hardly_holds_up_the_path(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path / "s.sqlite", CHANNELS)
    row = np.random.default_rng(1).random(TRACKS_BYTES // 80)
    memory = {f"{i}": row for i in range(10)}
    save, beside = [], []
    for _ in range(5):
        save.append(took(lambda: store.save(store.last_seq, memory)))
        for _ in range(20):
            one = event(store.last_seq + 1)
            beside.append(took(lambda one=one: store.append([one])))
    store.close()
    assert told("handing over a snapshot of 10 MB", save) < GROUPED_MS
    assert told("one event journalled while it is written", beside) < GROUPED_MS
