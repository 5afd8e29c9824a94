"""`forewarn prepare`: compile every kernel once, so that nothing compiles in a raid.

A made-up rocket and a made-up drone are led through the whole chain; whatever they
touch is compiled with the very types it will meet, and kept on disk for the next start.
"""

from collections.abc import Callable


def warm_up(progress: Callable[[int, int], None]) -> None:
    """Lead two targets through the chain, calling `progress(done, all)` on the way."""
    from forewarn.app.rehearsal import rehearse

    for done, total in rehearse():
        progress(done, total)


def prepare() -> None:
    """Compile the kernels once (takes up to two minutes; later starts take a second)."""
    from rich.progress import Progress

    with Progress(transient=False) as bar:
        task = bar.add_task("compiling kernels", total=None)
        warm_up(lambda done, total: bar.update(task, completed=done, total=total))
