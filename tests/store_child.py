"""Writer for test_store_kill: forks children that write to a store until they are killed.

Each child recovers like the core does, then appends events and records alerts for ever.
What a call of the store acknowledged it adds to the file `acked`, one line each, in one
write: what a process has written there stays there when it is killed. A kill may tear a
write where a page of the file ends, so each begins its own line and ends it with a mark.
"""

import os
import sys
import time
from pathlib import Path

from forewarn.stores import sqlite_store
from store_load import CHANNELS, GROUP, recover, save, write_group


def write_for_ever(folder: Path, early: bool) -> None:
    """`early` is a planted fault: it acknowledges before it writes."""
    store = sqlite_store(folder / "s.sqlite", CHANNELS)
    acked = os.open(folder / "acked", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def ack(line: str) -> None:
        os.write(acked, f"\n{line};".encode())

    recover(store)
    while True:
        if early:
            ack(f"event {store.last_seq + GROUP}")
            time.sleep(0.01)
        write_group(store, ack)
        if store.last_seq % 20 == 0:
            save(store)
            kept = store.load_snapshot()  # waits until it is down
            ack(f"snapshot {kept[0] if kept else 0}")


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
