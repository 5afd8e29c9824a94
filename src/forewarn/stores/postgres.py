"""The record in a PostgreSQL database.

With synchronous_commit=on: what a call wrote is on its disk when it returns. One writer,
held to it by an advisory lock that ends with its connection: who lost it cannot write.
"""

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pg8000.exceptions import Error
from pg8000.native import Connection, PreparedStatement

from forewarn.errors import ConfigError, StorageError
from forewarn.signing import read_secret
from forewarn.stores.schema import TABLES, Row
from forewarn.stores.sqlite import LOCK_WAIT_S

TIMEOUT_S = 10.0  # without an answer; then the connection is lost
LOCK = 0x464F5245  # number of the advisory lock: one store in one database
LOCAL = ("localhost", "127.0.0.1", "::1")
FAILURES = (Error, OSError)  # pg8000 raises OSError where the connection breaks
_TYPES = {
    "integer": "bigint not null",
    "real": "double precision not null",
    "real?": "double precision",
    "text": 'text collate "C" not null',
    "blob": "bytea not null",
}
_ARRAYS = {
    "integer": "bigint[]",
    "real": "double precision[]",
    "real?": "double precision[]",
    "text": "text[]",
    "blob": "bytea[]",
}


@dataclass(frozen=True, slots=True)
class Address:
    """What a URL says. folder : where the server's socket is, "" = by TCP"""

    user: str
    host: str
    port: int
    database: str
    folder: str
    encrypted: bool
    roots: str

    @classmethod
    def from_url(cls, url: str) -> "Address":
        """`postgresql://user@host:port/database`, and after `?` what libpq also knows.

        host: folder of its socket; sslmode: disable or verify-full; sslrootcert: a file
        """
        parts = urlsplit(url)
        more = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        where = f"[store] url {url!r}"
        if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
            raise ConfigError(f"{where}: expected postgresql://user@host:port/database")
        if parts.password is not None:
            raise ConfigError(f"{where}: a password stands in it; name a password_file")
        unknown = set(more) - {"host", "sslmode", "sslrootcert"}
        if unknown:
            raise ConfigError(
                f"{where}: unknown {', '.join(sorted(unknown))}; "
                "known: host, sslmode, sslrootcert"
            )
        host = parts.hostname or "localhost"
        folder = more.get("host", "")
        mode = more.get("sslmode", "disable" if folder or host in LOCAL else "verify-full")
        if mode not in ("disable", "verify-full"):
            raise ConfigError(
                f"{where}: sslmode is {mode!r}, expected disable or verify-full"
            )
        return cls(
            unquote(parts.username or "forewarn"),
            host,
            parts.port or 5432,
            unquote(parts.path.strip("/")),
            folder,
            mode == "verify-full",
            more.get("sslrootcert", ""),
        )

    def connect(self, password: str, by: socket.socket) -> Connection:
        """A connection over a socket. Raises one of FAILURES."""
        context = ssl.create_default_context(cafile=self.roots or None)
        return Connection(
            self.user,
            host=self.host,  # that its certificate must name
            database=self.database,
            password=password,
            sock=by,
            ssl_context=context if self.encrypted else False,
            application_name="forewarn",
        )

    def reach(self) -> socket.socket:
        """A socket to the server that sends at once and notices when the other end died."""
        if self.folder:
            one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            one.settimeout(TIMEOUT_S)
            one.connect(f"{self.folder}/.s.PGSQL.{self.port}")
            return one
        one = socket.create_connection((self.host, self.port), TIMEOUT_S)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # pg8000 writes a statement in parts: each would wait 40 ms for the one before it
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return one


class PostgresDatabase:
    """SQL of a store, run by PostgreSQL. Without `writes` it reads beside a writer.

    again : it was open a moment ago, and failed: nothing here may take long
    """

    def __init__(
        self, url: str, password_file: Path | None, writes: bool, again: bool = False
    ) -> None:
        address = Address.from_url(url)
        self.where = f"{address.folder or address.host}:{address.port}/{address.database}"
        password = read_secret(password_file).decode().strip() if password_file else ""
        try:
            self._socket = address.reach()
            try:
                self.connection = address.connect(password, self._socket)
            except BaseException:
                self._hang_up()
                raise
        except FAILURES as error:
            raise ConfigError(
                f"{self.where}: cannot be used as a store: {_said(error)}"
            ) from None
        self._prepared: dict[str, PreparedStatement] = {}
        try:
            self._set_up(writes, 0.0 if again else LOCK_WAIT_S)
        except BaseException:
            self.close()
            raise

    def _hang_up(self) -> None:
        """pg8000 leaves its socket open where the other end is gone."""
        if self._socket.fileno() >= 0:
            os.close(self._socket.detach())

    def _set_up(self, writes: bool, wait_s: float) -> None:
        if not writes:
            self.run("set default_transaction_read_only = on")
            return
        self.run("set synchronous_commit = on")
        for setting in ("fsync", "full_page_writes"):
            ((found,),) = self.run(f"show {setting}")
            if found != "on":
                raise ConfigError(
                    f"{self.where}: {setting} is {found}: what it says is written may be "
                    "lost; expected on"
                )
        until_s = time.monotonic() + wait_s
        while not self.run("select pg_try_advisory_lock(:lock)", lock=LOCK)[0][0]:
            if time.monotonic() > until_s:
                raise ConfigError(f"{self.where}: another service writes to this store")
            time.sleep(0.05)

    def close(self) -> None:
        """Let go of the connection, and with it of the lock."""
        with contextlib.suppress(*FAILURES):
            self.connection.close()
        self._hang_up()

    @contextlib.contextmanager
    def durable(self) -> Iterator[None]:
        """One transaction, safe at the end; after an error, the end of this connection."""
        self.run("begin")
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
        self.run("begin isolation level repeatable read read only")
        try:
            yield
        finally:
            self.run("rollback")

    def run(self, sql: str, **values: Any) -> list[Row]:
        """One statement, its rows."""
        try:
            return [tuple(row) for row in self._rows(sql, values) or ()]
        except FAILURES as error:
            self.close()
            raise StorageError(f"{self.where}: {_said(error)}") from error

    def _rows(self, sql: str, values: dict[str, Any]) -> Any:
        if not values:
            return self.connection.run(sql)
        if sql not in self._prepared:  # the next time it takes one way there and back
            self._prepared[sql] = self.connection.prepare(sql)
        return self._prepared[sql].run(**values)

    def insert(self, table: str, rows: Sequence[Row], told: str = "") -> list[Row]:
        """Rows into a table, in one statement; see `Database`."""
        if not rows:
            return []
        columns = TABLES[table].columns.items()
        arrays = ", ".join(f"cast(:{name} as {_ARRAYS[kind]})" for name, kind in columns)
        kept = f" on conflict do nothing returning {told}" if told else ""
        return self.run(
            f"insert into {table} select * from unnest({arrays}){kept}",
            **{
                name: [row[at] for row in rows]
                for at, name in enumerate(TABLES[table].columns)
            },
        )

    def create(self, table: str) -> None:
        """Make a table where there is none."""
        made = TABLES[table]
        columns = [f"{name} {_TYPES[kind]}" for name, kind in made.columns.items()]
        self.run(
            f"create table if not exists {table}"
            f"({', '.join(columns)}, primary key({', '.join(made.key)}))"
        )

    def has(self, table: str) -> bool:
        """Whether this table is there."""
        return bool(self.run("select to_regclass(:name) is not null", name=table)[0][0])


def _said(error: Exception) -> str:
    """What the server says of an error, without its codes."""
    found = error.args[0] if error.args else None
    return str(found["M"] if isinstance(found, dict) and "M" in found else error)
