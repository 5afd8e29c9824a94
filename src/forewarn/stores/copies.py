"""A store copied to another file while it is written to: all of it, or what is new."""

from pathlib import Path

from forewarn.errors import ConfigError
from forewarn.stores import chain
from forewarn.stores.schema import SCHEMA, bring_up_to_date, version
from forewarn.stores.snapshot import SnapshotFile, beside
from forewarn.stores.sqlite import SqliteDatabase

# what is never altered once it stands is only added; few rows are put anew
_STEPS = (
    "insert into journal select * from source.journal where seq > :last",
    "delete from journal where seq <= (select seq from source.anchor)",
    "insert or ignore into alerts select * from source.alerts",
    "delete from alerts where not exists (select 1 from source.alerts as kept "
    "where kept.alert_id = alerts.alert_id and kept.step = alerts.step)",
    "insert or replace into outbox select * from source.outbox "
    "except select * from main.outbox",
    "delete from outbox where not exists (select 1 from source.outbox as kept "
    "where kept.channel = outbox.channel and kept.alert_id = outbox.alert_id "
    "and kept.step = outbox.step)",
    *(
        sql
        for table in ("anchor", "sensors")
        for sql in (
            f"delete from {table}",
            f"insert into {table} select * from source.{table}",
        )
    ),
)


def copy_store(source: Path, target: Path) -> int:
    """Bring a copy up to date with a store; returns the events that were new in it.

    All or nothing, and of one moment of the source; the snapshot is of one before it. The
    new part of the chain is walked.
    """
    _check_version(source)
    kept = SnapshotFile(beside(source)).load()
    db = SqliteDatabase(target, writes=True)
    try:
        bring_up_to_date(db)
        db.run("attach :path as source", path=str(source))
        with db.durable():
            last, _, link = chain.newest(db)
            _check_kinship(db, last, link, source)
            for sql in _STEPS:
                db.run(sql, **({"last": last} if ":last" in sql else {}))
            start = (last, link) if last else chain.anchor(db)
            count = chain.check(db, *start)
    finally:
        db.close()
    if kept is not None:
        SnapshotFile(beside(target)).write(*kept)
    return count


def _check_version(source: Path) -> None:
    db = SqliteDatabase(source, writes=False)
    try:
        found = version(db)
    finally:
        db.close()
    if found != SCHEMA:
        raise ConfigError(f"{source}: is no store of schema {SCHEMA}, found {found}")


def _check_kinship(db: SqliteDatabase, last: int, link: bytes, source: Path) -> None:
    """A copy goes on only from what it is a copy of."""
    found = db.run(
        "select chain from source.journal where seq = :last "
        "union all select chain from source.anchor where seq = :last",
        last=last,
    )
    if last and (link,) not in found:
        raise ConfigError(
            f"{db.where}: event {last} is not that of {source}: it is a copy of another "
            "store, or older than what that one keeps; name a new file"
        )
