"""events.jsonl of a recording: whatever altered a decision and is no plot, one a line."""

import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from forewarn.errors import ConfigError, PlotError
from forewarn.files.toml import SCHEMA, check_schema
from forewarn.records import (
    Act,
    ChannelDelay,
    ClockState,
    Command,
    Event,
    Load,
    Tick,
    Weather,
)

KINDS: dict[str, type[Any]] = {
    "tick": Tick,
    "command": Command,
    "act": Act,
    "weather": Weather,
    "delay": ChannelDelay,
    "load": Load,
    "clock": ClockState,
}
NAMES = {kind: name for name, kind in KINDS.items()}
# those that somebody did
DONE = tuple(
    name
    for name, kind in KINDS.items()
    if any(field.name == "operator_id" for field in fields(kind))
)


def read_events(path: Path) -> tuple[Event, ...]:
    """In order of arrival, with the number 0 where none is told; () without such a file."""
    if not path.exists():
        return ()
    events = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        where = f"{path}: line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigError(f"{where}: is not JSON: {error}") from None
        if number == 1 and set(row) == {"schema"}:
            check_schema(path, row["schema"])
            continue
        events.append(_event(row, where))
    return tuple(sorted(events, key=lambda event: event.received_s))


def _event(row: Any, where: str) -> Event:
    kind = row.get("kind") if isinstance(row, dict) else row
    if kind not in KINDS:
        raise ConfigError(
            f"{where} kind: found {kind!r}, expected one of {', '.join(KINDS)}"
        )
    try:
        event: Event = msgspec.convert({"seq": 0, **row}, KINDS[kind], dec_hook=_array)
    except (msgspec.ValidationError, PlotError) as error:
        raise ConfigError(f"{where}: {error}") from None
    return event


def _array(_: type, value: Any) -> Any:
    return np.array(value, float)


def write_events(path: Path, events: Iterable[Event]) -> None:
    """Write what is no plot; nothing where there is nothing."""
    rows = [event_row(event) for event in events]
    if rows:
        lines = [{"schema": SCHEMA}, *rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in lines), encoding="utf-8")


def event_row(event: Event) -> dict[str, Any]:
    """Members of its line: not what is as by default, nor the number 0, which is none."""
    row: dict[str, Any] = {"kind": NAMES[type(event)]}
    for field in fields(event):
        value = getattr(event, field.name)
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if value not in (field.default, []) and (field.name, value) != ("seq", 0):
            row[field.name] = value
    return row
