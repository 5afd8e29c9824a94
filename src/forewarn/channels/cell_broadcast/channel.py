"""Cell broadcast to every phone of a network, through a cell broadcast centre (osmo-cbc).

The centre holds one message per message identifier. So there is one message per line
(`cell_lines`): it names all zones that are under the same warning at a time. What is
wanted is worked out from all steps heard so far: a slow centre is never behind by more
than the request under way. The policy is told in docs/cell-broadcast.md.
"""

import re
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from forewarn.channels import Context
from forewarn.channels.cell_broadcast.book import Life, OnAir, read_book, write_book
from forewarn.channels.cell_broadcast.centre import ANSWER_S, CONNECT_S, Centre
from forewarn.channels.cell_broadcast.lines import (
    DRILL,
    LIVE,
    TEST,
    Line,
    Message,
    Numbers,
    common_period,
    line_of,
)
from forewarn.channels.cell_broadcast.pages import encoded
from forewarn.channels.cell_broadcast.texts import Teller
from forewarn.channels.cell_broadcast.wac import geofence
from forewarn.channels.courier import Courier
from forewarn.channels.drill import Drill, Drilled
from forewarn.errors import DeliveryError
from forewarn.records import AlertState, Counts, Parcel

# a drill starts and ends two messages, and may have to end and start again what was there
DRILL_LIMIT_S = 2 * 4 * (CONNECT_S + ANSWER_S)
_LAST_S = 2.0**32  # in 2106; a clock tells none much later
_ALERT_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class CellBroadcastKeys:
    """`kind = "cell_broadcast"`: messages handed to a cell broadcast centre.

    centre   : address of its REST interface
    folder   : where is kept what is on the air
    geofence : whether messages carry their area, for centres of 4G and 5G
    """

    centre: str = "http://127.0.0.1:12345"
    folder: Path = Path("cell-broadcast")
    geofence: bool = False


class CellBroadcast:
    """Keeps on the air what the zones are told, one message per line.

    hold_s : how long a message stays before another replaces it; None = as its line says
    """

    drill_limit_s = DRILL_LIMIT_S

    def __init__(
        self, keys: CellBroadcastKeys, context: Context, hold_s: float | None = None
    ) -> None:
        self._exercise = context.exercise
        self._lines = DRILL if context.exercise else LIVE
        self._period = common_period(self._lines, len(context.languages))
        self._geofence = keys.geofence
        self._hold_s = hold_s
        self._teller = Teller(context)
        self._centre = Centre(keys.centre, context.site)
        world = "exercise" if context.exercise else "live"
        self._path = keys.folder / f"{world}.json"
        self._book = read_book(self._path)
        self._not_kept = ""
        self._heard: list[Parcel] = []
        self._hearing = threading.Lock()
        self._news = threading.Event()
        self._closing = False
        self._courier = Courier("cell_broadcast", self._carry, context.delivered)

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue steps: never waits, never raises."""
        with self._hearing:
            self._heard.extend(parcels)
        self._courier.offer(parcels)
        self._news.set()

    def drill(self, drill: Drill) -> Drilled:
        """Put a test on the air once, where no alert ever is, and take it off again."""
        first, *others = drill.texts.values()
        texts = {TEST.local: first}
        if others:
            texts[TEST.others] = "\n".join(others)
        serial = Numbers().next(drill.time_s, same_alert=False)
        for identifier, text in texts.items():
            pages = encoded(text)
            self._centre.start(
                Message(TEST, identifier, serial, pages, self._exercise, self._period)
            )
            self._centre.end(identifier)
        return Drilled("the centre took it, and took it off the air again")

    def counts(self) -> Counts:
        """How it fares."""
        counts = self._courier.counts()
        return replace(counts, last_error=counts.last_error or self._not_kept)

    def close(self) -> None:
        """Put on the air what waits, then end; what is on the air stays there."""
        self._closing = True
        self._news.set()
        self._courier.close()
        self._centre.close()

    def _carry(self, parcels: Sequence[Parcel]) -> list[str]:
        """Tell all that was heard; of some parcels until they are told, or it fails."""
        while True:
            self._news.clear()
            self._hear()
            errors = self._settle_all()
            waits_s = [
                self._wait_s(line)
                for line in self._lines
                if any(self._book.awaits(p.alert.alert_id, line) for p in parcels)
            ]
            wait_s = min((wait_s for wait_s in waits_s if wait_s > 0), default=0.0)
            if wait_s == 0:
                return [self._outcome(parcel, errors) for parcel in parcels]
            self._news.wait(wait_s)

    def _settle_all(self) -> dict[Line, str]:
        """Every line that may change now, those that end last; what went wrong."""
        errors = {}
        for line in sorted(self._lines, key=lambda line: not self._book.members(line)):
            try:
                self._settle(line)
            except DeliveryError as error:
                errors[line] = str(error)
        self._keep()
        return errors

    def _outcome(self, parcel: Parcel, errors: dict[Line, str]) -> str:
        concerned = (
            error
            for line, error in errors.items()
            if self._book.concerns(parcel.alert.alert_id, line)
        )
        return _fault(parcel) or next(concerned, "")

    def _hear(self) -> None:
        """Take up all that was offered, also what this try is not about."""
        with self._hearing:
            heard, self._heard = self._heard, []
        if heard:
            self._book.forget(time.time())
        for parcel in heard:
            if not _fault(parcel):
                line = line_of(self._lines, parcel.alert.state, parcel.alert.kind)
                kept = parcel if self._geofence else replace(parcel, polygon="")
                self._book.hear(kept, line, time.time())

    def _settle(self, line: Line) -> None:
        """Make a line's message say what it has to, or end it."""
        book = self._book
        if book.must_change(line) and self._wait_s(line) == 0:
            self._renew(line)
        air = book.air.get(line.name)
        if air is None:
            return
        if not book.must_stop(line):
            for identifier in sorted(air.texts.keys() - air.taken):
                self._start(line, air, identifier)
            return
        for identifier in air.texts:
            self._centre.end(identifier)
        book.numbers[line.name].rest(time.time())
        del book.air[line.name]

    def _wait_s(self, line: Line) -> float:
        """Until a line's message may be replaced: phones have to have it first."""
        air = self._book.air.get(line.name)
        if air is None or not air.taken or self._closing or self._book.is_false(line):
            return 0.0
        hold_s = line.hold_s if self._hold_s is None else self._hold_s
        return max(0.0, hold_s - max(0.0, time.time() - air.since_s))

    def _renew(self, line: Line) -> None:
        """A new text, of all that the line has to tell, under a new serial number."""
        book, now_s = self._book, time.time()
        before = book.air.get(line.name)
        goes_on = before is not None and now_s - before.since_s < line.lasts_s
        members = book.members(line)
        numbers = book.numbers.setdefault(line.name, Numbers())
        book.air[line.name] = OnAir(
            numbers.next(now_s, goes_on),
            now_s,
            {name: life.zone_id for name, life in members.items()},
            self._teller.texts(line, members.values()),
            self._area(members.values()),
        )

    def _area(self, lives: Iterable[Life]) -> str:
        return geofence(life.polygon for life in lives).hex() if self._geofence else ""

    def _start(self, line: Line, air: OnAir, identifier: int) -> None:
        self._keep()
        message = Message(
            line,
            identifier,
            air.serial,
            encoded(air.texts[identifier]),
            self._exercise,
            self._period,
            bytes.fromhex(air.area),
        )
        self._centre.start(message)
        air.taken.add(identifier)
        air.since_s = time.time()

    def _keep(self) -> None:
        """Write down what is to be on the air, where it goes even without a disk."""
        try:
            write_book(self._path, self._book)
            self._not_kept = ""
        except OSError as error:
            self._not_kept = f"{self._path}: cannot be written: {error}"


def _fault(parcel: Parcel) -> str:
    """Why a step cannot be told, "" if it can."""
    alert = parcel.alert
    if not _ALERT_ID.fullmatch(alert.alert_id):
        return f"alert_id {alert.alert_id!r} is none"
    times = {"issued_s": alert.issued_s}
    if isfinite(alert.onset_p05_s):
        times["onset_p05_s"] = alert.onset_p05_s
    for name, time_s in times.items():
        if not 0 <= time_s < _LAST_S:
            return (
                f"{alert.alert_id}: {name} is {time_s!r}, expected UTC seconds since 1970"
            )
    if alert.state is AlertState.CLEAR:
        return f"{alert.alert_id}: state {alert.state!r} is nothing to tell"
    return ""
