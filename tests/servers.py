"""What every test with a real server needs: the program, and a port for it."""

import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

MORE = ("/usr/sbin", "/usr/local/sbin")  # where servers lie that no user starts by hand


def program(name: str) -> str:
    """Path of a program. Without it the test is skipped; where CI=true, it fails."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *MORE)))
    if found:
        return str(Path(found))
    reason = f"{name} is not installed: tools/find-servers says how to get it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(holds: Callable[[], object], limit_s: float = 15.0) -> None:
    """Wait for something to come true."""
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s, "it never came to hold"
        time.sleep(0.005)
