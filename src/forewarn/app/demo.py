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
NOT_BEGUN = "Stopped before the raid had begun."


class RaidSource:
    """Plays a drawing of a raid by the service's clock, with a simulated defence or not."""

    def __init__(self, raid: Any, seed: int, speed: float, defence: bool = False) -> None:
        self._raid, self._seed, self._speed, self._defence = raid, seed, speed, defence
        self._started_s = time.time()
        self._wall_s = time.monotonic()
        self._sky: Any = None
        self.flown: Any = None
        self.begun_s = self.over_s = float("inf")

    def now_s(self) -> float:
        """Raid time: begins at the wall's, and runs `speed` times as fast."""
        return self._started_s + (time.monotonic() - self._wall_s) * self._speed

    def shown(self, seconds: float) -> bool:
        """Whether so much of it was shown, or all; what comes before it does not count."""
        return self.now_s() > min(self.begun_s + seconds, self.over_s)

    async def events(self) -> AsyncIterator["Event"]:
        """Scans at their times, then nothing more."""
        await asyncio.to_thread(self._draw, self.now_s() + 1.0)
        sky = self._sky
        self.begun_s = self.now_s()  # drawing takes minutes where kernels compile first
        self.over_s = sky.batches[-1].received_s + AFTER_S
        for event in sky.told:
            yield event
        for scan in range(len(sky.batches)):
            wait_s = (sky.batches[scan].received_s - self.now_s()) / self._speed
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            yield sky.batches[scan]  # as it is by now: a defence may have done its part

    def _draw(self, start_s: float) -> None:
        from forewarn.sim import raids
        from forewarn.sim.defence.flown import Flown
        from forewarn.sim.defence.sky import Sky

        sky = Sky(raids.draw(self._raid, self._seed, start_s))
        if self._defence:
            from forewarn.app.demo_defence import DOCTRINE, invented

            region = self._raid.region
            self.flown = Flown(sky, region, invented(region), DOCTRINE, self._seed)
        self._sky = sky

    def seen(self, board: "Board") -> None:
        """Show the defence what the operators see, and mark on their map what it does."""
        if self.flown is not None:
            from forewarn.app.demo_defence import mark

            mark(self.flown, board)

    @property
    def truth(self) -> Any:
        """What truly flew."""
        return self._sky.truth()


def demo(
    raid: Annotated[str, typer.Option(help="a shipped raid or a raid file")] = "demo",
    speed: Annotated[float, typer.Option(help="times as fast as real time")] = 1.0,
    port: Annotated[int, typer.Option(help="of the web page")] = 8080,
    seed: Annotated[int, typer.Option(help="same seed, same raid")] = 1,
    headless: Annotated[bool, typer.Option("--headless", help="no browser; ends")] = False,
    seconds: Annotated[float, typer.Option(help="of the raid, with --headless")] = 120.0,
    open_page: Annotated[bool, typer.Option("--open/--no-open")] = True,
    store: Annotated[Path | None, typer.Option(help="folder for the record")] = None,
    defence: Annotated[
        bool, typer.Option("--defence", help="fly it with an invented, simulated defence")
    ] = False,
) -> None:
    """Watch a simulated raid unfold on the map, through the real chain."""
    import tempfile
    import webbrowser

    from forewarn.app.core_process import begin

    begin()
    from forewarn.app.service import Plan, Service
    from forewarn.errors import ConfigError
    from forewarn.sim import raids
    from forewarn.web.board import Clock

    if not 0.1 <= speed <= 50:
        raise ConfigError(f"--speed: found {speed}, expected 0.1 to 50")
    loaded = raids.load(raid)
    source = RaidSource(loaded, seed, speed, defence)
    with tempfile.TemporaryDirectory(prefix="forewarn-demo-") as temporary:
        folder = store or Path(temporary)
        site = _site(loaded, folder, port)

        def stop(board: "Board") -> bool:
            return headless and source.shown(seconds)

        plan = Plan(
            site=site,
            sensors=loaded.sensors,
            sources=(source,),
            clock=Clock(source.now_s, speed),
            stop=stop,
            seen=source.seen,
        )
        address = f"http://127.0.0.1:{port}"
        print(f"Forewarn demo: {address}/console (operators), {address}/ (public)")
        print("Everything you see is simulated. Stop with Ctrl+C.", flush=True)
        service = Service(plan)
        if open_page and not headless:
            webbrowser.open(f"{address}/console")
        asyncio.run(service.run())
        if headless:
            begun = source.begun_s < float("inf")
            print(_summary(site, loaded.sensors, source) if begun else NOT_BEGUN)


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
    flown = source.truth
    now_s = source.now_s()
    truth = fallen_by(flown, now_s)
    case = make_case("demo", truth, site_zones(site), sensors, alerts, now_s)
    score = summarise([judge(case)])
    zones = {alert.zone_id for alert in alerts if str(alert.state) == "take_cover"}
    people = score.people
    return (
        f"{len(zones)} zones told to take cover, "
        f"{sum({a.zone_id: a.people for a in alerts if a.zone_id in zones}.values()):,.0f} "
        f"people in them.\n"
        f"{score.impacts} of {len(flown.threat_id)} threats came down by now; "
        f"{people.in_harm:,.0f} people were within reach of them, "
        f"{people.could:,.0f} could be warned, {people.in_time:,.0f} were in time."
        + ("" if source.flown is None else _defended(source.flown.books()))
    )


def _defended(books: Any) -> str:
    return (
        f"\nSIMULATED defence: {books.engaged} tracks engaged, {books.stopped} threats "
        f"ended, {sum(books.rounds)} rounds spent, {sum(books.left)} left."
    )
