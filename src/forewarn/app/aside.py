"""Looks at the past, beside the service: in a process of their own, which gives way.

A long look back must not delay one alert: neither the core nor the event loop does it.
"""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncGenerator, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from forewarn.errors import ForewarnError
from forewarn.web.past import Look
from forewarn.web.refusal import RefusedError


class Shelf(Protocol):
    """Where the past is kept. Goes to the other process as it is."""

    def parts(self, look: Look, folder: Path) -> Iterator[bytes]: ...


MOST = 2  # looks at once: the machine is there to warn
NICE = 15


class Aside:
    """Answers looks at what a shelf holds, a few at a time."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._running = 0

    async def __call__(self, look: Look) -> AsyncGenerator[bytes]:
        """The answer in parts; refused where there is none."""
        if self._running >= MOST:
            raise RefusedError(
                503, "others look back already: try again soon", {"Retry-After": "10"}
            )
        self._running += 1
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        folder = TemporaryDirectory(prefix="forewarn-past-")
        process = context.Process(
            target=_main,
            args=(theirs, self._shelf, look, Path(folder.name)),
            name="forewarn-past",
            daemon=True,
        )

        def end() -> None:
            # off the event loop; once begun it ends, whatever becomes of who listened
            if process.pid is not None:
                process.kill()
                process.join(5)
            theirs.close()
            ours.close()
            folder.cleanup()
            self._running -= 1

        try:
            process.start()
            theirs.close()  # else its end would never be heard
            while (part := await asyncio.to_thread(_take, ours)) is not None:
                yield part
        finally:
            await asyncio.to_thread(end)


def _take(pipe: Connection) -> bytes | None:
    try:
        what, told = pipe.recv()
    except (EOFError, OSError):
        raise RefusedError(503, "the look back ended by itself: see the log") from None
    if what == "refused":
        raise RefusedError(409, told)
    return told if what == "part" else None


def _main(pipe: Connection, shelf: Shelf, look: Look, folder: Path) -> None:
    os.nice(NICE)
    try:
        for part in shelf.parts(look, folder):
            pipe.send(("part", part))
        pipe.send(("end", None))
    except ForewarnError as error:
        pipe.send(("refused", str(error)))
    except (BrokenPipeError, KeyboardInterrupt):
        return  # nobody listens any more
