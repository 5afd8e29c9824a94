"""Home Assistant finds the zones by itself: its MQTT discovery, as it reads it.

One device a site, two entities a zone: a `binary_sensor` of the class `safety` that is on
while people there have to be in shelter, and a `sensor` of the class `timestamp`, the time
of the first impact, which Home Assistant counts down by itself. Both read the same topic
as everyone else.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from forewarn import __version__
from forewarn.channels.broker import Message
from forewarn.words import as_exercise

_OBJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ON = "{{ 'ON' if value_json.state in ['take_cover', 'stay'] else 'OFF' }}"
# without a time the entity is unavailable: it would log each one that it cannot read
_EXPECTED = "{{ 'online' if value_json.onset_s else 'offline' }}"
_ONSET = "{{ (value_json.onset_s or 0) | timestamp_utc }}"
_CLOCK = "value_json.onset_s | timestamp_custom('%H:%M') if value_json.onset_s else ''"


@dataclass(frozen=True, slots=True)
class Home:
    """What all entities of a site have in common.

    prefix       : where Home Assistant looks for announcements
    root         : of our topics
    language     : of names and texts; own: folder of the site's own texts
    availability : topic that says whether the service is there
    lasts_s      : after which a state that was not told again is unknown
    """

    prefix: str
    root: str
    site: str
    language: str
    own: Path | None
    exercise: bool
    availability: str
    lasts_s: int

    def announce(self, zone_id: str, name: str, topic: str) -> tuple[Message, Message]:
        """The two entities of one zone, whose state is told on a topic."""
        node = f"forewarn-{_short(self.root + '/' + self.site)}"
        thing = zone_id if _OBJECT.fullmatch(zone_id) else _short(zone_id)
        common = {
            "state_topic": topic,
            "expire_after": self.lasts_s,
            "qos": 1,
            "device": {
                "identifiers": [node],
                "name": self._said(self.site),
                "manufacturer": "Forewarn",
                "model": "warning service",
            },
            "origin": {"name": "Forewarn", "sw_version": __version__},
        }
        served = {"topic": self.availability}
        alert = common | {
            "availability": [served],
            "name": self._said(name),
            "unique_id": f"{node}-{thing}-alert",
            "device_class": "safety",
            "value_template": _ON,
            "json_attributes_topic": topic,
            "json_attributes_template": self._attributes(),
        }
        onset = common | {
            "availability": [served, {"topic": topic, "value_template": _EXPECTED}],
            "availability_mode": "all",
            "name": self._said(f"{name}, expected at"),
            "unique_id": f"{node}-{thing}-onset",
            "device_class": "timestamp",
            "value_template": _ONSET,
        }
        return (
            Message(f"{self.prefix}/binary_sensor/{node}/{thing}/config", _json(alert)),
            Message(f"{self.prefix}/sensor/{node}/{thing}/config", _json(onset)),
        )

    def _attributes(self) -> str:
        parts = {
            "zone_id": "value_json.zone_id",
            "alert": "value_json.state",  # it lets no attribute be called "state"
            "kind": "value_json.kind",
            "text": f"value_json.text.get('{self.language}', '')",
            "onset": _CLOCK,
            "exercise": "value_json.exercise",
        }
        inside = ", ".join(f"'{name}': ({how})" for name, how in parts.items())
        return "{{ {" + inside + "} | tojson }}"

    def _said(self, name: str) -> str:
        return as_exercise(name, self.language, self.own) if self.exercise else name


def _short(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:16]


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()
