"""Web Push: a short text to every phone and browser that asked to hear of a zone.

A message says a clock time or "now", never a countdown: it arrives when a phone is reached.
It is thrown away by the push service once it is useless, and replaced by the next of its
alert until a phone has it. Signs of life never go this way.
"""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from forewarn.channels import ChannelKind, Context
from forewarn.channels.courier import Courier
from forewarn.channels.drill import Drill, Drilled
from forewarn.channels.push_service import (
    SERVICES,
    Answer,
    Postman,
    Push,
    check_endpoint,
    check_keys,
)
from forewarn.channels.subscriptions import Subscription, Subscriptions
from forewarn.channels.vapid import Vapid
from forewarn.errors import ConfigError, DeliveryError
from forewarn.records import Alert, AlertState, Counts, Key, Parcel
from forewarn.words import Form, Voice

ZONES_MAX = 50  # of one subscription
TESTERS_MAX = 100  # devices of operators
USEFUL_S = 600.0  # a warning still helps so long after its impact, or after it was issued
CLEAR_USEFUL_S = 3600.0  # and an all-clear: who missed it sits in a shelter
_CONTACT = re.compile(r"(mailto:[^\s@]+@[^\s@]+|https://\S+)")


@dataclass(frozen=True, slots=True)
class WebPushKeys:
    """`kind = "web_push"`: whoever subscribed.

    contact       : mailto: or https: address at which push services reach the site
    key           : file of the site's key towards them; made if there is none
    subscriptions : file of who wants what
    most          : subscriptions that are kept
    services      : at which endpoints may lie, see `push_service.check_endpoint`
    at_once       : requests under way
    timeout_s     : for one request
    """

    contact: str
    key: Path = Path("keys/push.pem")
    subscriptions: Path = Path("push.sqlite")
    most: int = 100_000
    services: tuple[str, ...] = SERVICES
    at_once: int = 64
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if not _CONTACT.fullmatch(self.contact):
            raise ConfigError(
                f"web_push contact: found {self.contact!r}, expected mailto: or https:"
            )
        if self.at_once < 1 or self.most < 0 or not 0.0 < self.timeout_s <= 60.0:
            raise ConfigError(
                f"web_push: found at_once = {self.at_once}, most = {self.most}, timeout_s "
                f"= {self.timeout_s}, expected at least 1, at least 0, above 0 to 60"
            )


class WebPushChannel:
    """Pushes every step to its zone's subscribers, in a thread of its own.

    A step is carried once each of them was tried and none may be reached by another try;
    those that it did not reach in time count as failures.
    """

    def __init__(
        self, keys: WebPushKeys, context: Context, now_s: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._context = context
        self._vapid = Vapid(keys.key, keys.contact)
        self._postman = Postman(self._vapid, keys.at_once, keys.timeout_s, now_s)
        self._subscriptions = Subscriptions(keys.subscriptions, keys.most)
        self._testers = Subscriptions(keys.subscriptions, TESTERS_MAX, "drill")
        self._voices = {
            language: Voice(
                language,
                context.exercise,
                time_zone=context.time_zone,
                form=Form.SHORT,
                own=context.own_texts,
            )
            for language in context.languages
        }
        self._left: dict[Key, _Left] = {}
        self._missed, self._trouble = 0, ""
        self._courier = Courier("web_push", self._carry, context.delivered)

    # people who come and go

    @property
    def push_key(self) -> str:
        """What browsers subscribe with, base64url."""
        return self._vapid.public

    def subscribe(
        self, endpoint: str, keys: tuple[str, str], zone_ids: tuple[str, ...], language: str
    ) -> None:
        """Take one up, its keys p256dh and auth; ValueError says what is wrong with it.

        DeliveryError if all places are taken.
        """
        check_endpoint(endpoint, self._keys.services)
        check_keys(*keys)
        unknown = [z for z in zone_ids if z not in self._context.zone_names]
        if unknown or not 1 <= len(zone_ids) <= ZONES_MAX:
            raise ValueError(
                f"zone_ids: found {len(zone_ids)}, of which unknown: {unknown[:3]}; "
                f"expected 1 to {ZONES_MAX} zones of this site"
            )
        if language not in self._voices:
            known = ", ".join(self._voices)
            raise ValueError(f"language: found {language!r}, expected one of {known}")
        wanted = tuple(dict.fromkeys(zone_ids))
        self._subscriptions.put(Subscription(endpoint, *keys, language, wanted))

    def unsubscribe(self, endpoint: str) -> None:
        """Forget one, also of self-drills."""
        self._subscriptions.remove(endpoint)
        self._testers.remove(endpoint)

    def subscribe_to_drills(self, endpoint: str, keys: tuple[str, str]) -> None:
        """Take up a device of an operator; refused as by `subscribe`."""
        check_endpoint(endpoint, self._keys.services)
        check_keys(*keys)
        language = self._context.languages[0]
        self._testers.put(Subscription(endpoint, *keys, language, ()))

    # what every channel does

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue steps to be pushed: never waits, never raises."""
        self._courier.offer(parcels)

    def counts(self) -> Counts:
        """How it fares; phones that were not reached are failures too."""
        counts = self._courier.counts()
        return replace(
            counts,
            failures=counts.failures + self._missed,
            last_error=counts.last_error or self._trouble,
        )

    def close(self) -> None:
        """Push what is queued, then end."""
        self._courier.close()
        self._subscriptions.close()
        self._testers.close()

    def drill(self, drill: Drill) -> Drilled:
        """Push a test to the devices that operators named, and to no other."""
        testers = self._testers.all()
        if not testers:
            return Drilled("no operator's device gets tests: nobody to test with", False)
        useless_s = drill.time_s + USEFUL_S
        pushes = [
            [Push(0, one, self._test(drill, one.language), topic("drill"), useless_s)]
            for one in testers
        ]
        answers = asyncio.run(self._postman.post(pushes))
        for push, answer in answers:
            if answer.gone:
                self._testers.remove(push.to.endpoint)
        wrong = [answer.error or "gone" for _, answer in answers if answer != Answer()]
        if wrong:
            told = f"{len(wrong)} of {len(testers)} operators' devices not reached"
            raise DeliveryError(f"{told}: {wrong[0]}")
        return Drilled(f"push services took it for {len(testers)} operators' devices")

    def _test(self, drill: Drill, language: str) -> bytes:
        body = {
            "alert_id": "drill",
            "state": "test",
            "issued_s": drill.time_s,
            "language": language,
            "text": drill.texts.get(language, next(iter(drill.texts.values()))),
        }
        return json.dumps(body, ensure_ascii=False).encode()

    # pushing

    def _carry(self, parcels: Sequence[Parcel]) -> Sequence[str]:
        """Each step to each subscriber of its zone."""
        by_phone: dict[str, list[Push]] = {}
        faults: dict[int, str] = {}
        # the queue has what is tried again behind what is new; a phone is told in order
        for i in sorted(range(len(parcels)), key=lambda i: parcels[i].alert.seq):
            try:
                for push in self._pushes(i, parcels[i]):
                    by_phone.setdefault(push.to.endpoint, []).append(push)
            except (ValueError, OverflowError) as error:
                faults[i] = f"{parcels[i].key}: {error}"
        answers: list[dict[str, Answer]] = [{} for _ in parcels]
        if by_phone:
            for push, answer in asyncio.run(self._postman.post([*by_phone.values()])):
                answers[push.step][push.to.endpoint] = answer
        return [
            faults.get(i) or self._settled(parcel, answers[i])
            for i, parcel in enumerate(parcels)
        ]

    def _pushes(self, step: int, parcel: Parcel) -> Iterator[Push]:
        """A step for whom it is, as far as it has not reached them."""
        alert = parcel.alert
        left = self._left.get(parcel.key)
        said: dict[str, bytes] = {}
        for one in self._subscriptions.of(alert.zone_id):
            if left is None or one.endpoint in left.endpoints:
                if one.language not in said:
                    said[one.language] = self._message(parcel, one.language)
                text = said[one.language]
                yield Push(step, one, text, topic(alert.alert_id), useless_s(alert))

    def _message(self, parcel: Parcel, language: str) -> bytes:
        alert = parcel.alert
        first = next(iter(self._voices.values()))  # for a language the site had before
        voice = self._voices.get(language, first)
        names = self._context.zone_names.get(alert.zone_id, {})
        name = names.get(voice.language, names.get("", parcel.zone_name))
        body = {
            "alert_id": alert.alert_id,
            "step": alert.step,
            "zone_id": alert.zone_id,
            "state": str(alert.state),
            "issued_s": alert.issued_s,
            "useless_s": useless_s(alert),
            "exercise": self._context.exercise,
            "language": voice.language,
            "text": voice.render(alert, name),
        }
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()

    def _settled(self, parcel: Parcel, answers: Mapping[str, Answer]) -> str:
        """What a step still waits for; who was told a newer one of its zone needs none."""
        alert = parcel.alert
        for older in self._left.values():
            if older.zone_id == alert.zone_id and older.seq < alert.seq:
                older.endpoints -= answers.keys()
        for endpoint, answer in answers.items():
            if answer.gone:
                self._subscriptions.remove(endpoint)
        again = {e: answer.error for e, answer in answers.items() if answer.again}
        lost = [a.error for a in answers.values() if a.error and not a.again]
        self._missed += len(lost)
        self._trouble = f"{len(lost)} not reached: {lost[0]}" if lost else ""
        if not again:
            self._left.pop(parcel.key, None)
            return ""
        self._left[parcel.key] = _Left(alert.zone_id, alert.seq, set(again))
        return f"{len(again)} of {len(answers)} not reached: {next(iter(again.values()))}"


@dataclass(slots=True)
class _Left:
    """Phones that a step has not reached yet."""

    zone_id: str
    seq: int
    endpoints: set[str]


def useless_s(alert: Alert) -> float:
    """UTC seconds after which a step does more harm than good."""
    if alert.state is AlertState.ALL_CLEAR:
        return alert.issued_s + CLEAR_USEFUL_S
    onset_s = alert.onset_p05_s if isfinite(alert.onset_p05_s) else alert.issued_s
    return max(alert.issued_s, onset_s) + USEFUL_S


def topic(alert_id: str) -> str:
    """By which the next step of an alert replaces this one: 32 letters of base64url."""
    return hashlib.sha256(alert_id.encode()).hexdigest()[:32]


KIND = ChannelKind(WebPushKeys, WebPushChannel)
