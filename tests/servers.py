"""Real programs that tests talk to: found, started on free ports, stopped by number.

A server gets a temporary folder and listens on loopback alone. Where its program is missing
the test is skipped; on a build machine (CI=true) it fails, for there it should be.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pg8000.native import Connection

from forewarn.files import StoreKeys

START_S = 30.0
SEARCHED = ("/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/*/bin")


def program(name: str) -> str:
    """Path of a program; without it the test that asked is skipped, or fails in CI."""
    folders = [
        str(folder)
        for pattern in SEARCHED
        for folder in sorted(Path("/").glob(pattern[1:]), reverse=True)
    ]
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *folders]))
    if found is None:
        said = f"{name} is not installed: tools/find-servers"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    return found


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def until(holds: Callable[[], object], limit_s: float = 15.0) -> None:
    """Wait for something to come true."""
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s, "it never came to hold"
        time.sleep(0.005)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that servers who run as another user can reach."""
    with tempfile.TemporaryDirectory(prefix="forewarn-server-") as folder:
        yield Path(folder)


def not_as_root(folder: Path) -> list[str]:
    """What starts a program that refuses root; the folder becomes its user's."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [program("setpriv"), *ids]


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    ready: Callable[[], bool],
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[int]:
    """A server until the block ends: its process id."""
    with log.open("ab") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        until_s = time.monotonic() + START_S
        while not ready():
            if server.poll() is not None or time.monotonic() > until_s:
                pytest.fail(f"{command[0]} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield server.pid
    finally:
        server.send_signal(stop)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def answers(port: int) -> bool:
    """Whether somebody listens on this port of ours."""
    with socket.socket() as one:
        one.settimeout(1.0)
        return one.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server: its folder and port, and where the password of `forewarn` is."""

    folder: Path
    port: int
    password_file: Path

    def keys(self, database: str) -> StoreKeys:
        """[store] of one of its databases."""
        url = f"postgresql://forewarn@127.0.0.1:{self.port}/{database}"
        return StoreKeys(url=url, password_file=self.password_file)

    def sql(self, database: str, statement: str) -> None:
        """Something that a stranger does to a database."""
        password = self.password_file.read_text().strip()
        with Connection(
            "forewarn",
            host="127.0.0.1",
            port=self.port,
            database=database,
            password=password,
            ssl_context=False,
        ) as one:
            one.run(statement)

    @contextmanager
    def running(self, *settings: str) -> Iterator[int]:
        """Started, ready: its process id."""
        command = [
            *not_as_root(self.folder),
            program("postgres"),
            *("-D", str(self.folder / "data"), "-p", str(self.port)),
            *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
            *(word for setting in settings for word in ("-c", setting)),
        ]
        log = self.folder / "log"
        with running(command, log, self._ready, signal.SIGQUIT) as pid:
            yield pid

    def _ready(self) -> bool:
        pause = subprocess.run(
            [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        )
        return pause.returncode == 0


def make_postgres(folder: Path) -> Postgres:
    """An empty server in a folder of `open_folder`, not started; user forewarn."""
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text("a secret of this test\n")
    command = [
        *not_as_root(folder),
        program("initdb"),
        *("-D", str(folder / "data"), "-U", "forewarn", "-A", "scram-sha-256"),
        *("--pwfile", str(password_file), "--no-sync", "-E", "UTF8", "--locale=C"),
    ]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return Postgres(folder, free_port(), password_file)
