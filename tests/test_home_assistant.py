"""What Home Assistant finds: announcements, and its templates rendered as it does."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts import ALERT, context, parcel
from forewarn.channels.broker import BrokerKeys
from forewarn.channels.mqtt import MqttChannel, MqttKeys
from forewarn.records import AlertState
from mosquitto import Broker, Subscriber, retained
from servers import until

ZONES = (*(f"UA-{n:02d}" for n in range(40)), "a/b", "Zürich 7")


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    monkeypatch.setattr("forewarn.channels.mqtt.TICK_S", 0.1)
    with ExitStack() as stack:
        yield stack


def announced(
    folder: Path, ends: ExitStack, zones: int, *patterns: str
) -> tuple[Broker, MqttChannel, dict[str, dict[str, Any]]]:
    """A broker, a channel to it, and what Home Assistant finds there, by topic."""
    server = Broker(folder)
    ends.callback(server.close)
    listener = Subscriber(server.port, "forewarn/live/+", "homeassistant/#")
    ends.callback(listener.close)
    keys = MqttKeys(BrokerKeys(port=server.port), home_assistant=patterns)
    channel = MqttChannel(keys, context(folder, lambda keys: None, ZONES))
    ends.callback(channel.close)
    until(lambda: (channel.beat(b"alive"), listener.heard)[1])
    ours = listener.heard
    until(lambda: sum(one.topic.startswith("home") for one in ours) >= 2 * zones)
    found = retained(server.port, "homeassistant/#", 2 * zones or 1)
    return server, channel, {one.topic: json.loads(one.body) for one in found}


def rendered(template: str, body: bytes) -> str:
    """As Home Assistant renders it: filters of the same names, by its documentation."""
    made = ImmutableSandboxedEnvironment()
    made.filters["timestamp_utc"] = lambda s: datetime.fromtimestamp(s, UTC).isoformat()
    made.filters["timestamp_custom"] = lambda s, form: datetime.fromtimestamp(
        s, UTC
    ).strftime(form)
    made.filters["tojson"] = json.dumps
    return made.from_string(template).render(value_json=json.loads(body))


def test_nobody_is_told_of_thousands_of_zones_unasked(
    tmp_path: Path, ends: ExitStack
) -> None:
    assert announced(tmp_path, ends, 0)[2] == {}


def test_the_zones_asked_for_are_two_entities_each_of_one_device(
    tmp_path: Path, ends: ExitStack
) -> None:
    _, _, found = announced(tmp_path, ends, 12, "UA-1*", "a/b", "Zürich*")
    assert len(found) == 2 * 12
    parts = [topic.split("/") for topic in found]
    assert {len(levels) for levels in parts} == {5}
    assert {levels[1] for levels in parts} == {"binary_sensor", "sensor"}
    assert all(
        level.replace("-", "").replace("_", "").isalnum() and level.isascii()
        for levels in parts
        for level in levels[2:4]
    )
    assert len({config["unique_id"] for config in found.values()}) == 24
    assert len({json.dumps(config["device"]) for config in found.values()}) == 1
    assert {config["availability"][0]["topic"] for config in found.values()} == {
        "forewarn/live/availability"
    }
    classes = {(topic.split("/")[1], c["device_class"]) for topic, c in found.items()}
    assert classes == {("binary_sensor", "safety"), ("sensor", "timestamp")}


@pytest.mark.parametrize(
    ("state", "switch"),
    [
        (AlertState.PREPARE, "OFF"),
        (AlertState.TAKE_COVER, "ON"),
        (AlertState.STAY, "ON"),
        (AlertState.ALL_CLEAR, "OFF"),
    ],
)
def test_templates_say_what_is_told(
    tmp_path: Path, ends: ExitStack, state: AlertState, switch: str
) -> None:
    server, channel, found = announced(tmp_path, ends, 1, "UA-07")
    alert, onset = (
        next(c for topic, c in found.items() if topic.split("/")[1] == kind)
        for kind in ("binary_sensor", "sensor")
    )
    assert alert["state_topic"] == onset["state_topic"]
    until(lambda: retained(server.port, alert["state_topic"]))
    quiet = retained(server.port, alert["state_topic"])[0].body
    assert rendered(alert["value_template"], quiet) == "OFF"
    expected = onset["availability"][1]
    assert expected["topic"] == onset["state_topic"]
    assert rendered(expected["value_template"], quiet) == "offline"
    assert json.loads(rendered(alert["json_attributes_template"], quiet)) == {
        "zone_id": "UA-07",
        "alert": "clear",
        "kind": "",
        "text": "",
        "onset": "",
        "exercise": False,
    }
    over = state is AlertState.ALL_CLEAR
    told = parcel(
        replace(
            ALERT,
            zone_id="UA-07",
            state=state,
            onset_p05_s=float("nan") if over else ALERT.onset_p05_s,
        )
    )
    channel.offer([told])
    until(lambda: b"alert_id" in retained(server.port, alert["state_topic"])[0].body)
    body = retained(server.port, alert["state_topic"])[0].body
    assert rendered(alert["value_template"], body) == switch
    assert rendered(expected["value_template"], body) == ("offline" if over else "online")
    assert over or rendered(onset["value_template"], body) == "2026-01-01T12:01:18+00:00"
    assert json.loads(rendered(alert["json_attributes_template"], body)) == {
        "zone_id": "UA-07",
        "alert": str(state),
        "kind": "rocket",
        "text": told.texts["en"],
        "onset": "" if over else "12:01",
        "exercise": False,
    }
