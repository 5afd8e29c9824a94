"""MQTT at a real broker, read by a client that shares no code with ours."""

import json
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alerts import ALERT, STATES, context, parcel, parcels
from forewarn.channels import broker, mqtt
from forewarn.channels.broker import BrokerKeys
from forewarn.channels.cap import CapFolder, Sender
from forewarn.channels.mqtt import MqttChannel, MqttKeys
from forewarn.errors import ConfigError
from forewarn.records import AlertState, Key, Parcel
from forewarn.signing import Matter, Signer, World, alert_values, canonical, verify
from forewarn.words import Voice
from mosquitto import OPEN, Broker, Heard, Subscriber, retained
from servers import program, until

HERE = Path(__file__).parent


class Site:
    """A broker, channels to it and clients of it, all gone at the end of the test."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.folder = folder
        self.ends = ends
        self.done: list[Key] = []

    def server(self, *lines: str) -> Broker:
        made = Broker(self.folder, *(lines or OPEN))
        self.ends.callback(made.close)
        return made

    def channel(
        self,
        server: Broker | BrokerKeys,
        zone_ids: Sequence[str] = (ALERT.zone_id,),
        exercise: bool = False,
        **keys: Any,
    ) -> MqttChannel:
        reached = BrokerKeys(port=server.port) if isinstance(server, Broker) else server
        made = MqttChannel(
            MqttKeys(reached, **keys),
            context(self.folder, self.done.extend, zone_ids, exercise),
        )
        self.ends.callback(made.close)
        return made

    def listener(self, server: Broker, topic: str = "#") -> Subscriber:
        made = Subscriber(server.port, topic)
        self.ends.callback(made.close)
        return made


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(broker, "RECONNECT_S", (0.2, 0.5))
    with ExitStack() as ends:
        yield Site(tmp_path, ends)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes a minute takes seconds."""
    for name, value in (
        ("AGAIN_S", 0.3),
        ("STATE_LASTS_S", 2),  # a broker counts whole seconds
        ("HEARTBEAT_LASTS_S", 2),
        ("SILENT_S", 1.0),
        ("TICK_S", 0.1),
    ):
        monkeypatch.setattr(mqtt, name, value)
    monkeypatch.setattr(broker, "LAST_CALL_S", 0.5)


def raid(zones: int, steps: int, first: int = 0) -> list[Parcel]:
    """Steps of alerts in many zones, one after the other as events bring them."""
    return [
        parcel(
            replace(
                ALERT,
                alert_id=f"a{zone}",
                zone_id=f"z{zone}",
                step=step,
                seq=100 + step,
                state=STATES[min(step, 3)],
            )
        )
        for step in range(first, first + steps)
        for zone in range(zones)
    ]


def steps_told(heard: Sequence[Heard]) -> dict[str, list[int]]:
    """Steps by alert, each where it came first: whoever reads drops what it knows."""
    told: dict[str, list[int]] = {}
    for one in heard:
        body = json.loads(one.body)
        steps = told.setdefault(body["alert_id"], [])
        if body["step"] not in steps:
            steps.append(body["step"])
    return told


# what is told, and how long it holds


def test_a_late_subscriber_has_the_state_until_the_service_has_died(site: Site) -> None:
    server = site.server()
    command = [sys.executable, str(HERE / "mqtt_child.py")]
    service = subprocess.Popen(
        [*command, str(site.folder), str(server.port), "2"], stdout=subprocess.PIPE
    )
    site.ends.callback(service.kill)
    assert service.stdout is not None
    assert service.stdout.readline() == b"up\n"
    (state,) = retained(server.port, "forewarn/live/zones/+")
    assert json.loads(state.body)["state"] == "take_cover"
    assert {one.topic: one.body for one in retained(server.port, "forewarn/live/+", 2)} == {
        "forewarn/live/heartbeat": b"alive",
        "forewarn/live/availability": b"online",
    }
    service.kill()
    service.wait()
    service.stdout.close()
    until(
        lambda: (
            [(one.topic, one.body) for one in retained(server.port, "forewarn/#", 9)]
            == [("forewarn/live/availability", b"offline")]  # its last will
        )
    )


@pytest.mark.usefixtures("quick")
def test_what_holds_is_told_again_and_what_is_over_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "CLEAR_LASTS_S", 0.5)
    server = site.server()
    channel = site.channel(server)
    channel.offer([parcel()])
    time.sleep(2.5)  # longer than a state lasts
    (state,) = retained(server.port, "forewarn/live/zones/+")
    assert json.loads(state.body)["state"] == "take_cover"
    channel.offer(
        [parcel(replace(ALERT, step=1, seq=9, state=AlertState.ALL_CLEAR))],
    )
    until(lambda: len(site.done) == 2)
    (state,) = retained(server.port, "forewarn/live/zones/+")
    assert json.loads(state.body)["state"] == "all_clear"
    until(lambda: retained(server.port, "forewarn/live/zones/+") == [])


@pytest.mark.usefixtures("quick")
def test_a_broker_that_forgot_is_told_anew(site: Site) -> None:
    server = site.server()
    channel = site.channel(server)
    channel.offer([parcel()])
    until(lambda: len(site.done) == 1)
    server.stop(signal.SIGKILL)
    server.start()
    assert retained(server.port, "forewarn/live/zones/+") == []
    until(lambda: retained(server.port, "forewarn/live/zones/+"))


@pytest.mark.usefixtures("quick")
def test_a_service_whose_heart_stands_still_is_said_to_be_down(site: Site) -> None:
    server = site.server()
    channel = site.channel(server)
    listener = site.listener(server, "forewarn/live/availability")
    until(lambda: (channel.beat(b"alive"), listener.heard)[1])
    assert listener.heard[0].body == b"online"
    until(lambda: listener.heard[-1].body == b"offline")  # no more beats
    channel.beat(b"alive")
    until(lambda: listener.heard[-1].body == b"online")
    channel.close()
    until(lambda: listener.heard[-1].body == b"offline")


@pytest.mark.usefixtures("quick")
def test_alerts_from_before_a_restart_are_told_again(site: Site) -> None:
    server = site.server()
    channel = site.channel(server)
    channel.keep([parcel(replace(ALERT, seq=5))])
    until(lambda: retained(server.port, "forewarn/live/zones/+"))
    channel.offer([parcel(replace(ALERT, seq=6, step=1, state=AlertState.STAY))])
    until(lambda: len(site.done) == 1)
    channel.keep([parcel(replace(ALERT, seq=5))])  # the core started anew
    time.sleep(1.0)
    (state,) = retained(server.port, "forewarn/live/zones/+")
    assert json.loads(state.body)["state"] == "stay"


def test_who_reads_can_check_the_signature(site: Site) -> None:
    server = site.server()
    listener = site.listener(server, "forewarn/live/zones/+")
    channel = site.channel(server)
    signer = Signer.from_file(site.folder / "live.key", World.LIVE)
    told = parcel()
    body = canonical(alert_values(told.alert, told.texts))
    channel.offer([replace(told, signature=signer.sign(Matter.ALERT, body))])
    until(lambda: listener.heard)
    read = json.loads(listener.heard[0].body)
    assert read.pop("exercise") is False
    signature = b64decode(read.pop("signature"))
    assert verify(signer.public, World.LIVE, Matter.ALERT, canonical(read), signature)


def test_in_an_exercise_topics_field_and_text_say_so(site: Site) -> None:
    server = site.server()
    listener = site.listener(server)
    zones = (ALERT.zone_id, "quiet")
    channel = site.channel(server, zones, exercise=True, home_assistant=("*",))
    text = {"en": Voice("en", exercise=True).render(ALERT, "Viborg")}
    channel.offer([replace(parcel(), texts=text)])
    until(
        lambda: (
            {one.topic for one in listener.heard}
            >= {f"forewarn/exercise/zones/{zone_id}" for zone_id in zones}
        )
    )
    channel.beat(b"alive")
    channel.close()
    until(lambda: listener.heard[-1].body == b"offline")
    ours = [one for one in listener.heard if one.topic.startswith("forewarn/")]
    assert all(one.topic.startswith("forewarn/exercise/") for one in ours)
    states = [json.loads(one.body) for one in ours if "/zones/" in one.topic]
    assert {state["state"] for state in states} == {"clear", "take_cover"}
    for state in states:
        assert state["exercise"] is True
        assert state["state"] == "clear" or state["text"]["en"].startswith("EXERCISE")
    device = json.loads(retained(server.port, "homeassistant/#")[0].body)
    assert device["device"]["name"].startswith("EXERCISE")
    assert device["name"].startswith("EXERCISE")


@pytest.mark.parametrize("zone_id", ["UA/32", "+", "#", "Zürich 7", "$SYS"])
def test_any_zone_id_is_one_level_of_a_topic(site: Site, zone_id: str) -> None:
    server = site.server()
    listener = site.listener(server, "forewarn/live/zones/+")
    channel = site.channel(server)
    channel.offer([parcel(replace(ALERT, zone_id=zone_id))])
    until(lambda: listener.heard)
    assert json.loads(listener.heard[0].body)["zone_id"] == zone_id


# order, and brokers that go away


@pytest.mark.parametrize("zones", [100, 500])
def test_hundreds_of_changes_at_once_arrive_whole_and_in_order(
    site: Site, zones: int
) -> None:
    server = site.server()
    listener = site.listener(server, "forewarn/live/zones/+")
    channel = site.channel(server)
    until(lambda: channel.counts().last_error == "")
    begun_s = time.monotonic()
    channel.offer(raid(zones, 3))
    until(lambda: len(site.done) == 3 * zones)
    print(f"{3 * zones} steps acknowledged after {time.monotonic() - begun_s:.2f} s")
    until(lambda: len(steps_told(listener.heard)) == zones)
    until(lambda: set(map(tuple, steps_told(listener.heard).values())) == {(0, 1, 2)})
    assert site.done == [one.key for one in raid(zones, 3)]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_broker_that_ends_in_mid_raid_loses_and_turns_back_nothing(
    site: Site, end: signal.Signals
) -> None:
    server = site.server()
    listener = site.listener(server, "forewarn/live/zones/+")
    channel = site.channel(server)
    for step in range(12):
        channel.offer(raid(50, 1, step))
        if step == 5:
            until(lambda: len(site.done) > 100)
            server.stop(end)  # with steps under way
        time.sleep(0.02)
    server.start()
    until(lambda: len(site.done) == 600)
    assert len(set(site.done)) == 600
    assert channel.counts().failures > 0
    until(lambda: {steps[-1] for steps in steps_told(listener.heard).values()} == {11})
    told = steps_told(listener.heard)
    assert len(told) == 50
    for steps in told.values():
        assert steps == sorted(steps)
        # a broker that was killed may have taken steps with it that it had acknowledged
        assert end is signal.SIGKILL or steps == list(range(12))
    now = retained(server.port, "forewarn/live/zones/+", 50)
    assert [json.loads(one.body)["step"] for one in now] == [11] * 50


def test_a_broker_that_is_down_holds_up_no_other_channel(site: Site) -> None:
    server = site.server()
    listener = site.listener(server, "forewarn/live/zones/+")
    server.stop()
    channel = site.channel(server)
    written: list[Key] = []
    sender = Sender("alerts@example.invalid")
    folder = CapFolder(site.folder / "cap", sender, written.extend)
    site.ends.callback(folder.close)
    slowest_s = 0.0
    for step in range(10):
        begun_s = time.perf_counter()
        for one in (channel, folder):
            one.offer(raid(10, 1, step))
        slowest_s = max(slowest_s, time.perf_counter() - begun_s)
        time.sleep(0.1)
    until(lambda: len(written) == 100)
    assert slowest_s < 0.05
    assert folder.counts().delay_s < 0.5
    assert site.done == []
    assert channel.counts().waiting == 100
    assert "refused" in channel.counts().last_error.lower()
    server.start()
    until(lambda: len(site.done) == 100)
    assert site.done == [one.key for step in range(10) for one in raid(10, 1, step)]
    until(lambda: set(map(len, steps_told(listener.heard).values())) == {10})
    for zone in range(10):
        heard = [json.loads(one.body) for one in listener.heard]
        steps = [body["step"] for body in heard if body["zone_id"] == f"z{zone}"]
        assert steps == sorted(steps)  # told again perhaps, but never turned back


@pytest.mark.usefixtures("quick")
def test_a_frozen_broker_is_left_in_time(site: Site) -> None:
    server = site.server()
    channel = site.channel(server)
    until(lambda: channel.counts().last_error == "")
    server.send(signal.SIGSTOP)
    channel.offer(parcels(10))
    begun_s = time.monotonic()
    channel.close()
    server.send(signal.SIGCONT)
    assert time.monotonic() - begun_s < 4.0
    assert site.done == []  # not acknowledged: still in the outbox


def test_a_step_that_a_newer_one_has_overtaken_is_not_told_as_the_present(
    site: Site,
) -> None:
    server = site.server()
    listener = site.listener(server, "forewarn/live/zones/+")
    channel = site.channel(server)
    newer = parcel(replace(ALERT, step=1, seq=8, state=AlertState.ALL_CLEAR))
    channel.offer([newer, parcel()])
    until(lambda: len(site.done) == 2)
    channel.close()
    until(lambda: listener.heard)
    assert [json.loads(one.body)["state"] for one in listener.heard] == ["all_clear"]


# who is let in


@pytest.mark.usefixtures("quick")
def test_what_the_broker_refuses_is_an_error_and_holds_up_no_other(site: Site) -> None:
    acl = site.folder / "acl"
    acl.write_text("topic readwrite #\ntopic deny forewarn/live/zones/z1\n")
    server = site.server("allow_anonymous true", f"acl_file {acl}")
    channel = site.channel(server)
    channel.offer(raid(3, 1))
    until(lambda: len(site.done) == 2)
    # Mosquitto 2.0.11 hangs up besides; then that is the error, until the line is back
    until(lambda: "refused: Not authorized" in channel.counts().last_error)
    assert set(site.done) == {("a0", 0), ("a2", 0)}
    assert channel.counts().waiting == 1


@pytest.mark.usefixtures("quick")
def test_user_and_password_come_from_settings_and_a_file(site: Site) -> None:
    kept = site.folder / "users"
    command = [program("mosquitto_passwd"), "-b", "-c", str(kept), "forewarn", "right"]
    subprocess.run(command, check=True, capture_output=True)
    server = site.server("allow_anonymous false", f"password_file {kept}")
    password = site.folder / "password"
    for word, error in (("wrong", "refused: Not authorized"), ("right", "")):
        password.write_text(f"{word}\n")
        keys = BrokerKeys(port=server.port, user="forewarn", password=password)
        channel = site.channel(keys)
        channel.offer([parcel()])
        until(lambda c=channel, e=error: has_error(c, e))  # type: ignore[misc]
        assert bool(site.done) is (word == "right")
        channel.close()


@pytest.mark.usefixtures("quick")
# paho leaves the socket of a failed handshake to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_certificate_of_a_broker_is_checked(site: Site) -> None:
    pair = [certificate(site.folder / name) for name in ("broker", "other")]
    server = site.server(
        *OPEN, f"certfile {pair[0]}", f"keyfile {pair[0].with_suffix('.key')}"
    )
    for ca, error in ((pair[1], "certificate verify failed"), (pair[0], "")):
        channel = site.channel(BrokerKeys(port=server.port, tls=True, ca=ca))
        channel.offer([parcel()])
        until(lambda c=channel, e=error: has_error(c, e))  # type: ignore[misc]
        assert bool(site.done) is (ca == pair[0])
        channel.close()


def has_error(channel: MqttChannel, error: str) -> bool:
    counts = channel.counts()
    return error in counts.last_error and bool(error or counts.delivered)


def certificate(stem: Path) -> Path:
    """A certificate of 127.0.0.1 that vouches for itself, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, stem.name)])
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = stem.with_suffix(".crt")
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    stem.with_suffix(".key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"topic": "a/#"}, r"topic: found 'a/#', expected names parted by /"),
        ({"topic": ""}, r"topic: found ''"),
        ({"discovery": "$SYS"}, r"discovery: found '\$SYS'"),
        ({"home_assistant": ("z*",)}, r"home_assistant: the site has no zone like 'z\*'"),
        ({"broker": BrokerKeys(user="a", password=Path("/absent"))}, "/absent: password"),
        ({"broker": BrokerKeys(tls=True, ca=Path("/absent"))}, "/absent: no certificates"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, keys: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        MqttChannel(MqttKeys(**keys), context(tmp_path, lambda keys: None))
