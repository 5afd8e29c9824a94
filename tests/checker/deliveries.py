"""What came out of the channels: CAP files, and what a subscriber heard."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from checker.record import LIVE, Key, Record, Step

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@dataclass(frozen=True)
class Message:
    """A CAP message of the folder's list: its name, and the steps that it tells."""

    name: str
    steps: tuple[Key, ...]


def cap_faults(record: Record, folder: Path, exercise: bool) -> Iterator[str]:
    """Each step on record is told by one message, no other is told, receipts are true."""
    messages = list(_listed(folder))
    told = Counter(key for message in messages for key in message.steps)
    steps = {step.key: step for step in record.steps}
    yield from (f"step {key} came out of thin air in CAP" for key in told - steps.keys())
    yield from (
        f"step {key} is told by {n} CAP messages" for key, n in told.items() if n > 1
    )
    for key in steps.keys() - told.keys():
        carried = record.outbox.get(("cap", key)) is not None
        yield f"step {key} is lost in CAP" + (", though confirmed" if carried else "")
    files = {path.stem for path in folder.glob("*.xml") if path.stem != "feed"}
    names = {message.name for message in messages}
    yield from (f"CAP {name} stands on no list" for name in files - names)
    yield from (f"CAP {name} is listed and is not there" for name in names - files)
    for message in messages:
        if message.name in files and all(key in steps for key in message.steps):
            own = [steps[key] for key in message.steps]
            yield from _message_faults(folder, message.name, own, messages, exercise)


def _listed(folder: Path) -> Iterator[Message]:
    """The folder's own list, a message a line: name, time, headline, steps."""
    for line in (folder / "messages.jsonl").read_text(encoding="utf-8").splitlines():
        name, _, _, steps = json.loads(line)
        yield Message(name, tuple((alert_id, step) for alert_id, step in steps))


def _message_faults(
    folder: Path, name: str, own: list[Step], messages: list[Message], exercise: bool
) -> Iterator[str]:
    root = ElementTree.parse(folder / f"{name}.xml").getroot()
    said = {part: root.findtext(CAP + part) or "" for part in ("status", "msgType", "sent")}
    if (said["status"] == "Exercise") is not exercise:
        yield f"CAP {name} has the status {said['status']}"
    if datetime.fromisoformat(said["sent"]).timestamp() != int(own[0].body["issued_s"]):
        yield f"CAP {name} was sent at {said['sent']}"
    before = {
        message.name
        for message in messages
        for alert_id, step in message.steps
        if any(one.alert_id == alert_id and step < one.step for one in own)
    }
    if (said["msgType"] == "Alert") is not (not before):
        yield f"CAP {name} is an {said['msgType']}, with {len(before)} before it"
    refers = (root.findtext(f"{CAP}references") or "").split()
    if {part.split(",")[1] for part in refers} != before:
        yield f"CAP {name} refers to {len(refers)} messages, {len(before)} came before it"
    zones = {
        code.findtext(f"{CAP}value")
        for code in root.iter(f"{CAP}geocode")
        if code.findtext(f"{CAP}valueName") == "zone_id"
    }
    if zones != {step.zone_id for step in own}:
        yield f"CAP {name} is of other zones than its steps"


@dataclass
class Heard:
    """What one subscriber knows so far."""

    steps: dict[str, int] = field(default_factory=dict)
    presented: set[Key] = field(default_factory=set)
    states: list[tuple[int, dict[str, Key]]] = field(default_factory=list)
    service: str = ""


def sse_faults(record: Record, log: Path, exercise: bool, late_s: float) -> Iterator[str]:
    """A subscriber who was there all the time: each step once, in order, or late declared.

    log    : a message a line: at_s (in the time of the service), event, data
    late_s : a step that comes later than this must come from a service not "live"
    """
    known = {step.key: step for step in record.steps}
    heard = Heard()
    for line in log.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        data = message["data"]
        if message["event"] == "heartbeat":
            heard.service = data["service"]
            if data["simulated"] is not exercise:
                yield f"a heartbeat says simulated: {data['simulated']}"
        if message["event"] == "state":
            told = {
                one["alert_id"]: (one["alert_id"], one["step"]) for one in data["alerts"]
            }
            heard.states.append((data["seq"], told))
        if message["event"] == "alerts":
            for told in data["alerts"]:
                yield from _step_faults(told, known, heard)
                late = message["at_s"] - told["issued_s"]
                if late > late_s and heard.service == "live":
                    yield f"step {told['alert_id']}-{told['step']} was {late:.1f} s late"
    yield from _lost(record, heard)


def _step_faults(
    told: dict[str, Any], known: dict[Key, Any], heard: Heard
) -> Iterator[str]:
    key = told["alert_id"], told["step"]
    name = f"{key[0]}-{key[1]}"
    if key not in known:
        yield f"step {name} was heard and came out of thin air"
    elif told["text"] != known[key].body["texts"] or told["state"] != known[key].state:
        yield f"step {name} was heard otherwise than it stands on record"
    if key in heard.presented:
        yield f"step {name} was heard twice"
    elif heard.steps.get(key[0], -1) > key[1]:
        yield f"step {name} was heard after step {heard.steps[key[0]]}"
    heard.presented.add(key)
    heard.steps[key[0]] = max(heard.steps.get(key[0], -1), key[1])


def _lost(record: Record, heard: Heard) -> Iterator[str]:
    """Steps that were neither heard, nor overtaken by a state of affairs that was."""
    for step in record.steps:
        if step.key in heard.presented:
            continue
        overtaken = any(
            seq >= step.seq
            and (
                states[step.alert_id][1] >= step.step
                if step.alert_id in states
                else step.state not in LIVE or _ended(record, step.alert_id, seq)
            )
            for seq, states in heard.states
        )
        if not overtaken:
            yield f"step {step.alert_id}-{step.step} was never heard"


def _ended(record: Record, alert_id: str, seq: int) -> bool:
    return any(
        step.alert_id == alert_id and step.state not in LIVE and step.seq <= seq
        for step in record.steps
    )
