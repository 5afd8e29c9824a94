"""What the chain foretold of each threat, held against what came: errors by lead time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.score.case import Rules
from forewarn.sim.defence.flown import Engagement, Flown, Said, square
from forewarn.sim.defence.sky import NOBODY
from forewarn.sim.raid_keys import Raid
from forewarn.sim.raids import Drawn
from forewarn.sim.studies.keys import SensorKeys

BIN_S = 5.0  # of lead time
FEW = 20  # threats, below which a bin tells no error
DIGITS = 4


class Notes(NamedTuple):
    """One row per threat and bin of lead time: the first said of it there, and the truth.

    body     : (k,)
    said_s   : (k,) when
    ahead_s  : (k,) before the true impact
    error_km : (k, 2) east, north
    """

    body: IntArray
    said_s: FloatArray
    ahead_s: FloatArray
    error_km: FloatArray


class Noted:
    """A simulated defence, and a note of each thing said on the way."""

    def __init__(self, raid: Raid, drawn: Drawn, flown: Flown) -> None:
        self.sky, self.flown = flown.sky, flown
        self._flat = square(raid.region)
        self._row = {one.name: one for one in drawn.fallen}
        self._known: set[tuple[int, int]] = set()
        self._rows: list[tuple[float, ...]] = []

    def step(self, now_s: float, said: Sequence[Said]) -> list[Engagement]:
        """As `Flown` has it."""
        for one in said:
            key = (one.track_id, int((one.impact_s - now_s) // BIN_S))
            if key not in self._known:
                self._known.add(key)
                self._note(now_s, one)
        return self.flown.step(now_s, said)

    def notes(self) -> Notes:
        """All that was noted."""
        rows = np.array(self._rows).reshape(-1, 5)
        return Notes(rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2], rows[:, 3:])

    def _note(self, now_s: float, one: Said) -> None:
        body = self.sky.nearest(one.time_s, one.pos_ecef_m)
        fallen = None if body == NOBODY else self._row.get(self.sky.name(body))
        if fallen is None or fallen.impact_s <= now_s:
            return
        off = self._flat.km(one.impact_rad) - self._flat.km(np.array(fallen.place_rad))
        self._rows.append((body, now_s, fallen.impact_s - now_s, *off))


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Threats (n,) of a drawing, in the order of the bodies.

    seen_s   : when each came into any sensor's cover; inf = never
    impact_s : when each comes down, if nothing stops it
    """

    seen_s: FloatArray
    impact_s: FloatArray


def measured(notes: Sequence[Notes], views: Sequence[Views]) -> SensorKeys:
    """[sensor] as these drawings have it.

    A threat is seen if anything was said of it before it came down. People hear of it after
    the delay until the first thing said, and that of a channel.
    """
    said, waits = 0, [np.zeros(0)]
    for one, view in zip(notes, views, strict=True):
        body, first = np.unique(one.body, return_index=True)  # rows stand in order of time
        said += len(body)
        waits.append(one.said_s[first] - view.seen_s[body])
    threats = sum(len(view.impact_s) for view in views)
    heard_s = float(np.median(np.concatenate(waits))) + float(np.mean(Rules().delay_s))
    ahead_s = np.concatenate([one.ahead_s for one in notes])
    error_km = np.concatenate([one.error_km for one in notes])
    return SensorKeys(
        p_warned=round(said / threats, DIGITS),
        sigma_at=_by_lead(ahead_s, error_km),
        delay_s=round(max(heard_s, 0.0), 1),
    )


def _by_lead(ahead_s: FloatArray, error_km: FloatArray) -> tuple[tuple[float, float], ...]:
    """Root mean square error per axis, in each bin of lead time that enough fell into."""
    spot = (ahead_s // BIN_S).astype(np.int64)
    found = []
    for number in np.unique(spot):
        here = spot == number
        if here.sum() >= FEW:
            sigma = float(np.sqrt((error_km[here] ** 2).mean()))
            found.append((round(float(ahead_s[here].mean()), 1), round(sigma, DIGITS)))
    if not found:
        raise ConfigError(
            f"no {BIN_S:g} s of lead time holds {FEW} forecasts, expected more threats or "
            "drawings"
        )
    return tuple(found)
