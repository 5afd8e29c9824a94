"""MQTT 5: the state of every zone on a topic of its own, and whether the service is there.

A state is retained, so that who subscribes later has it at once; told again while it
holds, so that a broker that forgot has it again; and it expires, so that no alert outlives
a service that has died.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeVar

from forewarn.channels import ChannelKind, Context
from forewarn.channels.broker import (
    TOGETHER,
    BrokerKeys,
    Line,
    Message,
    heard_all,
)
from forewarn.channels.courier import Courier
from forewarn.channels.drill import Drill, Drilled
from forewarn.channels.home_assistant import Home
from forewarn.channels.rounds import Rounds
from forewarn.channels.topics import checked, level, root, zones_like
from forewarn.records import LIVE_STATES, Counts, Parcel
from forewarn.signing import canonical, told

T = TypeVar("T")
AGAIN_S = 20.0  # a state is told again so often,
STATE_LASTS_S = 60  # and forgotten by the broker so long after it was told last
CLEAR_LASTS_S = 600.0  # for so long an all-clear is told again
HEARTBEAT_LASTS_S = 20
TEST_LASTS_S = 15
SILENT_S = 15.0  # without a heartbeat: the service is down, though this thread lives
TICK_S = 0.5
PAUSE_S = 0.002  # between groups of what is told again, so that news comes first


@dataclass(frozen=True, slots=True)
class MqttKeys:
    """`kind = "mqtt"`: states of zones, and heartbeats.

    topic          : what all topics begin with
    home_assistant : patterns of the zones that are announced to Home Assistant
    discovery      : the topic below which Home Assistant looks for announcements
    """

    broker: BrokerKeys = field(default_factory=BrokerKeys)
    topic: str = "forewarn"
    home_assistant: tuple[str, ...] = ()
    discovery: str = "homeassistant"


@dataclass(frozen=True, slots=True)
class _Told:
    """The newest state of a zone, and until when (monotonic) it is told again."""

    seq: int
    body: bytes
    until_s: float


class MqttChannel:
    """Tells every step, in order, and tells again what holds."""

    def __init__(self, keys: MqttKeys, context: Context) -> None:
        self._root = root(keys.topic, context.exercise)
        self._exercise = context.exercise
        self._availability = f"{self._root}/availability"
        self._announcements = self._announced(keys, context)
        self._told: dict[str, _Told] = {
            zone_id: _Told(-1, self._clear(zone_id), inf) for zone_id in self._announcements
        }
        self._knowing = threading.Lock()  # what is told; never held while waiting
        self._sending = threading.Lock()  # the line: what was told last is the newest
        self._heartbeat, self._beat_s, self._silent = b"", time.monotonic(), False
        self._due_s = -inf
        self._lines = 0  # whose subscribers know what holds
        will = Message(self._availability, b"offline")
        self._line = Line(keys.broker, will)
        self._courier = Courier("mqtt", self._carry, context.delivered)
        self._rounds = Rounds("mqtt again", TICK_S, self._tick)

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue steps: never waits, never raises."""
        self._courier.offer(parcels)

    def keep(self, parcels: Sequence[Parcel]) -> None:
        """Tell these again from now on: alerts that were out before the service started."""
        for parcel in parcels:
            self._message(parcel)
        self._due_s = -inf

    def beat(self, heartbeat: bytes) -> None:
        """Pass on a sign of life, if there is a line."""
        self._heartbeat, self._beat_s, self._silent = heartbeat, time.monotonic(), False
        self._tell_alive()

    def drill(self, drill: Drill) -> Drilled:
        """Publish on the topic `test`, which is no zone's, and hear it back."""
        topic = f"{self._root}/test"
        body = canonical(
            {
                "drill_id": drill.drill_id,
                "time_s": drill.time_s,
                "exercise": self._exercise,
                "text": dict(drill.texts),
            }
        )
        with self._line.hearing([topic]) as heard:
            self._line.tell(Message(topic, body, TEST_LASTS_S, keep=False))
            heard_all(heard, [body])
        return Drilled("heard back from the broker")

    def counts(self) -> Counts:
        """How it fares."""
        return self._line.counted(self._courier.counts(), self._rounds.error)

    def close(self) -> None:
        """Deliver what waits, say that the service is down, hang up."""
        self._line.last_call()
        self._courier.close()
        self._rounds.close()
        if self._line.up:
            self._line.send([Message(self._availability, b"offline")])
        self._line.close()

    def _carry(self, parcels: Sequence[Parcel]) -> list[str]:
        with self._sending:
            made = [self._message(parcel) for parcel in parcels]
            sent = iter(self._line.send([one for one in made if isinstance(one, Message)]))
            return [next(sent) if isinstance(one, Message) else one for one in made]

    def _message(self, parcel: Parcel) -> Message | str:
        """The step as it is told, from now on the newest of its zone.

        Or what is wrong with it; or "" if a newer one is out, for this one would now be
        taken for the present.
        """
        zone_id, seq = parcel.alert.zone_id, parcel.alert.seq
        try:
            topic = self._topic(zone_id)
            body = canonical({**told(parcel), "exercise": self._exercise})
        except (ValueError, TypeError) as error:
            return f"{zone_id}: {error}"
        live = parcel.alert.state in LIVE_STATES or zone_id in self._announcements
        until_s = inf if live else time.monotonic() + CLEAR_LASTS_S
        with self._knowing:
            known = self._told.get(zone_id)
            if known is not None and known.seq > seq:
                return ""
            self._told[zone_id] = _Told(seq, body, until_s)
        return Message(topic, body, STATE_LASTS_S)

    def _topic(self, zone_id: str) -> str:
        return f"{self._root}/zones/{level(zone_id)}"

    # what is told again

    def _tick(self) -> None:
        if not self._line.up:
            return
        now_s = time.monotonic()
        if now_s - self._beat_s > SILENT_S and not self._silent:
            self._line.tell(Message(self._availability, b"offline"))
            self._silent = True
        if self._lines != self._line.lines:
            self._lines = self._line.lines
            self._due_s = -inf
            self._tell_alive()
            found = [one for two in self._announcements.values() for one in two]
            self._send_all(found, lambda one: one)
        if now_s >= self._due_s:
            self._due_s = now_s + AGAIN_S
            self._tell_again()

    def _tell_again(self) -> None:
        now_s = time.monotonic()
        with self._knowing:
            self._told = {k: v for k, v in self._told.items() if v.until_s > now_s}
            zones = list(self._told)
        self._send_all(
            zones,
            lambda zone_id: Message(
                self._topic(zone_id), self._told[zone_id].body, STATE_LASTS_S
            ),
        )

    def _send_all(self, items: Sequence[T], message: Callable[[T], Message]) -> None:
        """In groups, each made when it goes out: a step may have come in between."""
        for first in range(0, len(items), TOGETHER):
            with self._sending:
                self._line.send([message(one) for one in items[first : first + TOGETHER]])
            time.sleep(PAUSE_S)

    def _tell_alive(self) -> None:
        """The newest heartbeat, unless there is none or it is too old."""
        if self._heartbeat and time.monotonic() - self._beat_s < SILENT_S:
            self._line.tell(
                Message(f"{self._root}/heartbeat", self._heartbeat, HEARTBEAT_LASTS_S)
            )
            self._line.tell(Message(self._availability, b"online", HEARTBEAT_LASTS_S))

    # Home Assistant

    def _announced(
        self, keys: MqttKeys, context: Context
    ) -> dict[str, tuple[Message, Message]]:
        """By zone: how it is announced."""
        language = context.languages[0]
        home = Home(
            checked(keys.discovery, "discovery"),
            self._root,
            context.site,
            language,
            context.own_texts,
            context.exercise,
            self._availability,
            STATE_LASTS_S,
        )
        names = context.zone_names
        return {
            zone_id: home.announce(
                zone_id,
                names[zone_id].get(language, names[zone_id][""]),
                self._topic(zone_id),
            )
            for zone_id in zones_like(keys.home_assistant, names, "home_assistant")
        }

    def _clear(self, zone_id: str) -> bytes:
        """What an announced zone says before its first alert: no step, so not signed."""
        values: dict[str, Any] = {
            "zone_id": zone_id,
            "state": "clear",
            "kind": "",
            "text": {},
            "onset_s": None,
            "exercise": self._exercise,
        }
        return canonical(values)


KIND = ChannelKind(MqttKeys, MqttChannel)
