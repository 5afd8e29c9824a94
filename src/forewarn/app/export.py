"""`forewarn export`: a recording, and the alerts it led to, out of a journal."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forewarn.records import Sensor
    from forewarn.stores import SqlStore


def export(
    store: Annotated[str, typer.Argument(help="site file, or a store")],
    out: Annotated[Path, typer.Option("--out", help="folder for the recording")],
    from_: Annotated[str, typer.Option("--from", help="first moment, ISO 8601")] = "",
    to: Annotated[str, typer.Option("--to", help="moment after the last")] = "",
) -> None:
    """Write what was seen and done as a recording, and what people were told."""
    from forewarn.app.stored import meant, span_s
    from forewarn.errors import ConfigError
    from forewarn.files import read_site, write_alerts
    from forewarn.stores import read_store

    if out.exists():
        raise ConfigError(f"{out} exists: name another folder, or remove it")
    from_s, to_s = span_s(from_, to)
    usual = read_site(Path(store)).sensors if store.endswith(".toml") else ()
    opened = read_store(meant(store))
    try:
        events = export_events(opened, out, (from_s, to_s), usual)
        steps = write_alerts(out / "alerts.jsonl", opened.steps(from_s, to_s))
    finally:
        opened.close()
    print(f"{out}: {events:,} events, {steps:,} alert steps")


def export_events(
    store: "SqlStore",
    out: Path,
    span_s: tuple[float, float],
    usual: Sequence["Sensor"] = (),
) -> int:
    """Write the recording of a span, [from, to); returns how many events it has.

    usual : the sensors that were heard, where the store is too old to say
    """
    from forewarn.errors import ConfigError
    from forewarn.files import RecordingWriter
    from forewarn.records import PlotBatch

    first, last = store.span(*span_s)
    if last < first:
        raise ConfigError("export: no event in that span")
    sensors = heard(store, first, last) or usual
    known = {sensor.sensor_id for sensor in sensors}
    writer = RecordingWriter(out, sensors)
    events = 0
    for event in store.events_after(first - 1):
        if event.seq > last:
            break
        if not isinstance(event, PlotBatch) or event.sensor_id in known:
            writer.add(event)
            events += 1
    writer.close()
    return events


def heard(store: "SqlStore", first: int, last: int) -> tuple["Sensor", ...]:
    """The sensors of a stretch of events; refused where they changed within it."""
    from forewarn.errors import ConfigError
    from forewarn.units import iso_from_epoch

    sets = [(seq, sensors) for seq, sensors in store.sensors() if seq <= last]
    changes = [seq for seq, _ in sets if seq > first]
    if changes and sets[0][0] < changes[-1]:
        at_s = next(store.events_after(changes[-1] - 1)).received_s
        raise ConfigError(
            f"export: the sensors changed at event {changes[-1]}, {iso_from_epoch(at_s)}: "
            "export what was before and after it one by one, with --to and --from"
        )
    return sets[-1][1] if sets else ()
