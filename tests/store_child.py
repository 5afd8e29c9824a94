"""Writer for test_store_kill: forks children that write to a store until they are killed.

Each child recovers like the core does, then appends events and records alerts for ever.
What a call of the store acknowledged it adds to the file `acked`, one line each, in one
write: what a process has written there stays there when it is killed.
"""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forewarn.records import Alert, AlertState, Tick
from forewarn.stores import sqlite_store

GROUP = 5
CHANNELS = ("cap", "sse")
STATES = (AlertState.PREPARE, AlertState.TAKE_COVER, AlertState.ALL_CLEAR)


@dataclass(frozen=True)
class Answer:
    """The part of an outcome that a store looks at."""

    alerts: tuple[Alert, ...]


def answer(seq: int) -> Answer:
    """Every second event moves one alert on; three steps are a life."""
    if seq % 2:
        return Answer(())
    life, step = divmod(seq // 2 - 1, 3)
    nan = float("nan")
    return Answer(
        (
            Alert(
                f"a{life}", step, seq, f"z{life}", STATES[step], float(seq), nan, nan,
                0.1, 0.01, 5.0, "rocket", ("T1",), ("north",), "threat",
            ),
        )
    )  # fmt: skip


def write_for_ever(folder: Path, early: bool) -> None:
    """`early` is a planted fault: it acknowledges before it writes."""
    store = sqlite_store(folder / "s.sqlite", CHANNELS)
    acked = os.open(folder / "acked", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def ack(line: str) -> None:
        os.write(acked, f"{line}\n".encode())

    kept = store.load_snapshot()
    done = kept[0] if kept else 0
    assert kept is None or kept[1]["sum"] == done * (done + 1) // 2
    for event in list(store.events_after(done)):
        store.record([answer(event.seq)], {})
    while True:
        seq = store.last_seq
        events = [Tick(seq + k, (seq + k) / 8) for k in range(1, GROUP + 1)]
        if early:
            ack(f"event {seq + GROUP}")
            time.sleep(0.01)
        store.append(events)
        ack(f"event {seq + GROUP}")
        answers = [answer(event.seq) for event in events]
        store.record(answers, {})
        steps = [alert for found in answers for alert in found.alerts]
        for alert in steps:
            ack(f"alert {alert.alert_id} {alert.step}")
        store.delivered("cap", [(a.alert_id, a.step) for a in steps], float(seq))
        for alert in steps:
            ack(f"carried {alert.alert_id} {alert.step}")
        last = store.last_seq
        if last % 20 == 0:
            store.save(last, {"sum": np.array(last * (last + 1) // 2)})
            ack(f"snapshot {last}")


def main() -> None:
    """For every line on stdin: fork a child, say its number, say when it is dead."""
    folder = Path(sys.argv[1])
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                write_for_ever(folder, early="early" in sys.argv)
            finally:
                os._exit(1)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
