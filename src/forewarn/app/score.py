"""`forewarn score`: every measure of a run, or of several with intervals over them."""

from pathlib import Path
from typing import Annotated

import typer


def score(
    out: Annotated[list[Path], typer.Argument(help="folders of runs")],
    truth: Annotated[
        list[Path], typer.Option("--truth", help="one for each run, in order")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    html: Annotated[
        Path | None, typer.Option(help="write the report with pictures")
    ] = None,
) -> None:
    """Judge runs whose truth is known: who was warned in time, what it cost the others."""
    import json
    from dataclasses import asdict

    from forewarn.app.judging import judge_run
    from forewarn.app.score_report import report
    from forewarn.app.score_table import sections
    from forewarn.errors import ConfigError
    from forewarn.score import summarise

    if len(out) != len(truth):
        raise ConfigError(
            f"score: {len(out)} runs and {len(truth)} --truth: give one for each"
        )
    judged = [judge_run(*pair) for pair in zip(out, truth, strict=True)]
    total = summarise(judged)
    if html:
        html.write_text(report(total, judged), encoding="utf-8")
        print(f"report: {html}")
    if as_json:
        print(json.dumps(asdict(total), indent=2))
        return
    for part in sections(total):
        print(f"\n{part.title}")
        for line in part.lines:
            print(f"  {line.label:<46} {line.value:>16}  {line.note}")
