"""Subscribing to push messages through the public API: what is taken, and what is not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts import ALERT, context
from forewarn.channels.web_push import WebPushChannel, WebPushKeys
from forewarn.web.board import Board, Clock
from forewarn.web.limits import BODY_MAX, CALLERS_MAX, Pace
from forewarn.web.public import public_api
from forewarn.web.push import BURST, PushDesk
from push_phone import Phone
from receiver import Receiver

BOARD = Board("Here", ("en", "uk"), False, Clock(lambda: 1000.0))


class Desk:
    """The public API of a site with a push channel."""

    def __init__(self, folder: Path) -> None:
        self.service = Receiver()
        keys = WebPushKeys(
            "mailto:alerts@example.org",
            folder / "push.pem",
            folder / "push.sqlite",
            most=2,
            services=(self.service.address,),
        )
        self.channel = WebPushChannel(keys, context(folder, lambda keys: None))
        self.api = public_api(BOARD, None, lambda: self.channel)
        self.phone = Phone(self.service)

    def ask(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        async def asking() -> httpx.Response:
            transport = httpx.ASGITransport(self.api, client=("192.0.2.1", 5))
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as one:
                return await one.request(method, f"/v1/push{path}", **more)

        return asyncio.run(asking())

    def wish(self, phone: Phone | None = None, **change: Any) -> dict[str, Any]:
        phone = phone or self.phone
        p256dh, auth = phone.keys
        keys = {"p256dh": p256dh, "auth": auth}
        wish = {
            "subscription": {
                "endpoint": phone.endpoint, "keys": keys, "expirationTime": None,
            },
            "zone_ids": [ALERT.zone_id],
            "language": "en",
        }  # fmt: skip
        return wish | change


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.channel.close()
    one.service.close()


def test_a_browser_gets_a_key_subscribes_and_leaves(desk: Desk) -> None:
    assert desk.ask("GET", "/key").json() == {"key": desk.channel.push_key}
    assert isinstance(desk.channel, PushDesk)
    assert desk.ask("POST", json=desk.wish()).status_code == 204
    assert len(desk.channel._subscriptions) == 1
    endpoint = {"endpoint": desk.phone.endpoint}
    for _ in range(2):  # whether it was known is nobody's business
        assert desk.ask("DELETE", json=endpoint).status_code == 204
    assert len(desk.channel._subscriptions) == 0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"zone_ids": []}, "at least 1"),
        ({"zone_ids": ["nowhere"]}, "unknown: ['nowhere']"),
        ({"zone_ids": ["z"] * 51}, "at most 50"),
        ({"language": "xx"}, "expected one of en, uk"),
        ({"subscription": {"endpoint": "https://10.0.0.1/"}}, "keys"),
        (
            {
                "subscription": {
                    "endpoint": "https://10.0.0.1/",
                    "keys": {"p256dh": "A", "auth": "B"},
                }
            },
            "expected https:// at one of",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    desk: Desk, change: dict[str, Any], fault: str
) -> None:
    answer = desk.ask("POST", json=desk.wish(**change))
    assert answer.status_code == 422
    assert fault in answer.text.replace('\\"', '"')
    assert len(desk.channel._subscriptions) == 0


def test_when_all_places_are_taken_it_says_so(desk: Desk) -> None:
    phones = [Phone(desk.service, f"p{i}") for i in range(3)]
    codes = [desk.ask("POST", json=desk.wish(phone)).status_code for phone in phones]
    assert codes == [204, 204, 503]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_that_is_too_long_is_not_read_to_its_end(desk: Desk, streamed: bool) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        while True:
            read += 1024
            yield b"x" * 1024

    content = endless() if streamed else b"x" * (BODY_MAX + 1)
    assert desk.ask("POST", content=content).status_code == 413
    assert read <= 2 * BODY_MAX


def test_who_asks_too_often_has_to_wait(desk: Desk) -> None:
    wish = desk.wish(zone_ids=["nowhere"])
    codes = [desk.ask("POST", json=wish).status_code for _ in range(BURST + 1)]
    assert codes == [422] * BURST + [429]
    assert desk.ask("GET", "/key").status_code == 200


def test_a_site_without_push_says_so() -> None:
    api = public_api(BOARD, None)

    async def asking() -> int:
        transport = httpx.ASGITransport(api)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as one:
            return (await one.get("/v1/push/key")).status_code

    assert asyncio.run(asking()) == 404


def test_the_pace_is_of_a_household_and_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 100.0
    monkeypatch.setattr("forewarn.web.limits.time.monotonic", lambda: now_s)
    pace = Pace(burst=2, every_s=10.0)
    assert [pace.allows("2001:db8::1") for _ in range(3)] == [True, True, False]
    assert not pace.allows("2001:db8::2")
    assert pace.allows("2001:db8:0:1::1")
    now_s = 110.0
    assert [pace.allows("2001:db8::1") for _ in range(2)] == [True, False]
    for i in range(CALLERS_MAX + 5):
        pace.allows(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}")
    assert len(pace._paid_until_s) == CALLERS_MAX
