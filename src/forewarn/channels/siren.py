"""Sirens over MQTT: sound at "take cover", stop when all zones of a siren are clear.

A siren is told what holds, again and again, in frames that are signed, counted and soon
worth nothing (`siren_frame`): one that missed a frame obeys the next, and one that was
recorded cannot be played again.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from forewarn.channels import ChannelKind, Context
from forewarn.channels.broker import BrokerKeys, Line, Message, heard_all
from forewarn.channels.courier import Courier
from forewarn.channels.drill import Drill, Drilled
from forewarn.channels.durable import Counter
from forewarn.channels.rounds import Rounds
from forewarn.channels.siren_frame import (
    EVERYONE,
    LASTS_S,
    SECONDS_MAX,
    Action,
    SirenFrame,
    sealed,
)
from forewarn.channels.topics import level, root, zones_like
from forewarn.errors import ConfigError
from forewarn.records import LIVE_STATES, AlertState, Counts, Parcel

AGAIN_S = 5.0  # what sounds is told again so often
TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class SirenTable:
    """`[[channel.siren]]`: a siren, or a group of them that listens to one name.

    zones : patterns of the ids of the zones whose people hear it
    """

    id: str
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SirenKeys:
    """`kind = "siren"`: who sounds for whom.

    counter      : file of the counter of frames
    pattern      : how sirens sound, as they know it
    seconds      : how long they sound for one "take cover"
    """

    siren: tuple[SirenTable, ...]
    broker: BrokerKeys = field(default_factory=BrokerKeys)
    topic: str = "forewarn"
    counter: Path = Path("siren.counter")
    pattern: str = "wail"
    seconds: float = 90.0

    def __post_init__(self) -> None:
        names = [siren.id for siren in self.siren]
        if not names or len(set(names)) < len(names) or {"", EVERYONE} & set(names):
            raise ConfigError(
                f"siren: found ids {names}, expected at least one, each once, "
                f"and none that is empty or {EVERYONE!r}"
            )
        if not 0 < self.seconds <= SECONDS_MAX:
            raise ConfigError(
                f"seconds: found {self.seconds:g}, expected up to {SECONDS_MAX:g}"
            )


@dataclass(slots=True)
class _Zone:
    """What a zone was told last; sounds_until_s: monotonic, inf = not begun yet."""

    seq: int
    state: AlertState
    sounds_until_s: float = -inf


class SirenChannel:
    """Tells every siren what its zones were told last."""

    def __init__(self, keys: SirenKeys, context: Context) -> None:
        self._keys = keys
        self._site = context.site
        self._signer = context.signer
        self._root = root(keys.topic, context.exercise)
        self._zones_of = {
            siren.id: zones_like(
                siren.zones, context.zone_names, f"siren {siren.id!r} zones"
            )
            for siren in keys.siren
        }
        self._sirens_of: dict[str, list[str]] = {}
        for name, zones in self._zones_of.items():
            for zone_id in zones:
                self._sirens_of.setdefault(zone_id, []).append(name)
        self._zones: dict[str, _Zone] = {}
        self._knowing = threading.Lock()  # the zones; never held while waiting
        self._sending = threading.Lock()  # counters rise in the order frames go out
        self._counter = Counter(keys.counter, lambda: int(time.time() * 1000))
        self._time_s, self._timed_s = 0.0, time.monotonic()
        self._beat_s, self._beat_told_s = -inf, -inf
        self._again_s = -inf
        self._line = Line(keys.broker)
        self._courier = Courier("siren", self._carry, context.delivered)
        self._rounds = Rounds("siren again", TICK_S, self._tick)

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue steps: never waits, never raises."""
        self._courier.offer(parcels)

    def keep(self, parcels: Sequence[Parcel]) -> None:
        """Go on with alerts that were out before the service started."""
        for parcel in parcels:
            self._note(parcel)

    def beat(self, heartbeat: bytes) -> None:
        """Let the sirens hear that the service lives."""
        self._beat_s = time.monotonic()
        self._rounds.wake()

    def drill(self, drill: Drill) -> Drilled:
        """Send every siren a silent test frame, and hear them back."""
        topics = [self._topic(name) for name in self._zones_of]
        with self._line.hearing(topics) as heard:
            with self._sending:
                made = [self._message(name, Action.TEST) for name in self._zones_of]
                for one in made:
                    self._line.tell(one)
            heard_all(heard, [one.body for one in made])
        return Drilled(
            f"{len(made)} silent frames heard back from the broker; what the sirens made "
            "of them, they tell"
        )

    def counts(self) -> Counts:
        """How it fares."""
        counts = self._courier.counts()
        return self._line.counted(counts, self._rounds.error, self._counter.error)

    def close(self) -> None:
        """Tell what waits, and hang up: the sirens notice the silence by themselves."""
        self._line.last_call()
        self._courier.close()
        self._rounds.close()
        self._line.close()

    def _carry(self, parcels: Sequence[Parcel]) -> list[str]:
        names = {name for parcel in parcels for name in self._told_of(parcel)}
        if names:
            self._line.ready()  # a frame made now would be outdated when the line is back
        for parcel in parcels:
            self._note(parcel)
        errors = self._tell(names)
        return [
            next((errors[name] for name in self._told_of(parcel) if errors[name]), "")
            for parcel in parcels
        ]

    def _told_of(self, parcel: Parcel) -> Sequence[str]:
        """The sirens that its people hear."""
        return self._sirens_of.get(parcel.alert.zone_id, ())

    def _note(self, parcel: Parcel) -> None:
        """What the zone was told, unless something newer is known."""
        alert = parcel.alert
        with self._knowing:
            zone = self._zones.get(alert.zone_id, _Zone(-1, AlertState.CLEAR))
            if alert.seq < zone.seq or alert.zone_id not in self._sirens_of:
                return
            until_s = zone.sounds_until_s
            if alert.state not in (AlertState.TAKE_COVER, AlertState.STAY):
                until_s = -inf
            elif alert.state is AlertState.TAKE_COVER and zone.state is not alert.state:
                until_s = inf
            self._zones[alert.zone_id] = _Zone(alert.seq, alert.state, until_s)

    def _tell(self, names: Iterable[str]) -> dict[str, str]:
        """Tell sirens what holds; by siren "" or what went wrong."""
        with self._sending:
            orders = {name: self._order(name) for name in names}
            made = {name: order for name, order in orders.items() if order is not None}
            messages = [self._message(name, *order) for name, order in made.items()]
            errors = dict(zip(made, self._line.send(messages), strict=True))
            self._begin(name for name, error in errors.items() if not error)
        return dict.fromkeys(orders, "") | errors

    def _order(self, name: str) -> tuple[Action, float] | None:
        """What a siren is to do, and for how many seconds; None = go on as it is."""
        now_s = time.monotonic()
        with self._knowing:
            zones = [
                self._zones[zone_id]
                for zone_id in self._zones_of[name]
                if zone_id in self._zones
            ]
            until_s = max((zone.sounds_until_s for zone in zones), default=-inf)
            if until_s > now_s:
                return Action.SOUND, min(until_s - now_s, self._keys.seconds)
            live = any(zone.state in LIVE_STATES for zone in zones)
        return None if live else (Action.STOP, 0.0)

    def _begin(self, names: Iterable[str]) -> None:
        """What has just been told for the first time sounds from now on."""
        end_s = time.monotonic() + self._keys.seconds
        with self._knowing:
            for name in names:
                for zone_id in self._zones_of[name]:
                    zone = self._zones.get(zone_id)
                    if zone is not None and zone.sounds_until_s == inf:
                        zone.sounds_until_s = end_s

    def _message(self, name: str, action: Action, seconds: float = 0.0) -> Message:
        now_s = self._now_s()
        frame = SirenFrame(
            site=self._site,
            siren=name,
            action=action,
            pattern=self._keys.pattern if action is Action.SOUND else "",
            seconds=round(seconds, 1),
            counter=self._counter.next(),
            not_before_s=now_s,
            expires_s=now_s + LASTS_S,
        )
        # only of a heartbeat is a later listener to hear the last one
        return Message(
            self._topic(name),
            sealed(frame, self._signer),
            int(LASTS_S),
            action is Action.ALIVE,
        )

    def _topic(self, name: str) -> str:
        return f"{self._root}/sirens/{level(name)}"

    def _now_s(self) -> float:
        """The time that frames tell: it goes on though the clock is set back.

        To a siren, a service an hour behind looks like a recording of an hour ago.
        """
        passed_s = time.monotonic()
        self._time_s = max(time.time(), self._time_s + passed_s - self._timed_s)
        self._timed_s = passed_s
        return self._time_s

    # what is told again

    def _tick(self) -> None:
        if not self._line.up:
            return
        if self._beat_s > self._beat_told_s:
            self._beat_told_s = self._beat_s
            with self._sending:
                self._line.send([self._message(EVERYONE, Action.ALIVE)])
        now_s = time.monotonic()
        if now_s >= self._again_s:
            self._again_s = now_s + AGAIN_S
            self._tell(self._sounding())

    def _sounding(self) -> list[str]:
        now_s = time.monotonic()
        with self._knowing:
            zones = {k for k, zone in self._zones.items() if zone.sounds_until_s > now_s}
        return [name for name, mine in self._zones_of.items() if not zones.isdisjoint(mine)]


KIND = ChannelKind(SirenKeys, SirenChannel)
