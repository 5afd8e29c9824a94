"""The durable record in one SQLite file: journal, alerts, outbox, snapshot.

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
from numpy.typing import NDArray

from forewarn.errors import ConfigError
from forewarn.records import LIVE_STATES, Alert, Event, Outcome
from forewarn.stores.codec import (
    decode_alert,
    decode_event,
    decode_memory,
    encode_alert,
    encode_event,
    encode_memory,
)

SCHEMA = 1
# below it a fault of write-ahead logging may corrupt a file that two connections share
OLDEST_SQLITE = (3, 51, 3)
GENESIS = b"\0" * 32
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
create table if not exists snapshot(
    one integer primary key check(one = 1), seq integer not null,
    body blob not null) strict;
"""
Texts = Mapping[str, Mapping[str, str]]


class SqliteStore:
    """Journal first, alerts before they are sent. Each call is one durable transaction.

    An error of the storage closes the store: whether the call took place is unknown then,
    and only reading the file anew can tell. Whoever holds it stops and starts again.
    """

    def __init__(self, path: Path, channels: Sequence[str] = ()) -> None:
        version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
        if version < OLDEST_SQLITE:
            raise ConfigError(f"SQLite is {version}, this build needs {OLDEST_SQLITE}")
        self._channels = tuple(channels)
        self.contradicted = 0
        self._lock = _locked(path)
        try:
            self._db = _opened(path)
            self._last_seq, self._chain = self._newest()
        except BaseException:
            os.close(self._lock)
            raise

    def _newest(self) -> tuple[int, bytes]:
        row = self._db.execute(
            "select seq, chain from journal order by seq desc limit 1"
        ).fetchone()
        return (row[0], row[1]) if row else (0, GENESIS)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @contextlib.contextmanager
    def _durable(self) -> Iterator[None]:
        """One transaction, safe at the end; after an error, the end of this store."""
        try:
            self._db.execute("begin immediate")
            yield
            self._db.execute("commit")
        except apsw.Error:
            self.close()
            raise
        except BaseException:  # not the storage's doing: nothing of it stays
            self._db.execute("rollback")
            raise

    def claim(self, world: str) -> None:
        """Keep this record for one world: what a drill wrote never mixes with the real."""
        with self._durable():
            self._db.execute("insert or ignore into meta values('world', ?)", (world,))
        kept = self._db.execute("select value from meta where name='world'").get
        if kept != world:
            raise ConfigError(f"the store holds {kept} data and this service is {world}")

    @property
    def last_seq(self) -> int:
        """Number of the newest event on record."""
        return self._last_seq

    def append(self, events: Sequence[Event]) -> None:
        """Put numbered events on record, all or none."""
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
            self._db.executemany("insert into journal values(?, ?, ?, ?, ?)", rows)
        self._chain, self._last_seq = chain, last

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
                self._insert(alert, encode_alert(alert, texts.get(alert.zone_id, {})))
            self._db.executemany(
                "insert or ignore into outbox values(?, ?, ?, null)",
                ((name, a.alert_id, a.step) for name in self._channels for a in alerts),
            )

    def _insert(self, alert: Alert, body: bytes) -> None:
        key = (alert.alert_id, alert.step)
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

    def save(self, seq: int, memory: Mapping[str, NDArray[Any]]) -> None:
        """Replace the snapshot."""
        with self._durable():
            self._db.execute(
                "insert or replace into snapshot values(1, ?, ?)",
                (seq, encode_memory(memory)),
            )

    def load_snapshot(self) -> tuple[int, dict[str, NDArray[Any]]] | None:
        """Number of the last event in the snapshot, and the memory after it."""
        row = self._db.execute("select seq, body from snapshot").fetchone()
        return None if row is None else (int(row[0]), decode_memory(row[1]))

    def events_after(self, seq: int) -> Iterator[Event]:
        """Journalled events after a number, in order."""
        rows = self._db.execute(
            "select kind, body from journal where seq > ? order by seq", (seq,)
        )
        for kind, body in rows:
            yield decode_event(kind, body)

    def live(self) -> list[tuple[Alert, dict[str, str]]]:
        """The latest step of every alert that has not ended."""
        rows = self._db.execute(
            "select body from alerts as one where state in (select value from json_each(?))"
            " and step = (select max(step) from alerts where alert_id = one.alert_id)"
            " order by seq, alert_id",
            (json.dumps(sorted(LIVE_STATES)),),
        )
        return [decode_alert(body) for (body,) in rows]

    def alerts(self) -> list[Alert]:
        """Every step on record, in order."""
        rows = self._db.execute("select body from alerts order by seq, alert_id, step")
        return [decode_alert(body)[0] for (body,) in rows]

    def issued_s(self, alert_id: str) -> tuple[float, ...]:
        """Times of all steps of an alert so far."""
        rows = self._db.execute(
            "select body from alerts where alert_id = ? order by step", (alert_id,)
        )
        return tuple(decode_alert(body)[0].issued_s for (body,) in rows)

    def pending(self, channel: str) -> list[tuple[Alert, dict[str, str]]]:
        """Alerts on record that a channel has not confirmed, oldest first."""
        rows = self._db.execute(
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
        return sum(1 for _ in _walked(self._db))


def read_journal(path: Path, kinds: Sequence[str]) -> Iterator[Event]:
    """Events of these kinds on record, also beside a running service; all are checked."""
    if not path.exists():
        raise ConfigError(f"{path}: no such store")
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    with contextlib.closing(db):
        for kind, body in _walked(db):
            if kind in kinds:
                yield decode_event(kind, body)


def _walked(db: apsw.Connection) -> Iterator[tuple[str, bytes]]:
    """Kind and body of every event, as long as the hash chain holds."""
    chain = GENESIS
    rows = db.execute("select seq, kind, body, chain from journal order by seq")
    for count, (seq, kind, body, kept) in enumerate(rows, start=1):
        chain = _link(chain, kind, body)
        if chain != kept or seq != count:
            raise ConfigError(f"journal: event {seq} is not what was written")
        yield kind, body


def _link(chain: bytes, kind: str, body: bytes) -> bytes:
    return hashlib.sha256(chain + kind.encode() + b"\0" + body).digest()


def _locked(path: Path) -> int:
    """Hold the one lock of this store: two writers would number events twice."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be used as a store: {error}") from None
    until_s = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError:
            if time.monotonic() > until_s:
                os.close(lock)
                raise ConfigError(f"{path}: another service writes to this store") from None
            time.sleep(0.05)


def _opened(path: Path) -> apsw.Connection:
    """A sound file of this schema, set so that what is written stays written."""
    try:
        path.touch(mode=0o600)  # it tells what sensors see: nobody else's to read
        db = apsw.Connection(str(path))
        db.set_busy_timeout(5000)
        mode = db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        found = _damage(db, path.stat().st_size)
    except (apsw.Error, OSError) as error:
        raise ConfigError(f"{path}: cannot be used as a store: {error}") from None
    if mode != "wal":
        raise ConfigError(f"{path}: journal mode is {mode}; the file system must allow wal")
    if found:
        raise ConfigError(f"{path}: is damaged: {found}; restore a backup")
    old = db.execute("select count(*) from sqlite_master where name='meta'").get
    kept = db.execute("select value from meta where name='schema'").get if old else SCHEMA
    if kept != SCHEMA:
        raise ConfigError(f"{path}: is a store of schema {kept}, this build knows {SCHEMA}")
    with db:
        db.execute(_TABLES)
        db.execute("insert or ignore into meta values('schema', ?)", (SCHEMA,))
    return db


def _damage(db: apsw.Connection, size_bytes: int) -> str:
    """What SQLite finds wrong with the file, "" for nothing.

    Of a large file without its journal, which may hold months: `verify` walks that.
    """
    checks = ["quick_check"]
    if size_bytes > WHOLE_CHECK_BYTES:
        checks = [
            f"quick_check({name})" for name in ("meta", "alerts", "outbox", "snapshot")
        ]
    try:
        found = [text for check in checks for (text,) in db.execute(f"pragma {check}")]
    except apsw.CorruptError as error:
        return str(error)
    return next((text for text in found if text != "ok"), "")
