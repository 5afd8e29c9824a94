"""What every channel keeps to: CAP files, and the channels that need a real server."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from alerts import ALERT, DRILL, context, parcel, parcels
from cell_studio import Studio
from forewarn.channels.broker import BrokerKeys
from forewarn.channels.cap.folder import CapFolder
from forewarn.channels.cap.ledger import NAME, read_entries
from forewarn.channels.cap.message import Sender
from forewarn.channels.courier import AwayError, Courier
from forewarn.channels.drill import Drillable
from forewarn.channels.mqtt import MqttChannel, MqttKeys
from forewarn.channels.siren import SirenChannel, SirenKeys, SirenTable
from forewarn.channels.web_push import WebPushChannel, WebPushKeys
from forewarn.channels.webhook import WebhookChannel, WebhookKeys
from forewarn.errors import DeliveryError
from forewarn.pipeline import Channel
from forewarn.records import AlertState, Counts, Key, Parcel
from mosquitto import Broker, Subscriber
from push_phone import Phone
from receiver import Receiver
from servers import until

NO_TIME = replace(parcel(), alert=replace(ALERT, alert_id="b2", issued_s=float("nan")))
NO_NAME = parcel(replace(ALERT, alert_id="../escape"))


@dataclass
class Place:
    """A channel under test, where it delivers, and how to take that place away.

    arrived : ALERT_ID-STEP of all that is there; None = what arrives there names no steps
    bad     : what cannot be carried there
    tries   : that have failed once 500 parcels were tried again
    """

    channel: Channel
    done: list[Key]
    arrived: Callable[[], set[str]] | None
    break_it: Callable[[], None]
    mend_it: Callable[[], object]
    bad: tuple[Parcel, ...] = ()
    tries: int = 2

    def has(self, steps: set[str]) -> bool:
        return self.arrived is None or self.arrived() == steps


def cap_folder(folder: Path, ends: ExitStack) -> Place:
    target, away = folder / "cap", folder / "away"
    target.mkdir()
    done: list[Key] = []
    channel = CapFolder(target, Sender("alerts@example.invalid"), done.extend)

    def break_it() -> None:
        target.replace(away)
        target.touch()  # a file where the folder was

    def mend_it() -> None:
        target.unlink()
        away.replace(target)

    return Place(
        channel,
        done,
        lambda: {f"{k}-{n}" for e in read_entries(target / NAME) for k, n in e.keys},
        break_it,
        mend_it,
        bad=(
            NO_NAME,
            replace(parcel(replace(ALERT, alert_id="b1")), polygon="no geometry"),
            NO_TIME,
        ),
        tries=1000,  # each twice
    )


def webhook(folder: Path, ends: ExitStack) -> Place:
    receiver = Receiver()
    ends.callback(receiver.close)
    done: list[Key] = []
    keys = WebhookKeys(receiver.address, folder / "secret", plain_http=True)
    channel = WebhookChannel(keys, context(folder, done.extend))
    return Place(
        channel,
        done,
        lambda: {
            post.headers["webhook-id"]
            for post in receiver.got
            if json.loads(post.body)["type"].startswith("alert.")
        },
        receiver.refuse,
        receiver.welcome,
        bad=(NO_NAME, NO_TIME),
    )


def web_push(folder: Path, ends: ExitStack) -> Place:
    service = Receiver()
    ends.callback(service.close)
    done: list[Key] = []
    keys = WebPushKeys(
        "mailto:alerts@example.org",
        folder / "push.pem",
        folder / "push.sqlite",
        services=(service.address,),
    )
    channel = WebPushChannel(
        keys, context(folder, done.extend), lambda: ALERT.issued_s + 1.0
    )
    phone = Phone(service)
    channel.subscribe(phone.endpoint, phone.keys, (ALERT.zone_id,), "en")
    tester = Phone(service, "tester")
    channel.subscribe_to_drills(tester.endpoint, tester.keys)
    return Place(
        channel,
        done,
        lambda: set(phone.steps()),
        service.refuse,
        service.welcome,
        bad=(NO_TIME,),
        tries=1000,  # each twice
    )


def cell_broadcast(folder: Path, ends: ExitStack) -> Place:
    studio = Studio(folder / "cells")
    ends.callback(studio.centre.close)
    return Place(
        studio.channel,
        studio.done,
        studio.arrived,
        studio.centre.close,
        studio.centre.open,
        bad=(NO_NAME, NO_TIME),
        tries=1000,  # each twice
    )


def mqtt(folder: Path, ends: ExitStack) -> Place:
    broker = Broker(folder)
    ends.callback(broker.close)
    listener = Subscriber(broker.port, "forewarn/live/zones/+")
    ends.callback(listener.close)
    done: list[Key] = []
    keys = MqttKeys(BrokerKeys(port=broker.port))
    channel = MqttChannel(keys, context(folder, done.extend))

    def arrived() -> set[str]:
        bodies = [json.loads(heard.body) for heard in listener.heard]
        return {f"{body['alert_id']}-{body['step']}" for body in bodies}

    return Place(channel, done, arrived, broker.stop, broker.start, bad=(NO_TIME,))


def siren(folder: Path, ends: ExitStack) -> Place:
    broker = Broker(folder)
    ends.callback(broker.close)
    done: list[Key] = []
    keys = SirenKeys(
        (SirenTable("north", (ALERT.zone_id,)),),
        BrokerKeys(port=broker.port),
        counter=folder / "counter",
    )
    channel = SirenChannel(keys, context(folder, done.extend))
    return Place(channel, done, None, broker.stop, broker.start)


CHANNELS = {
    "cap": cap_folder,
    "cell_broadcast": cell_broadcast,
    "mqtt": mqtt,
    "siren": siren,
    "web_push": web_push,
    "webhook": webhook,
}


@pytest.fixture(params=sorted(CHANNELS))
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.setattr("forewarn.channels.broker.RECONNECT_S", (0.2, 0.5))
    with ExitStack() as ends:
        found = CHANNELS[request.param](tmp_path, ends)
        ends.callback(found.channel.close)
        yield found


def test_every_step_arrives_and_is_confirmed_once(place: Place) -> None:
    ended = parcel(replace(ALERT, step=1, state=AlertState.ALL_CLEAR))
    place.channel.offer([parcel(), ended, *parcels(200)])
    until(lambda: len(place.done) >= 202)
    assert len(place.done) == len(set(place.done)) == 202
    assert place.done[:2] == [(ALERT.alert_id, 0), (ALERT.alert_id, 1)]
    until(lambda: place.has({f"{key}-{step}" for key, step in place.done}))
    assert replace(place.channel.counts(), delay_s=0.0) == Counts(202, 0, 0, 0, "")
    assert 0.0 < place.channel.counts().delay_s < 5.0


def test_what_is_offered_again_does_no_harm(place: Place) -> None:
    place.channel.offer(parcels(3))
    place.channel.offer(parcels(3))
    place.channel.close()
    assert set(place.done) == {(f"a{i}", 0) for i in range(3)}
    until(lambda: place.has({f"a{i}-0" for i in range(3)}))


def test_an_offer_never_waits_and_a_broken_place_is_tried_until_it_is_mended(
    place: Place,
) -> None:
    place.break_it()
    many = parcels(500)
    before = time.perf_counter()
    place.channel.offer(many)
    assert time.perf_counter() - before < 0.1
    until(lambda: place.channel.counts().failures >= place.tries)
    assert place.done == []
    assert place.channel.counts().last_error != ""
    place.mend_it()
    until(lambda: len(place.done) >= 500)
    until(lambda: place.has({f"a{i}-0" for i in range(500)}))


def test_a_parcel_that_cannot_be_carried_holds_up_no_other(place: Place) -> None:
    place.channel.offer([*place.bad, *parcels(5)])
    until(lambda: len(place.done) >= 5)
    assert set(place.done) == {(f"a{i}", 0) for i in range(5)}
    assert place.channel.counts().waiting == len(place.bad)


def test_closing_delivers_what_waits_and_ends_in_time_though_broken(place: Place) -> None:
    place.channel.offer(parcels(50))
    place.channel.close()
    assert len(place.done) == 50
    place.channel.offer([parcel()])  # too late: it stays in the outbox
    assert place.channel.counts().dropped == 1


def test_a_drill_comes_through_and_is_no_step_of_any_alert(place: Place) -> None:
    place.channel.offer([parcel()])
    until(lambda: len(place.done) == 1)
    assert isinstance(place.channel, Drillable)
    until(lambda: place.has({f"{ALERT.alert_id}-0"}))
    before = replace(place.channel.counts(), delay_s=0.0)
    drilled = place.channel.drill(DRILL)
    assert drilled.reached
    assert place.has({f"{ALERT.alert_id}-0"})
    assert len(place.done) == 1
    assert replace(place.channel.counts(), delay_s=0.0) == before
    place.channel.offer(parcels(3))
    until(lambda: len(place.done) == 4)


def test_a_drill_of_a_place_that_takes_nothing_fails_soon_and_says_why(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forewarn.channels.broker.READ_BACK_S", 0.5)
    assert isinstance(place.channel, Drillable)
    place.break_it()
    began_s = time.monotonic()
    with pytest.raises((DeliveryError, OSError)):
        place.channel.drill(DRILL)
    assert time.monotonic() - began_s < 5.0
    place.mend_it()
    until(lambda: drills(place.channel))


def drills(channel: Drillable) -> bool:
    try:
        return channel.drill(DRILL).reached
    except DeliveryError:
        return False


def test_a_folder_that_is_gone_is_made_again(tmp_path: Path) -> None:
    done: list[Key] = []
    folder = CapFolder(tmp_path / "a" / "cap", Sender("a@example.invalid"), done.extend)
    folder.offer(parcels(1))
    until(lambda: len(done) == 1)
    shutil.rmtree(tmp_path / "a")
    folder.offer(parcels(2)[1:])
    folder.close()
    assert [path.name for path in (tmp_path / "a" / "cap").glob("*.xml")] == ["a1-0.xml"]


def test_a_confirmation_that_fails_ends_nothing(tmp_path: Path) -> None:
    def refuse(keys: list[Key]) -> None:
        raise OSError("the core is gone")

    folder = CapFolder(tmp_path / "cap", Sender("a@example.invalid"), refuse)
    folder.offer(parcels(2))
    until(lambda: folder.counts().waiting == 0)
    folder.offer(parcels(4)[2:])
    folder.close()
    told = read_entries(tmp_path / "cap" / NAME)
    assert sum(len(entry.keys) for entry in told) == 4
    assert "not confirmed: the core is gone" in folder.counts().last_error


def test_what_would_not_fit_into_the_queue_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forewarn.channels.courier.WAITING_MAX", 3)
    courier = Courier("full", lambda some: ["no line"] * len(some), lambda keys: None)
    courier.offer(parcels(5))
    assert courier.counts().waiting == 3
    assert courier.counts().dropped == 2
    courier.close()


def test_tries_come_ever_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forewarn.channels.courier.FIRST_WAIT_S", 0.02)
    tries: list[float] = []

    def carry(some: object) -> list[str]:
        tries.append(time.monotonic())
        return ["no line"] if len(tries) < 5 else [""]

    done: list[Key] = []
    courier = Courier("slow", carry, done.extend)
    courier.offer([parcel()])
    until(lambda: bool(done))
    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert all(wait >= 0.02 * 2**i for i, wait in enumerate(waits))
    courier.close()


def test_while_a_place_is_away_all_wait_and_keep_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forewarn.channels.courier.FIRST_WAIT_S", 0.02)
    tries: list[float] = []
    carried: list[Key] = []

    def carry(some: Sequence[Parcel]) -> list[str]:
        tries.append(time.monotonic())
        if len(tries) < 4:
            # the second arrives, the third is at fault itself, the others were not tried
            results = [None, "", "no such zone", *[None] * (len(some) - 3)]
            raise AwayError("no line", results if len(tries) == 1 else ())
        carried.extend(one.key for one in some)
        return [""] * len(some)

    done: list[Key] = []
    courier = Courier("away", carry, done.extend)
    courier.offer(parcels(5))
    until(lambda: len(tries) == 2)
    assert courier.counts().last_error == "no line"
    courier.offer(parcels(7)[5:])
    until(lambda: len(done) == 7)
    assert carried == [(f"a{i}", 0) for i in (0, 3, 4, 5, 6, 2)]
    assert done[0] == ("a1", 0)
    waits = [later - earlier for earlier, later in pairwise(tries[:4])]
    assert all(wait >= 0.02 * 2**i for i, wait in enumerate(waits))
    courier.close()


def test_no_place_is_asked_before_it_wishes() -> None:
    tries: list[float] = []

    def carry(some: Sequence[Parcel]) -> list[str]:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise AwayError("busy", wait_s=0.5)
        return [""] * len(some)

    done: list[Key] = []
    courier = Courier("busy", carry, done.extend)
    courier.offer(parcels(1))
    until(lambda: len(tries) == 1)
    courier.offer(parcels(2)[1:])  # what is new does not knock earlier
    until(lambda: len(done) == 2)
    assert tries[1] - tries[0] >= 0.5
    courier.close()
