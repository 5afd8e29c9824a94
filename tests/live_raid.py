"""The small raid through the whole service, faster than in life, with a subscriber."""

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from checker.deliveries import cap_faults, sse_faults
from checker.record import read_record, record_faults
from checker.truth import truth_faults
from forewarn.app.demo import RaidSource
from forewarn.app.service import Plan, Service
from forewarn.files import ChannelTable, Site
from forewarn.files.site import WebKeys
from forewarn.web.board import Board, Clock
from small_raid import CHANNELS, fallen, raid, site, write_truth
from test_service import free_port

SPEED = 24.0
RUN_ON_S = 60.0  # of raid time, behind the time that a demo shows
LIMIT_S = 150.0  # a flight that takes longer hangs
LATE_S = 3.0  # wall seconds; later than that must have been declared


@dataclass
class LiveRaid:
    """One flight; `disturb` runs beside it."""

    folder: Path
    disturb: Callable[["LiveRaid"], Awaitable[None]]
    source: RaidSource = field(init=False)
    service: Service = field(init=False)
    site: Site = field(init=False)
    _disturbs: asyncio.Future[None] = field(init=False)

    @property
    def board(self) -> Board:
        """What the service says of itself."""
        return self.service.board

    @property
    def core_pid(self) -> int:
        """The process that decides."""
        active = self.service._core._active
        assert active is not None
        return int(active.process.pid)

    async def fly(self) -> None:
        """From the first start to the last all-clear."""
        self.site = replace(
            site(self.folder),
            web=WebKeys(port=free_port()),
            channels=(ChannelTable("cap", "cap", True, {}, self.folder, "test"),),
        )
        self.source = RaidSource(raid(), 4, SPEED)
        clock = Clock(self.source.now_s, SPEED)
        plan = Plan(self.site, raid().sensors, (self.source,), clock, self._over)
        self.service = Service(plan)
        listens = asyncio.create_task(self._listen())
        self._disturbs = asyncio.ensure_future(self.disturb(self))
        async with asyncio.timeout(LIMIT_S):
            await self.service.run()
            await asyncio.gather(listens, self._disturbs)
        gc.unfreeze()  # a service takes its process for its own
        gc.enable()

    def _over(self, board: Board) -> bool:
        """All is cleared and the disturbance past; or it failed, and there is no more."""
        past = self.source.now_s() > self.source.over_s + RUN_ON_S
        return self._disturbs.done() and (past or self._disturbs.exception() is not None)

    async def _listen(self) -> None:
        """A subscriber who writes down what comes, and when in the time of the service."""
        address = f"http://127.0.0.1:{self.site.web.port}/api/public/v1/stream"
        transport = httpx.AsyncHTTPTransport(retries=20)
        async with httpx.AsyncClient(timeout=90, transport=transport) as client:
            with (self.folder / "sse").open("w") as log:
                async with client.stream("GET", address) as stream:
                    event = ""
                    async for line in stream.aiter_lines():
                        if line.startswith("event:"):
                            event = line[6:].strip()
                        if line.startswith("data:"):
                            at_s, data = self.source.now_s(), json.loads(line[5:])
                            row = {"at_s": at_s, "event": event, "data": data}
                            log.write(json.dumps(row) + "\n")

    def faults(self) -> list[str]:
        """What the checker has to say."""
        write_truth(self.folder, self.site, fallen(self.source.truth))
        record = read_record(self.site.store.path)
        assert len(record.steps) > 50
        truth, zones = self.folder / "truth.json", self.folder / "zones.geojson"
        return [
            *record_faults(record, CHANNELS),
            *cap_faults(record, self.folder / "cap", exercise=True),
            *sse_faults(record, self.folder / "sse", True, LATE_S * SPEED),
            *truth_faults(record, truth, zones, reach_km=10.0),
        ]
