"""What the pages know: filled by the service, read by the two APIs."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from forewarn.web.hub import Hub
from forewarn.web.scene import Scene
from forewarn.web.wish import Wish
from forewarn.words import exercise_banner

EXPIRES_S = 20.0  # wall seconds after which a silent service must be taken for dead
ENDED_S = 600.0  # an all-clear is still told to who asks so long after it
KEPT_MAX = 20_000  # alert steps kept for readers who lost the line and come back
ACTS_MAX = 1000
_log = logging.getLogger("forewarn")

Step = tuple[dict[str, Any], dict[str, Any]]  # of an alert: as anyone, as operators see it


@dataclass(slots=True)
class Clock:
    """The service's own time: in a demo it may run faster than the wall's."""

    now_s: Callable[[], float]
    speed: float = 1.0


@dataclass(slots=True)
class Board:
    """Current state of the service, its zones, alerts and picture."""

    site: str
    languages: tuple[str, ...]
    simulated: bool
    clock: Clock
    service: str = "starting"
    detail: str = "starting"
    seq: int = 0
    zones: bytes = b'{"type":"FeatureCollection","features":[]}'
    zones_version: str = ""
    time_zone: str = "UTC"
    record_s: tuple[float, float] | None = None
    run: str = field(default_factory=lambda: token_hex(4))
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    since_s: dict[str, float] = field(default_factory=dict)
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    scene: Scene = field(default_factory=Scene)
    marks: list[dict[str, Any]] = field(default_factory=list)  # place, text, colour
    heartbeat: bytes = b"{}"
    reduced: list[str] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)
    coarse: list[str] = field(default_factory=list)
    sensors: list[dict[str, Any]] = field(default_factory=list)
    channels: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    keys: list[dict[str, Any]] = field(default_factory=list)
    drills: dict[str, dict[str, Any]] = field(default_factory=dict)  # newest, by channel
    drilling: bool = False
    drill_next_s: float | None = None
    machine_clock: dict[str, Any] | None = None
    faults: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    acts: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=ACTS_MAX))
    public: Hub = field(default_factory=Hub)
    operators: Hub = field(default_factory=Hub)
    _kept: deque[tuple[int, dict[str, Any]]] = field(default_factory=deque)
    _kept_after: int = 0

    def status(self) -> dict[str, Any]:
        """State of the service, for anyone; past `expires_s` nobody should believe it."""
        now_s = self.clock.now_s()
        return {
            "service": self.service,
            "detail": self.detail,
            "site": self.site,
            "languages": list(self.languages),
            "time_zone": self.time_zone,
            "simulated": self.simulated,
            "time_s": now_s,
            "speed": self.clock.speed,
            "world": "exercise" if self.simulated else "live",
            "banner": exercise_banner(self.languages) if self.simulated else {},
            "seq": self.seq,
            "expires_s": self._expires_s(now_s),
            "zones_version": self.zones_version,
            "reduced": self.reduced,
        }

    def operators_status(self) -> dict[str, Any]:
        """The same, with what only operators see."""
        return {
            **self.status(),
            "sensors": self.sensors,
            "channels": self.channels,
            "refused": self.refused,
            "keys": self.keys,
            "drills": list(self.drills.values()),
            "drilling": self.drilling,
            "drill_next_s": self.drill_next_s,
            "machine_clock": self.machine_clock,
            "faults": list(self.faults),
            "blind": self.blind,
            "coarse": self.coarse,
            "record_s": self.record_s,
        }

    def state(self, wish: Wish) -> dict[str, Any]:
        """Live alerts, and all-clears of the last minutes, as asked for."""
        head = self._head(self.seq) | {"service": self.service}
        told = wish.answer(list(self.alerts.values()), head, self.since_s)
        return told | {"ended": wish.whole(self._ended().values())}

    def news(self, wish: Wish, heard: str) -> dict[str, Any] | None:
        """Alert steps after the message with the id `heard`; None = not known any more."""
        run, _, number = heard.partition("-")
        if run != self.run or not number.isdecimal():
            return None
        if not self._kept_after <= int(number) <= self.seq:
            return None
        missed = [told for seq, told in self._kept if seq > int(number)]
        return wish.answer(missed, self._head(self.seq), self.since_s)

    def message_id(self) -> str:
        """From which a reader may resume: numbers of another run mean nothing."""
        return f"{self.run}-{self.seq}"

    def become(self, service: str, detail: str) -> None:
        """Change the state of the service, and say so."""
        if (service, detail) != (self.service, self.detail):
            self.service, self.detail = service, detail
            self.note(f"service {service}: {detail}")
            self.public.publish("heartbeat", self.status())
            self.beat()

    def beat(self) -> None:
        """A heartbeat to operators; readers of the public stream have their own."""
        self.operators.publish("status", self.operators_status())

    def note(self, text: str, kind: str = "service", **where: Any) -> None:
        """One line on the operators' time line, as `Scene.note`, and in the log."""
        now_s = self.clock.now_s()
        self.scene.note(now_s, kind, text, **where)
        _log.info(text, extra={"seq": self.seq, "time_s": now_s})

    def recover(self, steps: Iterable[Step], seq: int) -> None:
        """Take up the alerts that are out, in place of all known before; tell everyone."""
        for known in (self.alerts, self.scene.told, self.since_s, self._kept):
            known.clear()
        self.seq = self._kept_after = seq
        self.scene.tell(self._take(steps)[1])
        self.public.publish_each("state", self.state, self.message_id())

    def tell(self, steps: Iterable[Step], seq: int) -> None:
        """Take up alert steps and tell them, to anyone and to operators."""
        public, zones = self._take(steps)
        if not public:
            return
        self.seq = seq
        self._keep(public, seq)
        head = self._head(seq)

        def say(wish: Wish) -> dict[str, Any] | None:
            return wish.answer(public, head, self.since_s) if wish.concerns(zones) else None

        self.public.publish_each("alerts", say, self.message_id())
        self._show(self.scene.tell(zones))

    def _take(
        self, steps: Iterable[Step]
    ) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
        """Remember alert steps: the public ones, and by zone what operators see."""
        public, zones = [], {}
        for told, why in steps:
            zone_id = told["zone_id"]
            self.since_s[zone_id] = self._since_s(told)
            public.append(told)
            zones[zone_id] = why
            if told["state"] == "all_clear":
                self.alerts.pop(zone_id, None)
                self.since_s.pop(zone_id, None)
            else:
                self.alerts[zone_id] = told
        over = [told for told in public if told["state"] == "all_clear"]
        self.ended = self._ended() | {told["zone_id"]: told for told in over}
        return public, zones

    def _ended(self) -> dict[str, dict[str, Any]]:
        """All-clears of the last minutes, of zones that are not warned again."""
        since_s = self.clock.now_s() - ENDED_S
        return {
            zone_id: told
            for zone_id, told in self.ended.items()
            if told["issued_s"] > since_s and zone_id not in self.alerts
        }

    def _since_s(self, told: Mapping[str, Any]) -> float:
        """When its zone came into this state: a correction does not begin it anew."""
        before = self.alerts.get(told["zone_id"])
        same = before is not None and all(
            before[key] == told[key] for key in ("alert_id", "state")
        )
        return self.since_s[told["zone_id"]] if same else float(told["issued_s"])

    def _keep(self, public: Iterable[dict[str, Any]], seq: int) -> None:
        self._kept.extend((seq, told) for told in public)
        while len(self._kept) > KEPT_MAX:
            self._kept_after = self._kept.popleft()[0]

    def _head(self, seq: int) -> dict[str, Any]:
        now_s = self.clock.now_s()
        return {"time_s": now_s, "seq": seq, "expires_s": self._expires_s(now_s)}

    def _expires_s(self, now_s: float) -> float:
        return now_s + EXPIRES_S * self.clock.speed

    def show(self, picture: Mapping[str, Any]) -> None:
        """Take up what changed in the chain's picture, and send it."""
        self.seq = picture["seq"]
        self._show(self.scene.show(picture))

    def whole(self) -> dict[str, Any]:
        """The whole picture, for who connects."""
        return self.scene.whole() | self._beside()

    def _show(self, body: dict[str, Any]) -> None:
        self.operators.publish("picture", body | self._beside())

    def _beside(self) -> dict[str, Any]:
        return {"time_s": self.clock.now_s(), "marks": self.marks}
