"""Signs of life: health routes, figures, the outside watchdog, what systemd is told."""

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alerts import ring_of
from forewarn.app import vital, watching
from forewarn.app.command_line import cli
from forewarn.app.logs import JsonLines
from forewarn.app.vital import Pulse, notify
from forewarn.app.watching import Watchdog
from forewarn.channels import ring_reader
from forewarn.channels.ring_reader import RingReader
from forewarn.errors import ConfigError
from forewarn.signing import KeyRing, Matter, Signer, World, heartbeat_values
from servers import until


class Service:
    """A place that gives a heartbeat, and takes pages."""

    def __init__(self) -> None:
        self.heartbeat, self.ring = b"{}", b""
        self.pages: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys = self.path.endswith("/keys")
                self._answer(outer.ring if keys else outer.heartbeat)

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


@pytest.fixture
def ring(tmp_path: Path, signer: Signer) -> Iterator[RingReader]:
    path = tmp_path / "ring.json"
    path.write_bytes(ring_of(signer).to_bytes())
    with closing(RingReader(str(path))) as reader:
        yield reader


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring is read again at once."""
    monkeypatch.setattr(ring_reader, "LOOK_S", 0.01)
    monkeypatch.setattr(ring_reader, "TICK_S", 0.01)


def beat(signer: Signer, time_s: float, service: str = "live") -> bytes:
    return signer.seal(Matter.HEARTBEAT, heartbeat_values(service, time_s, time_s + 15))


def test_operators_are_paged_once_for_each_change(
    service: Service, signer: Signer, ring: RingReader
) -> None:
    dog = Watchdog(service.url, ring, post=service.url)
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
    service: Service, signer: Signer, ring: RingReader, capsys: pytest.CaptureFixture[str]
) -> None:
    dog = Watchdog(service.url, ring)
    service.server.shutdown()
    service.server.server_close()
    assert dog.look().startswith("not reachable")
    assert "not reachable" in capsys.readouterr().out


def test_a_heartbeat_that_stands_still_or_comes_again_is_trouble(
    service: Service, signer: Signer, ring: RingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    dog = Watchdog(service.url, ring)
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
    service: Service, signer: Signer, ring: RingReader, sealed: bytes
) -> None:
    service.heartbeat = sealed
    for keys in (ring, None):
        told = "heartbeat is not signed with a key of its ring"
        assert Watchdog(service.url, keys).look() == told


def test_a_heartbeat_of_another_key_is_trouble(
    service: Service, ring: RingReader, tmp_path: Path
) -> None:
    forged = Signer.from_file(tmp_path / "other.key", World.LIVE)
    service.heartbeat = beat(forged, 1.0)
    assert Watchdog(service.url, ring).look() != ""


@pytest.mark.usefixtures("in_a_hurry")
def test_the_next_key_and_the_end_of_a_stolen_one_reach_the_watchdog(
    service: Service, signer: Signer, ring: RingReader, tmp_path: Path
) -> None:
    new = Signer.from_file(tmp_path / "new.key", World.LIVE)
    dog = Watchdog(service.url, ring)
    service.heartbeat = beat(new, 1.0)
    assert dog.look() != ""
    first, second = ring_of(signer, new).keys
    kept = KeyRing([replace(first, revoked_s=time.time()), second])
    (tmp_path / "ring.json").write_bytes(kept.to_bytes())
    until(lambda: dog.look() == "")
    service.heartbeat = beat(signer, 2.0)
    assert dog.look() != ""


def test_a_ring_is_taken_from_the_address_at_which_the_service_has_it(
    service: Service, signer: Signer
) -> None:
    service.ring = ring_of(signer).to_bytes()
    service.heartbeat = beat(signer, 1.0)
    with closing(RingReader(f"{service.url}/api/public/v1/keys")) as ring:
        assert Watchdog(service.url, ring).look() == ""


@pytest.mark.usefixtures("in_a_hurry")
def test_a_ring_that_cannot_be_read_any_more_leaves_the_last_one(
    service: Service, signer: Signer, ring: RingReader, tmp_path: Path
) -> None:
    (tmp_path / "ring.json").write_text("{")
    until(lambda: ring.error)
    service.heartbeat = beat(signer, 1.0)
    assert Watchdog(service.url, ring).look() == ""
    assert "is no key ring" in ring.error


def test_a_ring_at_an_address_that_does_not_answer_is_named(
    service: Service, signer: Signer
) -> None:
    service.heartbeat = beat(signer, 1.0)
    with closing(RingReader("http://127.0.0.1:9/keys")) as ring:
        told = Watchdog(service.url, ring).look()
    assert told.startswith("heartbeat is not signed with a key of its ring (")


@pytest.mark.parametrize(
    "where", ["http://example.org/keys", "ftp://127.0.0.1/keys", "https://", "absent.json"]
)
def test_a_ring_is_taken_from_no_place_where_others_could_hand_it_in(where: str) -> None:
    with pytest.raises(ConfigError, match=r"expected a file or https|no such file"):
        RingReader(where)


def test_a_command_is_run_with_what_is_wrong(
    service: Service, signer: Signer, ring: RingReader, tmp_path: Path
) -> None:
    script = tmp_path / "page"
    script.write_text(f'#!/bin/sh\necho "$1: $2" >> {tmp_path}/paged\n')
    script.chmod(0o700)
    service.heartbeat = beat(signer, 1.0, "starting")
    Watchdog(service.url, ring, run=str(script)).look()
    assert (tmp_path / "paged").read_text() == "trouble: service is starting\n"


def test_the_option_that_is_gone_is_refused_with_what_to_use_now() -> None:
    told = CliRunner().invoke(cli, ["watch", "http://127.0.0.1:9", "--key", "ab12"])
    assert told.exit_code == 2
    assert "--key" in told.output
    assert "use --ring with" in told.output


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected http://"):
        Watchdog("ftp://x")


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
