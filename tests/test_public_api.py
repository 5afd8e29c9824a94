"""The public API for phones: only their own zones, resumed where the line broke, small."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import shapely

from conftest import square_zones
from forewarn.web.board import Board, Clock
from forewarn.web.hub import Hub
from forewarn.web.message import Message
from forewarn.web.picture import zones_geojson
from forewarn.web.places import SCALE, TOLERANCE_DEG, places
from forewarn.web.stream import EventStream
from forewarn.web.wish import Wish
from test_web import TOLD, WHY, Site

TEXT = {"en": "Take cover now.", "uk": "Негайно в укриття."}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def get(site: Site, path: str, **headers: str) -> httpx.Response:
    return asyncio.run(site.get(f"/api/public/v1/{path}", **headers))


def board() -> Board:
    return Board("Here", ("en", "uk"), False, Clock(lambda: 1000.0), service="live")


def step(zone_id: str, state: str = "take_cover", **more: Any) -> Any:
    told = TOLD | {"zone_id": zone_id, "state": state, "issued_s": 990.0, "text": TEXT}
    return told | more, WHY | {"zone_id": zone_id, "state": state}


def zones_of(body: dict[str, Any], name: str = "alerts") -> list[str]:
    return [told["zone_id"] for told in body[name]]


def test_state_is_of_the_zones_asked_for_in_the_language_asked_for(site: Site) -> None:
    site.board.tell([step("z1"), step("z2"), step("z3")], 7)
    mine = get(site, "state?zone=z2&zone=z9&language=uk").json()
    assert zones_of(mine) == ["z2"]
    assert mine["alerts"][0]["text"] == {"uk": TEXT["uk"]}
    assert mine["alerts"][0]["signature"] == ""  # it is of all texts
    assert mine["others"] is None
    every = get(site, "state").json()
    assert zones_of(every) == ["z1", "z2", "z3"]
    assert every["alerts"][0]["signature"] == TOLD["signature"]
    assert zones_of(get(site, "state?zone=").json()) == []


def test_a_language_that_has_no_texts_is_answered_in_all(site: Site) -> None:
    site.board.tell([step("z1")], 7)
    assert get(site, "state?language=he").json()["alerts"][0]["text"] == TEXT


def test_other_warned_zones_are_told_in_brief_if_asked_for(site: Site) -> None:
    site.board.tell([step("z1"), step("z2", "prepare", onset_s=None)], 7)
    body = get(site, "state?zone=z1&others=true").json()
    assert zones_of(body) == ["z1"]
    assert body["others"] == [["z2", "prepare", None]]


def test_more_zones_than_one_person_can_care_for_are_refused(site: Site) -> None:
    query = "&".join(f"zone=z{i}" for i in range(60))
    assert get(site, f"state?{query}").status_code == 422


def test_the_state_of_a_place_is_small_while_a_whole_country_is_warned(site: Site) -> None:
    texts = dict.fromkeys(("en", "uk", "he", "ar", "ru"), "x" * 400)
    site.board.tell([step(f"z{i}", text=texts) for i in range(5000)], 7)
    mine = get(site, "state?zone=z1&zone=z2&language=he").content
    assert len(mine) < 30_000
    assert zones_of(json.loads(mine)) == ["z1", "z2"]


def test_a_correction_keeps_when_its_stage_began() -> None:
    here = board()
    here.tell([step("z1", issued_s=900.0)], 1)
    here.tell([step("z1", issued_s=950.0, step=1)], 2)
    assert here.state(Wish())["since_s"] == {"z1": 900.0}
    here.tell([step("z1", "stay", issued_s=960.0, step=2)], 3)
    assert here.state(Wish())["since_s"] == {"z1": 960.0}
    here.tell([step("z1", "all_clear", issued_s=970.0, step=3)], 4)
    assert here.state(Wish())["since_s"] == {}


def test_an_all_clear_is_told_for_ten_minutes_unless_the_zone_is_warned_again() -> None:
    now_s = 1000.0
    here = Board("Here", ("en",), False, Clock(lambda: now_s))
    here.tell([step("z1"), step("z2")], 1)
    here.tell([step("z1", "all_clear"), step("z2", "all_clear")], 2)
    here.tell([step("z2", alert_id="again")], 3)
    assert zones_of(here.state(Wish()), "ended") == ["z1"]
    now_s = 1591.0
    assert here.state(Wish())["ended"] == []


def heard(here: Board, wish: Wish, doings: list[Any]) -> list[Message]:
    """What a reader of the stream is sent while things are done."""

    async def story() -> list[Message]:
        messages: list[Message] = []
        reader: AsyncGenerator[Message] = here.public.read(list, wish)

        async def listen() -> None:
            async for message in reader:
                messages.append(message)

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        for doing in doings:
            doing()
        here.public.close()
        await listening
        return messages

    return asyncio.run(story())


def test_a_stream_carries_only_the_changes_of_its_zones() -> None:
    here = board()
    doings = [
        lambda: here.tell([step("z1"), step("z2")], 1),
        lambda: here.tell([step("z3")], 2),
        lambda: here.tell([step("z1", "all_clear")], 3),
    ]
    told = heard(here, Wish(frozenset({"z1"}), "en"), doings)
    bodies = [json.loads(message.data) for message in told]
    assert [zones_of(body) for body in bodies] == [["z1"], ["z1"]]
    assert [body["alerts"][0]["state"] for body in bodies] == ["take_cover", "all_clear"]
    assert bodies[0]["alerts"][0]["text"] == {"en": TEXT["en"]}
    assert bodies[0]["expires_s"] - bodies[0]["time_s"] == 20.0


def test_a_stream_of_all_zones_carries_all() -> None:
    here = board()
    told = heard(here, Wish(), [lambda: here.tell([step("z1"), step("z2")], 1)])
    assert zones_of(json.loads(told[0].data)) == ["z1", "z2"]


def test_who_comes_back_hears_what_was_missed_and_nothing_twice() -> None:
    here = board()
    here.recover([], 10)
    here.tell([step("z1")], 11)
    last = here.message_id()
    here.tell([step("z1", "stay"), step("z2")], 12)
    here.tell([step("z1", "all_clear")], 13)
    missed = here.news(Wish(frozenset({"z1"})), last)
    assert missed is not None
    assert [told["state"] for told in missed["alerts"]] == ["stay", "all_clear"]
    nothing = here.news(Wish(), here.message_id())
    assert nothing is not None
    assert nothing["alerts"] == []


@pytest.mark.parametrize("last", ["", "7", "x-y", "another-11", "{run}-9", "{run}-99"])
def test_who_names_a_message_not_known_here_hears_the_whole_state(last: str) -> None:
    here = board()
    here.recover([step("z1")], 10)
    here.tell([step("z2")], 11)
    assert here.news(Wish(), last.format(run=here.run)) is None


def test_a_core_that_comes_back_replaces_what_was_known() -> None:
    here = board()
    here.tell([step("z1"), step("z2")], 11)
    (told,) = heard(here, Wish(), [lambda: here.recover([step("z2")], 12)])
    assert told.event == "state"
    assert zones_of(json.loads(told.data)) == ["z2"]
    assert list(here.scene.told) == ["z2"]


def test_what_is_said_before_a_reader_asks_for_its_first_message_is_not_lost() -> None:
    async def story() -> list[str]:
        hub = Hub()

        def first() -> list[Message]:
            hub.publish("change", {})  # while the first messages are put together
            return [Message("first", "{}")]

        reader = hub.read(first)
        return [(await anext(reader)).event for _ in range(2)]

    assert asyncio.run(story()) == ["first", "change"]


def test_a_heartbeat_comes_to_each_reader_in_its_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forewarn.web.hub.BEAT_S", 0.05)

    async def story() -> list[str]:
        hub = Hub()
        reader = hub.read(list, Wish(), lambda: Message("heartbeat", "{}"))
        heard = []
        for number in range(30):
            heard.append((await anext(reader)).event)
            if number % 2:  # other words do not put it off
                hub.publish("alerts", {})
        return heard

    heard = asyncio.run(story())
    assert 14 <= heard.count("heartbeat") <= 16


def test_who_comes_to_a_closed_stream_is_sent_home() -> None:
    async def story() -> list[Any]:
        hub = Hub()
        hub.close()
        async with asyncio.timeout(5):
            return [message async for message in hub.read(list)]

    assert asyncio.run(story()) == []


@pytest.mark.parametrize("leaves", ["disconnects", "is sent home"])
def test_a_reader_who_goes_is_forgotten(leaves: str) -> None:
    sent: list[Any] = []

    async def story() -> int:
        hub = Hub()
        going = asyncio.Event()

        async def receive() -> dict[str, str]:
            await going.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        answer = EventStream(hub.read(lambda: [Message("first", "{}")]))
        serving = asyncio.create_task(answer({"type": "http"}, receive, send))
        await asyncio.sleep(0.01)
        assert len(hub) == 1
        if leaves == "disconnects":
            going.set()
        if leaves == "is sent home":
            hub.close()
        async with asyncio.timeout(5):
            await serving
        return len(hub)

    assert asyncio.run(story()) == 0
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert sent[1]["body"] == b"event: first\ndata: {}\n\n"


def unpacked(body: dict[str, Any]) -> dict[str, Any]:
    """Outlines as a page unpacks them."""

    def ring(steps: list[int]) -> list[tuple[float, float]]:
        return [
            tuple(point)
            for point in np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / body["scale"]
        ]

    return {
        zone["zone_id"]: shapely.MultiPolygon(
            [
                (ring(outer), [ring(hole) for hole in holes])
                for outer, *holes in zone["shape"]
            ]
        )
        for zone in body["zones"]
    }


def test_places_are_the_zones_within_20_m() -> None:
    zones = square_zones(rows=3)
    body = json.loads(places(zones_geojson(zones), "v"))
    for zone_id, polygon in zip(zones.zone_id, zones.polygons, strict=True):
        apart = unpacked(body)[zone_id].hausdorff_distance(shapely.from_geojson(polygon))
        assert apart <= TOLERANCE_DEG + 2 / SCALE


def test_places_keep_holes_and_parts() -> None:
    square = [[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]
    hole = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6], [0.4, 0.4]]
    part = [[2, 2], [2, 3], [3, 3], [2, 2]]
    shape = {"type": "MultiPolygon", "coordinates": [[square, hole], [part]]}
    told = {"zone_id": "z", "name": "Z", "names": {"uk": "З"}}
    feature = {"type": "Feature", "properties": told, "geometry": shape}
    body = json.loads(places(json.dumps({"features": [feature]}).encode(), "v"))
    assert body["zones"][0]["names"] == {"uk": "З"}
    assert unpacked(body)["z"].area == pytest.approx(1 - 0.04 + 0.5)


def test_places_are_packed_kept_and_named_by_their_version(site: Site) -> None:
    answer = get(site, "places?version=squares")
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert len(answer.json()["zones"]) == 9
    assert get(site, "places").headers["cache-control"] == "no-cache"
    plain = get(site, "places", **{"accept-encoding": "identity"})
    assert plain.json() == answer.json()
    tag = answer.headers["etag"]
    assert get(site, "places", **{"if-none-match": tag}).status_code == 304
    site.board.zones_version = ""
    assert get(site, "places").status_code == 503


def test_five_thousand_places_are_a_small_file() -> None:
    body = gzip.compress(places(zones_geojson(square_zones(rows=71)), "v"))
    print(f"places of 5,041 zones: {len(body) / 1000:.0f} kB packed")
    assert len(body) < 150_000
