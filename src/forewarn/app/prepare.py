"""`forewarn prepare`: compile every kernel once, so that nothing compiles in a raid."""

from pathlib import Path


def prepare() -> None:
    """Compile the kernels once (takes up to two minutes; later starts take a second)."""
    from rich.progress import Progress

    from forewarn.app.rehearsal import rehearse

    with Progress(transient=False) as bar:
        task = bar.add_task("compiling kernels", total=None)
        for done, total in rehearse():
            bar.update(task, completed=done, total=total + 2)
        _simulate()
        bar.advance(task)
        _study()
        bar.advance(task)


def _simulate() -> None:
    """A raid, and a simulated defence over it."""
    from forewarn.app.demo_defence import DOCTRINE, invented
    from forewarn.sim import raids
    from forewarn.sim.defence.flown import Flown
    from forewarn.sim.defence.sky import Sky

    drawn = raids.draw(raids.load("demo"), seed=1)
    region = drawn.raid.region
    Flown(Sky(drawn), region, invented(region), DOCTRINE, drawn.seed)


def _study() -> None:
    """One run of a study."""
    from forewarn.sim.studies.reading import read_study
    from forewarn.sim.studies.running import compile_first

    compile_first(read_study(Path("town_rockets")))
