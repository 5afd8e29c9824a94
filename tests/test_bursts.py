"""300 zone changes at once, 1,500 after them: every channel in order, nothing missing."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

from alerts import ALERT, context, parcel
from forewarn.bench.site import Site
from forewarn.channels.web_push import WebPushChannel, WebPushKeys
from forewarn.channels.webhook import WebhookChannel, WebhookKeys
from forewarn.pipeline import Channel
from forewarn.records import Key, Parcel
from forewarn.signing import told
from forewarn.web.board import Board, Clock
from push_phone import Phone
from receiver import Receiver
from servers import until

ZONES = [f"z{i}" for i in range(300)]
STEPS = 6  # of each zone: one in the first second, five in the ten after it
TOGETHER = 30  # zones that one scan changes


def scans() -> list[list[Parcel]]:
    """All of it, as fast as it can be offered: each round changes every zone once."""
    texts = parcel()
    alerts = [
        replace(ALERT, alert_id=f"{zone}-", zone_id=zone, step=step)
        for step in range(STEPS)
        for zone in ZONES
    ]
    return [
        [
            replace(texts, alert=replace(alert, seq=start), signature=b"s")
            for alert in alerts[start : start + TOGETHER]
        ]
        for start in range(0, len(alerts), TOGETHER)
    ]


def in_order(steps: Iterable[tuple[str, int]]) -> bool:
    """Whether each zone's steps came once each, in their order, and all of them."""
    by_zone: dict[str, list[int]] = {zone: [] for zone in ZONES}
    for zone, step in steps:
        by_zone[zone].append(step)
    return all(told == list(range(STEPS)) for told in by_zone.values())


def carried(channel: Channel, done: Sequence[Key]) -> None:
    for some in scans():
        channel.offer(some)
    until(lambda: len(done) == STEPS * len(ZONES), 60)
    assert channel.counts().failures == 0


def test_a_receiver_of_webhooks_gets_each_zone_in_order(tmp_path: Path) -> None:
    receiver, done = Receiver(), list[Key]()
    keys = WebhookKeys(receiver.address, tmp_path / "secret", plain_http=True)
    channel = WebhookChannel(keys, context(tmp_path, done.extend))
    carried(channel, done)
    bodies = [json.loads(post.body)["data"] for post in receiver.got]
    assert in_order((body["zone_id"], body["step"]) for body in bodies)
    channel.close()
    receiver.close()


def test_phones_get_each_of_their_zones_in_order(tmp_path: Path) -> None:
    service, done = Receiver(), list[Key]()
    keys = WebPushKeys(
        "mailto:alerts@example.org",
        tmp_path / "push.pem",
        tmp_path / "push.sqlite",
        services=(service.address,),
    )
    site = context(tmp_path, done.extend, ZONES)
    channel = WebPushChannel(keys, site, lambda: ALERT.issued_s + 1.0)
    phones = [Phone(service, f"p{i}") for i in range(6)]
    for i, phone in enumerate(phones):
        mine = tuple(ZONES[50 * i : 50 * i + 50])
        channel.subscribe(phone.endpoint, phone.keys, mine, "en")
    carried(channel, done)
    read = [message for phone in phones for message in phone.messages()]
    assert in_order((message["zone_id"], message["step"]) for message in read)
    channel.close()
    service.close()


def streamed(query: str, lines: Callable[[Site, str], Iterable[str]]) -> list[Any]:
    """The bodies of all changes that a reader is told while they come."""
    board = Board("Here", ("en",), False, Clock(lambda: 1000.0), service="live")
    heard: list[Any] = []
    with Site(board) as site:
        for line in lines(site, query):
            body = json.loads(line)
            if "ended" in body:  # the state of now: it is in line
                for seq, some in enumerate(scans(), start=1):
                    steps = [
                        (told(p), {"zone_id": p.alert.zone_id, "state": p.alert.state})
                        for p in some
                    ]
                    site.ask(board.tell, steps, seq)
            heard += [body] if "alerts" in body and "ended" not in body else []
            if body["seq"] == STEPS * len(ZONES) // TOGETHER:
                break
    return heard


def by_events(site: Site, query: str) -> Iterable[str]:
    with httpx.stream(
        "GET", f"{site.address}/api/public/v1/stream{query}", timeout=20
    ) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                yield line.removeprefix("data: ")


def by_socket(site: Site, query: str) -> Iterable[str]:
    address = site.address.replace("http", "ws")
    with connect(f"{address}/api/public/v1/ws{query}") as line:
        line.recv(timeout=20)  # which zones
        while True:
            yield json.dumps(json.loads(line.recv(timeout=20))["data"])


def test_readers_of_server_sent_events_hear_each_zone_in_order() -> None:
    heard = streamed("", by_events)
    steps = [alert for body in heard for alert in body["alerts"]]
    assert in_order((alert["zone_id"], alert["step"]) for alert in steps)


def test_apps_at_a_socket_hear_each_zone_in_order() -> None:
    heard = streamed("", by_socket)
    steps = [alert for body in heard for alert in body["alerts"]]
    assert in_order((alert["zone_id"], alert["step"]) for alert in steps)
