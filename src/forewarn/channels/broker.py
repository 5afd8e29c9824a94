"""A line to an MQTT broker that mends itself, and says what the broker has acknowledged."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from forewarn.channels.drill import READ_BACK_S
from forewarn.errors import ConfigError, DeliveryError
from forewarn.records import Counts

TOGETHER = 64  # messages under way at once, unless the broker takes fewer
KEEPALIVE_S = 10  # half as much again, and the broker takes a silent service for down
CONNECT_S = 5.0
RECONNECT_S = (1, 5)  # first and longest wait between two tries to connect
LAST_CALL_S = 5.0  # for what waits when the service ends
STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class BrokerKeys:
    """`broker = {...}`: an MQTT 5 broker and how we are let in.

    password : file that holds it
    tls      : its certificate is checked, by the system's authorities or by `ca`
    """

    host: str = "127.0.0.1"
    port: int = 1883
    user: str = ""
    password: Path | None = None
    tls: bool = False
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is published.

    lasts_s : after which the broker drops it; 0 = never
    keep    : whether who subscribes later gets it too
    """

    topic: str
    body: bytes
    lasts_s: int = 0
    keep: bool = True


class Line:
    """One connection to one broker. `send` has one caller at a time.

    will : what the broker says for us once we are gone
    """

    def __init__(self, keys: BrokerKeys, will: Message | None = None) -> None:
        self._address = f"{keys.host}:{keys.port}"
        self._change = threading.Condition()
        self._up = False
        self._lines = self._line_used = 0  # counted, to tell a new one from the last
        self._window = TOGETHER
        self._acknowledged: dict[int, str] = {}  # by message number: "" or what was wrong
        self._ears: dict[str, SimpleQueue[bytes]] = {}
        self._failures = 0
        self._error = f"{self._address}: not connected yet"
        self._end_s = inf
        self._client = _client(keys)
        if will is not None:
            self._client.will_set(will.topic, will.body, 1, will.keep)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._client.connect_async(keys.host, keys.port, KEEPALIVE_S)
        self._client.loop_start()

    def send(self, messages: Sequence[Message]) -> list[str]:
        """Publish in order, and wait until the broker has acknowledged each.

        Returns for each "" or what went wrong. A broken line is waited for, and what was
        under way on it goes out again before anything else does.
        """
        self._acknowledged.clear()
        numbers: list[int] = []
        for message in messages:
            if not self._wait(lambda: self._may_send(numbers)):
                break
            self._line_used = self._lines
            numbers.append(self._publish(message, 1))
        self._wait(lambda: not self._under_way(numbers))
        late = self._error or f"{self._address}: not acknowledged"
        errors = [self._acknowledged.get(number, late) for number in numbers]
        return errors + [late] * (len(messages) - len(errors))

    def tell(self, message: Message) -> None:
        """Publish at once if there is a line, else never: for what is soon outdated."""
        if self._up:
            self._publish(message, 0)

    @contextmanager
    def hearing(self, topics: Sequence[str]) -> Iterator[SimpleQueue[bytes]]:
        """What the broker tells on these topics, ours included, while the block lasts.

        A DeliveryError where there is no line to it now.
        """
        heard: SimpleQueue[bytes] = SimpleQueue()
        if not self._up:
            raise DeliveryError(self._error or f"{self._address}: no connection")
        for topic in topics:
            self._ears[topic] = heard
            self._client.subscribe(topic, 1)
        try:
            yield heard
        finally:
            for topic in topics:
                self._client.unsubscribe(topic)
                del self._ears[topic]

    def ready(self) -> bool:
        """Wait for the line; False when the service ends before it is there."""
        return self._wait(lambda: self._up)

    @property
    def up(self) -> bool:
        """Whether there is a line now."""
        return self._up

    @property
    def lines(self) -> int:
        """How many there have been: another number, another line."""
        return self._lines

    def counted(self, counts: Counts, *errors: str) -> Counts:
        """What a courier counted, how the line fares, and what else is wrong."""
        wrong = (self._error, counts.last_error, *errors)
        return replace(
            counts,
            failures=counts.failures + self._failures,
            last_error=next((error for error in wrong if error), ""),
        )

    def last_call(self) -> None:
        """From now on nothing waits for the broker much longer."""
        with self._change:
            self._end_s = min(self._end_s, time.monotonic() + LAST_CALL_S)
            self._change.notify_all()

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        # of a broker that is frozen paho would take leave for ever
        stop = threading.Thread(target=self._client.loop_stop, daemon=True)
        stop.start()
        stop.join(STOP_S)

    def _may_send(self, numbers: Sequence[int]) -> bool:
        """Whether the broker takes another; on a new line, once it has the old ones."""
        most = self._window if self._line_used == self._lines else 1
        return self._up and self._under_way(numbers) < most

    def _under_way(self, numbers: Sequence[int]) -> int:
        return sum(number not in self._acknowledged for number in numbers)

    def _publish(self, message: Message, qos: int) -> int:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if message.lasts_s:
            properties.MessageExpiryInterval = message.lasts_s
        sent = self._client.publish(
            message.topic, message.body, qos, message.keep, properties
        )
        return sent.mid  # without a line paho keeps it, and sends it first on the next

    def _wait(self, holds: Callable[[], bool]) -> bool:
        with self._change:
            while not holds():
                left_s = self._end_s - time.monotonic()
                if left_s <= 0:
                    return False
                self._change.wait(min(left_s, threading.TIMEOUT_MAX))
            return True

    # what paho calls, in its own thread

    def _on_connect(
        self, client: Client, userdata: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        if reason.is_failure:
            self._fail(f"refused: {reason}")
            return
        with self._change:
            self._up, self._error = True, ""
            self._lines += 1
            self._window = min(TOGETHER, getattr(properties, "ReceiveMaximum", TOGETHER))
            self._change.notify_all()

    def _on_connect_fail(self, client: Client, userdata: Any) -> None:
        self._fail(str(sys.exc_info()[1] or "no connection"))

    def _on_disconnect(
        self, client: Client, userdata: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        if self._up:
            self._up = False
            self._fail(f"connection lost: {reason}")

    def _on_publish(
        self, client: Client, userdata: Any, number: int, reason: Any, properties: Any
    ) -> None:
        with self._change:
            wrong = f"{self._address}: refused: {reason}" if reason.is_failure else ""
            self._acknowledged[number] = wrong
            self._change.notify_all()

    def _on_message(self, client: Client, userdata: Any, message: Any) -> None:
        ear = self._ears.get(message.topic)
        if ear is not None:
            ear.put(message.payload)

    def _fail(self, error: str) -> None:
        with self._change:
            self._failures += 1
            self._error = f"{self._address}: {error}"


def _client(keys: BrokerKeys) -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"forewarn-{uuid4().hex[:16]}",
        protocol=MQTTProtocolVersion.MQTTv5,
    )
    client.max_inflight_messages = TOGETHER  # `send` itself keeps to the broker's number
    client.connect_timeout = CONNECT_S
    client.suppress_exceptions = True  # one of ours must not end the thread of the line
    client.reconnect_delay_set(*RECONNECT_S)
    if keys.user:
        client.username_pw_set(keys.user, _secret(keys.password))
    if keys.tls:
        try:
            client.tls_set(ca_certs=str(keys.ca) if keys.ca else None)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{keys.ca}: no certificates of authorities: {error}"
            ) from None
    return client


def _secret(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: password cannot be read: {error}") from None


def heard_all(heard: SimpleQueue[bytes], bodies: Sequence[bytes]) -> None:
    """Wait until these came back from the broker, or DeliveryError."""
    missing, end_s = {*bodies}, time.monotonic() + READ_BACK_S
    while missing:
        try:
            missing.discard(heard.get(timeout=max(0.0, end_s - time.monotonic())))
        except Empty:
            raise DeliveryError(
                f"{len(missing)} of {len(bodies)} tests did not come back from the broker "
                f"within {READ_BACK_S:g} s: may its user read what it writes?"
            ) from None
