"""What the pages know: filled by the service, read by the two APIs."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from forewarn.web.hub import Hub
from forewarn.web.picture import changes

EXPIRES_S = 20.0  # wall seconds after which a silent service must be taken for dead
LOG_MAX = 200


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
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    tracks: dict[str, dict[str, Any]] = field(default_factory=dict)
    areas: dict[str, dict[str, Any]] = field(default_factory=dict)
    people_at_risk: float = 0.0
    sensors: list[dict[str, Any]] = field(default_factory=list)
    channels: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    machine_clock: dict[str, Any] | None = None
    faults: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_MAX))
    public: Hub = field(default_factory=Hub)
    operators: Hub = field(default_factory=Hub)

    def status(self) -> dict[str, Any]:
        """State of the service, for anyone; past `expires_s` nobody should believe it."""
        now_s = self.clock.now_s()
        return {
            "service": self.service,
            "detail": self.detail,
            "site": self.site,
            "languages": list(self.languages),
            "simulated": self.simulated,
            "time_s": now_s,
            "speed": self.clock.speed,
            "seq": self.seq,
            "expires_s": now_s + EXPIRES_S * self.clock.speed,
            "zones_version": self.zones_version,
        }

    def operators_status(self) -> dict[str, Any]:
        """The same, with what only operators see."""
        return {
            **self.status(),
            "sensors": self.sensors,
            "channels": self.channels,
            "refused": self.refused,
            "machine_clock": self.machine_clock,
            "faults": list(self.faults),
        }

    def state(self) -> dict[str, Any]:
        """All live alerts, for anyone."""
        return {
            "time_s": self.clock.now_s(),
            "seq": self.seq,
            "service": self.service,
            "alerts": list(self.alerts.values()),
        }

    def become(self, service: str, detail: str) -> None:
        """Change the state of the service, and say so."""
        if (service, detail) != (self.service, self.detail):
            self.service, self.detail = service, detail
            self.note(f"service {service}: {detail}")
            self.beat()

    def beat(self) -> None:
        """A heartbeat to all."""
        self.public.publish("heartbeat", self.status())
        self.operators.publish("status", self.operators_status())

    def note(self, text: str) -> None:
        """One line on the operators' time line."""
        self.log.append({"time_s": self.clock.now_s(), "text": text})

    def tell(
        self,
        steps: Iterable[tuple[dict[str, Any], dict[str, Any]]],
        seq: int,
        fresh: bool = True,
    ) -> None:
        """Take up alert steps: each as anyone may see it, and as operators do."""
        public, zones = [], {}
        for told, why in steps:
            zone_id = told["zone_id"]
            public.append(told)
            zones[zone_id] = why
            if told["state"] == "all_clear":
                self.alerts.pop(zone_id, None)
                self.told.pop(zone_id, None)
            else:
                self.alerts[zone_id] = told
                self.told[zone_id] = why
        if not public:
            return
        self.seq = seq
        if fresh:
            body = {"time_s": self.clock.now_s(), "seq": seq, "alerts": public}
            self.public.publish("alerts", body, seq)
            live = {z: why for z, why in zones.items() if why["state"] != "all_clear"}
            over = [z for z in zones if z not in live]
            self._publish(
                {"set": list(live.values()), "gone": over}, self._empty(), self._empty()
            )

    def show(self, picture: Mapping[str, Any]) -> None:
        """Take up the chain's picture, and send what changed."""
        tracks = {item["id"]: item for item in picture["tracks"]}
        areas = {item["track_id"]: item for item in picture["areas"]}
        moved, shaped = changes(self.tracks, tracks), changes(self.areas, areas)
        self.tracks, self.areas = tracks, areas
        self.seq = picture["seq"]
        self.people_at_risk = picture["people_at_risk"]
        self._publish(self._empty(), moved, shaped)

    def whole(self) -> dict[str, Any]:
        """The whole picture, for who connects."""
        return self._body(
            {"set": list(self.told.values()), "gone": []},
            {"set": list(self.tracks.values()), "gone": []},
            {"set": list(self.areas.values()), "gone": []},
            list(self.log),
            reset=True,
        )

    @staticmethod
    def _empty() -> dict[str, Any]:
        return {"set": [], "gone": []}

    def _publish(
        self, zones: dict[str, Any], tracks: dict[str, Any], areas: dict[str, Any]
    ) -> None:
        self.operators.publish(
            "picture", self._body(zones, tracks, areas, list(self.log)[-3:])
        )

    def _body(
        self,
        zones: dict[str, Any],
        tracks: dict[str, Any],
        areas: dict[str, Any],
        log: list[dict[str, Any]],
        reset: bool = False,
    ) -> dict[str, Any]:
        return {
            "time_s": self.clock.now_s(),
            "seq": self.seq,
            "reset": reset,
            "people_at_risk": self.people_at_risk,
            "zones": zones,
            "tracks": tracks,
            "areas": areas,
            "log": log,
        }
