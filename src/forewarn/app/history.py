"""`forewarn history`: what warning as it is practised costs, from real siren histories."""

from pathlib import Path
from typing import Annotated

import typer


def history(
    files: Annotated[list[Path], typer.Argument(help="CSV files of one country")],
    zones: Annotated[
        list[Path] | None,
        typer.Option("--zones", help="places: GeoJSON zones or CSV tables; repeatable"),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            help="region to leave out, as one under a permanent alert; repeatable"
        ),
    ] = None,
    time_zone: Annotated[str, typer.Option(help="of days and nights")] = "UTC",
    longest_hours: Annotated[
        float, typer.Option(help="a longer alert missed its end and is left out")
    ] = 24.0,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    html: Annotated[
        Path | None, typer.Option(help="write the report with pictures")
    ] = None,
) -> None:
    """Study real sirens: burden per person, the country at once, durations, savings."""
    import json
    from dataclasses import asdict

    from forewarn.app.history_report import report
    from forewarn.app.history_table import sections
    from forewarn.app.local_time import local_clock
    from forewarn.errors import ConfigError
    from forewarn.files.sirens import leave_out, read_places, read_sirens
    from forewarn.score.history import study

    read = [read_sirens(path, 3600.0 * longest_hours) for path in files]
    places = read_places(zones) if zones else None
    sirens, places = leave_out(read, places, without or [])
    if not any(one.place for one in sirens):
        raise ConfigError("history: no alerts are left to study")
    found, pictures = study(sirens, places, local_clock(time_zone))
    for notice in (line for one in sirens for line in one.notices):
        print(notice)
    if html:
        html.write_text(report(found, pictures, time_zone), encoding="utf-8")
        print(f"report: {html}")
    if as_json:
        print(json.dumps(asdict(found), indent=2, ensure_ascii=False))
        return
    for part in sections(found):
        print(f"\n{part.title}")
        for line in part.lines:
            print(f"  {line.label:<46} {line.value:>16}  {line.note}")
