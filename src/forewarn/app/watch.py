"""`forewarn watch`: the outside watchdog, which pages operators when it hears nothing."""

from typing import Annotated

import typer

EVERY_S = 5.0


def _gone(found: str) -> str:
    """Refuse the option of an earlier release, and name what to use now."""
    if found:
        raise typer.BadParameter("is gone: use --ring with the key ring, file or address")
    return found


def watch(
    url: Annotated[str, typer.Argument(help="of the service, as the public reaches it")],
    ring: Annotated[str, typer.Option(help="its key ring: a file or an address")] = "",
    run: Annotated[str, typer.Option(help="command to run when its state changes")] = "",
    post: Annotated[str, typer.Option(help="address to post such changes to")] = "",
    every: Annotated[float, typer.Option(help="seconds between two looks")] = EVERY_S,
    once: Annotated[
        bool, typer.Option("--once", help="one look; ends with 1 if bad")
    ] = False,
    key: Annotated[str, typer.Option(hidden=True, callback=_gone)] = "",
) -> None:
    """Watch a service from another machine, and say at once when it cannot warn."""
    import sys
    import time
    from contextlib import ExitStack, closing

    from forewarn.app.watching import Watchdog
    from forewarn.channels.ring_reader import RingReader

    with ExitStack() as ends:
        keys = ends.enter_context(closing(RingReader(ring))) if ring else None
        dog = Watchdog(url, keys, run, post)
        while True:
            looked_s = time.monotonic()
            trouble = dog.look()
            if once:
                sys.exit(1 if trouble else 0)
            time.sleep(max(0.0, every - (time.monotonic() - looked_s)))
