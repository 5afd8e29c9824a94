"""The record in one SQLite file.

WAL with synchronous=FULL: what a call wrote is safe when it returns. One writer, held to
it by a lock.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

from forewarn.errors import ConfigError, StorageError
from forewarn.stores.schema import TABLES, Row

# below it a fault of write-ahead logging may corrupt a file that two connections share
OLDEST_SQLITE = (3, 51, 3)
WHOLE_CHECK_BYTES = 512_000_000  # read in about a second; a raid waits for no longer check
LOCK_WAIT_S = 10.0  # a core whose shell was killed lets go within half of that
_TYPES = {
    "integer": "integer not null",
    "real": "real not null",
    "real?": "real",
    "text": "text not null",
    "blob": "blob not null",
}


class SqliteDatabase:
    """SQL of a store, run by SQLite. Without `writes` it reads beside a writer.

    again : it was open a moment ago, and failed: nothing here may take long
    """

    def __init__(self, path: Path, writes: bool, again: bool = False) -> None:
        version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
        if version < OLDEST_SQLITE:
            raise ConfigError(f"SQLite is {version}, this build needs {OLDEST_SQLITE}")
        self.where = str(path)
        self._lock = _locked(path, 0.0 if again else LOCK_WAIT_S) if writes else -1
        try:
            self.connection = _opened(path, again) if writes else _opened_to_read(path)
        except BaseException:
            self._unlock()
            raise

    def close(self) -> None:
        """Let go of the file."""
        _shut(self.connection)
        self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @contextlib.contextmanager
    def durable(self) -> Iterator[None]:
        """One transaction, safe at the end; after an error, the end of this connection."""
        self.run("begin immediate")
        try:
            yield
        except StorageError:
            raise
        except BaseException:  # not the storage's doing: nothing of it stays
            self.run("rollback")
            raise
        self.run("commit")

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """What is read within is of one moment."""
        self.run("begin")
        try:
            yield
        finally:
            self.run("rollback")

    def run(self, sql: str, **values: Any) -> list[Row]:
        """One statement, its rows."""
        with self._failing():
            return self.connection.execute(sql, values).fetchall()

    def insert(self, table: str, rows: Sequence[Row], told: str = "") -> list[Row]:
        """Rows into a table; see `Database`."""
        places = ", ".join("?" for _ in TABLES[table].columns)
        kept = f" on conflict do nothing returning {told}" if told else ""
        sql = f"insert into {table} values({places}){kept}"
        with self._failing():
            return self.connection.executemany(sql, rows).fetchall()

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """A failure is the end of this connection."""
        try:
            yield
        except apsw.Error as error:
            self.close()
            raise StorageError(f"{self.where}: {error}") from error

    def create(self, table: str) -> None:
        """Make a table where there is none."""
        made = TABLES[table]
        columns = [f"{name} {_TYPES[kind]}" for name, kind in made.columns.items()]
        # rows that grow at their end are found by their number, others by their key
        found_by_key = made.columns[made.key[0]] == "text"
        self.run(
            f"create table if not exists {table}({', '.join(columns)}, "
            f"primary key({', '.join(made.key)})) strict"
            + (", without rowid" if found_by_key else "")
        )

    def has(self, table: str) -> bool:
        """Whether this table is there."""
        return self.connection.table_exists("main", table)


def _shut(db: apsw.Connection) -> None:
    with contextlib.suppress(apsw.Error):  # it is closed, whatever failed meanwhile
        db.close()


def _locked(path: Path, wait_s: float) -> int:
    """Hold the one lock of this store: two writers would number events twice."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be used as a store: {error}") from None
    until_s = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError:
            if time.monotonic() > until_s:
                os.close(lock)
                raise ConfigError(f"{path}: another service writes to this store") from None
            time.sleep(0.05)


def _opened(path: Path, again: bool) -> apsw.Connection:
    """A sound file, set so that what is written stays written."""
    try:
        path.touch(mode=0o600)  # it tells what sensors see: nobody else's to read
        db = apsw.Connection(str(path))
    except (apsw.Error, OSError) as error:
        raise ConfigError(f"{path}: cannot be used as a store: {error}") from None
    try:
        _prepare(db, path, again)
    except BaseException:
        _shut(db)
        raise
    return db


def _prepare(db: apsw.Connection, path: Path, again: bool) -> None:
    try:
        db.set_busy_timeout(5000)
        mode = db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        _rewrite(db)
        if again and db.table_exists("main", "meta"):
            db.execute("update meta set value = value")  # a full disk shows at once
        found = _damage(db, path.stat().st_size)
    except (apsw.Error, OSError) as error:
        raise ConfigError(f"{path}: cannot be used as a store: {error}") from None
    if mode != "wal":
        raise ConfigError(f"{path}: journal mode is {mode}; the file system must allow wal")
    if found:
        raise ConfigError(f"{path}: is damaged: {found}; restore a backup")


def _rewrite(db: apsw.Connection) -> None:
    """Put all that the log holds into the file, and begin a new log.

    After a failed fsync the kernel takes pages that never reached the disk for written. If
    the process died then, such a page may be in the log; after a power cut the log would
    end there, whatever had been synced behind it. While somebody reads, it stays as it is.
    """
    db.execute("pragma wal_checkpoint(truncate)").fetchall()


def _opened_to_read(path: Path) -> apsw.Connection:
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        db.set_busy_timeout(5000)
        db.execute("select count(*) from sqlite_master")
    except apsw.Error as error:
        raise ConfigError(f"{path}: cannot be read as a store: {error}") from None
    return db


def _damage(db: apsw.Connection, size_bytes: int) -> str:
    """What SQLite finds wrong with the file, "" for nothing.

    Of a large file without its journal, which may hold months: `verify` walks that.
    """
    checks = ["quick_check"]
    try:
        if size_bytes > WHOLE_CHECK_BYTES:
            names = [name for name in TABLES if db.table_exists("main", name)]
            checks = [f"quick_check({name})" for name in names if name != "journal"]
        found = [text for check in checks for (text,) in db.execute(f"pragma {check}")]
    except apsw.CorruptError as error:
        return str(error)
    return next((text for text in found if text != "ok"), "")
