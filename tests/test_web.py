"""The two APIs: what each tells, and to whom."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from conftest import square_zones
from forewarn.web.board import Board, Clock
from forewarn.web.health import health_routes
from forewarn.web.hub import QUEUE_MAX, Hub, sent
from forewarn.web.operators import operators_api
from forewarn.web.pages import web_application
from forewarn.web.picture import changes, zones_geojson
from forewarn.web.public import public_api

TOLD = {
    "alert_id": "a1",
    "step": 0,
    "zone_id": "z4",
    "state": "take_cover",
    "issued_s": 100.0,
    "onset_s": 170,
    "kind": "rocket",
    "text": {"en": "Take cover now."},
    "signature": "c2lnbmVk",
}
WHY = {
    "zone_id": "z4",
    "state": "take_cover",
    "probability": 0.01,
    "threshold": 1e-4,
    "onset_p05_s": 170.2,
    "onset_p50_s": 172.0,
    "people": 200.0,
    "threats": ["T65536"],
    "sources": ["north"],
    "reason": "threat",
}


class Site:
    """The web application over a board filled by hand."""

    def __init__(self, cap: Path) -> None:
        self.board = Board("Here", ("en",), True, Clock(lambda: 123.0))
        zones = square_zones(rows=3)
        self.board.zones, self.board.zones_version = zones_geojson(zones), zones.version
        self.alive = True
        self.commands: list[tuple[str, tuple[str, ...], str]] = []
        self.app = web_application(
            public_api(self.board, cap),
            operators_api(self.board, lambda *command: self.commands.append(command)),
            health_routes(self.board, lambda: self.alive),
        )

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.ask("GET", path, headers=headers)

    async def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 5))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost"
        ) as client:
            return await client.request(method, path, **more)  # type: ignore[arg-type]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def get(site: Site, path: str, **headers: str) -> httpx.Response:
    return asyncio.run(site.get(path, **headers))


def test_the_public_api_tells_zone_state_time_text_and_nothing_else(site: Site) -> None:
    site.board.tell([(TOLD, WHY)], 7)
    state = get(site, "/api/public/v1/state").json()
    assert set(state) == {
        "time_s", "seq", "expires_s", "service", "alerts", "since_s", "ended",
        "others",
    }  # fmt: skip
    assert set(state["alerts"][0]) == {
        "alert_id", "step", "zone_id", "state", "issued_s", "onset_s", "kind", "text",
        "signature",
    }  # fmt: skip
    everything = json.dumps(get(site, "/api/public/openapi.json").json())
    for secret in ("track", "sensor", "probability", "threshold", "operator"):
        assert secret not in everything.lower()


def test_alerts_as_geojson_stand_in_their_zones(site: Site) -> None:
    assert get(site, "/api/public/v1/alerts.geojson").json()["features"] == []
    site.board.tell([(TOLD, WHY)], 7)
    (feature,) = get(site, "/api/public/v1/alerts.geojson").json()["features"]
    assert feature["properties"]["zone_id"] == "z4"
    assert feature["geometry"]["type"] == "Polygon"


def test_an_all_clear_takes_the_alert_away(site: Site) -> None:
    site.board.tell([(TOLD, WHY)], 7)
    over = {**TOLD, "state": "all_clear", "step": 1}
    site.board.tell([(over, {**WHY, "state": "all_clear"})], 8)
    assert get(site, "/api/public/v1/state").json()["alerts"] == []
    assert site.board.whole()["zones"]["set"] == []


def test_zones_are_sent_once(site: Site) -> None:
    first = get(site, "/api/public/v1/zones")
    assert len(first.json()["features"]) == 9
    tag = first.headers["etag"]
    assert get(site, "/api/public/v1/zones", **{"if-none-match": tag}).status_code == 304


def test_a_cap_message_is_served_and_no_other_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a1-0.xml").write_text("<alert/>")
    (tmp_path / "key").write_text("secret")
    assert get(site, "/api/public/v1/cap/a1-0.xml").text == "<alert/>"
    for path in ("a1-1.xml", "..%2Fkey.xml", "key"):
        assert get(site, f"/api/public/v1/cap/{path}").status_code in (404, 405)


def test_status_expires_and_says_what_it_waits_for(site: Site) -> None:
    site.board.become("starting", "compiling kernels, 3 of 15")
    status = get(site, "/api/public/v1/status").json()
    assert (status["service"], status["detail"]) == (
        "starting",
        "compiling kernels, 3 of 15",
    )
    assert status["expires_s"] - status["time_s"] == 20.0


def test_operators_see_why(site: Site) -> None:
    site.board.tell([(TOLD, WHY)], 7)
    picture = get(site, "/api/operators/v1/picture").json()
    assert picture["reset"] is True
    assert picture["zones"]["set"] == [WHY]


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}]
)
def test_the_console_is_for_this_machine_only(site: Site, headers: dict[str, str]) -> None:
    assert get(site, "/api/operators/v1/status", **headers).status_code == 403
    assert get(site, "/api/public/v1/status", **headers).status_code == 200


def test_a_stranger_is_refused(site: Site) -> None:
    async def ask() -> int:
        transport = httpx.ASGITransport(site.app, client=("192.0.2.1", 5))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as c:
            return (await c.get("/api/operators/v1/picture")).status_code

    assert asyncio.run(ask()) == 403


def test_commands_are_handed_over_and_wrong_ones_named(site: Site) -> None:
    body = {"action": "all_clear", "zone_ids": ["z4"], "operator_id": "op"}
    path = "/api/operators/v1/command"
    assert asyncio.run(site.ask("POST", path, json=body)).status_code == 202
    assert site.commands == [("all_clear", ("z4",), "op")]
    wrong = asyncio.run(site.ask("POST", path, json={**body, "action": "launch"}))
    assert wrong.status_code == 422
    assert "expected one of prepare, take_cover, all_clear" in wrong.text


def test_pages_and_documents_load_nothing_from_outside(site: Site) -> None:
    for path in ("/", "/console"):
        page = get(site, path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
        assert "unsafe" not in policy
        assert "http" not in page.text.replace("http-equiv", "")
    for path in ("/api/public/docs", "/api/operators/docs"):
        text = get(site, path).text
        assert "https://" not in text


def test_a_slow_reader_is_let_go_and_others_are_not() -> None:
    async def story() -> tuple[int, int]:
        hub = Hub()
        slow = hub.read(lambda: [sent("first", {})])
        quick = hub.read(list)
        await anext(slow)
        heard = []

        async def listen() -> None:
            async for message in quick:
                heard.append(message)

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        for k in range(QUEUE_MAX + 5):
            hub.publish("tick", {"k": k})
            await asyncio.sleep(0)
        hub.close()
        await listening
        return hub.dropped, len(heard)

    dropped, heard = asyncio.run(story())
    assert dropped == 1
    assert heard == QUEUE_MAX + 5


def test_differences_name_only_what_changed() -> None:
    before = {"a": {"v": 1}, "b": {"v": 1}, "c": {"v": 1}}
    now = {"a": {"v": 1}, "b": {"v": 2}, "d": {"v": 3}}
    assert changes(before, now) == {"set": [{"v": 2}, {"v": 3}], "gone": ["c"]}


def sensor(fresh: bool) -> dict[str, object]:
    return {"sensor_id": "north", "scans": 3, "plots": 17, "fresh": fresh}


def test_it_is_ready_while_a_sensor_is_fresh_and_lives_while_the_core_speaks(
    site: Site,
) -> None:
    assert get(site, "/readyz").status_code == 503  # it starts
    site.board.become("live", "all parts run")
    site.board.sensors = [sensor(fresh=False)]
    assert get(site, "/readyz").text == "no sensor is fresh\n"
    site.board.sensors.append(sensor(fresh=True))
    assert get(site, "/readyz").status_code == 200
    assert get(site, "/livez").status_code == 200
    site.alive = False
    assert get(site, "/livez").status_code == 503


def test_figures_are_told_to_this_machine_only(site: Site) -> None:
    site.board.sensors = [sensor(fresh=True)]
    site.board.refused = [{"source": "north", "reason": "from the future", "count": 2}]
    text = get(site, "/metrics").text
    assert 'forewarn_sensor_plots_total{sensor="north"} 17.0' in text
    assert 'forewarn_service{forewarn_service="starting"} 1.0' in text
    assert 'forewarn_refused_total{reason="from the future",source="north"} 2.0' in text
    assert get(site, "/metrics", host="forewarn.example").status_code == 403


def test_the_feed_and_the_list_of_messages_are_served_once_there_are_some(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    assert get(site, "/api/public/v1/cap/feed.atom").status_code == 404
    (tmp_path / "feed.atom").write_text("<feed/>")
    (tmp_path / "other.atom").write_text("<feed/>")
    answer = get(site, "/api/public/v1/cap/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert get(site, "/api/public/v1/cap/other.atom").status_code == 404
