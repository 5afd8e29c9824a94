"""The durable record in one SQLite file: journal, alerts, outbox; the snapshot beside it.

WAL with synchronous=FULL: what a call wrote is safe when it returns. One writer, held to
it by a lock. The journal is a hash chain, so that nobody rewrites it unseen.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from forewarn.errors import ConfigError, StorageError
from forewarn.pipeline import Memory
from forewarn.records import LIVE_STATES, Alert, Event, Gap, Outcome
from forewarn.stores.codec import (
    decode_alert,
    decode_event,
    decode_gap,
    encode_alert,
    encode_event,
    encode_gap,
)
from forewarn.stores.memory import Carried, Steps
from forewarn.stores.snapshot import SnapshotFile

SCHEMA = 1
# below it a fault of write-ahead logging may corrupt a file that two connections share
OLDEST_SQLITE = (3, 51, 3)
GENESIS = b"\0" * 32
GAP = "gap"  # kind of a row that stands for events that are not on record
WHOLE_CHECK_BYTES = 512_000_000  # read in about a second; a raid waits for no longer check
LOCK_WAIT_S = 10.0  # a core whose shell was killed lets go within half of that
_TABLES = """
create table if not exists meta(name text primary key, value any) strict, without rowid;
create table if not exists journal(
    seq integer primary key, kind text not null, received_s real not null,
    body blob not null, chain blob not null) strict;
create table if not exists alerts(
    alert_id text not null, step integer not null, seq integer not null,
    zone_id text not null, state text not null, body blob not null,
    primary key(alert_id, step)) strict, without rowid;
create index if not exists alerts_by_zone on alerts(zone_id, seq);
create table if not exists outbox(
    channel text not null, alert_id text not null, step integer not null,
    delivered_s real, primary key(channel, alert_id, step)) strict, without rowid;
create index if not exists outbox_open on outbox(channel) where delivered_s is null;
"""
Texts = Mapping[str, Mapping[str, str]]
Newest = tuple[int, float, bytes]  # number, received_s and link of the last event


class SqliteStore:
    """Journal first, alerts before they are sent. Each call is one durable transaction.

    again : it was open a moment ago, and failed: nothing here may take long
    """

    def __init__(
        self, path: Path, channels: Sequence[str] = (), again: bool = False
    ) -> None:
        version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
        if version < OLDEST_SQLITE:
            raise ConfigError(f"SQLite is {version}, this build needs {OLDEST_SQLITE}")
        self._path = path
        self._channels = tuple(channels)
        self._snapshot = SnapshotFile(Path(f"{path}.snapshot"))
        self.contradicted = 0
        self._lock = _locked(path, 0.0 if again else LOCK_WAIT_S)
        try:
            self._db, newest = _opened(path, again)
        except BaseException:
            os.close(self._lock)
            raise
        self._last_seq, self._last_s, self._chain = newest

    def close(self) -> None:
        """Let go of the file."""
        self._snapshot.wait()
        _shut(self._db)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @contextlib.contextmanager
    def _durable(self) -> Iterator[None]:
        """One transaction, safe at the end; after an error, the end of this store."""
        try:
            self._db.execute("begin immediate")
            try:
                yield
            except apsw.Error:
                raise
            except BaseException:  # not the storage's doing: nothing of it stays
                self._db.execute("rollback")
                raise
            self._db.execute("commit")
        except apsw.Error as error:
            self.close()
            raise StorageError(f"{self._path}: {error}") from error

    @property
    def last_seq(self) -> int:
        """Number of the newest event on record."""
        return self._last_seq

    @property
    def last_s(self) -> float:
        """received_s of that event; minus infinity where there is none."""
        return self._last_s

    def append(self, events: Sequence[Event]) -> None:
        """Put numbered events on record, all or none."""
        if not events:
            return
        rows = []
        chain, last = self._chain, self._last_seq
        for event in events:
            if event.seq != last + 1:
                raise ConfigError(f"journal: event {event.seq} after {last}: a gap")
            kind, body = encode_event(event)
            chain = _link(chain, kind, body)
            rows.append((event.seq, kind, event.received_s, body, chain))
            last = event.seq
        with self._durable():
            self._journal(rows)
        self._last_seq, self._last_s, self._chain = last, events[-1].received_s, chain

    def _journal(self, rows: Sequence[tuple[int, str, float, bytes, bytes]]) -> None:
        self._db.executemany("insert into journal values(?, ?, ?, ?, ?)", rows)

    def record(self, outcomes: Sequence[Outcome], texts: Texts) -> None:
        """Put alerts and their outbox rows on record, together; what stands there stays.

        texts : by "zone_id" of each alert, by language
        A step that stands there with other words or numbers is counted in `contradicted`.
        """
        alerts = [alert for outcome in outcomes for alert in outcome.alerts]
        if not alerts:
            return
        with self._durable():
            for alert in alerts:
                self._put(alert, texts.get(alert.zone_id, {}))

    def _put(self, alert: Alert, texts: Mapping[str, str]) -> None:
        """One step and its outbox rows, within a transaction."""
        key = (alert.alert_id, alert.step)
        body = encode_alert(alert, texts)
        self._db.execute(
            "insert or ignore into alerts values(?, ?, ?, ?, ?, ?)",
            (*key, alert.seq, alert.zone_id, str(alert.state), body),
        )
        if not self._db.changes():
            kept = self._db.execute(
                "select body from alerts where alert_id = ? and step = ?", key
            ).get
            # what went out cannot be taken back; that it would now be another is a fault
            self.contradicted += kept != body
        self._db.executemany(
            "insert or ignore into outbox values(?, ?, ?, null)",
            ((name, *key) for name in self._channels),
        )

    def save(self, seq: int, memory: Memory) -> None:
        """Begin to replace the snapshot; the path of alerts does not wait for it."""
        self._snapshot.save(seq, memory)

    def resume(self, gap: Gap, steps: Steps, carried: Carried, memory: Memory) -> None:
        """Go on after a stretch that could not be written: mark it, record its alerts.

        The snapshot comes first: whoever dies in between finds it ahead of the journal.
        """
        self._snapshot.write(gap.last_seq, memory)
        body = encode_gap(gap)
        chain = _link(self._chain, GAP, body)
        with self._durable():
            self._journal([(gap.last_seq, GAP, gap.to_s, body, chain)])
            for alert, texts in steps:
                self._put(alert, texts)
            self._db.executemany(
                "update outbox set delivered_s = ? "
                "where channel = ? and alert_id = ? and step = ?",
                [(time_s, channel, *key) for (channel, key), time_s in carried.items()],
            )
        self._last_seq, self._last_s, self._chain = gap.last_seq, gap.to_s, chain

    def load_snapshot(self) -> tuple[int, Memory] | None:
        """Number of the last event in the snapshot, and the memory after it."""
        return self._snapshot.load()

    def events_after(self, seq: int) -> Iterator[Event]:
        """Journalled events after a number, in order; gaps are passed over."""
        for kind, body in self._rows(
            "select kind, body from journal where seq > ? and kind <> ? order by seq",
            (seq, GAP),
        ):
            yield decode_event(kind, body)

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> Iterator[Any]:
        with _storage(self._path):
            yield from self._db.execute(query, values)

    def gaps(self) -> list[Gap]:
        """Stretches that are not on record, in order."""
        rows = self._rows("select body from journal where kind = ? order by seq", (GAP,))
        return [decode_gap(body) for (body,) in rows]

    def live(self) -> list[tuple[Alert, dict[str, str]]]:
        """The latest step of every alert that has not ended."""
        rows = self._rows(
            "select body from alerts as one where state in (select value from json_each(?))"
            " and step = (select max(step) from alerts where alert_id = one.alert_id)"
            " order by seq, alert_id",
            (json.dumps(sorted(LIVE_STATES)),),
        )
        return [decode_alert(body) for (body,) in rows]

    def alerts(self) -> list[Alert]:
        """Every step on record, in order."""
        rows = self._rows("select body from alerts order by seq, alert_id, step")
        return [decode_alert(body)[0] for (body,) in rows]

    def issued_s(self, alert_id: str) -> tuple[float, ...]:
        """Times of all steps of an alert so far."""
        rows = self._rows(
            "select body from alerts where alert_id = ? order by step", (alert_id,)
        )
        return tuple(decode_alert(body)[0].issued_s for (body,) in rows)

    def pending(self, channel: str) -> list[tuple[Alert, dict[str, str]]]:
        """Alerts on record that a channel has not confirmed, oldest first."""
        rows = self._rows(
            "select body from outbox join alerts using(alert_id, step) "
            "where channel = ? and delivered_s is null order by seq, alert_id, step",
            (channel,),
        )
        return [decode_alert(body) for (body,) in rows]

    def delivered(
        self, channel: str, keys: Sequence[tuple[str, int]], time_s: float
    ) -> None:
        """A channel has carried these (alert_id, step)."""
        with self._durable():
            self._db.executemany(
                "update outbox set delivered_s = ? "
                "where channel = ? and alert_id = ? and step = ?",
                [(time_s, channel, alert_id, step) for alert_id, step in keys],
            )

    def verify(self) -> int:
        """Walk the hash chain; returns the events on record, or says where it is broken."""
        chain, count, last = GENESIS, 0, 0
        for seq, kind, body, kept in self._rows(
            "select seq, kind, body, chain from journal order by seq"
        ):
            chain = _link(chain, kind, body)
            first = decode_gap(body).first_seq if kind == GAP and chain == kept else seq
            if chain != kept or first != last + 1:
                raise ConfigError(f"journal: event {seq} is not what was written")
            count += kind != GAP
            last = seq
        return count


def _link(chain: bytes, kind: str, body: bytes) -> bytes:
    return hashlib.sha256(chain + kind.encode() + b"\0" + body).digest()


@contextlib.contextmanager
def _storage(path: Path) -> Iterator[None]:
    """Reading that fails is told as what it is."""
    try:
        yield
    except apsw.Error as error:
        raise StorageError(f"{path}: {error}") from error


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


def _opened(path: Path, again: bool) -> tuple[apsw.Connection, Newest]:
    try:
        path.touch(mode=0o600)  # it tells what sensors see: nobody else's to read
        db = apsw.Connection(str(path))
    except (apsw.Error, OSError) as error:
        raise ConfigError(f"{path}: cannot be used as a store: {error}") from None
    try:
        _prepare(db, path, again)
        with _storage(path):
            row = db.execute(
                "select seq, received_s, chain from journal order by seq desc limit 1"
            ).get
    except BaseException:
        _shut(db)
        raise
    return db, row or (0, float("-inf"), GENESIS)


def _shut(db: apsw.Connection) -> None:
    with contextlib.suppress(apsw.Error):  # it is closed, whatever failed meanwhile
        db.close()


def _prepare(db: apsw.Connection, path: Path, again: bool) -> None:
    """See that it is sound and of this schema, and that what is written stays written."""
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
    with _storage(path):
        old = db.execute("select count(*) from sqlite_master where name='meta'").get
        kept = db.execute("select value from meta where name='schema'").get if old else None
        if old and kept != SCHEMA:
            raise ConfigError(
                f"{path}: is a store of schema {kept}, this build knows {SCHEMA}"
            )
        if not old:
            with db:
                db.execute(_TABLES)
                db.execute("insert into meta values('schema', ?)", (SCHEMA,))


def _rewrite(db: apsw.Connection) -> None:
    """Put all that the log holds into the file, and begin a new log.

    After a failed fsync the kernel takes pages that never reached the disk for written. If
    the process died then, such a page may be in the log; after a power cut the log would
    end there, whatever had been synced behind it. While somebody reads, it stays as it is.
    """
    db.execute("pragma wal_checkpoint(truncate)").fetchall()


def _damage(db: apsw.Connection, size_bytes: int) -> str:
    """What SQLite finds wrong with the file, "" for nothing.

    Of a large file without its journal, which may hold months: `verify` walks that.
    """
    checks = ["quick_check"]
    if size_bytes > WHOLE_CHECK_BYTES:
        checks = [f"quick_check({name})" for name in ("meta", "alerts", "outbox")]
    try:
        found = [text for check in checks for (text,) in db.execute(f"pragma {check}")]
    except apsw.CorruptError as error:
        return str(error)
    return next((text for text in found if text != "ok"), "")
