"""The two APIs: what each tells, and to whom."""

import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest

from conftest import square_zones
from forewarn import files
from forewarn.app.control import Control
from forewarn.records import Event
from forewarn.signing import World
from forewarn.web.board import Board, Clock
from forewarn.web.health import health_routes
from forewarn.web.hub import QUEUE_MAX, Hub, sent
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


async def _forget(event: Event) -> None:
    """No core listens here."""


class Site:
    """The web application over a board filled by hand."""

    def __init__(self, cap: Path) -> None:
        self.board = Board("Here", ("en",), True, Clock(lambda: 123.0))
        zones = square_zones(rows=3)
        self.board.zones, self.board.zones_version = zones_geojson(zones), zones.version
        self.alive = True
        site = files.Site("Here", ("en",), None, None)
        control = Control(site, World.EXERCISE, self.board, _forget, asyncio.Event())
        self.app = web_application(
            public_api(self.board, cap),
            control.api(),
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


def test_the_console_answers_to_no_name_but_its_own(site: Site) -> None:
    headers = {"host": "evil.example"}
    assert get(site, "/api/operators/v1/status", **headers).status_code == 403
    assert get(site, "/api/public/v1/status", **headers).status_code == 200


PAGES = ("/", "/console", "/signin", "/api/public/docs", "/api/operators/docs")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_outside_and_runs_nothing_written_into_it(
    site: Site, path: str
) -> None:
    page = get(site, path)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in page.text.replace("http-equiv", "")
    assert not re.search(r"<style| style=| on\w+=|<script(?![^>]* src=)", page.text)


@pytest.mark.parametrize("path", [*PAGES, "/api/public/v1/state", "/nowhere"])
def test_every_answer_has_strict_headers_and_is_for_our_own_pages(
    site: Site, path: str
) -> None:
    headers = get(site, path, origin="https://evil.example").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    kept = "no-store" if path.startswith("/api/operators") else None
    assert kept is None or headers["cache-control"] == kept


@pytest.mark.parametrize("name", ["é", "a" * 300, "a%00", "..%2f..%2fsite", "%ff"])
def test_a_message_with_an_odd_name_is_just_not_there(site: Site, name: str) -> None:
    assert get(site, f"/api/public/v1/cap/{name}.xml").status_code == 404


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
