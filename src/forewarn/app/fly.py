"""`forewarn fly`: one body flown forward to the ground, for check cases and analysts."""

from pathlib import Path
from typing import Annotated

import typer


def fly(
    case: Annotated[Path, typer.Argument(help="TOML: [start], [body], and more")],
    out: Annotated[Path | None, typer.Option(help="CSV of its path")] = None,
    uncertainty: Annotated[
        bool, typer.Option("--uncertainty", help="areas and times it may come down in")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Fly one object forward: its path, and where and when it comes down."""
    import json

    from forewarn.app.flown import areas_of, end_of, path_rows
    from forewarn.files.case import read_case

    asked = read_case(case)
    rows, end = path_rows(asked)
    told: dict[str, object] = {"schema": 1, "end": end_of(rows, end)}
    if uncertainty:
        told["areas"] = areas_of(asked)
    if out is not None:
        head = ",".join(rows[0])
        lines = [",".join(repr(float(value)) for value in row.values()) for row in rows]
        out.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    if as_json:
        print(json.dumps(told, indent=1))
        return
    _say(told)
    if out is not None:
        print(f"{out}: {len(rows)} places")


def _say(told: dict[str, object]) -> None:
    end = told["end"]
    assert isinstance(end, dict)
    for name, value in end.items():
        print(f"{name:<12} {value}")
    areas = told.get("areas", {})
    assert isinstance(areas, dict)
    for name, value in areas.items():
        if name != "outlines":
            print(f"{name:<12} {value}")
