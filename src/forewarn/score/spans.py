"""Stretches of time under alert, per zone, and what whole groups of zones would get."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import Alert, AlertState, IntArray

COVER = frozenset({AlertState.TAKE_COVER, AlertState.STAY})
PREPARED = frozenset({AlertState.PREPARE})


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Stretches of time, by zone (or group) and start; those of one zone do not overlap.

    zone             : (k,) row of the zone (or group)
    start_s, end_s   : (k,) UTC seconds
    """

    zone: IntArray
    start_s: FloatArray
    end_s: FloatArray

    def person_minutes(self, people: FloatArray) -> float:
        """Minutes spent in them by `people` (z,) of each zone."""
        return float(np.sum(people[self.zone] * (self.end_s - self.start_s)) / 60.0)

    def merged(self, group: IntArray) -> "Spans":
        """A group of zones is in one whenever any of its zones is.

        group : (z,) row of the group of each zone
        """
        if not len(self.zone):
            return self
        row = group[self.zone]
        order = np.lexsort((self.start_s, row))
        row, start, end = row[order], self.start_s[order], self.end_s[order]
        # one time line after another, so that no stretch of one group meets the next's
        first = float(start.min())
        width = float(end.max()) - first + 1.0
        reach = np.maximum.accumulate(row * width + (end - first))
        opens = np.ones(len(row), bool)
        opens[1:] = row[1:] * width + (start[1:] - first) > reach[:-1]
        block = np.cumsum(opens) - 1
        last = np.full(block[-1] + 1, -np.inf)
        np.maximum.at(last, block, end)
        return Spans(row[opens], start[opens], last)

    def before(self, zone: IntArray, time_s: FloatArray) -> IntArray:
        """(q,) the last span of each zone that started by a time; -1 = none."""
        if not len(self.zone) or not len(zone):
            return np.full(len(zone), -1)
        first = min(float(self.start_s.min()), float(time_s.min()))
        width = max(float(self.start_s.max()), float(time_s.max())) - first + 1.0
        key = self.zone * width + (self.start_s - first)
        found = np.searchsorted(key, zone * width + (time_s - first), side="right") - 1
        same = (found >= 0) & (self.zone[np.maximum(found, 0)] == zone)
        return np.where(same, found, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """The spans in which people were told one of some states, and what they were told.

    opening : (k,) the step that began each span
    named   : (k,) the tracks that its steps named
    cleared : (k,) whether it ended before the run did
    """

    spans: Spans
    opening: tuple[Alert, ...]
    named: tuple[frozenset[str], ...]
    cleared: tuple[bool, ...]


def told(
    alerts: Iterable[Alert],
    row_of: dict[str, int],
    states: frozenset[AlertState],
    until_s: float,
) -> Told:
    """Collect the spans in which zones were told one of `states`.

    row_of  : row of each zone by its id; alerts of other zones are left out
    until_s : where spans that nothing ends are cut
    """
    begun: dict[str, tuple[Alert, set[str]]] = {}
    found: list[tuple[int, float, float, Alert, frozenset[str], bool]] = []
    for alert in alerts:
        if alert.zone_id not in row_of:
            continue
        if alert.state in states:
            begun.setdefault(alert.zone_id, (alert, set()))[1].update(alert.threats)
        elif alert.zone_id in begun:
            opening, named = begun.pop(alert.zone_id)
            row, start_s = row_of[alert.zone_id], opening.issued_s
            found.append((row, start_s, alert.issued_s, opening, frozenset(named), True))
    for zone_id, (opening, named) in begun.items():
        row, start_s = row_of[zone_id], opening.issued_s
        end_s = max(until_s, start_s)
        found.append((row, start_s, end_s, opening, frozenset(named), False))
    found.sort(key=lambda span: span[:2])
    return Told(
        Spans(
            np.array([span[0] for span in found], np.int64),
            np.array([span[1] for span in found], np.float64),
            np.array([span[2] for span in found], np.float64),
        ),
        tuple(span[3] for span in found),
        tuple(span[4] for span in found),
        tuple(span[5] for span in found),
    )
