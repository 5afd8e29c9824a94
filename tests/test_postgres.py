"""What the store in PostgreSQL has of its own: its address, its server, its lock."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forewarn.errors import ConfigError, StorageError
from forewarn.files import StoreKeys
from forewarn.records import Tick
from forewarn.stores import open_store
from forewarn.stores.postgres import Address
from servers import Postgres, make_postgres, open_folder, program

Empty = Callable[[], StoreKeys]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://host/db", "expected postgresql://user@host:port/database"),
        ("postgresql://host", "expected postgresql://user@host:port/database"),
        ("postgresql://user:word@host/db", "a password stands in it; name a password_file"),
        ("postgresql://host/db?sslmode=prefer", "sslmode is 'prefer', expected disable or"),
        ("postgresql://host/db?ssl=on", "unknown ssl; known: host, sslmode, sslrootcert"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Address.from_url(url)


@pytest.mark.parametrize(
    ("url", "encrypted"),
    [
        ("postgresql://forewarn@db.example/alerts", True),
        ("postgresql://forewarn@db.example/alerts?sslmode=disable", False),
        ("postgresql://forewarn@127.0.0.1:5433/alerts", False),
        ("postgresql:///alerts?host=/run/postgresql", False),
    ],
)
def test_what_leaves_the_machine_is_encrypted_unless_told_otherwise(
    url: str, encrypted: bool
) -> None:
    assert Address.from_url(url).encrypted is encrypted


def test_a_wrong_password_or_none_is_told_in_the_servers_words(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.keys("postgres").url
    wrong = tmp_path / "password"
    wrong.touch(mode=0o600)
    wrong.write_text("wrong")
    with pytest.raises(
        ConfigError, match=r"cannot be used as a store: password auth.* failed"
    ):
        open_store(StoreKeys(url=url, password_file=wrong))
    wrong.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read this file: 644, expected 600"):
        open_store(StoreKeys(url=url, password_file=wrong))
    with pytest.raises(ConfigError, match="cannot be used as a store: "):
        open_store(StoreKeys(url=url))
    with pytest.raises(ConfigError, match="cannot be used as a store: "):
        open_store(StoreKeys(url="postgresql://127.0.0.1:1/nobody"))


def test_a_connection_that_ends_ends_the_store_and_frees_its_place(
    empty_database: Empty, postgres: Postgres
) -> None:
    keys = empty_database()
    one = open_store(keys)
    one.append([Tick(1, 1.0)])
    postgres.sql(
        "postgres",
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'forewarn'",
    )
    with pytest.raises(StorageError):
        one.append([Tick(2, 2.0)])
    other = open_store(keys)  # the lock went with the connection
    other.append([Tick(2, 2.5)])
    with pytest.raises(StorageError, match="closed"):
        one.append([Tick(2, 3.0)])
    assert list(other.events_after(0)) == [Tick(1, 1.0), Tick(2, 2.5)]
    other.close()


@pytest.fixture(scope="module")
def own_server() -> Iterator[Postgres]:
    with open_folder() as folder:
        yield make_postgres(folder)


def test_a_server_killed_in_the_middle_of_writing_keeps_what_it_acknowledged(
    own_server: Postgres,
) -> None:
    keys = own_server.keys("postgres")
    acked = 0
    for after_s in (0.3, 0.1, 0.2):
        with own_server.running() as pid:
            store = open_store(keys)
            assert store.last_seq in (acked, acked + 1)  # one may be in between
            assert store.verify() == store.last_seq
            acked = store.last_seq
            threading.Timer(after_s, os.kill, (pid, signal.SIGQUIT)).start()
            with contextlib.suppress(StorageError):
                while acked < 1_000_000:
                    store.append([Tick(acked + 1, float(acked))])
                    acked += 1
    assert 100 < acked < 1_000_000


def test_a_server_that_may_lose_what_it_acknowledged_is_refused(
    own_server: Postgres,
) -> None:
    with (
        own_server.running("fsync=off"),
        pytest.raises(
            ConfigError, match="fsync is off: what it says is written may be lost"
        ),
    ):
        open_store(own_server.keys("postgres"))


def test_a_server_on_another_machine_must_show_a_certificate_that_is_trusted(
    own_server: Postgres,
) -> None:
    certificate, key = (own_server.folder / name for name in ("server.pem", "server.key"))
    command = [program("openssl"), "req", "-x509", "-nodes", "-days", "2"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    keys = own_server.keys("postgres")
    url = keys.url.replace("127.0.0.1", "localhost") + "?sslmode=verify-full"
    files = (f"ssl_cert_file={certificate}", f"ssl_key_file={key}")
    with own_server.running("ssl=on", *files):
        with pytest.raises(ConfigError, match="certificate verify failed"):
            open_store(replace(keys, url=url))
        store = open_store(replace(keys, url=f"{url}&sslrootcert={certificate}"))
        ((encrypted,),) = store._db.run(
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
        )
        assert encrypted is True
        store.close()
    with own_server.running(), pytest.raises(ConfigError, match="Server refuses SSL"):
        open_store(replace(keys, url=url))


def test_what_is_acknowledged_is_synced_whatever_the_server_usually_does(
    empty_database: Empty, postgres: Postgres
) -> None:
    keys = empty_database()
    name = keys.url.rsplit("/", 1)[1]
    postgres.sql("postgres", f"alter database {name} set synchronous_commit = off")
    store = open_store(keys)
    assert store._db.run("show synchronous_commit") == [("on",)]
    store.close()
