"""Webhooks against a real receiver: signed, named once, in order, and patient."""

import json
import random
import threading
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from alerts import ALERT, context, parcel, parcels
from forewarn.channels.webhook import (
    RETRY_AFTER_MAX_S,
    WebhookChannel,
    WebhookKeys,
    retry_after_s,
)
from forewarn.errors import ConfigError
from forewarn.records import AlertState, Key
from forewarn.signing import (
    Matter,
    Signer,
    World,
    alert_values,
    canonical,
    verify,
)
from receiver import Post, Receiver, Reply
from servers import until


class Site:
    """A channel that posts to a receiver on loopback."""

    def __init__(self, folder: Path, exercise: bool = False) -> None:
        self.receiver = Receiver()
        self.done: list[Key] = []
        keys = WebhookKeys(
            f"{self.receiver.address}/hook", folder / "secret", plain_http=True
        )
        self.context = context(folder, self.done.extend, exercise=exercise)
        self.channel = WebhookChannel(keys, self.context)
        self.secret = (folder / "secret").read_text().strip()

    def close(self) -> None:
        self.channel.close()
        self.receiver.close()

    def ids(self) -> list[str]:
        return [post.headers["webhook-id"] for post in self.receiver.got]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path)
    yield one
    one.close()


def test_a_step_is_signed_for_the_receiver_and_by_the_site(
    site: Site, tmp_path: Path
) -> None:
    signer = Signer.from_file(tmp_path / "live.key", World.LIVE)
    sent = parcel()
    body = canonical(alert_values(sent.alert, sent.texts))
    site.channel.offer([replace(sent, signature=signer.sign(Matter.ALERT, body))])
    until(lambda: site.done == [sent.key])
    (post,) = site.receiver.got
    read = Webhook(site.secret).verify(post.body, dict(post.headers))
    assert post.path == "/hook"
    assert post.headers["webhook-id"] == f"{ALERT.alert_id}-0"
    assert read["type"] == "alert.take_cover"
    assert read["timestamp"] == "2026-01-01T12:00:00.200Z"
    assert read["world"] == "live"
    told = dict(read["data"])
    signature = b64decode(told.pop("signature"))
    assert verify(signer.public, World.LIVE, Matter.ALERT, canonical(told), signature)
    with pytest.raises(WebhookVerificationError):
        Webhook(site.secret).verify(post.body + b" ", dict(post.headers))


def test_nothing_is_posted_that_the_public_may_not_know(site: Site) -> None:
    site.channel.offer([parcel()])
    until(lambda: bool(site.done))
    read = json.loads(site.receiver.got[0].body)
    assert set(read) == {"type", "timestamp", "world", "data"}
    assert set(read["data"]) == {
        "alert_id", "step", "zone_id", "state", "issued_s", "onset_s", "kind", "text",
        "signature",
    }  # fmt: skip
    assert "T65536" not in site.receiver.got[0].body.decode()
    assert "north" not in site.receiver.got[0].body.decode()


def test_an_exercise_says_so(tmp_path: Path) -> None:
    drill = Site(tmp_path, exercise=True)
    drill.channel.offer([parcel()])
    until(lambda: bool(drill.done))
    assert json.loads(drill.receiver.got[0].body)["world"] == "exercise"
    drill.close()


def test_a_step_that_is_tried_again_keeps_its_id_and_gets_a_new_time(site: Site) -> None:
    tries: list[Post] = []

    def third_time(post: Post) -> Reply:
        tries.append(post)
        return Reply(201 if len(tries) == 3 else 500)

    site.receiver.reply = third_time
    site.channel.offer([parcel()])
    until(lambda: bool(site.done))
    assert {post.headers["webhook-id"] for post in tries} == {f"{ALERT.alert_id}-0"}
    assert {post.body for post in tries} == {tries[0].body}
    assert site.channel.counts().failures == 2
    assert site.channel.counts().last_error == ""


def test_a_receiver_that_fails_now_and_then_gets_each_zone_in_order(site: Site) -> None:
    dice, turn = random.Random(1), threading.Lock()

    def moody(post: Post) -> Reply:
        with turn:
            return Reply(503 if dice.random() < 0.03 else 204)

    site.receiver.reply = moody
    steps = [
        parcel(replace(ALERT, alert_id=f"z{zone}", zone_id=f"z{zone}", step=step))
        for step in range(4)
        for zone in range(40)
    ]
    for some in range(0, len(steps), 16):
        site.channel.offer(steps[some : some + 16])
    until(lambda: len(site.done) == len(steps), 30)
    assert site.channel.counts().failures > 0
    for zone in range(40):
        mine = [name for name in site.ids() if name.startswith(f"z{zone}-")]
        assert mine == [f"z{zone}-{step}" for step in range(4)]


def test_steps_of_different_zones_do_not_wait_for_each_other(site: Site) -> None:
    together = threading.Barrier(4)

    def meet(post: Post) -> Reply:
        together.wait(10)  # nobody is answered until four are asking
        return Reply()

    site.receiver.reply = meet
    site.channel.offer(
        [parcel(replace(ALERT, alert_id=f"a{i}", zone_id=f"z{i}")) for i in range(4)]
    )
    until(lambda: len(site.done) == 4)


def test_a_step_that_is_refused_holds_up_no_other(site: Site) -> None:
    def picky(post: Post) -> Reply:
        return Reply(422 if post.headers["webhook-id"] == "a1-0" else 200)

    site.receiver.reply = picky
    site.channel.offer(parcels(4))
    until(lambda: len(site.done) == 3)
    assert site.channel.counts().waiting == 1
    site.receiver.welcome()
    until(lambda: len(site.done) == 4)


def test_a_step_that_breaks_the_receiver_silences_no_other_zone(site: Site) -> None:
    def fragile(post: Post) -> Reply:
        return Reply(500 if post.headers["webhook-id"].startswith("a0-") else 200)

    site.receiver.reply = fragile
    later = replace(ALERT, alert_id="later", zone_id="z0")
    steps = [replace(ALERT, alert_id=f"a{i}", zone_id=f"z{i}") for i in range(4)]
    site.channel.offer([parcel(step) for step in (*steps, later)])
    until(lambda: len(site.done) == 3)  # all but those of its zone
    for i in range(5):
        site.channel.offer([parcel(replace(ALERT, alert_id=f"n{i}", zone_id="n"))])
        until(lambda i=i: (f"n{i}", 0) in site.done)  # type: ignore[misc]
    until(lambda: ("later", 0) in site.done)
    assert ("a0", 0) not in site.done


def test_gone_is_taken_for_an_answer_and_shown(site: Site) -> None:
    site.receiver.refuse(410)
    site.channel.offer(parcels(3))
    until(lambda: "HTTP 410" in site.channel.counts().last_error)
    site.receiver.welcome()
    site.channel.offer(parcels(6))
    site.channel.close()
    assert len(site.receiver.asked) == 1
    assert site.done == []  # all of it stays in the outbox


def test_a_receiver_is_not_asked_before_it_wishes(site: Site) -> None:
    def busy(post: Post) -> Reply:
        first = not site.receiver.asked
        return Reply(429, {"retry-after": "1"}) if first else Reply()

    site.receiver.reply = busy
    site.channel.offer(parcels(1))
    until(lambda: bool(site.receiver.asked))
    site.channel.offer(parcels(2)[1:])
    until(lambda: len(site.done) == 2)
    first, second = site.receiver.asked[:2]
    assert second.time_s - first.time_s >= 0.95
    assert site.ids() == ["a0-0", "a1-0"]


def test_a_redirect_is_not_followed(site: Site) -> None:
    elsewhere = Receiver()
    to = {"location": f"{elsewhere.address}/other"}
    site.receiver.reply = lambda post: Reply(307, to)
    site.channel.offer(parcels(1))
    until(lambda: "redirects are not followed" in site.channel.counts().last_error)
    assert elsewhere.asked == []
    assert site.done == []
    site.receiver.welcome()
    until(lambda: len(site.done) == 1)
    elsewhere.close()


def test_a_receiver_that_is_not_there_is_named(site: Site) -> None:
    site.receiver.close()
    site.channel.offer(parcels(2))
    until(lambda: "ConnectError" in site.channel.counts().last_error)
    assert site.channel.counts().waiting == 2


def test_a_receiver_that_does_not_answer_is_given_up_in_time(tmp_path: Path) -> None:
    asleep = threading.Event()
    receiver = Receiver(lambda post: Reply() if asleep.wait(20) else Reply(500))
    keys = WebhookKeys(receiver.address, tmp_path / "s", timeout_s=0.2, plain_http=True)
    done: list[Key] = []
    channel = WebhookChannel(keys, context(tmp_path, done.extend))
    channel.offer(parcels(1))
    until(lambda: "Time" in channel.counts().last_error)
    asleep.set()
    until(lambda: len(done) == 1)
    channel.close()
    receiver.close()


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [("3", 3.0), ("86400", RETRY_AFTER_MAX_S), ("-1", 0.0), ("", 0.0), ("soon", 0.0)],
)
def test_how_long_a_receiver_may_ask_to_wait(asked: str, wait_s: float) -> None:
    assert retry_after_s(httpx.Headers({"retry-after": asked})) == wait_s


def test_a_receiver_may_name_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28.0 < retry_after_s(httpx.Headers({"retry-after": later})) <= 30.0


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"url": "http://example.invalid/"}, "expected https"),
        ({"url": "ftp://example.invalid/", "plain_http": True}, "expected https"),
        ({"url": "https://name:pass@example.invalid/"}, "without a password"),
        ({"url": "https:///path"}, "expected https"),
        ({"url": "https://example.invalid/", "timeout_s": 0.0}, "timeout_s = 0"),
        ({"url": "https://example.invalid/", "at_once": 0}, "at_once = 0"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    settings: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault):
        WebhookKeys(**settings)


def test_a_secret_is_made_for_its_owner_only(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.close()
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    (tmp_path / "secret").chmod(0o640)
    with pytest.raises(ConfigError, match="others may read this secret: 640"):
        WebhookChannel(
            WebhookKeys("https://example.invalid", tmp_path / "secret"), site.context
        )
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "secret").write_text("whsec_c2hvcnQ=\n")
    with pytest.raises(ConfigError, match="24-64 bytes"):
        WebhookChannel(
            WebhookKeys("https://example.invalid", tmp_path / "secret"), site.context
        )


def test_an_all_clear_is_posted_after_its_warning(site: Site) -> None:
    over = parcel(replace(ALERT, step=1, state=AlertState.ALL_CLEAR))
    site.channel.offer([parcel(), over])
    until(lambda: len(site.done) == 2)
    assert site.ids() == [f"{ALERT.alert_id}-0", f"{ALERT.alert_id}-1"]
