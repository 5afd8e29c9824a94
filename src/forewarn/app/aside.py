"""Work on the record, beside the service: in a process of its own, which gives way.

A long look back must not delay one alert: neither the core nor the event loop does it.
"""

import asyncio
import json
import multiprocessing
import os
import zipfile
from collections.abc import AsyncGenerator, Iterator
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from forewarn.errors import ForewarnError
from forewarn.files import Site
from forewarn.web.past import Look
from forewarn.web.refusal import RefusedError

MOST = 2  # looks at once: the machine is there to warn
PART = 1 << 18  # bytes handed on at once
NICE = 15


class Aside:
    """Answers looks at the record of a site, a few at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
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
        try:
            with TemporaryDirectory(prefix="forewarn-past-") as folder:
                process = context.Process(
                    target=_main,
                    args=(theirs, self._site, look, Path(folder)),
                    name="forewarn-past",
                    daemon=True,
                )
                process.start()
                theirs.close()
                try:
                    while (part := await asyncio.to_thread(_take, ours)) is not None:
                        yield part
                finally:
                    process.kill()
                    await asyncio.to_thread(process.join, 5)
        finally:
            ours.close()
            self._running -= 1


def _take(pipe: Connection) -> bytes | None:
    try:
        what, told = pipe.recv()
    except (EOFError, OSError):
        raise RefusedError(503, "the look back ended by itself: see the log") from None
    if what == "refused":
        raise RefusedError(409, told)
    return told if what == "part" else None


def _main(pipe: Connection, site: Site, look: Look, folder: Path) -> None:
    os.nice(NICE)
    try:
        for part in parts(site, look, folder):
            pipe.send(("part", part))
        pipe.send(("end", None))
    except ForewarnError as error:
        pipe.send(("refused", str(error)))
    except (BrokenPipeError, KeyboardInterrupt):
        return  # nobody listens any more


def parts(site: Site, look: Look, folder: Path) -> Iterator[bytes]:
    """What a look gives. folder: empty, for what it needs meanwhile."""
    from forewarn.stores import read_store

    store = read_store(site.store)
    try:
        match look.what:
            case "film":
                for picture in _film(site, store, look):
                    yield _line(picture)
            case "period":
                yield _line(asdict(_period(site, store, look)))
            case "report":
                from forewarn.app.period_report import report

                yield report(_period(site, store, look), site.name).encode()
            case "recording":
                yield from _recording(store, look, folder)
    finally:
        store.close()


def _line(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _period(site: Site, store: Any, look: Look) -> Any:
    from forewarn.app.assembly import site_zones
    from forewarn.app.period import period

    return period(store, site_zones(site), look.span_s)


def _film(site: Site, store: Any, look: Look) -> Iterator[dict[str, Any]]:
    from forewarn.app.assembly import site_zones
    from forewarn.app.export import heard
    from forewarn.app.film import WARM_S, Stretch, film
    from forewarn.app.period import LOOK_BACK_S
    from forewarn.app.rehearsal import rehearse
    from forewarn.errors import ConfigError

    from_s, to_s = look.span_s
    first, last = store.span(from_s - WARM_S, to_s)
    if last < first:
        raise ConfigError("nothing is on record of that time")
    for _ in rehearse():
        pass
    events = (event for event in store.events_after(first - 1) if event.seq <= last)
    alerts = [step[0] for step in store.steps(from_s - LOOK_BACK_S, to_s)]
    stretch = Stretch(look.span_s, events, heard(store, first, last), alerts)
    return film(site, site_zones(site), stretch)


def _recording(store: Any, look: Look, folder: Path) -> Iterator[bytes]:
    from forewarn.app.export import export_events
    from forewarn.files import write_alerts

    out, packed = folder / "recording", folder / "recording.zip"
    export_events(store, out, look.span_s)
    write_alerts(out / "alerts.jsonl", store.steps(*look.span_s))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(out.rglob("*")):
            archive.write(path, path.relative_to(folder))
    with packed.open("rb") as file:
        while part := file.read(PART):
            yield part
