"""`forewarn demo`: a simulated raid through the real service, live on the map."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from forewarn.records import Event
    from forewarn.web.board import Board

AFTER_S = 90.0  # raid seconds shown after the last scan, for the all-clears


class RaidSource:
    """Plays a drawing of a raid, by the service's clock."""

    def __init__(self, raid: Any, seed: int, speed: float) -> None:
        self._raid, self._seed, self._speed = raid, seed, speed
        self.started_s = time.time()
        self._wall_s = time.monotonic()
        self.truth: Any = None
        self.over_s = float("inf")

    def now_s(self) -> float:
        """Raid time: begins at the wall's, and runs `speed` times as fast."""
        return self.started_s + (time.monotonic() - self._wall_s) * self._speed

    async def events(self) -> AsyncIterator["Event"]:
        """Scans at their times, then nothing more."""
        from forewarn.sim import raids

        draw = asyncio.to_thread(raids.generate, self._raid, self._seed, self.now_s() + 1.0)
        drawn = await draw
        self.truth = drawn.truth
        self.over_s = drawn.batches[-1].received_s + AFTER_S
        for event in drawn.told:
            yield event
        for batch in drawn.batches:
            wait_s = (batch.received_s - self.now_s()) / self._speed
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            yield batch


def demo(
    raid: Annotated[str, typer.Option(help="a shipped raid or a raid file")] = "demo",
    speed: Annotated[float, typer.Option(help="times as fast as real time")] = 1.0,
    port: Annotated[int, typer.Option(help="of the web page")] = 8080,
    seed: Annotated[int, typer.Option(help="same seed, same raid")] = 1,
    headless: Annotated[bool, typer.Option("--headless", help="no browser; ends")] = False,
    seconds: Annotated[float, typer.Option(help="of raid time, with --headless")] = 120.0,
    open_page: Annotated[bool, typer.Option("--open/--no-open")] = True,
    store: Annotated[Path | None, typer.Option(help="folder for the record")] = None,
) -> None:
    """Watch a simulated raid unfold on the map, through the real chain."""
    import tempfile
    import webbrowser

    from forewarn.app.service import Plan, Service
    from forewarn.errors import ConfigError
    from forewarn.sim import raids
    from forewarn.web.board import Clock

    if not 0.1 <= speed <= 50:
        raise ConfigError(f"--speed: found {speed}, expected 0.1 to 50")
    loaded = raids.load(raid)
    source = RaidSource(loaded, seed, speed)
    with tempfile.TemporaryDirectory(prefix="forewarn-demo-") as temporary:
        folder = store or Path(temporary)
        site = _site(loaded, folder, port)
        ends_s = source.started_s + seconds if headless else float("inf")

        def stop(board: "Board") -> bool:
            return source.now_s() > min(ends_s, source.over_s if headless else ends_s)

        plan = Plan(
            site=site,
            sensors=loaded.sensors,
            sources=(source,),
            clock=Clock(source.now_s, speed),
            stop=stop,
        )
        address = f"http://127.0.0.1:{port}"
        print(f"Forewarn demo: {address}/console (operators), {address}/ (public)")
        print("Everything you see is simulated. Stop with Ctrl+C.", flush=True)
        service = Service(plan)
        if open_page and not headless:
            webbrowser.open(f"{address}/console")
        asyncio.run(service.run())
        if headless:
            print(_summary(site, loaded.sensors, source))


def _site(raid: Any, folder: Path, port: int) -> Any:
    from forewarn.files import read_site
    from forewarn.sim import raids

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "site.toml"
    more = f'\n[web]\nport = {port}\n\n[[channel]]\nkind = "cap"\nexercise = true\n'
    path.write_text(raids.site_text(raid) + more, encoding="utf-8")
    return read_site(path)


def _summary(site: Any, sensors: Any, source: RaidSource) -> str:
    """What came of it so far: told, hit, and whether in time."""
    from forewarn.app.assembly import site_zones
    from forewarn.score import judge, summarise
    from forewarn.score.reading import fallen_by, make_case
    from forewarn.stores import read_store

    store = read_store(site.store)
    alerts = tuple(store.alerts())
    store.close()
    if source.truth is None:
        return "The raid had not begun."
    now_s = source.now_s()
    truth = fallen_by(source.truth, now_s)
    case = make_case("demo", truth, site_zones(site), sensors, alerts, now_s)
    score = summarise([judge(case)])
    zones = {alert.zone_id for alert in alerts if str(alert.state) == "take_cover"}
    people = score.people
    return (
        f"{len(zones)} zones told to take cover, "
        f"{sum({a.zone_id: a.people for a in alerts if a.zone_id in zones}.values()):,.0f} "
        f"people in them.\n"
        f"{score.impacts} of {len(source.truth.threat_id)} threats came down by now; "
        f"{people.in_harm:,.0f} people were within reach of them, "
        f"{people.could:,.0f} could be warned, {people.in_time:,.0f} were in time."
    )
