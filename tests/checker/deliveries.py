"""What came out of the channels: CAP files, and what a subscriber heard."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from checker.record import LIVE, Key, Record

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


def cap_faults(record: Record, folder: Path, exercise: bool) -> Iterator[str]:
    """Each step on record is one message, no other is, and receipts are true."""
    found = {path.stem: path for path in folder.glob("*.xml")}
    known = {f"{alert_id}-{step}": (alert_id, step) for alert_id, step in _keys(record)}
    yield from (f"CAP {name} came out of thin air" for name in found.keys() - known.keys())
    for name, key in known.items():
        if name not in found:
            carried = record.outbox.get(("cap", key)) is not None
            yield f"CAP {name} is lost" + (", though confirmed" if carried else "")
    issued = {step.key: step.body["issued_s"] for step in record.steps}
    for name in found.keys() & known.keys():
        yield from _message_faults(found[name], known[name], issued, exercise)


def _message_faults(
    path: Path, key: Key, issued: dict[Key, float], exercise: bool
) -> Iterator[str]:
    root = ElementTree.parse(path).getroot()
    said = {name: root.findtext(CAP + name) or "" for name in ("status", "msgType", "sent")}
    if (said["status"] == "Exercise") is not exercise:
        yield f"CAP {path.stem} has the status {said['status']}"
    if (said["msgType"] == "Alert") is not (key[1] == 0):
        yield f"CAP {path.stem} is an {said['msgType']}"
    if datetime.fromisoformat(said["sent"]).timestamp() != int(issued[key]):
        yield f"CAP {path.stem} was sent at {said['sent']}, issued at {issued[key]}"
    earlier = [
        part.split(",")[1] for part in (root.findtext(f"{CAP}references") or "").split()
    ]
    if earlier != [f"{key[0]}-{step}" for step in range(key[1])]:
        yield f"CAP {path.stem} refers to {earlier}"


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


def _keys(record: Record) -> list[Key]:
    return [step.key for step in record.steps]
