"""CAP 1.2: every step of an alert as one XML message, and the folder they are put in.

A first step is an Alert, later ones are Updates that refer to all before them; the
all-clear is an Update too, with the response type AllClear: a Cancel would say that the
alert should never have been.
"""

import json
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

from lxml import etree

from forewarn.records import Alert, AlertState
from forewarn.units import iso_from_epoch

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
LASTS_S = 3600.0
_EVENTS = {
    "rocket": "Rocket",
    "ballistic_missile": "Ballistic missile",
    "cruise_missile": "Cruise missile",
    "drone": "Attack drone",
}
# state: responseType, urgency, severity, certainty
_CODES = {
    AlertState.PREPARE: ("Prepare", "Expected", "Severe", "Possible"),
    AlertState.TAKE_COVER: ("Shelter", "Immediate", "Extreme", "Likely"),
    AlertState.STAY: ("Shelter", "Immediate", "Extreme", "Observed"),
    AlertState.ALL_CLEAR: ("AllClear", "Past", "Minor", "Observed"),
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who speaks: an address of the site, and whether this is an exercise."""

    address: str
    exercise: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """An alert with all a channel needs to carry it.

    texts     : by language
    polygon   : GeoJSON geometry of the zone
    earlier_s : when the steps before this one were issued
    """

    alert: Alert
    texts: Mapping[str, str]
    zone_name: str
    polygon: str
    earlier_s: tuple[float, ...] = ()


def identifier(alert_id: str, step: int) -> str:
    """CAP identifier of a step."""
    return f"{alert_id}-{step}"


def cap_message(parcel: Parcel, sender: Sender) -> bytes:
    """The CAP 1.2 message of one step: the same step, the same bytes."""
    alert = parcel.alert
    spaces: Any = {None: NAMESPACE}
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap=spaces)
    _add(root, "identifier", identifier(alert.alert_id, alert.step))
    _add(root, "sender", sender.address)
    _add(root, "sent", iso_from_epoch(alert.issued_s))
    _add(root, "status", "Exercise" if sender.exercise else "Actual")
    _add(root, "msgType", "Update" if alert.step else "Alert")
    _add(root, "scope", "Public")
    if alert.step:
        earlier = (
            f"{sender.address},{identifier(alert.alert_id, i)},{iso_from_epoch(sent_s)}"
            for i, sent_s in enumerate(parcel.earlier_s)
        )
        _add(root, "references", " ".join(earlier))
    for language, text in parcel.texts.items():
        _info(root, parcel, language, text)
    body: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return body


def _info(root: Any, parcel: Parcel, language: str, text: str) -> None:
    alert = parcel.alert
    response, urgency, severity, certainty = _CODES[alert.state]
    info = _add(root, "info")
    _add(info, "language", language)
    _add(info, "category", "Safety")
    _add(info, "event", _EVENTS.get(alert.kind, "Threat from the air"))
    _add(info, "responseType", response)
    _add(info, "urgency", urgency)
    _add(info, "severity", severity)
    _add(info, "certainty", certainty)
    _add(info, "effective", iso_from_epoch(alert.issued_s))
    if not isnan(alert.onset_p05_s):
        _add(info, "onset", iso_from_epoch(max(alert.onset_p05_s, alert.issued_s)))
    _add(info, "expires", iso_from_epoch(alert.issued_s + LASTS_S))
    _add(info, "headline", _printable(text.split(".")[0] + "."))
    _add(info, "description", _printable(text))
    _add(info, "instruction", _printable(text))
    area = _add(info, "area")
    _add(area, "areaDesc", _printable(parcel.zone_name))
    for ring in outer_rings(parcel.polygon):
        _add(area, "polygon", " ".join(f"{lat:.5f},{lon:.5f}" for lon, lat in ring))
    code = _add(area, "geocode")
    _add(code, "valueName", "zone_id")
    _add(code, "value", _printable(alert.zone_id))


def outer_rings(polygon: str) -> list[list[tuple[float, float]]]:
    """Closed outer rings (lon, lat) of a GeoJSON polygon or multi-polygon.

    CAP knows no holes: who lives in one is warned with those around.
    """
    geometry = json.loads(polygon)
    parts = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        parts = [parts]
    rings = [[(float(x), float(y)) for x, y, *_ in part[0]] for part in parts]
    return [ring if ring[0] == ring[-1] else [*ring, ring[0]] for ring in rings]


def _printable(text: str) -> str:
    """Text without the control characters that XML cannot hold."""
    return "".join(c for c in text if c.isprintable()).strip() or "?"


def _add(parent: Any, name: str, text: str | None = None) -> Any:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    child.text = text
    return child


class CapFolder:
    """Writes every step as a file, in a thread of its own; tells what is done.

    `offer` only queues. A file is whole or absent. A write that fails is tried again,
    ever more slowly, and counted.
    """

    def __init__(
        self,
        folder: Path,
        sender: Sender,
        delivered: Callable[[list[tuple[str, int]]], None],
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._sender = sender
        self._delivered = delivered
        self._queue: queue.Queue[Parcel | None] = queue.Queue()
        self.failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cap", daemon=True)
        self._thread.start()

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue steps to be written."""
        for parcel in parcels:
            self._queue.put(parcel)

    def close(self) -> None:
        """Write what is queued, then end."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while (parcel := self._queue.get()) is not None:
            wait_s = 0.1
            while not self._write(parcel):
                self.failures += 1
                if self._stopping.wait(wait_s):
                    return
                wait_s = min(2 * wait_s, 30.0)
            self._delivered([(parcel.alert.alert_id, parcel.alert.step)])

    def _write(self, parcel: Parcel) -> bool:
        name = identifier(parcel.alert.alert_id, parcel.alert.step)
        half = self._folder / f".{name}.part"
        try:
            half.write_bytes(cap_message(parcel, self._sender))
            os.replace(half, self._folder / f"{name}.xml")
        except OSError:
            return False
        return True
