"""Web Push against a push service that the tests play: what phones read, and who leaves."""

import random
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import http_ece
import pytest
from py_vapid import Vapid02

from alerts import ALERT, context, parcel
from forewarn.channels.push_service import SERVICES, check_endpoint
from forewarn.channels.web_push import WebPushChannel, WebPushKeys, useless_s
from forewarn.errors import ConfigError, DeliveryError
from forewarn.records import Alert, AlertState, Key
from forewarn.words import LANGUAGES, time_left
from push_phone import Phone
from receiver import Post, Receiver, Reply
from servers import until

CONTACT = "mailto:alerts@example.org"


class Site:
    """A channel, the push service its phones are at, and a clock of its own."""

    def __init__(self, folder: Path, exercise: bool = False, **settings: Any) -> None:
        self.service = Receiver()
        self.now_s = ALERT.issued_s + 1.0
        self.done: list[Key] = []
        self.folder = folder
        zones = [ALERT.zone_id, *(f"z{i}" for i in range(400))]
        self.context = context(folder, self.done.extend, zones, exercise)
        self.keys = WebPushKeys(
            CONTACT,
            folder / "push.pem",
            folder / "push.sqlite",
            services=(self.service.address, *SERVICES),
            **settings,
        )
        self.open()

    def open(self) -> None:
        self.channel = WebPushChannel(self.keys, self.context, lambda: self.now_s)

    def phone(
        self, name: str, *zone_ids: str, language: str = "en", service: Any = None
    ) -> Phone:
        one = Phone(service or self.service, name)
        wanted = zone_ids or (ALERT.zone_id,)
        self.channel.subscribe(one.endpoint, one.keys, wanted, language)
        return one

    def push(self, *alerts: Alert) -> None:
        self.channel.offer([parcel(alert) for alert in alerts])

    def close(self) -> None:
        self.channel.close()
        self.service.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path)
    yield one
    one.close()


OVER = replace(ALERT, step=1, seq=8, state=AlertState.ALL_CLEAR)


def test_a_phone_reads_what_is_for_its_zone_in_its_language(site: Site) -> None:
    here, there = site.phone("here", language="uk"), site.phone("there", "z1")
    site.push(ALERT)
    until(lambda: bool(site.done))
    assert there.posts() == []
    (told,) = here.messages()
    text = told.pop("text")
    assert told == {
        "alert_id": ALERT.alert_id,
        "step": 0,
        "zone_id": ALERT.zone_id,
        "state": "take_cover",
        "issued_s": ALERT.issued_s,
        "useless_s": ALERT.onset_p05_s + 600.0,
        "exercise": False,
        "language": "uk",
    }
    assert f"Zone {ALERT.zone_id}"[:10] in text
    assert "зараз" in text.lower()  # "now": the impact is 79 s away


def test_nobody_else_can_read_it(site: Site) -> None:
    mine, other = site.phone("mine"), Phone(site.service, "mine")
    site.push(ALERT)
    until(lambda: bool(site.done))
    assert b"cover" not in mine.posts()[0].body
    with pytest.raises(http_ece.ECEException):
        other.messages()


def test_the_push_service_is_told_who_we_are_and_how_long_it_is_of_use(site: Site) -> None:
    phone = site.phone("phone")
    site.push(ALERT, OVER)
    until(lambda: len(site.done) == 2)
    first, second = (post.headers for post in phone.posts())
    assert first["urgency"] == "high"
    assert int(first["ttl"]) == int(ALERT.onset_p05_s + 600.0 - site.now_s)
    assert first["content-encoding"] == "aes128gcm"
    assert first["topic"] == second["topic"]  # the all-clear takes the warning's place
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", first["topic"])
    assert Vapid02.verify(first["authorization"])
    assert site.channel.push_key in first["authorization"]


def test_texts_are_short_and_never_count_down(site: Site) -> None:
    later = replace(ALERT, alert_id="later", onset_p05_s=ALERT.issued_s + 400.0)
    phone = site.phone("phone")
    site.push(ALERT, later)
    until(lambda: len(site.done) == 2)
    now, at = (told["text"] for told in phone.messages())
    assert "now" in now
    assert "12:06" in at
    for text in (now, at):
        assert len(text) <= 93
        assert not re.search(r"\d+ (second|minute)", text)
        assert time_left(79.0, "en") not in text
    assert len(LANGUAGES) >= 5


def test_an_exercise_says_so(tmp_path: Path) -> None:
    drill = Site(tmp_path, exercise=True)
    phone = drill.phone("phone")
    drill.push(ALERT)
    until(lambda: bool(drill.done))
    (told,) = phone.messages()
    assert told["exercise"] is True
    assert told["text"].lower().startswith("exercise")
    drill.close()


def test_what_is_useless_by_now_is_not_pushed_and_counted(site: Site) -> None:
    phone = site.phone("phone")
    site.now_s = useless_s(ALERT) - 0.5
    site.push(ALERT)
    until(lambda: bool(site.done))
    assert phone.posts() == []
    assert site.channel.counts().failures == 1
    assert "too late" in site.channel.counts().last_error
    site.push(replace(OVER, issued_s=site.now_s))
    until(lambda: len(site.done) == 2)
    assert len(phone.posts()) == 1
    assert site.channel.counts().last_error == ""


@pytest.mark.parametrize("status", [404, 410])
def test_a_phone_that_left_is_forgotten(site: Site, status: int) -> None:
    gone, stays = site.phone("gone"), site.phone("stays")
    site.service.reply = lambda post: Reply(status if post.path.endswith("gone") else 201)
    site.push(ALERT)
    until(lambda: bool(site.done))
    site.service.welcome()
    site.push(OVER)
    until(lambda: len(site.done) == 2)
    assert gone.posts() == []
    assert stays.steps() == [f"{ALERT.alert_id}-0", f"{ALERT.alert_id}-1"]
    assert site.channel.counts().failures == 0


def test_a_phone_that_is_not_reached_is_tried_again_and_others_only_once(
    site: Site,
) -> None:
    away, here = site.phone("away"), site.phone("here")
    site.service.reply = lambda post: Reply(503 if post.path.endswith("away") else 201)
    site.push(ALERT)
    until(lambda: site.channel.counts().failures >= 2)
    assert "1 of 1 not reached: HTTP 503" in site.channel.counts().last_error
    assert site.done == []
    site.service.welcome()
    until(lambda: bool(site.done))
    assert away.steps() == here.steps() == [f"{ALERT.alert_id}-0"]


def test_a_step_never_overtakes_the_one_before(site: Site) -> None:
    phone, other = site.phone("phone"), site.phone("other")
    site.service.reply = lambda post: Reply(503 if post.path.endswith("phone") else 201)
    site.push(ALERT)
    until(lambda: site.channel.counts().failures >= 1)
    site.service.welcome()
    site.push(OVER)
    until(lambda: len(site.done) == 2)
    assert other.steps() == [f"{ALERT.alert_id}-0", f"{ALERT.alert_id}-1"]
    # either it was tried again before the all-clear came, or it is not needed any more
    assert phone.steps()[-1] == f"{ALERT.alert_id}-1"
    assert phone.steps() == sorted(phone.steps())


def test_what_a_push_service_refuses_for_good_is_counted_once(site: Site) -> None:
    site.phone("phone")
    site.service.refuse(413)
    site.push(ALERT)
    until(lambda: bool(site.done))
    assert len(site.service.asked) == 1
    assert site.channel.counts().failures == 1
    assert site.channel.counts().last_error == "1 not reached: HTTP 413"


def test_a_push_service_is_not_asked_before_it_wishes(site: Site) -> None:
    site.phone("phone")

    def busy(post: Post) -> Reply:
        return Reply() if site.service.asked else Reply(429, {"retry-after": "1"})

    site.service.reply = busy
    site.push(ALERT)
    until(lambda: bool(site.done))
    first, second = site.service.asked
    assert second.time_s - first.time_s >= 0.95


def test_a_step_that_nobody_wants_to_hear_of_is_done_at_once(site: Site) -> None:
    site.push(replace(ALERT, zone_id="z3"))
    until(lambda: bool(site.done))
    assert site.service.asked == []


def test_subscriptions_last_and_the_newest_counts(site: Site) -> None:
    phone, left = site.phone("phone", "z1"), site.phone("left")
    site.channel.subscribe(phone.endpoint, phone.keys, (ALERT.zone_id, "z2"), "uk")
    site.channel.unsubscribe(left.endpoint)
    site.channel.unsubscribe(left.endpoint)
    site.channel.close()
    site.open()
    site.push(ALERT, replace(ALERT, alert_id="b", zone_id="z1"))
    until(lambda: len(site.done) == 2)
    assert [told["language"] for told in phone.messages()] == ["uk"]
    assert left.posts() == []


def test_of_a_person_no_more_is_kept_than_it_takes(site: Site) -> None:
    phone = site.phone("phone", "z1")
    site.channel.close()
    assert (site.folder / "push.sqlite").stat().st_mode & 0o777 == 0o600
    assert (site.folder / "push.pem").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(site.folder / "push.sqlite") as db:
        rows = db.execute("select * from subscriptions").fetchall()
    db.close()
    assert rows == [(phone.endpoint, *phone.keys, "en", '["z1"]')]


def test_a_language_that_the_site_gave_up_is_told_in_its_first(site: Site) -> None:
    phone = site.phone("phone", language="uk")
    site.channel.close()
    site.context = replace(site.context, languages=("en",))
    site.open()
    site.push(ALERT)
    until(lambda: bool(site.done))
    assert [told["language"] for told in phone.messages()] == ["en"]


def test_the_key_stays_the_same(site: Site) -> None:
    before = site.channel.push_key
    site.channel.close()
    site.open()
    assert site.channel.push_key == before
    assert len(before) == 87


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://10.0.0.1/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://169.254.169.254/latest/meta-data",
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com@10.0.0.1/x",
        "https://10.0.0.1/fcm.googleapis.com",
        "https://fcm.googleapis.com.evil.example/x",
        "https://push.services.mozilla.com.evil.example/x",
        "https://.push.services.mozilla.com/x",
        "https://fcm.googleapis.com\\@10.0.0.1/x",
        "https://fcm.googleapis.com /x",
        "https://fcm.googleapis.com\n.evil.example/x",
        "https://fcm.googleapis.com/" + "x" * 1024,
        "file:///etc/passwd",
        "fcm.googleapis.com/x",
        "https://[/x",
        "",
    ],
)
def test_no_stranger_makes_us_post_elsewhere_than_to_push_services(endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        check_endpoint(endpoint, SERVICES)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:123-x_y",
        "https://fcm.googleapis.com:443/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=BQ%3d%3d",
    ],
)
def test_the_browsers_push_services_are_known(endpoint: str) -> None:
    check_endpoint(endpoint, SERVICES)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"keys": ("AAAA", "A" * 22)}, "p256dh"),
        ({"keys": ("é", "A" * 22)}, "p256dh"),
        ({"zone_ids": ()}, "zone_ids: found 0"),
        ({"zone_ids": ("nowhere",)}, "unknown: .'nowhere'."),
        ({"zone_ids": tuple(f"z{i}" for i in range(51))}, "zone_ids: found 51"),
        ({"language": "xx"}, "language: found 'xx', expected one of en, uk"),
    ],
)
def test_a_subscription_that_cannot_be_used_is_refused(
    site: Site, change: dict[str, Any], fault: str
) -> None:
    phone = Phone(site.service)
    wish = {
        "endpoint": phone.endpoint,
        "keys": phone.keys,
        "zone_ids": ("z1",),
        "language": "en",
    }
    with pytest.raises(ValueError, match=fault):
        site.channel.subscribe(**{**wish, **change})
    with pytest.raises(ValueError, match="16 of auth"):
        site.channel.subscribe(**{**wish, "keys": (phone.keys[0], "AAAA")})


def test_no_more_subscriptions_are_kept_than_the_site_allows(tmp_path: Path) -> None:
    site = Site(tmp_path, most=1)
    phone = site.phone("phone")
    with pytest.raises(DeliveryError, match="1 subscriptions are kept"):
        site.phone("another")
    site.channel.subscribe(phone.endpoint, phone.keys, ("z1",), "en")  # it has its place
    site.close()


@pytest.mark.parametrize(
    ("settings", "fault"),
    [({"contact": "me"}, "contact"), ({"contact": CONTACT, "at_once": 0}, "at_once = 0")],
)
def test_settings_that_cannot_be_used_are_named(
    settings: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault):
        WebPushKeys(**settings)


def test_a_key_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "push.pem").write_text("no key\n")
    (tmp_path / "push.pem").chmod(0o600)
    with pytest.raises(ConfigError, match=r"push\.pem: is no key"):
        Site(tmp_path)


def test_many_phones_are_all_reached(site: Site) -> None:
    phones = [site.phone(f"p{i}", language=random.choice(["en", "uk"])) for i in range(150)]
    site.push(ALERT, OVER)
    until(lambda: len(site.done) == 2)
    for phone in phones:
        assert phone.steps() == [f"{ALERT.alert_id}-0", f"{ALERT.alert_id}-1"]
