"""`forewarn prepare`: compile every kernel once, so that nothing compiles in a raid."""


def prepare() -> None:
    """Compile the kernels once (takes up to two minutes; later starts take a second)."""
    from rich.progress import Progress

    from forewarn.app.rehearsal import rehearse
    from forewarn.sim import raids

    with Progress(transient=False) as bar:
        task = bar.add_task("compiling kernels", total=None)
        for done, total in rehearse():
            bar.update(task, completed=done, total=total + 1)
        raids.generate(raids.load("demo"), seed=1)
        bar.advance(task)
