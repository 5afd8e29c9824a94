"""The composition root: sources, core, channels and web, put together and kept going.

The shell (this process) waits on sockets and clocks; the core, a process of its own,
decides. If the core dies, it is started again: it goes on from what is on record.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Any

import uvicorn

from forewarn.app.clock import NEAR_S, SteadyClock
from forewarn.app.core_process import CoreProcess
from forewarn.files import ChannelKeys, Site
from forewarn.pipeline import Channel, Source
from forewarn.records import (
    ClockState,
    Command,
    CommandAction,
    Event,
    Key,
    PlotBatch,
    Sensor,
    Tick,
)
from forewarn.units import DEG_PER_RAD
from forewarn.web.board import Board, Clock
from forewarn.web.operators import operators_api
from forewarn.web.pages import web_application
from forewarn.web.public import public_api

HEARTBEAT_S = 5.0
TICK_S = 1.0
LATE_S = 2.0  # a service further behind its input says so


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What to run: a site, its sensors and sources, and by which clock.

    steady : what the clock is read from, where it is the machine's
    """

    site: Site
    sensors: tuple[Sensor, ...]
    sources: tuple[Source, ...]
    clock: Clock
    stop: Callable[[Board], bool] = lambda board: False
    steady: SteadyClock | None = None

    @property
    def simulated(self) -> bool:
        """Whether this is an exercise."""
        return any(sensor.simulated for sensor in self.sensors)

    @property
    def cap(self) -> ChannelKeys | None:
        """Where CAP messages go, if anywhere."""
        return next((c for c in self.site.channels if c.kind == "cap"), None)


class Service:
    """One running site."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        site = plan.site
        self.board = Board(site.name, site.languages, plan.simulated, plan.clock)
        self._channels = self._open_channels()
        self._core: CoreProcess
        self._state = ("starting", "starting")  # of the core, whether or not it is late
        self._refused: dict[tuple[str, str], int] = {}
        self._last_s = 0.0
        self._clock_told: tuple[bool, bool] | None = None
        self._ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._counts = {sensor.sensor_id: [0, 0, 0.0] for sensor in plan.sensors}

    async def run(self) -> None:
        """Serve until told to stop by a signal, or by the plan."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        web = self.plan.site.web
        app = web_application(
            public_api(self.board, self.plan.cap.folder if self.plan.cap else None),
            operators_api(self.board, self._command),
        )
        config = uvicorn.Config(
            app, host=web.host, port=web.port, log_level="warning", access_log=False
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.create_task(self._serve(server))
        self._core = self._start_core()
        tasks = [
            asyncio.create_task(self._tick()),
            asyncio.create_task(self._beat()),
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

    async def _serve(self, server: uvicorn.Server) -> None:
        with contextlib.suppress(SystemExit):
            await server.serve()
        if not server.started:
            self.board.faults.append("the web address cannot be used")
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
            self._push(event)
            while self._core.crowded:
                await asyncio.sleep(TICK_S / 10)

    async def _tick(self) -> None:
        await self._ready.wait()
        while True:
            await asyncio.sleep(TICK_S / self.plan.clock.speed)
            self._push(Tick(0, self.plan.clock.now_s()))
            self._show_state()

    def _command(self, action: str, zone_ids: tuple[str, ...], operator_id: str) -> None:
        event = Command(
            0, self.plan.clock.now_s(), operator_id, CommandAction(action), zone_ids
        )
        self.board.note(f"{operator_id}: {action} for {len(zone_ids)} zones")
        self._push(event)

    def _push(self, event: Event) -> None:
        # arrival never goes back: what two sources stamped a moment apart keeps its order
        self._last_s = max(self._last_s, event.received_s)
        self._core.send(("event", replace(event, received_s=self._last_s)))

    # the core process

    def _start_core(self) -> CoreProcess:
        from forewarn.app.core import core_main

        made_of = (self.plan.site, self.plan.sensors, tuple(self._channels))
        core = CoreProcess(core_main, made_of, self._hear)
        core.start()
        return core

    def _become(self, service: str, detail: str) -> None:
        self._state = service, detail
        self._show_state()

    def _show_state(self) -> None:
        """Say how the core fares, or that it is late: before anybody waits in vain."""
        behind_s = self._core.behind_s() if self._ready.is_set() else 0.0
        if behind_s > LATE_S:
            self.board.become("degraded", "warnings may be seconds late")
        else:
            self.board.become(*self._state)

    def _hear(self, message: tuple[Any, ...]) -> None:
        board = self.board
        match message:
            case ("starting", detail):
                self._become("starting", detail)
            case ("zones", body, version):
                board.zones, board.zones_version = body, version
            case ("live", told, seq):
                board.tell(told, seq, fresh=False)
                board.public.publish("state", board.state())
            case ("carry", channel, parcels):
                self._channels[channel].offer(parcels)
            case ("alerts", told, parcels, seq):
                board.tell(told, seq)
                for one in self._channels.values():
                    one.offer(parcels)
                self._log(told)
            case ("picture", picture):
                self._health()
                board.show(picture)
            case ("refused", counts):
                self._refused = counts
            case ("fault", text):
                board.faults.append(text)
                board.note(f"fault: {text}")
            case ("failed", text):
                board.faults.append(text)
                board.become("stopped", text)
                self._stopping.set()
            case ("recovered", _, last_s):
                self._last_s = max(self._last_s, last_s)
                if self.plan.steady is not None:
                    self.plan.steady.not_before(last_s)
            case ("ready", trouble):
                self._ready.set()
                if trouble:
                    self._become("degraded", f"not recorded: {trouble}")
                else:
                    self._become("live", "all parts run")
            case ("lost",):
                self._become("degraded", "the core stopped; another goes on")

    def _log(self, told: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        counts: dict[str, int] = {}
        for public, _ in told:
            state = str(public["state"]).replace("_", " ")
            counts[state] = counts.get(state, 0) + 1
        text = ", ".join(f"{state} in {n} zones" for state, n in counts.items())
        self.board.note(text)

    def _health(self) -> None:
        self.board.sensors = [
            {
                "sensor_id": sensor.sensor_id,
                "kind": str(sensor.kind),
                "lat_deg": _degrees(sensor.lat_rad),
                "lon_deg": _degrees(sensor.lon_rad),
                "range_max_m": sensor.range_max_m if sensor.range_max_m < 1e8 else None,
                "scans": self._counts[sensor.sensor_id][0],
                "plots": self._counts[sensor.sensor_id][1],
                "last_s": self._counts[sensor.sensor_id][2] or None,
                "simulated": sensor.simulated,
            }
            for sensor in self.plan.sensors
        ]
        self.board.channels = [
            {"channel": name, **asdict(channel.counts())}
            for name, channel in self._channels.items()
        ]
        self.board.refused = [
            {"source": source, "reason": reason, "count": count}
            for feed in self.plan.sources
            for (source, reason), count in getattr(feed, "refused", {}).items()
        ] + [
            {"source": sensor_id, "reason": reason, "count": count}
            for (sensor_id, reason), count in self._refused.items()
        ]

    def _watch_clock(self) -> None:
        """Show how good the machine's clock is, and put on record when that changes."""
        if self.plan.steady is None or not self._ready.is_set():
            return
        kernel, offset_s = self.plan.steady.state(quiet=not self.board.alerts)
        state = ClockState(
            0, self.plan.clock.now_s(), kernel.synchronised, offset_s, kernel.error_s
        )
        away = abs(offset_s) > NEAR_S
        told = (state.synchronised, away)
        if told != self._clock_told:
            self._clock_told = told
            self._push(state)
            if away:
                self.board.faults.append(
                    f"the machine's clock is {offset_s:+.0f} s off and is not followed"
                )
        self.board.machine_clock = {
            "synchronised": state.synchronised,
            "offset_s": round(offset_s, 3),
            "error_s": state.error_s if isfinite(state.error_s) else None,
        }

    # channels

    def _open_channels(self) -> dict[str, Channel]:
        cap = self.plan.cap
        if cap is None:
            return {}
        from forewarn.channels.cap import CapFolder, Sender

        def confirm(keys: list[Key]) -> None:
            self._core.send(("delivered", cap.kind, keys, self.plan.clock.now_s()))

        sender = Sender(cap.sender, self.plan.simulated, self.plan.site.texts)
        return {cap.kind: CapFolder(cap.folder, sender, confirm)}

    async def _beat(self) -> None:
        while True:
            self._health()
            self._watch_clock()
            self.board.beat()
            if self.plan.stop(self.board):
                self._stopping.set()
            await asyncio.sleep(
                min(HEARTBEAT_S, 1.0 if self.plan.simulated else HEARTBEAT_S)
            )

    async def _stop_core(self) -> None:
        for channel in self._channels.values():
            await asyncio.to_thread(channel.close)
        await asyncio.to_thread(self._core.stop)


def _degrees(angle_rad: float) -> float | None:
    return None if angle_rad != angle_rad else round(angle_rad * DEG_PER_RAD, 6)
