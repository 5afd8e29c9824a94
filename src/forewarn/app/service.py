"""The composition root: sources, core, channels and web, put together and kept going.

The shell (this process) waits on sockets and clocks; the core, a process of its own,
decides. If the core dies, it is started again: it goes on from what is on record.
"""

import asyncio
import gc
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forewarn.app.assembly import is_exercise, site_signer, site_world
from forewarn.app.clock import ClockWatch, SteadyClock
from forewarn.app.condition import (
    Noted,
    channel_rows,
    key_rows,
    refused_rows,
    sensor_rows,
)
from forewarn.app.control import Control
from forewarn.app.core_process import CoreProcess
from forewarn.app.lookout import Cover
from forewarn.app.vital import Pulse, notify
from forewarn.channels import ChannelPlan, Context, plan_channels
from forewarn.errors import ConfigError, ForewarnError
from forewarn.files import Site
from forewarn.pipeline import Beacon, Channel, Keeper, Source
from forewarn.records import Event, Key, PlotBatch, Sensor, Tick
from forewarn.signing import Matter, Vault, heartbeat_values
from forewarn.web.board import Board, Clock
from forewarn.web.health import health_routes
from forewarn.web.pages import web_application
from forewarn.web.public import public_api
from forewarn.web.scene import alert_line
from forewarn.web.serving import WebServer, listener, raise_file_limit, tidy
from forewarn.web.tls import remarks, transport

HEARTBEAT_S = 5.0
HEARTBEAT_LASTS_S = 15.0
TICK_S = 1.0
LATE_S = 2.0  # a service further behind its input says so


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What to run: a site, its sensors and sources, and by which clock.

    seen : hears of each picture, once the board shows it
    steady : what the clock is read from, where it is the machine's
    """

    site: Site
    sensors: tuple[Sensor, ...]
    sources: tuple[Source, ...]
    clock: Clock
    stop: Callable[[Board], bool] = lambda board: False
    seen: Callable[[Board], None] = lambda board: None
    steady: SteadyClock | None = None

    @property
    def simulated(self) -> bool:
        """Whether this is an exercise."""
        return is_exercise(self.site, self.sensors)


class Service:
    """One running site."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        site = plan.site
        self.board = Board(
            site.name,
            site.languages,
            plan.simulated,
            plan.clock,
            time_zone=site.time_zone,
        )
        self._signer = site_signer(site, plan.sensors)
        self._vault = Vault(site.signing.folder)
        self._plans = plan_channels(site.channels, plan.simulated)
        self._channels: dict[str, Channel] = {}
        self._core: CoreProcess
        self._trouble = ""  # why nothing is put on record
        self._load = 0
        self._clock = ClockWatch(plan.steady) if plan.steady else None
        self._refused: dict[tuple[str, str], int] = {}
        self._last_s = 0.0
        self._failure = ""
        self._ready = asyncio.Event()
        self._pulse = Pulse()
        self._cover = Cover()
        self._stopping = asyncio.Event()
        self._world = site_world(site, plan.sensors)
        self._noted = Noted(site.signing.folder / f"noted-{self._world}.json")
        self._control = Control(site, self._world, self.board, self._push, self._ready)
        self._control.use(self._channels)
        self._counts = {sensor.sensor_id: [0, 0, 0.0] for sensor in plan.sensors}

    async def run(self) -> None:
        """Serve until told to stop by a signal, or by the plan; raise what made it end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        web = self.plan.site.web
        app = web_application(
            public_api(
                self.board,
                _cap_folder(self._plans),
                self._control.push_desk,
                self._vault.ring_file,
            ),
            self._control.api(),
            health_routes(self.board, self._pulse.beats),
        )
        raise_file_limit()
        keys = self.plan.site.signing.folder
        server = WebServer(app, **transport(web, keys))
        for remark in remarks(web, keys, datetime.now(UTC)):
            print(remark, flush=True)
            self.board.note(remark)
        serving = asyncio.create_task(self._serve(server, listener(web.host, web.port)))
        gc.disable()  # see `tidy`
        gc.freeze()  # all that was loaded is here to stay
        self._core = self._start_core()
        tasks = [
            asyncio.create_task(self._tick()),
            asyncio.create_task(self._beat()),
            asyncio.create_task(self._control.drills.keep()),
            *(asyncio.create_task(self._read(source)) for source in self.plan.sources),
        ]
        await self._stopping.wait()
        self.board.become("stopped", "told to stop")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._stop_core()
        self.board.public.close()
        self.board.operators.close()
        server.should_exit = True
        await serving
        if self._failure:
            raise ForewarnError(self._failure)

    async def _serve(self, server: WebServer, listening: socket.socket) -> None:
        await server.serve(sockets=[listening])
        self._stopping.set()

    # events in: stamped once, in one order

    async def _read(self, source: Source) -> None:
        await self._ready.wait()
        async for event in source.events():
            if isinstance(event, PlotBatch):
                count = self._counts.setdefault(event.sensor_id, [0, 0, 0.0])
                count[0] += 1
                count[1] += len(event.time_s)
                count[2] = event.received_s
            await self._push(event)
            while self._core.crowded:
                await asyncio.sleep(TICK_S / 10)

    async def _tick(self) -> None:
        await self._ready.wait()
        while True:
            await asyncio.sleep(TICK_S / self.plan.clock.speed)
            await self._push(Tick(0, self.plan.clock.now_s()))
            self._show_state()

    async def _push(self, event: Event) -> None:
        # arrival never goes back: what two sources stamped a moment apart keeps its order
        self._last_s = max(self._last_s, event.received_s)
        self._core.send(("event", replace(event, received_s=self._last_s)))

    # the core process

    def _start_core(self) -> CoreProcess:
        names = tuple(plan.name for plan in self._plans)
        made_of = (self.plan.site, self.plan.sensors, names)
        core = CoreProcess(made_of, self._hear)
        core.start()
        return core

    def _show_state(self) -> None:
        """Say how the core fares: if it is late, before anybody waits in vain."""
        if not self._ready.is_set():
            return
        if self._trouble:
            self.board.become("degraded", f"not recorded: {self._trouble}")
        elif self._load:
            told = f"overload: detail is left out, level {self._load}"
            self.board.become("degraded", told)
        elif self._core.behind_s() > LATE_S:
            self.board.become("degraded", "warnings may be seconds late")
        else:
            self.board.become("live", "all parts run")

    def _hear(self, message: tuple[Any, ...]) -> None:
        board = self.board
        if self._ready.is_set():
            self._pulse.heard()
        match message:
            case ("starting", detail):
                board.become("starting", detail)
            case ("zones", body, version, names):
                board.zones, board.zones_version = body, version
                self._open_channels(names)
            case ("live", told, parcels, seq):
                board.recover(told, seq)
                for one in self._channels.values():
                    if isinstance(one, Keeper):
                        one.keep(parcels)
            case ("carry", channel, parcels):
                if channel in self._channels:  # else it could not be opened
                    self._channels[channel].offer(parcels)
            case ("alerts", told, parcels, seq):
                board.tell(told, seq)
                for one in self._channels.values():
                    one.offer(parcels)
                self._log(told)
            case ("acted", order_ids):
                self._control.acted(order_ids)
            case ("picture", picture):
                self._health()
                board.show(picture)
                self.plan.seen(board)
            case ("load", level):
                self._load = level
                self._show_state()
            case ("cover", cover):
                self._watch(cover)
            case ("refused", counts):
                self._refused = counts
            case ("fault", text):
                board.faults.append(text)
                board.note(f"fault: {text}", "fault")
            case ("failed", text):
                self._failure = text
                board.faults.append(text)
                board.become("stopped", text)
                self._stopping.set()
            case ("recovered", _, last_s, _):
                self._last_s = max(self._last_s, last_s)
                if self.plan.steady is not None:
                    self.plan.steady.not_before(last_s)
            case ("ready", trouble):
                self._trouble = trouble
                self._ready.set()
                self._pulse.heard()
                notify("READY=1")
                self._show_state()
            case ("lost",):
                self._ready.clear()
                self._pulse.gone()
                self._load = 0
                board.become("degraded", "the core stopped; another goes on")

    def _watch(self, cover: Cover) -> None:
        """Take up which sensors are believed and which zones nobody watches."""
        before = self._cover.troubles
        for name in sorted({*before, *cover.troubles}):
            if (trouble := cover.troubles.get(name, "")) != before.get(name, ""):
                told = f"sensor {name}: {trouble or 'well again'}"
                self.board.note(told, "sensor", sensor_id=name)
        for name in sorted(self._cover.erring.keys() ^ cover.erring.keys()):
            ratio = cover.erring.get(name)
            errs = (
                f"errs {ratio:.1f} times what it states" if ratio else "errs as it states"
            )
            self.board.note(f"sensor {name}: {errs}", "sensor", sensor_id=name)
        self._cover = cover
        self.board.blind, self.board.coarse = list(cover.blind), list(cover.coarse)
        self.board.reduced = list(cover.regions)

    def _log(self, told: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        zones: dict[str, list[str]] = {}
        for public, _ in told:
            zones.setdefault(str(public["state"]), []).append(public["zone_id"])
        for state, zone_ids in zones.items():
            text, where = alert_line(state, zone_ids)
            self.board.note(text, "alert", **where)

    def _health(self) -> None:
        board, plan = self.board, self.plan
        now_s = plan.clock.now_s()
        board.sensors = sensor_rows(plan.sensors, self._counts, self._cover, now_s)
        board.channels = channel_rows(self._channels, board.channels, board.note)
        board.refused = refused_rows(plan.sources, self._refused)

    async def _show_keys(self) -> None:
        board = self.board
        with suppress(ConfigError, OSError):  # then the rows stay as they were
            ring = await asyncio.to_thread(lambda: self._vault.ring)
            board.keys = key_rows(ring, self._world, self._noted, time.time(), board.note)
            await asyncio.to_thread(self._noted.save)

    async def _watch_clock(self) -> None:
        """Show how good the machine's clock is, and put on record when that changes."""
        if self._clock is None or not self._ready.is_set():
            return
        news = self._clock.look(quiet=not self.board.alerts)
        self.board.machine_clock = self._clock.shown
        if news is not None:
            await self._push(news)
            if self._clock.away:
                told = f"the machine's clock is {news.offset_s:+.0f} s off, not followed"
                self.board.faults.append(told)

    # channels

    def _open_channels(self, zone_names: Mapping[str, Mapping[str, str]]) -> None:
        """Once, when the zones are known: a core that starts again finds them open."""
        for plan in self._plans:
            if plan.name in self._channels:
                continue
            try:
                channel = plan.open(self._context(plan.name, zone_names))
            except ConfigError as error:
                self._hear(("failed", f"channel {plan.name!r}: {error}"))
                return
            self._channels[plan.name] = channel

    def _context(self, name: str, zone_names: Mapping[str, Mapping[str, str]]) -> Context:
        def confirm(keys: list[Key]) -> None:
            self._core.send(("delivered", name, keys, self.plan.clock.now_s()))

        site = self.plan.site
        return Context(
            site=site.name,
            languages=site.languages,
            time_zone=site.time_zone,
            own_texts=site.texts,
            exercise=self.plan.simulated,
            zone_names=zone_names,
            signer=self._signer,
            delivered=confirm,
        )

    async def _beat(self) -> None:
        while True:
            self._health()
            await self._show_keys()
            await self._watch_clock()
            self.board.heartbeat = self._heartbeat()
            self.board.beat()
            for channel in self._channels.values():
                if isinstance(channel, Beacon):
                    channel.beat(self.board.heartbeat)
            if self._pulse.beats():
                notify("WATCHDOG=1")
            else:
                self.board.note("the core hangs: it is killed, and started again")
                self._core.kill()
            tidy(quiet=not self.board.alerts)
            if self.plan.stop(self.board):
                self._stopping.set()
            await asyncio.sleep(
                min(HEARTBEAT_S, 1.0 if self.plan.simulated else HEARTBEAT_S)
            )

    def _heartbeat(self) -> bytes:
        """Signed, by the wall's clock: who hears it has no other."""
        now_s = time.time()
        board = self.board
        lasts_s = now_s + HEARTBEAT_LASTS_S
        values = heartbeat_values(board.service, now_s, lasts_s, board.reduced)
        return self._signer.seal(Matter.HEARTBEAT, values)

    async def _stop_core(self) -> None:
        for channel in self._channels.values():
            await asyncio.to_thread(channel.close)
        await asyncio.to_thread(self._core.stop)


def _cap_folder(plans: Sequence[ChannelPlan]) -> Path | None:
    """Where the messages lie that the public may fetch."""
    return next((plan.keys.folder for plan in plans if plan.kind == "cap"), None)
