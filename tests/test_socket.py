"""The WebSocket for apps, on a real server: filtered, resumed, told where it is."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from conftest import square_zones
from forewarn.bench.site import Site
from forewarn.web.board import Board, Clock
from forewarn.web.hub import QUEUE_MAX
from forewarn.web.picture import zones_geojson
from servers import until
from test_public_api import step, zones_of

ZONES = square_zones(rows=3)
MIDDLE = {"lat_deg": 56.2, "lon_deg": 9.4}  # of the middle one, z4


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr("forewarn.web.socket.WISH_EVERY_S", 0.02)
    board = Board("Here", ("en", "uk"), False, Clock(lambda: 1000.0), service="live")
    board.zones, board.zones_version = zones_geojson(ZONES), ZONES.version
    with Site(board) as served:
        yield served


def app(site: Site, query: str = "") -> ClientConnection:
    address = site.address.replace("http", "ws")
    return connect(f"{address}/api/public/v1/ws{query}", open_timeout=10)


def heard(line: ClientConnection) -> dict[str, Any]:
    """The next message but for signs of life."""
    while True:
        told = dict(json.loads(line.recv(timeout=10)))
        if told["event"] != "heartbeat":
            return told


def greeted(line: ClientConnection) -> dict[str, Any]:
    """The first message about alerts."""
    assert heard(line)["event"] == "zones"
    return heard(line)


def ended(line: ClientConnection) -> int:
    """The code that the line is closed with, once it is."""
    try:
        while True:
            line.recv(timeout=10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


def tell(site: Site, seq: int, *steps: Any) -> None:
    site.ask(site.board.tell, steps, seq)


def test_an_app_is_told_the_state_of_now_and_then_every_change(site: Site) -> None:
    tell(site, 7, step("z1"), step("z2"))
    with app(site) as line:
        first = greeted(line)
        assert first["event"] == "state"
        assert zones_of(first["data"]) == ["z1", "z2"]
        tell(site, 8, step("z1", "all_clear"))
        change = heard(line)
        assert change["event"] == "alerts"
        assert change["id"] == site.board.message_id()
        assert change["data"]["alerts"][0]["state"] == "all_clear"


def test_it_is_told_what_readers_of_server_sent_events_are_told(site: Site) -> None:
    with (
        app(site, "?zone=z1&language=uk&others=true") as line,
        httpx.stream(
            "GET",
            f"{site.address}/api/public/v1/stream?zone=z1&language=uk&others=true",
            timeout=10,
        ) as stream,
    ):
        greeted(line)
        lines = stream.iter_lines()
        assert "event: state" in lines
        tell(site, 9, step("z1"), step("z2", onset_s=None))
        mine = heard(line)
        assert "event: alerts" in lines
        rows = dict(next(lines).split(": ", 1) for _ in range(2))
        assert rows["id"] == mine["id"]
        assert json.loads(rows["data"]) == mine["data"]


def test_every_message_tells_its_time_and_when_it_expires(site: Site) -> None:
    tell(site, 7, step("z1"))
    with app(site) as line:
        assert json.loads(line.recv(timeout=10))["event"] == "zones"
        said = [json.loads(line.recv(timeout=10)) for _ in range(2)]
        tell(site, 8, step("z2"))
        said.append(json.loads(line.recv(timeout=10)))
    assert [told["event"] for told in said] == ["heartbeat", "state", "alerts"]
    for told in said:
        body = told["data"]
        assert body["expires_s"] - body["time_s"] == 20.0
        for alert in body.get("alerts", []):
            assert alert["issued_s"] <= body["time_s"]  # its age


def test_an_app_hears_of_its_own_zones_only(site: Site) -> None:
    with app(site, "?zone=z1&language=en") as line:
        greeted(line)
        tell(site, 7, step("z2"))
        tell(site, 8, step("z1"))
        change = heard(line)
        assert zones_of(change["data"]) == ["z1"]
        assert set(change["data"]["alerts"][0]["text"]) == {"en"}


def test_an_app_says_where_it_is_and_hears_of_that_zone(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tell(site, 7, step("z1"), step("z4"))
    with app(site, "?zone=") as line:
        assert zones_of(greeted(line)["data"]) == []
        line.send(json.dumps(MIDDLE))
        assert heard(line) == {"event": "zones", "data": {"zone_ids": ["z4"]}}
        assert zones_of(heard(line)["data"]) == ["z4"]
        tell(site, 8, step("z1", "all_clear"))
        tell(site, 9, step("z4", "all_clear"))
        assert zones_of(heard(line)["data"]) == ["z4"]
    server = [record for record in caplog.records if record.name != "websockets.client"]
    assert not any("56.2" in record.getMessage() for record in server)


def test_an_app_that_moves_says_so_and_hears_of_where_it_is_now(site: Site) -> None:
    tell(site, 7, step("z1"), step("z4"))
    with app(site, "?zone=z1") as line:
        assert zones_of(greeted(line)["data"]) == ["z1"]
        line.send(json.dumps(MIDDLE | {"language": "uk"}))
        told = greeted(line)["data"]
        assert zones_of(told) == ["z4"]
        assert set(told["alerts"][0]["text"]) == {"uk"}
        until(lambda: len(site.board.public) == 1)


def test_zones_that_change_are_found_anew(site: Site) -> None:
    with app(site, "?zone=") as line:
        greeted(line)
        line.send(json.dumps(MIDDLE))
        assert heard(line)["data"] == {"zone_ids": ["z4"]}
        site.board.zones = site.board.zones.replace(b'"z4"', b'"new"')
        site.board.zones_version = "another"
        assert zones_of(heard(line)["data"]) == []
        line.send(json.dumps(MIDDLE))
        assert heard(line)["data"] == {"zone_ids": ["new"]}


def test_an_app_that_comes_back_hears_what_it_missed(site: Site) -> None:
    tell(site, 7, step("z1"))
    with app(site) as line:
        last = greeted(line)["id"]
    tell(site, 8, step("z1", "stay"))
    tell(site, 9, step("z1", "all_clear"), step("z2"))
    with app(site, f"?zone=z1&after={last}") as line:
        missed = greeted(line)
        assert missed["event"] == "alerts"
        assert [told["state"] for told in missed["data"]["alerts"]] == ["stay", "all_clear"]
    with app(site, "?zone=") as line:
        greeted(line)
        line.send(json.dumps({"zone_ids": ["z1"], "after": last}))
        assert len(greeted(line)["data"]["alerts"]) == 2


WRONG: list[tuple[str | bytes, str]] = [
    ("{", "Invalid JSON"),
    ("[]", "message"),
    ('{"lat_deg": 56.2}', "lat_deg and lon_deg"),
    ('{"lat_deg": 156.2, "lon_deg": 9.4}', "lat_deg: Input should be less"),
    ('{"lat_deg": NaN, "lon_deg": 9.4}', "lat_deg: Input should be"),
    ('{"lat_deg": 10.0, "lon_deg": 9.4}', "in no zone of this site"),
    ('{"lat_deg": 56.2, "lon_deg": 9.4, "zone_ids": []}', "zone_ids, or lat_deg"),
    ('{"zone": ["z1"]}', "zone: Extra inputs are not permitted"),
    (json.dumps({"zone_ids": ["z"] * 51}), "at most 50"),
    (b"\x00\xff", "Invalid JSON"),
]


def test_a_wish_that_cannot_be_met_is_named_and_the_old_one_goes_on(site: Site) -> None:
    with app(site, "?zone=z1") as line:
        greeted(line)
        for said, fault in WRONG:
            line.send(said)
            answer = heard(line)
            assert answer["event"] == "error"
            assert fault in answer["data"]["detail"]
            assert "56.2" not in answer["data"]["detail"]  # nothing of it comes back
        tell(site, 8, step("z1"))
        assert zones_of(heard(line)["data"]) == ["z1"]


def test_a_message_that_is_too_long_ends_the_line(site: Site) -> None:
    with app(site) as line:
        line.send("x" * 20_000)
        assert ended(line) == 1009


def test_who_falls_behind_is_let_go_and_told_to_come_again(site: Site) -> None:
    with app(site) as line:
        greeted(line)
        # no reader gets a turn while so many are said
        site.ask(
            lambda: [site.board.public.publish("state", {}) for _ in range(QUEUE_MAX + 1)]
        )
        assert ended(line) == 1013
    assert site.board.public.dropped == 1


def test_who_leaves_is_forgotten(site: Site) -> None:
    with app(site) as line:
        greeted(line)
        assert len(site.board.public) == 1
    until(lambda: len(site.board.public) == 0)
