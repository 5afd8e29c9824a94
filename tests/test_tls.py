"""Outside loopback only by TLS; certificates made, checked and refused."""

import asyncio
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from forewarn.errors import ConfigError
from forewarn.files import WebKeys
from forewarn.web.pages import web_application
from forewarn.web.serving import WebServer, listener
from forewarn.web.tls import LASTS, is_secure, place_of, remarks, transport

NOW = datetime.now(UTC)


def lan_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))
            return str(one.getsockname()[0])
        except OSError:
            return ""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The pages, at every address of this machine."""
    if not lan_address():
        pytest.skip("this machine has no address but loopback")
    with socket.socket() as one:
        one.bind(("0.0.0.0", 0))
        port = int(one.getsockname()[1])
    web = WebKeys(host="0.0.0.0", port=port, name="alerts.example.org")
    app = web_application(FastAPI(), FastAPI(), APIRouter())
    server = WebServer(app, **transport(web, tmp_path))
    ours = listener(web.host, port)
    serve = server.serve(sockets=[ours])
    thread = threading.Thread(target=lambda: asyncio.run(serve), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield lan_address(), port
    server.should_exit = True
    thread.join(10)


def test_outside_loopback_there_is_only_tls(
    served: tuple[str, int], tmp_path: Path
) -> None:
    host, port = served
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{host}:{port}/", timeout=5)
    trusted = ssl.create_default_context(cafile=str(tmp_path / "web.crt"))
    with (
        socket.create_connection((host, port), timeout=5) as raw,
        trusted.wrap_socket(raw, server_hostname="alerts.example.org") as tls,
    ):
        assert tls.version() in ("TLSv1.2", "TLSv1.3")
    answer = httpx.get(f"https://{host}:{port}/", verify=False, timeout=5)
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert "server" not in answer.headers


def test_a_certificate_of_our_own_making_is_told_loudly_and_kept(tmp_path: Path) -> None:
    web = WebKeys(host="0.0.0.0", name="alerts.example.org")
    (told,) = remarks(web, tmp_path, NOW)
    assert told.startswith("CERTIFICATE OF OUR OWN MAKING")
    assert (tmp_path / "web.key").stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "web.crt").read_bytes()
    remarks(web, tmp_path, NOW)
    assert (tmp_path / "web.crt").read_bytes() == before


def test_a_certificate_is_told_before_it_expires_and_refused_after(tmp_path: Path) -> None:
    remarks(WebKeys(host="0.0.0.0"), tmp_path, NOW)
    web = WebKeys(certificate=tmp_path / "web.crt", key=tmp_path / "web.key")
    assert remarks(web, tmp_path, NOW) == []
    (told,) = remarks(web, tmp_path, NOW + LASTS - timedelta(days=10))
    assert "expires in 9 days" in told or "expires in 10 days" in told
    with pytest.raises(ConfigError, match="expired on"):
        remarks(web, tmp_path, NOW + LASTS + timedelta(days=1))


@pytest.mark.parametrize(
    ("web", "why"),
    [
        (
            WebKeys(certificate=Path("/no/such.crt"), key=Path("/no/such.key")),
            "no such file",
        ),
        (WebKeys(certificate=Path("/no/such.crt")), "come together"),
    ],
)
def test_half_a_certificate_is_refused(tmp_path: Path, web: WebKeys, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        transport(web, tmp_path)


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.crt"
    path.write_text("hello")
    web = WebKeys(certificate=path, key=path)
    with pytest.raises(ConfigError, match=r"x\.crt: is no certificate"):
        remarks(web, tmp_path, NOW)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "alerts.example.org"])
def test_no_other_host_is_served_without_tls(tmp_path: Path, host: str) -> None:
    config = transport(WebKeys(host=host), tmp_path)
    assert config["ssl_certfile"] is not None
    assert is_secure(WebKeys(host=host))
    behind = transport(WebKeys(host=host, behind_proxy=True), tmp_path)
    assert behind["ssl_certfile"] is None
    assert behind["proxy_headers"]
    assert not config["proxy_headers"]  # anyone could say where they come from


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_alone_needs_no_tls(tmp_path: Path, host: str) -> None:
    assert transport(WebKeys(host=host), tmp_path)["ssl_certfile"] is None
    assert os.listdir(tmp_path) == []


def test_operators_need_a_name_to_sign_in_at() -> None:
    with pytest.raises(ConfigError, match=r"\[web\] name is missing"):
        place_of(WebKeys(host="0.0.0.0"), accounts=True)
    place = place_of(WebKeys(host="0.0.0.0", name="Alerts.example.org"), accounts=True)
    assert place.rp_id == "alerts.example.org"
    assert place.origin("alerts.example.org:8443") == "https://alerts.example.org:8443"
    for host in ("evil.example", "alerts.example.org.evil.example", "", ":8443", "0.0.0.0"):
        assert place.origin(host) == ""
    here = place_of(WebKeys(), accounts=True)
    assert here.origin("[::1]:8080") == "http://[::1]:8080"
    assert here.origin("localhost") == "http://localhost"
