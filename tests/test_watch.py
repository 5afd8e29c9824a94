"""Signs of life: health routes, figures, the outside watchdog, what systemd is told."""

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from forewarn.app import vital, watching
from forewarn.app.logs import JsonLines
from forewarn.app.vital import Pulse, notify
from forewarn.app.watching import Watchdog
from forewarn.errors import ConfigError
from forewarn.signing import Matter, Signer, World, heartbeat_values


class Service:
    """A place that gives a heartbeat, and takes pages."""

    def __init__(self) -> None:
        self.heartbeat = b"{}"
        self.pages: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(outer.heartbeat)

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                outer.pages.append(json.loads(self.rfile.read(length)))
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def service() -> Iterator[Service]:
    one = Service()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.from_file(tmp_path / "live.key", World.LIVE)


def beat(signer: Signer, time_s: float, service: str = "live") -> bytes:
    return signer.seal(Matter.HEARTBEAT, heartbeat_values(service, time_s, time_s + 15))


def test_operators_are_paged_once_for_each_change(service: Service, signer: Signer) -> None:
    dog = Watchdog(service.url, signer.public, post=service.url)
    service.heartbeat = beat(signer, 1.0)
    assert dog.look() == ""
    assert service.pages == []
    service.heartbeat = beat(signer, 2.0, "degraded")
    assert dog.look() == dog.look() == "service is degraded"
    service.heartbeat = beat(signer, 3.0)
    assert dog.look() == ""
    assert [page["state"] for page in service.pages] == ["trouble", "well"]
    assert service.pages[0]["why"] == "service is degraded"


def test_a_service_that_is_gone_is_trouble(
    service: Service, signer: Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    dog = Watchdog(service.url, signer.public)
    service.server.shutdown()
    service.server.server_close()
    assert dog.look().startswith("not reachable")
    assert "not reachable" in capsys.readouterr().out


def test_a_heartbeat_that_stands_still_or_comes_again_is_trouble(
    service: Service, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    dog = Watchdog(service.url, signer.public)
    service.heartbeat = beat(signer, 100.0)
    assert dog.look() == ""
    service.heartbeat = beat(signer, 50.0)  # an old one, recorded and played again
    now_s = time.monotonic()
    monkeypatch.setattr(watching.time, "monotonic", lambda: now_s + 19.0)
    assert dog.look() == ""
    monkeypatch.setattr(watching.time, "monotonic", lambda: now_s + 21.0)
    assert dog.look() == "heartbeat stands still"


@pytest.mark.parametrize("sealed", [b"", b"{}", b"[1]", b"\xff", b'{"values": {}}'])
def test_what_is_no_heartbeat_is_trouble(
    service: Service, signer: Signer, sealed: bytes
) -> None:
    service.heartbeat = sealed
    for key in (signer.public, b""):
        assert Watchdog(service.url, key).look() == "heartbeat is not signed with its key"


def test_a_heartbeat_of_another_key_is_trouble(service: Service, tmp_path: Path) -> None:
    forged = Signer.from_file(tmp_path / "other.key", World.LIVE)
    mine = Signer.from_file(tmp_path / "mine.key", World.LIVE)
    service.heartbeat = beat(forged, 1.0)
    assert Watchdog(service.url, mine.public).look() != ""


def test_a_command_is_run_with_what_is_wrong(
    service: Service, signer: Signer, tmp_path: Path
) -> None:
    script = tmp_path / "page"
    script.write_text(f'#!/bin/sh\necho "$1: $2" >> {tmp_path}/paged\n')
    script.chmod(0o700)
    service.heartbeat = beat(signer, 1.0, "starting")
    Watchdog(service.url, signer.public, run=str(script)).look()
    assert (tmp_path / "paged").read_text() == "trouble: service is starting\n"


def test_an_address_or_key_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected http://"):
        Watchdog("ftp://x")
    with pytest.raises(ConfigError, match="found 3 bytes, expected 32"):
        Watchdog("http://x", b"key")


def test_a_core_that_hangs_is_seen_and_one_that_starts_may_take_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pulse = Pulse()
    assert pulse.beats()  # it has not begun
    pulse.heard()
    now_s = time.monotonic()
    monkeypatch.setattr(vital.time, "monotonic", lambda: now_s + vital.HUNG_S + 1)
    assert not pulse.beats()
    pulse.gone()
    assert pulse.beats()


def test_systemd_is_told_where_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asked:
        asked.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify("READY=1")
        assert asked.recv(100) == b"READY=1"
        monkeypatch.delenv("NOTIFY_SOCKET")
        notify("READY=1")  # nobody asked: nothing happens
        asked.setblocking(False)
        with pytest.raises(BlockingIOError):
            asked.recv(100)


def test_a_line_for_machines_names_its_event() -> None:
    record = logging.makeLogRecord({"msg": "cover in %d zones", "args": (3,), "seq": 7})
    line = json.loads(JsonLines().format(record))
    assert (line["text"], line["seq"]) == ("cover in 3 zones", 7)
