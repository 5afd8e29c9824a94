"""events.jsonl of a recording: commands, delays, load and weather, one a line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forewarn.errors import ConfigError
from forewarn.files.toml import SCHEMA, check_schema
from forewarn.records import ChannelDelay, Command, CommandAction, Event, Load, Weather


def read_events(path: Path) -> tuple[Event, ...]:
    """In order of arrival; none where there is no such file."""
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


def _event(row: dict[str, Any], where: str) -> Event:
    try:
        now_s = float(row["received_s"])
        if row["kind"] == "command":
            action = CommandAction(row["action"])
            threat, order_id, proof = (
                str(row.get(name, "")) for name in ("threat", "order_id", "proof")
            )
            zone_ids = tuple(row["zone_ids"])
            who = str(row["operator_id"])
            return Command(0, now_s, who, action, zone_ids, threat, order_id, proof)
        if row["kind"] == "delay":
            return ChannelDelay(0, now_s, str(row["channel"]), float(row["delay_s"]))
        if row["kind"] == "load":
            return Load(0, now_s, int(row["level"]))
        if row["kind"] == "weather":
            height, wind = (
                np.array(row["height_m"], float),
                np.array(row["wind_mps"], float),
            )
            more = (
                np.array(row.get(name, []), float)
                for name in ("density_kgpm3", "temperature_k")
            )
            return Weather(0, now_s, height, wind, *more)
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigError(f"{where}: {type(error).__name__}: {error}") from None
    raise ConfigError(
        f"{where} kind: found {row['kind']!r}, expected command, delay, load or weather"
    )


def write_weather(path: Path, weather: Sequence[Weather]) -> None:
    """Write profiles of the air; nothing where there are none."""
    if not weather:
        return
    rows: list[dict[str, Any]] = [{"schema": SCHEMA}]
    for told in weather:
        columns = {
            name: getattr(told, name).tolist()
            for name in ("height_m", "wind_mps", "density_kgpm3", "temperature_k")
            if len(getattr(told, name))
        }
        rows.append({"kind": "weather", "received_s": told.received_s, **columns})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
