"""The durable record in one SQLite file: journal, alerts, outbox, snapshot.

WAL with synchronous=FULL: what a call wrote is safe when it returns. One writer. The
journal is a hash chain, so that nobody rewrites it unseen.
"""

import hashlib
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
    """Journal first, alerts before they are sent. Each call is one durable transaction."""

    def __init__(self, path: Path, channels: Sequence[str] = ()) -> None:
        version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
        if version < OLDEST_SQLITE:
            raise ConfigError(f"SQLite is {version}, this build needs {OLDEST_SQLITE}")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = apsw.Connection(str(path))
            self._db.set_busy_timeout(5000)
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=full")
            found = self._db.execute("pragma quick_check").fetchall()
        except apsw.Error as error:
            raise ConfigError(f"{path}: cannot be used as a store: {error}") from None
        if found != [("ok",)]:
            raise ConfigError(f"{path}: is damaged: {found[0][0]}; restore a backup")
        self._channels = tuple(channels)
        with self._db:
            self._db.execute(_TABLES)
            self._db.execute("insert or ignore into meta values('schema', ?)", (SCHEMA,))
        kept = self._db.execute("select value from meta where name='schema'").get
        if kept != SCHEMA:
            raise ConfigError(
                f"{path}: is a store of schema {kept}, this build knows {SCHEMA}"
            )
        last = self._db.execute(
            "select seq, chain from journal order by seq desc"
        ).fetchone()
        self._last_seq: int = last[0] if last else 0
        self._chain: bytes = last[1] if last else GENESIS

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

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
            chain = hashlib.sha256(chain + body).digest()
            rows.append((event.seq, kind, event.received_s, body, chain))
            last = event.seq
        with self._db:
            self._db.executemany("insert into journal values(?, ?, ?, ?, ?)", rows)
        self._chain, self._last_seq = chain, last

    def record(self, outcomes: Sequence[Outcome], texts: Texts) -> None:
        """Put alerts and their outbox rows on record, together; what stands there stays.

        texts : by "zone_id" of each alert, by language
        """
        alerts = [alert for outcome in outcomes for alert in outcome.alerts]
        if not alerts:
            return
        with self._db:
            self._db.executemany(
                "insert or ignore into alerts values(?, ?, ?, ?, ?, ?)",
                (
                    (a.alert_id, a.step, a.seq, a.zone_id, str(a.state), _body(a, texts))
                    for a in alerts
                ),
            )
            self._db.executemany(
                "insert or ignore into outbox values(?, ?, ?, null)",
                ((name, a.alert_id, a.step) for name in self._channels for a in alerts),
            )

    def save(self, seq: int, memory: Mapping[str, NDArray[Any]]) -> None:
        """Replace the snapshot."""
        with self._db:
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
            "select body, max(step) from alerts group by alert_id order by seq, alert_id"
        )
        newest = (decode_alert(body) for body, _ in rows)
        return [(alert, texts) for alert, texts in newest if alert.state in LIVE_STATES]

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
        with self._db:
            self._db.executemany(
                "update outbox set delivered_s = ? "
                "where channel = ? and alert_id = ? and step = ?",
                [(time_s, channel, alert_id, step) for alert_id, step in keys],
            )

    def verify(self) -> int:
        """Walk the hash chain; returns the events on record, or says where it is broken."""
        chain, count = GENESIS, 0
        for seq, body, kept in self._db.execute(
            "select seq, body, chain from journal order by seq"
        ):
            chain = hashlib.sha256(chain + body).digest()
            count += 1
            if chain != kept or seq != count:
                raise ConfigError(f"journal: event {seq} is not what was written")
        return count


def _body(alert: Alert, texts: Texts) -> bytes:
    return encode_alert(alert, texts.get(alert.zone_id, {}))
