"""Self-drills: every channel tested end to end, by hand or by the clock, and on record."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as clock_time
from math import inf
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

from forewarn.channels.drill import Drill, Drillable, Drilled, limit_s
from forewarn.errors import DeliveryError
from forewarn.files import Site
from forewarn.pipeline import Channel
from forewarn.units import iso_from_epoch
from forewarn.web.board import Board
from forewarn.web.refusal import RefusedError
from forewarn.words import drill_texts

LOOK_S = 1.0  # between two looks at the clock
BY_CLOCK = "by the clock"


@dataclass(slots=True, eq=False)
class Drills:
    """Drills the channels of a service, and shows operators what came of it.

    note     : puts on record who did what, with details
    channels : those that are open
    """

    site: Site
    board: Board
    note: Callable[[str, str, str], None]
    channels: Mapping[str, Channel] = field(default_factory=dict)
    _under_way: dict[str, tuple[float, Future[Drilled]]] = field(default_factory=dict)

    async def keep(self) -> None:
        """Drill at the times of day that the site names, once nobody is under alert."""
        due_s = self._plan()
        while True:
            await asyncio.sleep(LOOK_S)
            if self.board.clock.now_s() < due_s or self.board.alerts:
                continue
            if self.channels and not self.board.drilling:
                await self.run(BY_CLOCK)
            due_s = self._plan()

    def _plan(self) -> float:
        keys, now_s = self.site.operators, self.board.clock.now_s()
        due_s = next_s(keys.drill_at, self.site.time_zone, now_s)
        self.board.drill_next_s = due_s if due_s < inf else None
        return due_s

    async def run(self, who: str) -> list[dict[str, Any]]:
        """Test all channels, side by side; what came of each. Refused during alerts."""
        board = self.board
        if board.alerts:
            raise RefusedError(409, "people are under alert: drill once that is over")
        if board.drilling:
            raise RefusedError(409, "a drill is under way")
        if not self.channels:
            raise RefusedError(409, "no channel is open: nothing to drill")
        drill = self._drill()
        board.drilling = True
        board.beat()
        try:
            found = await asyncio.gather(
                *(self._test(name, one, drill) for name, one in self.channels.items())
            )
        finally:
            board.drilling = False
        board.drills = {row["channel"]: row for row in found}
        self._tell(who, found)
        board.beat()
        return found

    async def _test(self, name: str, channel: Channel, drill: Drill) -> dict[str, Any]:
        """One channel's row: how far the test came, and how long that took."""
        began_s = time.monotonic()
        try:
            drilled = await self._answer(name, channel, drill)
            state = "well" if drilled.reached else "none"
        except Exception as error:  # whatever is wrong with one, others are drilled
            drilled, state = Drilled(str(error) or type(error).__name__), "failed"
        return {
            "channel": name,
            "time_s": drill.time_s,
            "state": state,
            "said": drilled.said,
            "delay_s": time.monotonic() - began_s,
        }

    async def _answer(self, name: str, channel: Channel, drill: Drill) -> Drilled:
        """What a channel answers in its time; a drill that goes on past it stays alone."""
        if not isinstance(channel, Drillable):
            return Drilled("this kind of channel cannot be drilled", reached=False)
        since_s, before = self._under_way.get(name, (0.0, None))
        if before is not None and not before.done():
            raise DeliveryError(f"a drill is still running since {iso_from_epoch(since_s)}")
        trying = _beside(lambda: channel.drill(drill))
        self._under_way[name] = drill.time_s, trying
        answer, most_s = asyncio.wrap_future(trying), limit_s(channel)
        try:
            await asyncio.wait({answer}, timeout=most_s)
            if answer.done():
                return answer.result()
        finally:
            answer.cancel()  # nobody waits for it any more
        raise DeliveryError(f"no answer within {most_s:g} s")

    def _drill(self) -> Drill:
        site = self.site
        texts = drill_texts(site.languages, self.board.simulated, site.texts)
        return Drill(token_hex(8), time.time(), texts)

    def _tell(self, who: str, found: Sequence[Mapping[str, Any]]) -> None:
        """On record, and what failed as a fault."""
        told = {"well": "{delay_s:.2f} s", "none": "not tested", "failed": "FAILED"}
        parts = [f"{row['channel']} {told[row['state']].format(**row)}" for row in found]
        self.note(who, "self-drill", ", ".join(parts))
        for row in found:
            if row["state"] == "failed":
                text = f"self-drill of {row['channel']} failed: {row['said']}"
                self.board.faults.append(text)
                self.board.note(text, "fault")


def _beside(work: Callable[[], Drilled]) -> Future[Drilled]:
    """Do it in a thread of its own: one that hangs holds up nobody, not even the end."""
    outcome: Future[Drilled] = Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work())
        except Exception as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="drill", daemon=True).start()
    return outcome


def next_s(at: Sequence[str], time_zone: str, now_s: float) -> float:
    """UTC seconds of the next of some times of day ("HH:MM"); inf = there is none."""
    zone = ZoneInfo(time_zone)
    today = datetime.fromtimestamp(now_s, zone).date()
    moments = (
        datetime.combine(today + timedelta(days=day), clock_time.fromisoformat(text), zone)
        for day in (0, 1)
        for text in at
    )
    later = (moment.timestamp() for moment in moments if moment.timestamp() > now_s)
    return min(later, default=inf)
