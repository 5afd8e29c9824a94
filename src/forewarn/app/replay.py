"""`forewarn replay`: a recording through the same chain, as fast as it goes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from forewarn.files import Recording, Site
    from forewarn.records import Zones

RUN_ON_S = 1800  # after the last event the clock runs on until every alert is cleared


def replay(
    recording: Path,
    site: Annotated[Path, typer.Option("--site", help="site file")],
    out: Annotated[Path, typer.Option("--out", help="folder for the output of the run")],
) -> None:
    """Run a recording through the chain; the same recording gives the same alerts."""
    from rich.progress import Progress

    from forewarn.app.assembly import site_zones
    from forewarn.files import read_recording, read_site

    said = read_site(site)
    seen = read_recording(recording)
    for line in (*seen.notices, *seen.refused):
        print(line)
    if seen.refused_count > len(seen.refused):
        print(f"{seen.refused_count} rows refused in all")
    zones = site_zones(said)
    with Progress() as bar:
        task = bar.add_task("replay", total=len(seen))
        names = {"site_file": str(site), "recording": str(recording)}
        summary = replay_recording(seen, said, zones, out, lambda: bar.advance(task), names)
    print(
        f"{summary['events']:,} events, {summary['alerts']:,} alert steps in "
        f"{summary['zones_warned']:,} zones; {summary['people_covered']:,.0f} people told "
        f"to take cover. Output in {out}"
    )


def replay_recording(
    recording: "Recording",
    site: "Site",
    zones: "Zones",
    out: Path,
    progress: Callable[[], None] = lambda: None,
    names: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Run a recording and write the output of the run; returns its summary."""
    from dataclasses import asdict

    from forewarn import __version__
    from forewarn.app.assembly import Speaker, assemble
    from forewarn.errors import ModelError, PlotError
    from forewarn.files import RunWriter
    from forewarn.records import LIVE_STATES, AlertState, Tick

    pipeline = assemble(site, recording.sensors, zones)
    speaker = Speaker(site, zones, recording.sensors)
    writer = RunWriter(out)
    live: set[str] = set()
    warned: set[str] = set()
    covered: set[str] = set()
    faults: list[str] = []
    events = steps = 0
    event: Any = Tick(0, 0.0)

    def step() -> None:
        nonlocal events, steps
        events += 1
        try:
            outcome = pipeline.step(event)
        except (PlotError, ModelError) as error:
            faults.append(str(error))
            return
        finally:
            faults.extend(pipeline.faults())
        writer.write(outcome, speaker.texts(outcome.alerts))
        for alert in outcome.alerts:
            steps += 1
            warned.add(alert.zone_id)
            (live.add if alert.state in LIVE_STATES else live.discard)(alert.zone_id)
            if alert.state is AlertState.TAKE_COVER:
                covered.add(alert.zone_id)

    for following in recording.events():
        event = following
        step()
        progress()
    first, last = event.seq + 1, int(event.received_s) + 1
    for extra in range(RUN_ON_S):
        if not live:
            break
        event = Tick(first + extra, float(last + extra))
        step()
    people = dict(zip(zones.zone_id, zones.population, strict=True))
    summary = {
        "version": __version__,
        "site": site.name,
        "zones_version": zones.version,
        "span_s": list(recording.span_s),
        "until_s": event.received_s,
        "events": events,
        "alerts": steps,
        "zones_warned": len(warned),
        "zones_covered": len(covered),
        "people_covered": float(sum(people[zone_id] for zone_id in covered)),
        "refused": recording.refused_count,
        "faults": faults[:20],
        "parameters": {
            "track": asdict(site.track),
            "forecast": asdict(site.forecast),
            "warning": asdict(site.warning),
        },
        **(names or {}),
    }
    writer.close(summary)
    return summary
