"""Durable record: journal, alerts, outbox, snapshots."""

from collections.abc import Sequence
from pathlib import Path

from forewarn.errors import ConfigError
from forewarn.files import StoreKeys
from forewarn.records import Sensor
from forewarn.stores.schema import SCHEMA, Database, bring_up_to_date, version
from forewarn.stores.snapshot import SnapshotFile, Snapshots, SnapshotTable, beside
from forewarn.stores.sql import SqlStore
from forewarn.stores.sqlite import SqliteDatabase

__all__ = ["SqlStore", "open_store", "read_store", "sqlite_store"]


def open_store(
    keys: StoreKeys,
    channels: Sequence[str] = (),
    sensors: Sequence[Sensor] = (),
    again: bool = False,
) -> SqlStore:
    """Open a store to write to it: made where there is none, brought up to date, alone.

    channels : that get an outbox row for every step
    sensors  : that are heard from now on
    again    : it was open a moment ago, and failed: nothing here may take long
    """
    db = _database(keys, True, again)
    try:
        bring_up_to_date(db)
        snapshots = _snapshots(keys, db, True)
        store = SqlStore(db, channels, snapshots)
        if sensors:
            store.heard(sensors)
        return store
    except BaseException:
        db.close()
        raise


def read_store(keys: StoreKeys) -> SqlStore:
    """Open a store to read it, whoever writes to it meanwhile."""
    db = _database(keys, False, False)
    try:
        found = version(db)
        if found != SCHEMA:
            raise ConfigError(
                f"{db.where}: is a store of schema {found}, this build reads {SCHEMA}; "
                "forewarn run brings an older one up to date"
                if found
                else f"{db.where}: is no store"
            )
        return SqlStore(db, (), _snapshots(keys, db, False))
    except BaseException:
        db.close()
        raise


def sqlite_store(path: Path, channels: Sequence[str] = ()) -> SqlStore:
    """Open the store in a file, to write to it."""
    return open_store(StoreKeys(path), channels)


def _snapshots(keys: StoreKeys, db: Database, writes: bool) -> Snapshots:
    """Where snapshots are kept; one that an older build put into the file is moved."""
    table = SnapshotTable(db)
    if keys.url:
        return table
    file = SnapshotFile(beside(keys.path))
    if writes and not beside(keys.path).exists() and (old := table.load()) is not None:
        file.write(*old)
        with db.durable():
            db.run("delete from snapshot")
    return file


def _database(keys: StoreKeys, writes: bool, again: bool) -> Database:
    if not keys.url:
        return SqliteDatabase(keys.path, writes, again)
    try:
        from forewarn.stores.postgres import PostgresDatabase
    except ModuleNotFoundError:
        raise ConfigError(
            f"[store] url: found {keys.url!r}, but pg8000 is not installed: "
            "pip install 'forewarn[postgres]'"
        ) from None
    return PostgresDatabase(keys.url, keys.password_file, writes, again)
