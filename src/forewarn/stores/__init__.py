"""Durable record: journal, alerts, outbox, snapshots."""

from collections.abc import Sequence
from pathlib import Path

from forewarn.errors import ConfigError
from forewarn.files import StoreKeys
from forewarn.records import Sensor
from forewarn.stores.schema import SCHEMA, Database, bring_up_to_date, version
from forewarn.stores.sql import SqlStore
from forewarn.stores.sqlite import SqliteDatabase

__all__ = ["SqlStore", "open_store", "read_store", "sqlite_store"]


def open_store(
    keys: StoreKeys, channels: Sequence[str] = (), sensors: Sequence[Sensor] = ()
) -> SqlStore:
    """Open a store to write to it: made where there is none, brought up to date, alone.

    channels : that get an outbox row for every step
    sensors  : that are heard from now on
    """
    db = _database(keys, writes=True)
    try:
        bring_up_to_date(db)
        store = SqlStore(db, channels)
        if sensors:
            store.heard(sensors)
        return store
    except BaseException:
        db.close()
        raise


def read_store(keys: StoreKeys) -> SqlStore:
    """Open a store to read it, whoever writes to it meanwhile."""
    db = _database(keys, writes=False)
    try:
        found = version(db)
        if found != SCHEMA:
            raise ConfigError(
                f"{db.where}: is a store of schema {found}, this build reads {SCHEMA}; "
                "forewarn run brings an older one up to date"
                if found
                else f"{db.where}: is no store"
            )
        return SqlStore(db)
    except BaseException:
        db.close()
        raise


def sqlite_store(path: Path, channels: Sequence[str] = ()) -> SqlStore:
    """Open the store in a file, to write to it."""
    return open_store(StoreKeys(path), channels)


def _database(keys: StoreKeys, writes: bool) -> Database:
    if not keys.url:
        return SqliteDatabase(keys.path, writes)
    try:
        from forewarn.stores.postgres import PostgresDatabase
    except ModuleNotFoundError:
        raise ConfigError(
            f"[store] url: found {keys.url!r}, but pg8000 is not installed: "
            "pip install 'forewarn[postgres]'"
        ) from None
    return PostgresDatabase(keys.url, keys.password_file, writes)
