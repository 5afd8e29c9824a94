"""The self-drill: every channel tested, the outcome shown and on record, nobody told."""

import asyncio
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.registry import CollectorRegistry

from alerts import ALERT, DRILL, context, parcel
from cell_studio import Studio
from forewarn.app import drilling
from forewarn.app.drilling import BY_CLOCK, next_s
from forewarn.app.service import Plan, Service
from forewarn.channels import drill
from forewarn.channels.broker import BrokerKeys
from forewarn.channels.cap.folder import CapFolder
from forewarn.channels.cap.message import Sender
from forewarn.channels.cell_broadcast.centre import ANSWER_S
from forewarn.channels.drill import Drill, Drilled
from forewarn.channels.mqtt import MqttChannel, MqttKeys
from forewarn.channels.web_push import WebPushChannel, WebPushKeys
from forewarn.channels.webhook import WebhookChannel, WebhookKeys
from forewarn.errors import ConfigError, DeliveryError
from forewarn.files import ChannelTable, Site, read_site
from forewarn.files.site import OperatorKeys, SigningKeys
from forewarn.records import Counts, Parcel
from forewarn.signing import World
from forewarn.units import iso_from_epoch
from forewarn.web.board import Clock
from forewarn.web.health import BoardFigures
from mosquitto import Broker, Subscriber, retained
from push_phone import Phone
from receiver import Receiver
from servers import until
from stations import Station

LINES = {"en": "TEST.", "uk": "ПЕРЕВІРКА."}


class Mute:
    """A channel that cannot be drilled."""

    def offer(self, parcels: Sequence[Parcel]) -> None: ...

    def counts(self) -> Counts:
        return Counts(0, 0, 0, 0, "")

    def close(self) -> None: ...


class Heard(Mute):
    """One that can: it does what it is told to."""

    def __init__(
        self, error: str = "", lasts_s: float = 0.0, until: threading.Event | None = None
    ) -> None:
        self.error, self.lasts_s, self.until = error, lasts_s, until
        self.drills: list[Drill] = []
        self.ended = 0

    def drill(self, drill: Drill) -> Drilled:
        self.drills.append(drill)
        time.sleep(self.lasts_s)
        if self.until is not None:
            self.until.wait()
        self.ended += 1
        if self.error:
            raise DeliveryError(self.error)
        return Drilled("heard back")


def test_every_channel_is_drilled_and_what_failed_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "LIMIT_S", 0.3)
    slow = Heard(lasts_s=0.6)
    good, bad = Heard(lasts_s=0.05), Heard("centre refused: 503")

    async def story() -> None:
        station = Station(tmp_path)
        station.control.use({
            "good": good, "bad": bad, "slow": slow, "mute": Mute(),
        })  # fmt: skip
        ann = await station.operator("ann", "operator")
        answer = await ann.post("/drills")
        assert answer.status_code == 200
        found = {row["channel"]: row for row in answer.json()}
        assert {name: row["state"] for name, row in found.items()} == {
            "good": "well", "bad": "failed", "slow": "failed", "mute": "none",
        }  # fmt: skip
        assert 0.05 <= found["good"]["delay_s"] < 0.3
        assert found["bad"]["said"] == "centre refused: 503"
        assert found["slow"]["said"] == "no answer within 0.3 s"
        told = (await ann.get("/status")).json()
        assert {row["channel"] for row in told["drills"]} == set(found)
        assert told["faults"] == [
            "self-drill of bad failed: centre refused: 503",
            "self-drill of slow failed: no answer within 0.3 s",
        ]
        assert not told["drilling"]
        await asyncio.sleep(0)
        act = station.acts[-1]
        assert (act.operator_id, act.act) == ("ann", "self-drill")
        assert "bad FAILED" in act.detail
        assert station.commands == []
        assert station.board.alerts == {}
        figures = CollectorRegistry()
        figures.register(BoardFigures(station.board))
        text = generate_latest(figures).decode()
        assert 'forewarn_channel_drill_well{channel="good"} 1.0' in text
        assert 'forewarn_channel_drill_well{channel="bad"} 0.0' in text
        assert 'channel="mute"' not in text

    asyncio.run(story())
    (heard,) = good.drills
    assert set(heard.texts) == {"en", "uk", "he", "ar", "ru"}
    assert heard.texts["en"].startswith("TEST.")


def test_a_channel_whose_drill_still_runs_gets_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "LIMIT_S", 0.5)
    ended = threading.Event()
    hanging, other = Heard(until=ended), Heard()

    async def story() -> None:
        station = Station(tmp_path)
        drills = station.control.drills
        station.control.use({"hanging": hanging, "other": other})
        first, _ = await drills.run("ann")
        assert first["said"] == "no answer within 0.5 s"
        for _ in range(2):
            again, well = await drills.run("ann")
            since = iso_from_epoch(first["time_s"])
            assert again["state"] == "failed"
            assert again["said"] == f"a drill is still running since {since}"
            assert well["state"] == "well"
        assert (len(hanging.drills), len(other.drills)) == (1, 3)
        ended.set()
        await asyncio.to_thread(until, lambda: hanging.ended == 1)
        monkeypatch.setattr(drill, "LIMIT_S", 5.0)
        third, _ = await drills.run("ann")
        assert (third["state"], len(hanging.drills)) == ("well", 2)

    asyncio.run(story())


def test_drills_that_hang_hold_up_nothing_else_in_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "LIMIT_S", 0.1)
    ended = threading.Event()
    hanging = {f"c{i}": Heard(until=ended) for i in range(40)}  # more than a pool has

    async def story() -> None:
        station = Station(tmp_path)
        station.control.use(hanging)
        found = await station.control.drills.run("ann")
        assert {row["said"] for row in found} == {"no answer within 0.1 s"}
        await asyncio.wait_for(asyncio.to_thread(time.sleep, 0.0), 5.0)

    asyncio.run(story())  # ends though they still hang
    assert all(channel.ended == 0 for channel in hanging.values())
    ended.set()


def test_a_channel_may_take_as_long_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "LIMIT_S", 0.1)
    patient, hasty = Heard(lasts_s=0.4), Heard(lasts_s=0.4)
    patient.drill_limit_s = 5.0  # type: ignore[attr-defined]

    async def story() -> None:
        station = Station(tmp_path)
        station.control.use({"patient": patient, "hasty": hasty})
        found = await station.control.drills.run("ann")
        assert [row["state"] for row in found] == ["well", "failed"]

    asyncio.run(story())


def test_cell_broadcast_is_waited_for_as_long_as_its_centre_may_take(
    tmp_path: Path,
) -> None:
    studio = Studio(tmp_path)
    try:
        # the centre waits 15 s for its peers with each of two messages, begun and ended
        assert drill.limit_s(studio.channel) >= 4 * ANSWER_S > drill.LIMIT_S
    finally:
        studio.close()


def test_a_channel_that_gave_up_waiting_says_so_itself(tmp_path: Path) -> None:
    class Late(Heard):
        def drill(self, drill: Drill) -> Drilled:
            raise TimeoutError("the broker is silent for 2 s")

    async def story() -> None:
        station = Station(tmp_path)
        station.control.use({"late": Late()})
        (row,) = await station.control.drills.run("ann")
        assert row["state"] == "failed"
        assert row["said"] == "the broker is silent for 2 s"  # it is not we who ended it
        assert row["delay_s"] < 5.0

    asyncio.run(story())


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("admin", 403)])
def test_who_may_not_send_may_not_drill(tmp_path: Path, role: str, status: int) -> None:
    channel = Heard()

    async def story() -> None:
        station = Station(tmp_path)
        station.control.use({"one": channel})
        vic = await station.operator("vic", role)
        assert (await vic.post("/drills")).status_code == status

    asyncio.run(story())
    assert channel.drills == []


def test_a_device_is_taken_up_for_drills_or_refused_with_a_reason(tmp_path: Path) -> None:
    service = Receiver()
    keys = WebPushKeys(
        "mailto:a@example.org", tmp_path / "push.pem", tmp_path / "push.sqlite",
        services=(service.address,),
    )  # fmt: skip
    channel = WebPushChannel(keys, context(tmp_path, lambda keys: None))
    phone = Phone(service)
    p256dh, auth = phone.keys
    told = {"endpoint": phone.endpoint, "keys": {"p256dh": p256dh, "auth": auth}}

    async def story() -> None:
        station = Station(tmp_path)
        ann = await station.operator("ann", "operator")
        assert (await ann.post("/drills/push", **told)).status_code == 404
        station.control.use({"web_push": channel})
        assert (await ann.post("/drills/push", **told)).status_code == 204
        elsewhere = {**told, "endpoint": "https://10.0.0.1/x"}
        answer = await ann.post("/drills/push", **elsewhere)
        assert (answer.status_code, "endpoint: found" in answer.text) == (400, True)
        vic = await station.operator("vic", "viewer")
        assert (await vic.post("/drills/push", **told)).status_code == 403

    asyncio.run(story())
    channel.close()
    service.close()


def test_nothing_is_drilled_while_people_are_under_alert_nor_twice_at_once(
    tmp_path: Path,
) -> None:
    channel = Heard(lasts_s=0.3)

    async def story() -> None:
        station = Station(tmp_path)
        ann = await station.operator("ann", "operator")
        assert "no channel is open" in (await ann.post("/drills")).text
        station.control.use({"one": channel})
        station.board.alerts["z1"] = {"state": "take_cover"}
        answer = await ann.post("/drills")
        assert (answer.status_code, "under alert" in answer.text) == (409, True)
        assert channel.drills == []
        station.board.alerts.clear()
        both = await asyncio.gather(ann.post("/drills"), ann.post("/drills"))
        assert sorted(answer.status_code for answer in both) == [200, 409]
        assert len(channel.drills) == 1

    asyncio.run(story())


def test_it_is_drilled_by_the_clock_once_nobody_is_under_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drilling, "LOOK_S", 0.01)
    channel = Heard()

    async def story() -> None:
        station = Station(tmp_path)  # it is 12:00 UTC there
        drills = station.control.drills
        drills.site = replace(drills.site, operators=OperatorKeys(drill_at=("12:30",)))
        station.control.use({"one": channel})
        keeping = asyncio.create_task(drills.keep())
        await asyncio.sleep(0.05)
        assert station.board.drill_next_s == station.now_s + 1800
        station.board.alerts["z1"] = {"state": "take_cover"}
        station.now_s += 1801
        await asyncio.sleep(0.05)
        assert channel.drills == []
        station.board.alerts.clear()
        await asyncio.sleep(0.1)
        assert len(channel.drills) == 1
        assert station.board.drill_next_s == station.now_s - 1 + 86400
        assert station.acts[-1].operator_id == BY_CLOCK
        keeping.cancel()

    asyncio.run(story())


def test_the_next_time_of_day_is_that_of_the_sites_clocks() -> None:
    noon_s = 1_767_268_800.0  # 2026-01-01 12:00 UTC: 14:00 in Kyiv
    assert next_s(("13:00", "15:30"), "Europe/Kyiv", noon_s) == noon_s + 1.5 * 3600
    assert next_s(("13:00",), "Europe/Kyiv", noon_s) == noon_s + 23 * 3600
    assert next_s((), "UTC", noon_s) == float("inf")


def test_a_time_of_day_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(
        '[site]\nname = "x"\nregion = "NL"\n[operators]\ndrill_at = ["25:00"]\n'
    )
    with pytest.raises(ConfigError, match=r"drill_at: found '25:00', expected times like"):
        read_site(path)


def test_an_exercise_has_no_live_channel_that_it_could_drill(tmp_path: Path) -> None:
    table = ChannelTable("cap", "cap", False, {}, tmp_path, "site.toml: [[channel]]")
    site = Site(
        "Testland", ("en",), None, None, channels=(table,), exercise=True,
        signing=SigningKeys(tmp_path),
    )  # fmt: skip
    with pytest.raises(ConfigError, match="this service is an exercise"):
        Service(Plan(site, (), (), Clock(lambda: 0.0)))


def test_an_exercise_says_so_in_its_drill_too(tmp_path: Path) -> None:
    channel = Heard()

    async def story() -> None:
        station = Station(tmp_path, World.EXERCISE)
        station.control.use({"one": channel})
        await station.control.drills.run("ann")

    asyncio.run(story())
    assert channel.drills[0].texts["en"].startswith("EXERCISE. TEST.")


# what goes out of each channel


@pytest.mark.parametrize("exercise", [False, True])
def test_cap_says_test_in_a_feed_of_its_own(tmp_path: Path, exercise: bool) -> None:
    folder = tmp_path / "cap"
    channel = CapFolder(folder, Sender("a@example.invalid", exercise), lambda keys: None)
    channel.offer([parcel()])
    until(lambda: (folder / "feed.atom").exists())
    before = (folder / "feed.atom").read_bytes()
    assert channel.drill(DRILL).said.startswith("read back from the folder, not signed")
    channel.drill(replace(DRILL, drill_id="d2"))
    channel.close()
    assert [path.name for path in folder.glob("drill-*")] == ["drill-d2.xml"]
    body = (folder / "drill-d2.xml").read_text(encoding="utf-8")
    assert "<status>Test</status>" in body
    assert "<area>" not in body
    assert all(text in body for text in LINES.values())
    assert "drill-d2.xml" in (folder / "drill.atom").read_text()
    assert (folder / "feed.atom").read_bytes() == before
    assert "drill" not in (folder / "messages.jsonl").read_text()


@pytest.mark.parametrize("exercise", [False, True])
def test_cell_broadcast_uses_an_identifier_that_no_alert_has(
    tmp_path: Path, exercise: bool
) -> None:
    studio = Studio(tmp_path, exercise=exercise, languages=("uk", "en"))
    try:
        studio.channel.drill(replace(DRILL, texts={"uk": LINES["uk"], "en": LINES["en"]}))
        assert [sent.identifier for sent in studio.centre.started] == [4382, 4395]
        assert [sent.text for sent in studio.centre.started] == [*LINES.values()][::-1]
        assert all(sent.body["num_of_bcast"] == 1 for sent in studio.centre.started)
        assert studio.centre.on_air == {}
        assert not studio.book.exists()
    finally:
        studio.close()


def test_cell_broadcast_that_the_centre_refuses_is_a_failed_drill(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    try:
        studio.centre.faults = [500]
        with pytest.raises(DeliveryError, match="centre answers 500"):
            studio.channel.drill(DRILL)
    finally:
        studio.close()


@pytest.mark.parametrize("exercise", [False, True])
def test_mqtt_changes_no_zone_and_keeps_to_its_world(
    tmp_path: Path, exercise: bool
) -> None:
    world = "exercise" if exercise else "live"
    broker = Broker(tmp_path)
    listener = Subscriber(broker.port, "forewarn/#")
    channel = MqttChannel(
        MqttKeys(BrokerKeys(port=broker.port)),
        context(tmp_path, lambda keys: None, exercise=exercise),
    )
    try:
        channel.offer([parcel()])
        zone = f"forewarn/{world}/zones/{ALERT.zone_id}"
        until(lambda: zone in [one.topic for one in listener.heard])
        before = retained(broker.port, zone)
        assert channel.drill(DRILL).said == "heard back from the broker"
        test = f"forewarn/{world}/test"
        until(lambda: test in [one.topic for one in listener.heard])
        (body,) = [json.loads(one.body) for one in listener.heard if one.topic == test]
        assert (body["drill_id"], body["exercise"]) == ("d1", exercise)
        assert {one.topic.split("/")[1] for one in listener.heard} == {world}
        assert retained(broker.port, test) == []
        assert retained(broker.port, zone) == before
    finally:
        channel.close()
        listener.close()
        broker.close()


def test_a_broker_that_lets_us_only_write_is_a_failed_drill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forewarn.channels.broker.READ_BACK_S", 0.5)
    (tmp_path / "acl").write_text("topic write forewarn/#\n")
    broker = Broker(tmp_path, "allow_anonymous true", f"acl_file {tmp_path}/acl")
    channel = MqttChannel(
        MqttKeys(BrokerKeys(port=broker.port)), context(tmp_path, lambda keys: None)
    )
    try:
        until(lambda: not channel.counts().last_error)
        with pytest.raises(DeliveryError, match="may its user read what it writes"):
            channel.drill(DRILL)
    finally:
        channel.close()
        broker.close()


@pytest.mark.parametrize("exercise", [False, True])
def test_a_webhook_is_posted_the_type_test(tmp_path: Path, exercise: bool) -> None:
    receiver = Receiver()
    keys = WebhookKeys(receiver.address, tmp_path / "secret", plain_http=True)
    made = context(tmp_path, lambda keys: None, exercise=exercise)
    channel = WebhookChannel(keys, made)
    try:
        assert channel.drill(DRILL).said == "the receiver took it: HTTP 201"
        (post,) = receiver.got
        assert post.headers["webhook-id"] == "test-d1"
        body = json.loads(post.body)
        world = "exercise" if exercise else "live"
        assert (body["type"], body["world"]) == ("test", world)
        assert body["data"] == {"text": dict(DRILL.texts)}
        receiver.refuse(500)
        with pytest.raises(DeliveryError, match="HTTP 500"):
            channel.drill(DRILL)
    finally:
        channel.close()
        receiver.close()


def test_a_push_goes_to_devices_of_operators_only(tmp_path: Path) -> None:
    service = Receiver()
    keys = WebPushKeys(
        "mailto:a@example.org", tmp_path / "push.pem", tmp_path / "push.sqlite",
        services=(service.address,),
    )  # fmt: skip
    made = context(tmp_path, lambda keys: None)
    channel = WebPushChannel(keys, made, lambda: DRILL.time_s)
    people, operator = Phone(service, "people"), Phone(service, "operator")
    try:
        channel.subscribe(people.endpoint, people.keys, (ALERT.zone_id,), "en")
        assert not channel.drill(DRILL).reached
        channel.subscribe_to_drills(operator.endpoint, operator.keys)
        channel.close()
        channel = WebPushChannel(keys, made, lambda: DRILL.time_s)  # it is remembered
        assert channel.drill(DRILL).reached
        assert people.posts() == []
        (told,) = operator.messages()
        assert (told["state"], told["text"]) == ("test", DRILL.texts["en"])
        service.refuse(410)
        with pytest.raises(DeliveryError, match="1 of 1 operators' devices not reached"):
            channel.drill(DRILL)
        assert not channel.drill(DRILL).reached  # it left for good
    finally:
        channel.close()
        service.close()
