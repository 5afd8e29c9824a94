"""Where the newest snapshot lies: beside an SQLite file, or in a table of PostgreSQL.

With a thousand tracks a snapshot takes megabytes. In the file of the journal it would hold
up the path of alerts for tens of milliseconds; beside it the core only copies arrays.
"""

import os
import threading
from pathlib import Path
from typing import Protocol

import numpy as np

from forewarn.errors import StorageError
from forewarn.pipeline import Memory
from forewarn.stores.codec import decode_memory, encode_memory
from forewarn.stores.schema import Database

SEQ = "snapshot_seq"


def beside(store: Path) -> Path:
    """Where the snapshot of a store in a file lies."""
    return Path(f"{store}.snapshot")


class Snapshots(Protocol):
    """Keeps the newest snapshot; saved_seq: of the last event in one that is safe."""

    saved_seq: int

    def save(self, seq: int, memory: Memory) -> None: ...

    def write(self, seq: int, memory: Memory) -> None: ...

    def load(self) -> tuple[int, Memory] | None: ...

    def wait(self, limit_s: float | None = None) -> None: ...


class SnapshotTable:
    """In the database, in a transaction of its own."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.saved_seq = 0

    def save(self, seq: int, memory: Memory) -> None:
        """Replace the snapshot."""
        self.write(seq, memory)

    def write(self, seq: int, memory: Memory) -> None:
        """Replace the snapshot; it is safe on return."""
        with self._db.durable():
            self._db.run("delete from snapshot")
            self._db.insert("snapshot", [(1, seq, encode_memory(memory))])
        self.saved_seq = seq

    def load(self) -> tuple[int, Memory] | None:
        """Number of the last event in the snapshot, and the memory after it."""
        rows = self._db.run("select seq, body from snapshot")
        if not rows:
            return None
        self.saved_seq, body = rows[0]
        return self.saved_seq, decode_memory(body)

    def wait(self, limit_s: float | None = None) -> None:
        """Nothing is under way behind a call."""


class SnapshotFile:
    """Whole or absent, whatever happens while it is written. One writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.saved_seq = 0
        self._writing: threading.Thread | None = None
        self._handing = threading.Lock()
        self._due: tuple[int, Memory] | None = None
        self._error = ""

    def save(self, seq: int, memory: Memory) -> None:
        """Begin to replace the snapshot; of those that wait meanwhile the newest counts.

        A failure is told by the next call: until then the snapshot before stands.
        """
        copied = {name: np.array(array) for name, array in memory.items()}
        with self._handing:
            self._due = seq, copied
            error, self._error = self._error, ""
            if self._writing is None:
                self._writing = threading.Thread(target=self._write_due)
                self._writing.start()
        if error:
            raise StorageError(error)

    def _write_due(self) -> None:
        while True:
            with self._handing:
                if self._due is None:
                    self._writing = None
                    return
                due, self._due = self._due, None
            try:
                self.write(*due)
            except StorageError as error:
                self._error = str(error)

    def write(self, seq: int, memory: Memory) -> None:
        """Replace the snapshot; it is safe on return."""
        half = Path(f"{self._path}.part")
        body = encode_memory({**memory, SEQ: np.array(seq)})
        try:
            with open(half, "wb", opener=_private) as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            half.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be written: {error}") from None
        self.saved_seq = seq

    def load(self) -> tuple[int, Memory] | None:
        """Number of the last event in the snapshot, and the memory after it."""
        self.wait()
        try:
            body = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be read: {error}") from None
        memory = decode_memory(body)
        self.saved_seq = int(memory.pop(SEQ))
        return self.saved_seq, memory

    def wait(self, limit_s: float | None = None) -> None:
        """Until what was begun is done, or so many seconds."""
        with self._handing:
            writing = self._writing
        if writing is not None:
            writing.join(limit_s)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
