"""`forewarn bench`: published figures."""

from pathlib import Path
from typing import Annotated

import typer

RESULTS = Path("bench/results")
PAGE = Path("docs/figures.md")
MEASURED = (
    "start",
    "chain",
    "console",
    "tracking",
    "impact",
    "accuracy",
    "sensing",
    "forecast",
    "coverage",
    "sixdof",
    "descents",
    "manoeuvring",
    "page",
    "push",
    "quiet",
    "raid",
    "limits",
    "subscribers",
    "traffic",
    "study",
    "levels",
    "card",
)


def bench(
    name: Annotated[
        str,
        typer.Argument(help=f"{', '.join(MEASURED)}, or docs"),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    seeds: Annotated[int, typer.Option(help="how many drawings of the raid")] = 20,
    raid: Annotated[
        str, typer.Option(help="a shipped raid, for `raid`, `limits`, `chain`")
    ] = "rockets",
    errors: Annotated[
        float,
        typer.Option(min=0.0, help="true errors of sensors over those stated, for `raid`"),
    ] = 1.0,
    minutes: Annotated[float, typer.Option(help="of the real traffic")] = 60.0,
    scenario: Annotated[
        list[Path] | None,
        typer.Option(help="tracking scenes (.npz) instead of our own; may be repeated"),
    ] = None,
) -> None:
    """Measure a published figure and put it on record; `docs` gathers them on one page."""
    import os

    for threads in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        # a figure is of one core, but where a stage shares a batch out (`cores.shared_out`)
        os.environ.setdefault(threads, "1")
    from importlib import import_module

    from rich.progress import Progress

    from forewarn.app.rehearsal import rehearse
    from forewarn.bench.result import Ask, docs_page, interval_text, load, save, setting
    from forewarn.bench.result import as_json as written
    from forewarn.errors import ConfigError

    if name == "docs":
        results = [load(path) for path in sorted(RESULTS.glob("*.json"))]
        PAGE.write_text(docs_page(results), encoding="utf-8")
        print(f"{PAGE}: {len(results)} results")
        return
    if name not in MEASURED:
        raise ConfigError(f"bench: {name!r} is unknown; known: {', '.join(MEASURED)}, docs")
    command = f"forewarn bench {name}"
    if name in ("raid", "limits") or (name == "chain" and raid != Ask().raid):
        command += f" --raid {raid}"
    if name in ("raid", "limits", "quiet"):
        command += f" --seeds {seeds}"
    if name == "raid" and errors != Ask().errors:
        command += f" --errors {errors:g}"
    command += "".join(f" --scenario {path.name}" for path in scenario or ())
    with Progress(transient=True, disable=as_json) as bar:
        task = bar.add_task(name, total=None)

        def progress() -> None:
            bar.advance(task)

        for _ in rehearse():  # compiling is no part of any figure
            progress()
        measurement = import_module(f"forewarn.bench.{name}")
        result = measurement.measure(
            Ask(seeds, raid, errors, minutes, scenarios=tuple(scenario or ())), progress
        )
    made = setting(command)
    path = save(result, made, RESULTS)
    if as_json:
        print(written(result, made))
        return
    print(result.title)
    for one in result.figures:
        met = {None: "", True: "met", False: "NOT met"}[one.met]
        print(f"  {one.label:<52} {interval_text(one):>22} {one.goal:>8} {met}  {one.note}")
    print(f"on record: {path}")
