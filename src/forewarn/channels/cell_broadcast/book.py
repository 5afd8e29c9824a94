"""What cell broadcast has to remember: who is under what, what is on the air, numbers used.

Kept in a file, so that after a restart a message is still ended, and no serial number
comes twice. It is written before anything is sent: what it names may be on the air.
"""

import os
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import msgspec

from forewarn.channels.cell_broadcast.lines import (
    ALERT_LASTS_S,
    CLEAR_LASTS_S,
    DAY_S,
    Line,
    Numbers,
)
from forewarn.records import IN_ERROR, AlertState, Parcel


@dataclass(frozen=True, slots=True)
class Life:
    """An alert that a line tells of.

    line    : name of its line
    step    : newest that is known; rose: the one for which phones had to alert
    rose_s  : when that was issued; heard_s: when the newest was heard
    onset_s : early quantile of the first impact; None = none ahead
    corrects : whether its end says that it was a mistake
    """

    line: str
    state: AlertState
    step: int
    rose: int
    rose_s: float
    heard_s: float
    zone_id: str
    zone_name: str
    polygon: str
    kind: str
    onset_s: float | None
    corrects: bool = False


@dataclass(slots=True)
class OnAir:
    """The message of a line: one serial number, one text, as long as it lasts.

    said  : what it tells of, "ALERT_ID-STEP", with the zone of each
    texts : by identifier
    area  : warning area coordinates, in hexadecimal
    taken : identifiers under which the centre has taken it
    """

    serial: int
    since_s: float
    said: dict[str, str]
    texts: dict[int, str]
    area: str
    taken: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Book:
    """All that is remembered; lines are named by their names.

    lives : under alert, by alert id
    ended : whose all-clear is told, by alert id
    over  : when alerts of the last day ended: none of their steps comes back
    """

    lives: dict[str, Life] = field(default_factory=dict)
    ended: dict[str, Life] = field(default_factory=dict)
    over: dict[str, float] = field(default_factory=dict)
    air: dict[str, OnAir] = field(default_factory=dict)
    numbers: dict[str, Numbers] = field(default_factory=dict)

    def hear(self, parcel: Parcel, line: Line, now_s: float) -> None:
        """Take up a step. One that is known or overtaken changes nothing."""
        alert = parcel.alert
        # a mistake is taken back also where it is over: whoever heard it hears that
        late = alert.alert_id in self.over and alert.reason == IN_ERROR
        if alert.alert_id in self.over and not late:
            return
        known = (self.ended if late else self.lives).get(alert.alert_id)
        if known and alert.step <= known.step:
            return
        rose = alert.step, alert.issued_s
        if alert.state is AlertState.ALL_CLEAR:
            self.over[alert.alert_id] = now_s
            if late or (known and self._telling(alert.alert_id, known)):
                self.ended[alert.alert_id] = _life(parcel, line, rose, now_s)
            self.lives.pop(alert.alert_id, None)
            return
        if known and not _rises(known, line, alert.state):
            rose = known.rose, known.rose_s
        self.lives[alert.alert_id] = _life(parcel, line, rose, now_s)
        for alert_id in [i for i, x in self.ended.items() if x.zone_id == alert.zone_id]:
            del self.ended[alert_id]

    def forget(self, now_s: float) -> None:
        """What is too old to matter: whoever comes to it late is told nothing of it."""
        for alert_id in [i for i, end_s in self.over.items() if now_s - end_s > DAY_S]:
            del self.over[alert_id]
        for pool, lasts_s in ((self.lives, ALERT_LASTS_S), (self.ended, CLEAR_LASTS_S)):
            for alert_id in [i for i, x in pool.items() if now_s - x.heard_s > lasts_s]:
                del pool[alert_id]

    def members(self, line: Line) -> dict[str, Life]:
        """What the line has to tell of, "ALERT_ID-STEP", the newest first."""
        pool = self.ended if line.state is AlertState.ALL_CLEAR else self.lives
        found = [(i, life) for i, life in pool.items() if life.line == line.name]
        found.sort(key=lambda item: -item[1].rose_s)
        return {f"{alert_id}-{life.rose}": life for alert_id, life in found}

    def must_change(self, line: Line) -> bool:
        """Whether something that people were not alerted for has to go on the air.

        What a message says beyond that stays until then, and errs to the safe side.
        """
        members, air = self.members(line), self.air.get(line.name)
        if air is None or not members:
            return bool(members)
        return self.is_false(line) or not members.keys() <= air.said.keys()

    def is_false(self, line: Line) -> bool:
        """Whether a line gives the all-clear for a zone that is under alert again."""
        air = self.air.get(line.name)
        if air is None or line.state is not AlertState.ALL_CLEAR:
            return False
        alive = {life.zone_id for life in self.lives.values()}
        return not alive.isdisjoint(air.said.values())

    def must_stop(self, line: Line) -> bool:
        """Whether a line that has something on the air has nothing left to tell.

        An alert that rose to another line stays in this one until that tells of it.
        """
        air = self.air.get(line.name)
        if air is None or self.members(line):
            return False
        named = (name.rpartition("-")[0] for name in air.said)
        return not any(self._untold(i, self.lives[i]) for i in named if i in self.lives)

    def awaits(self, alert_id: str, line: Line) -> bool:
        """Whether the line has yet to tell of an alert what phones have to alert for."""
        life = self._held(alert_id)
        return life is not None and life.line == line.name and self._untold(alert_id, life)

    def concerns(self, alert_id: str, line: Line) -> bool:
        """Whether a step of the alert has arrived only once the line is as it should be."""
        life = self._held(alert_id)
        return (life is not None and life.line == line.name) or self.must_stop(line)

    def _held(self, alert_id: str) -> Life | None:
        return self.lives.get(alert_id) or self.ended.get(alert_id)

    def _untold(self, alert_id: str, life: Life) -> bool:
        air = self._telling(alert_id, life)
        return air is None or not air.taken

    def _telling(self, alert_id: str, life: Life) -> OnAir | None:
        """The message of its line, if that tells of it."""
        air = self.air.get(life.line)
        return air if air and f"{alert_id}-{life.rose}" in air.said else None


def read_book(path: Path) -> Book:
    """The book as it was written; a new one where there is none.

    One that cannot be read is set aside: numbers then go on by the time of day.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Book)
    except FileNotFoundError:
        return Book()
    except (OSError, msgspec.MsgspecError):
        path.replace(path.with_suffix(".unreadable"))
        return Book()


def write_book(path: Path, book: Book) -> None:
    """Whole or not at all, and there after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    with half.open("wb") as file:
        file.write(msgspec.json.encode(book))
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _rises(known: Life, line: Line, state: AlertState) -> bool:
    """Whether phones have to alert again for a step: another stage, or another threat."""
    again = state is AlertState.TAKE_COVER and known.state is not state
    return known.line != line.name or again


def _life(parcel: Parcel, line: Line, rose: tuple[int, float], heard_s: float) -> Life:
    alert = parcel.alert
    return Life(
        line=line.name,
        state=alert.state,
        step=alert.step,
        rose=rose[0],
        rose_s=rose[1],
        heard_s=heard_s,
        zone_id=alert.zone_id,
        zone_name=parcel.zone_name,
        polygon=parcel.polygon,
        kind=alert.kind,
        onset_s=alert.onset_p05_s if isfinite(alert.onset_p05_s) else None,
        corrects=alert.reason == IN_ERROR,
    )
