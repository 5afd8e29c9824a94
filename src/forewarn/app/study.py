"""`forewarn study`: warning and simulated defence judged together, over many raids."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from forewarn.sim.studies.parts import Crew


def study(
    file: Annotated[Path, typer.Argument(help="a study file, or a shipped example")],
    out: Annotated[
        Path, typer.Option("--out", help="folder; goes on where one was killed")
    ],
    workers: Annotated[
        int, typer.Option(min=0, help="processes of this machine; 0 = one for each core")
    ] = 0,
    dask: Annotated[
        str | None, typer.Option(help="address of a Dask scheduler, instead of processes")
    ] = None,
) -> None:
    """Many simulated raids, many policies, one answer with error bars."""
    from rich.progress import Progress

    from forewarn.app.study_report import report
    from forewarn.app.study_table import write_policies
    from forewarn.sim.studies.known import known_answers
    from forewarn.sim.studies.reading import read_study
    from forewarn.sim.studies.running import compile_first, run_study

    asked = read_study(file)
    with _crew(workers, dask) as crew, Progress() as bar:
        task = bar.add_task("compiling", total=None)
        compile_first(asked)
        checks = tuple(known_answers())

        def progress(what: str, done: int, most: int) -> None:
            bar.update(task, description=what, completed=done, total=most)

        found = run_study(asked, out, crew, progress)
    write_policies(found, out / "policies.parquet")
    page = out / "report.html"
    page.write_text(report(found, checks), encoding="utf-8")
    enough = "interval narrow enough" if found.stopped else "as many as asked for"
    print(f"{found.runs:,} runs of {len(asked.variants)} policies ({enough}): {page}")
    wrong = [one for one in checks if not one.holds]
    for one in wrong:
        print(f"self-test {one.id} FAILS: {one.case}: {one.found:g}, not {one.expected:g}")
    if wrong:
        raise typer.Exit(1)


@contextmanager
def _crew(workers: int, dask: str | None) -> Iterator["Crew"]:
    """Who works; let go at the end."""
    import multiprocessing
    import os
    from concurrent.futures import ProcessPoolExecutor

    from forewarn.errors import ConfigError
    from forewarn.sim.studies.parts import Crew

    if dask is not None:
        try:
            from distributed import Client
        except ImportError:
            raise ConfigError(
                "--dask needs Dask: install forewarn with the extra `studies`"
            ) from None
        try:
            client: Any = Client(dask, timeout="5s")  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise ConfigError(f"--dask {dask}: no scheduler answers: {error}") from None
        with client:
            yield Crew(client.get_executor(), max(sum(client.nthreads().values()), 1))
        return
    count = workers or len(os.sched_getaffinity(0))
    if count == 1:
        yield Crew()
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        yield Crew(pool, count)
