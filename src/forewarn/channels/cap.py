"""CAP 1.2: every step of an alert as one XML message, and the folder they are put in.

A first step is an Alert, later ones are Updates that refer to all before them; the
all-clear is an Update too, with the response type AllClear; a Cancel says that the alert
should never have been, so that is what a correction is.
"""

import json
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Any

from lxml import etree

from forewarn.channels import ChannelKind, Context
from forewarn.channels.courier import Courier
from forewarn.errors import ConfigError
from forewarn.records import IN_ERROR, Alert, AlertState, Counts, Key, Parcel
from forewarn.words import as_exercise, kind_name, parted

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
# Receivers drop a message when it expires, and none is renewed: an all-clear ends a
# warning, so this only has to outlast the longest raid of drones.
LASTS_S = 6 * 3600.0
HEADLINE_MAX = 160  # characters; what the standard recommends
VERTICES_MAX = 300  # of one polygon; receivers choke on thousands
# state: responseType, urgency, severity, certainty
_CODES = {
    AlertState.PREPARE: ("Prepare", "Expected", "Severe", "Possible"),
    AlertState.TAKE_COVER: ("Shelter", "Immediate", "Extreme", "Likely"),
    AlertState.STAY: ("Shelter", "Immediate", "Extreme", "Observed"),
    AlertState.ALL_CLEAR: ("AllClear", "Past", "Minor", "Observed"),
}
_NO_SPACE = re.compile(r"[^\s,<&]+")
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who speaks: an address of the site, and whether this is an exercise.

    own : folder of the site's own texts
    """

    address: str
    exercise: bool = False
    own: Path | None = None

    def __post_init__(self) -> None:
        if not _NO_SPACE.fullmatch(self.address):
            raise ConfigError(
                f"CAP sender: found {self.address!r}, expected an address without spaces, "
                "commas, < or &"
            )


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
    _add(root, "sent", cap_time(alert.issued_s))
    _add(root, "status", "Exercise" if sender.exercise else "Actual")
    _add(root, "msgType", _message_type(alert))
    _add(root, "scope", "Public")
    if sender.exercise:
        _add(root, "note", "An exercise: there is no threat.")
    if parcel.earlier_s:
        earlier = (
            f"{sender.address},{identifier(alert.alert_id, i)},{cap_time(sent_s)}"
            for i, sent_s in enumerate(parcel.earlier_s)
        )
        _add(root, "references", " ".join(earlier))
    for language, text in parcel.texts.items():
        told = as_exercise(text, language, sender.own) if sender.exercise else text
        _area(_info(root, alert, language, told, sender.own), parcel)
    body: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return body


def _message_type(alert: Alert) -> str:
    if alert.reason == IN_ERROR:
        return "Cancel"
    return "Update" if alert.step else "Alert"


def _info(root: Any, alert: Alert, language: str, text: str, own: Path | None) -> Any:
    response, urgency, severity, certainty = _CODES[alert.state]
    headline, instruction = parted(text, alert.state, language, own)
    info = _add(root, "info")
    _add(info, "language", language)
    _add(info, "category", "Security")
    _add(info, "category", "Safety")
    _add(info, "event", kind_name(alert.kind, language, own))
    _add(info, "responseType", response)
    _add(info, "urgency", urgency)
    _add(info, "severity", severity)
    _add(info, "certainty", certainty)
    _pair(_add(info, "eventCode"), "forewarn:kind", alert.kind or "unknown")
    _add(info, "effective", cap_time(alert.issued_s))
    if isfinite(alert.onset_p05_s):
        _add(info, "onset", cap_time(max(alert.onset_p05_s, alert.issued_s)))
    _add(info, "expires", cap_time(alert.issued_s + LASTS_S))
    _add(info, "headline", plain(headline.rstrip("."))[:HEADLINE_MAX])
    _add(info, "description", plain(text))
    _add(info, "instruction", plain(instruction))
    return info


def _area(info: Any, parcel: Parcel) -> None:
    area = _add(info, "area")
    _add(area, "areaDesc", plain(parcel.zone_name))
    for polygon in _polygons(parcel.polygon):
        _add(area, "polygon", polygon)
    _pair(_add(area, "geocode"), "zone_id", parcel.alert.zone_id)


def cap_time(time_s: float) -> str:
    """UTC to the second; the standard writes its offset -00:00 and forbids Z."""
    moment = datetime.fromtimestamp(time_s, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="seconds") + "-00:00"


@lru_cache(maxsize=8192)
def _polygons(geometry: str) -> tuple[str, ...]:
    """Each outer ring as CAP writes it: "lat,lon" pairs, the last one the first."""
    return tuple(
        " ".join(f"{lat:.5f},{lon:.5f}" for lon, lat in ring)
        for ring in outer_rings(geometry)
    )


def outer_rings(geometry: str) -> list[list[tuple[float, float]]]:
    """Closed outer rings (lon, lat) of a GeoJSON polygon or multi-polygon.

    CAP knows no holes: who lives in one is warned with those around. A ring of too many
    corners is drawn with fewer, around the true one: nobody inside falls out.
    """
    read = json.loads(geometry)
    parts = [read["coordinates"]] if read["type"] == "Polygon" else read["coordinates"]
    rings = []
    for part in parts:
        ring = [(float(x), float(y)) for x, y, *_ in part[0]]
        if len(ring) > VERTICES_MAX:
            ring = _fewer(ring)
        rings.append(ring if ring[0] == ring[-1] else [*ring, ring[0]])
    return rings


def _fewer(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A ring of at most VERTICES_MAX corners that holds the given one."""
    from shapely import Polygon  # a third of a second, and few zones need it

    true = Polygon(ring)
    reach_deg = 1e-4
    while True:
        # grown by twice as much as a corner may be cut
        grown = true.buffer(2 * reach_deg, join_style="mitre").simplify(reach_deg)
        drawn = [(x, y) for x, y, *_ in grown.exterior.coords]
        if len(drawn) <= VERTICES_MAX:
            return drawn
        reach_deg *= 2


def plain(text: str) -> str:
    """Text that XML can hold and a screen shows in order, on one line; "?" if none."""
    kept = []
    for letter in text:
        kind = unicodedata.category(letter)
        if kind[0] == "Z" or letter in "\t\n\r":
            kept.append(" ")
        elif kind not in ("Cc", "Cs", "Cn") and not "\u202a" <= letter <= "\u202e":
            kept.append(letter)
    return "".join(kept).strip() or "?"


def _pair(parent: Any, name: str, value: str) -> None:
    _add(parent, "valueName", name)
    _add(parent, "value", plain(value))


def _add(parent: Any, name: str, text: str | None = None) -> Any:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    child.text = text
    return child


class CapFolder:
    """Writes every step as a file, in a thread of its own; tells what is done.

    A file is whole or absent, and still there after a power cut once it is confirmed.
    """

    def __init__(
        self, folder: Path, sender: Sender, delivered: Callable[[list[Key]], None]
    ) -> None:
        self._folder = folder
        self._sender = sender
        self._courier = Courier("cap", self._carry, delivered)

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue steps to be written: never waits, never raises."""
        self._courier.offer(parcels)

    def counts(self) -> Counts:
        """How it fares."""
        return self._courier.counts()

    def close(self) -> None:
        """Write what is queued, then end."""
        self._courier.close()

    def _carry(self, parcels: Sequence[Parcel]) -> list[str]:
        self._folder.mkdir(parents=True, exist_ok=True)
        errors = [self._write(parcel) for parcel in parcels]
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return errors

    def _write(self, parcel: Parcel) -> str:
        name = identifier(*parcel.key)
        if not _FILE_NAME.fullmatch(name):
            return f"{name!r} cannot be the name of a file"
        half = self._folder / f".{name}.part"
        try:
            with half.open("wb") as file:
                file.write(cap_message(parcel, self._sender))
                file.flush()
                os.fsync(file.fileno())
            half.replace(self._folder / f"{name}.xml")
        except (OSError, ValueError, KeyError, TypeError) as error:
            return f"{name}: {type(error).__name__}: {error}"
        return ""


@dataclass(frozen=True, slots=True)
class CapKeys:
    """`kind = "cap"`: CAP files, written into `folder`.

    sender : who speaks, as receivers of CAP know it
    """

    folder: Path = Path("cap")
    sender: str = "alerts@forewarn.invalid"


def _open(keys: CapKeys, context: Context) -> CapFolder:
    sender = Sender(keys.sender, context.exercise, context.own_texts)
    return CapFolder(keys.folder, sender, context.delivered)


KIND = ChannelKind(CapKeys, _open)
