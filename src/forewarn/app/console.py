"""`forewarn console`: a recording in the operators' console, without a service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from forewarn.files import Recording, Site
    from forewarn.records import Event
    from forewarn.web.board import Board


def console(
    recording: Path,
    site: Annotated[Path, typer.Option("--site", help="site file")],
    truth: Annotated[
        Path | None, typer.Option(help="folder; the report then is the score")
    ] = None,
    port: Annotated[int, typer.Option(help="of the web page")] = 8080,
    open_page: Annotated[bool, typer.Option("--open/--no-open")] = True,
) -> None:
    """Play a recording in the operators' console, at any speed, forth and back."""
    import asyncio
    import signal
    import webbrowser

    from forewarn.files import read_recording, read_site
    from forewarn.web.serving import WebServer, listener

    board, app = application(read_recording(recording), recording, read_site(site), truth)
    listening = listener("127.0.0.1", port)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/console"
    print(f"{address}: choose Past. Stop with Ctrl+C.", flush=True)
    if open_page:
        webbrowser.open(address)

    async def serve() -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        beating = asyncio.create_task(beat(board))
        serving = asyncio.create_task(WebServer(app).serve(sockets=[listening]))
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait((serving, told), return_when=asyncio.FIRST_COMPLETED)
        beating.cancel()
        if serving.done():
            serving.result()

    asyncio.run(serve())
    print("stopped")


async def beat(board: "Board") -> None:
    """Signs of life: a page that hears none takes the service for dead."""
    import asyncio

    from forewarn.web.hub import BEAT_S

    while True:
        board.beat()
        await asyncio.sleep(BEAT_S)


def application(
    found: "Recording", folder: Path, site: "Site", truth: Path | None
) -> "tuple[Board, ASGIApp]":
    """A board on which nothing happens, and its pages, with a recording as the past."""
    import asyncio
    import time
    from dataclasses import replace

    from forewarn.app.aside import Aside
    from forewarn.app.assembly import site_world, site_zones
    from forewarn.app.condition import sensor_rows
    from forewarn.app.control import Control
    from forewarn.app.lookout import Cover
    from forewarn.app.shelf import Recorded
    from forewarn.files.site import OperatorKeys
    from forewarn.signing import World
    from forewarn.web.board import Board, Clock
    from forewarn.web.health import health_routes
    from forewarn.web.pages import web_application
    from forewarn.web.picture import zones_geojson
    from forewarn.web.public import public_api

    own = replace(site, operators=OperatorKeys())  # nobody signs in to a recording
    world = site_world(own, found.sensors)
    board = Board(own.name, own.languages, world is World.EXERCISE, Clock(time.time))
    board.time_zone = own.time_zone
    board.service, board.detail = "stopped", "a recording: nothing here is live"
    board.record_s = found.span_s
    zones = site_zones(own)
    board.zones, board.zones_version = zones_geojson(zones), zones.version
    unheard = {sensor.sensor_id: (0, 0, 0.0) for sensor in found.sensors}
    board.sensors = sensor_rows(found.sensors, unheard, Cover(), 0.0)

    async def nowhere(event: "Event") -> None: ...

    past = Aside(Recorded(own, folder, truth))
    control = Control(own, world, board, nowhere, asyncio.Event(), past)
    return board, web_application(
        public_api(board, None), control.api(), health_routes(board, lambda: True)
    )
