"""One CAP 1.2 message of the steps that one event brought to one stage.

A first step is an Alert, later ones are Updates that refer to the messages before them; the
all-clear is an Update too, with the response type AllClear; a Cancel says that the alert
should never have been, so that is what a correction is.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from lxml import etree

from forewarn.channels.cap.areas import polygons
from forewarn.channels.cap.ledger import Entry
from forewarn.channels.drill import Drill
from forewarn.errors import ConfigError
from forewarn.records import IN_ERROR, Alert, AlertState, Key, Parcel
from forewarn.words import SOON_S, Voice, as_exercise, kind_name, parted, spoken

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
# Receivers drop a message when it expires, and none is renewed: an all-clear ends a
# warning, so this only has to outlast the longest raid of drones.
LASTS_S = 6 * 3600.0
DRILL_LASTS_S = 60.0
HEADLINE_MAX = 160  # characters; what the standard recommends
NAMED = 3  # places that a headline names; the rest are counted
# state: responseType, urgency, severity, certainty
_CODES = {
    AlertState.PREPARE: ("Prepare", "Expected", "Severe", "Possible"),
    AlertState.TAKE_COVER: ("Shelter", "Immediate", "Extreme", "Likely"),
    AlertState.STAY: ("Shelter", "Immediate", "Extreme", "Observed"),
    AlertState.ALL_CLEAR: ("AllClear", "Past", "Minor", "Observed"),
}
_NO_SPACE = re.compile(r"[^\s,<&]+")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who speaks: an address of the site, and whether this is an exercise.

    own       : folder of the site's own texts
    time_zone : IANA name of where people read their clocks
    names     : of zones, by zone id, by language
    """

    address: str
    exercise: bool = False
    own: Path | None = None
    time_zone: str = "UTC"
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NO_SPACE.fullmatch(self.address):
            raise ConfigError(
                f"CAP sender: found {self.address!r}, expected an address without spaces, "
                "commas, < or &"
            )

    def name(self, parcel: Parcel, language: str) -> str:
        """What the parcel's zone is called in a language."""
        names = self.names.get(parcel.alert.zone_id, {})
        return names.get(language, parcel.zone_name)


def grouped(parcels: Sequence[Parcel]) -> list[list[Parcel]]:
    """Parcels that one message can tell: one event, one text and kind, one clock time."""
    groups: dict[tuple[Any, ...], list[Parcel]] = {}
    for parcel in parcels:
        alert = parcel.alert
        left_s = alert.onset_p05_s - alert.issued_s
        later = isfinite(left_s) and left_s >= SOON_S
        minute = int(alert.onset_p05_s // 60) if later else 0
        sort = (spoken(alert), alert.kind, alert.step == 0)
        key = (alert.seq, sort, minute, tuple(parcel.texts))
        groups.setdefault(key, []).append(parcel)
    return list(groups.values())


def identifier(group: Sequence[Parcel]) -> str:
    """CAP identifier of a message: that of its one step, or a hash of all its steps."""
    keys = sorted(parcel.key for parcel in group)
    if len(keys) == 1:
        return "-".join(map(str, keys[0]))
    return hashlib.sha256(repr(keys).encode()).hexdigest()[:32]


def entry(group: Sequence[Parcel], sender: Sender) -> Entry:
    """The message as later ones, and the list of messages, refer to it."""
    language = next(iter(group[0].texts), "")
    keys: tuple[Key, ...] = tuple(sorted(parcel.key for parcel in group))
    headline, _ = _parts(group, language, sender)
    return Entry(identifier(group), group[0].alert.issued_s, headline, keys)


def cap_message(group: Sequence[Parcel], sender: Sender, before: Sequence[Entry]) -> Any:
    """The root of the message: the same steps, the same message.

    before : messages of earlier steps, oldest first
    """
    alert = group[0].alert
    root = _root(identifier(group), sender, alert.issued_s)
    _add(root, "status", "Exercise" if sender.exercise else "Actual")
    _add(root, "msgType", _message_type(alert, before))
    _add(root, "scope", "Public")
    if sender.exercise:
        _add(root, "note", "An exercise: there is no threat.")
    if before:
        earlier = (f"{sender.address},{e.identifier},{cap_time(e.sent_s)}" for e in before)
        _add(root, "references", " ".join(earlier))
    for language in group[0].texts:
        info = _info(root, group, language, sender)
        for parcel in group:
            _area(info, parcel, sender.name(parcel, language))
    return root


def drill_message(drill: Drill, sender: Sender) -> Any:
    """The root of a message of status Test: of no area, with nothing to do."""
    root = _root(drill_name(drill), sender, drill.time_s)
    _add(root, "status", "Test")
    _add(root, "msgType", "Alert")
    _add(root, "scope", "Public")
    _add(root, "note", "A self-drill of the service. Receivers disregard it.")
    for language, text in drill.texts.items():
        info = _add(root, "info")
        _add(info, "language", language)
        _add(info, "category", "Safety")
        _add(info, "event", plain(text.partition(".")[0]))
        _add(info, "responseType", "None")
        _add(info, "urgency", "Unknown")
        _add(info, "severity", "Unknown")
        _add(info, "certainty", "Unknown")
        _add(info, "expires", cap_time(drill.time_s + DRILL_LASTS_S))
        _add(info, "headline", plain(text)[:HEADLINE_MAX])
    return root


def drill_name(drill: Drill) -> str:
    """CAP identifier of a self-drill, which no alert has."""
    return f"drill-{drill.drill_id}"


def _root(name: str, sender: Sender, sent_s: float) -> Any:
    """A message with what each begins with."""
    spaces: Any = {None: NAMESPACE}
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap=spaces)
    _add(root, "identifier", name)
    _add(root, "sender", sender.address)
    _add(root, "sent", cap_time(sent_s))
    return root


def _message_type(alert: Alert, before: Sequence[Entry]) -> str:
    if alert.reason == IN_ERROR:
        return "Cancel"
    return "Update" if before else "Alert"


def written(root: Any) -> bytes:
    """The message as bytes."""
    body: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return body


def _info(root: Any, group: Sequence[Parcel], language: str, sender: Sender) -> Any:
    alert, own = group[0].alert, sender.own
    response, urgency, severity, certainty = _CODES[alert.state]
    headline, instruction = _parts(group, language, sender)
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
    onset_s = _onset_s(group)
    if isfinite(onset_s):
        _add(info, "onset", cap_time(max(onset_s, alert.issued_s)))
    _add(info, "expires", cap_time(alert.issued_s + LASTS_S))
    _add(info, "headline", headline)
    _add(info, "description", plain(_text(group, language, sender)))
    _add(info, "instruction", plain(instruction))
    return info


def _parts(group: Sequence[Parcel], language: str, sender: Sender) -> tuple[str, str]:
    """Headline, as long as the standard recommends, and what to do."""
    text = _text(group, language, sender)
    headline, instruction = parted(text, group[0].alert.state, language, sender.own)
    return plain(headline.rstrip("."))[:HEADLINE_MAX], instruction


def _text(group: Sequence[Parcel], language: str, sender: Sender) -> str:
    """What its people are told; of several zones, with the names of the first."""
    if len(group) == 1:
        text = group[0].texts[language]
        return as_exercise(text, language, sender.own) if sender.exercise else text
    # zones of one town have one name
    names = list(dict.fromkeys(sender.name(parcel, language) for parcel in group))
    places = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        places += f" +{len(names) - NAMED}"
    voice = Voice(language, sender.exercise, time_zone=sender.time_zone, own=sender.own)
    first = min(group, key=lambda parcel: parcel.alert.onset_p05_s)
    return voice.render(first.alert, places)


def _onset_s(group: Sequence[Parcel]) -> float:
    """The earliest of the zones; nan = none."""
    known = (parcel.alert.onset_p05_s for parcel in group)
    return min((onset_s for onset_s in known if isfinite(onset_s)), default=float("nan"))


def _area(info: Any, parcel: Parcel, name: str) -> None:
    area = _add(info, "area")
    _add(area, "areaDesc", plain(name))
    for polygon in polygons(parcel.polygon):
        _add(area, "polygon", polygon)
    _pair(_add(area, "geocode"), "zone_id", parcel.alert.zone_id)


def cap_time(time_s: float) -> str:
    """UTC to the second; the standard writes its offset -00:00 and forbids Z."""
    moment = datetime.fromtimestamp(time_s, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="seconds") + "-00:00"


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
