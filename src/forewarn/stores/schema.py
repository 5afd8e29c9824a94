"""The tables of a store, for both databases, and how an older store becomes one of today.

Version 2 (November 2026): alerts say in columns of their own when they were issued and when
they were put on record, for retention and export; where the chain begins, and which
sensors were heard from which event on.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from forewarn.errors import ConfigError
from forewarn.stores.codec import decode_alert

SCHEMA = 2
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns (name: integer, real, text or blob; with ? it may be null) and key."""

    columns: Mapping[str, str]
    key: tuple[str, ...]


TABLES = {
    "meta": Table({"name": "text", "value": "integer"}, ("name",)),
    "journal": Table(
        {
            "seq": "integer",
            "kind": "text",
            "received_s": "real",
            "body": "blob",
            "chain": "blob",
        },
        ("seq",),
    ),
    "alerts": Table(
        {
            "alert_id": "text",
            "step": "integer",
            "seq": "integer",
            "zone_id": "text",
            "state": "text",
            "issued_s": "real",
            "recorded_s": "real?",
            "body": "blob",
        },
        ("alert_id", "step"),
    ),
    "outbox": Table(
        {"channel": "text", "alert_id": "text", "step": "integer", "delivered_s": "real?"},
        ("channel", "alert_id", "step"),
    ),
    "snapshot": Table({"one": "integer", "seq": "integer", "body": "blob"}, ("one",)),
    "anchor": Table({"one": "integer", "seq": "integer", "chain": "blob"}, ("one",)),
    "sensors": Table({"seq": "integer", "body": "text"}, ("seq",)),
}
INDEXES = (
    "create index if not exists alerts_by_zone on alerts(zone_id, seq)",
    "create index if not exists alerts_by_time on alerts(issued_s)",
    "create index if not exists outbox_open on outbox(channel) where delivered_s is null",
)


class Database(Protocol):
    """What the two databases have in common. A failure is a StorageError, and closes it.

    where : names it in messages
    """

    where: str

    def create(self, table: str) -> None: ...

    def has(self, table: str) -> bool: ...

    def run(self, sql: str, **values: Any) -> list[Row]: ...

    def insert(self, table: str, rows: Sequence[Row], told: str = "") -> list[Row]:
        """Rows into a table. With `told`, a row whose key stands there changes nothing, and
        these columns come back of the rows that were new."""
        ...

    def durable(self) -> AbstractContextManager[None]:
        """One transaction, safe when it is left."""
        ...

    def steady(self) -> AbstractContextManager[None]:
        """What is read within is of one moment, whatever is written meanwhile."""
        ...

    def close(self) -> None: ...


def bring_up_to_date(db: Database) -> None:
    """Make the tables, or turn those of an older version into today's: all or nothing."""
    found = version(db)
    with db.durable():
        for older in range(found, SCHEMA) if found else ():
            _STEPS[older](db)
        for name in TABLES:
            db.create(name)
        for sql in INDEXES:
            db.run(sql)
        db.run("delete from meta where name = 'schema'")
        db.insert("meta", [("schema", SCHEMA)])


def version(db: Database) -> int:
    """Of the tables that stand there, 0 for none; a newer one is refused."""
    if not db.has("meta"):
        return 0
    found = int(db.run("select value from meta where name = 'schema'")[0][0])
    if not 1 <= found <= SCHEMA:
        raise ConfigError(
            f"{db.where}: is a store of schema {found}, this build knows 1 to {SCHEMA}; "
            "a newer Forewarn wrote it, and only that can use it"
        )
    return found


def _to_two(db: Database) -> None:
    """Alerts get the times that only their bodies told."""
    db.run("alter table alerts rename to alerts_1")
    db.run("drop index alerts_by_zone")
    db.create("alerts")
    after: Row = ("", -1)
    while rows := db.run(
        "select alert_id, step, seq, zone_id, state, body from alerts_1 "
        "where (alert_id, step) > (:alert_id, :step) order by alert_id, step limit 1000",
        alert_id=after[0],
        step=after[1],
    ):
        times = (decode_alert(row[-1])[0].issued_s for row in rows)
        db.insert(
            "alerts",
            [(*r[:-1], at_s, None, r[-1]) for r, at_s in zip(rows, times, strict=True)],
        )
        after = rows[-1]
    db.run("drop table alerts_1")


_STEPS: dict[int, Callable[[Database], None]] = {1: _to_two}
