"""The stage: from tracks to futures, reusing those of tracks that did not change."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.atmosphere import with_profile
from forewarn.flight import Ground, level_ground
from forewarn.forecast.falls import Falls, finite
from forewarn.forecast.holding import AIM, aims, coarser, doubts, holds
from forewarn.forecast.missing import HIDDEN, Missing
from forewarn.forecast.params import ForecastParams
from forewarn.forecast.steered import Steering
from forewarn.forecast.unfit import unfit
from forewarn.geodesy import FloatArray
from forewarn.records import (
    STRAIGHT,
    BoolArray,
    Event,
    Forecasts,
    IntArray,
    Load,
    Tracks,
    Weather,
    Zones,
    rows_of,
)
from forewarn.threats import AIRCRAFT, CLUTTER, CRUISE_MISSILE, DRONE, THREATS

_THREATS = np.array([i for i in range(len(THREATS)) if i not in (AIRCRAFT, CLUTTER)])
_HARMFUL_M = np.array([t.harmful_m for t in THREATS])
# columns that every forecast track keeps from scan to scan
DIVE_S = 55.0  # from level flight to the ground, at most
TAKEN_BACK, TAKEN_BACK_S = 1e-9, 2.0  # what is left of a wrong reading, and for how long
RENAMED_S = 1e-3  # a forecast is named by the time of its state: a changed one is another
UNLIKELY = 0.002  # share of a threat's weight that may be later than it is said to be
_HEAD = (
    "track_id",
    "group_mask",
    "trusted",
    "harmful_m",
    "kind",
    "first_s",
    "last_s",
    "late_s",
    "silence",
    "seen_s",
    "falls",
    "stale",
    "aim",
)


class Forecaster:
    """Keeps the futures of every threat, and renews those whose track moved.

    zones : over whose country what steers itself is carried on; None = all is taken to fall
    """

    def __init__(
        self,
        air: FloatArray,
        zones: Zones | None,
        params: ForecastParams,
        ground: Ground | None = None,
    ) -> None:
        self._ground = ground or level_ground(params.ground_m)
        self._air = air
        self._calm = air
        self._params = params
        self._level = (
            0  # of load: each doubles what a forecast may be off before it is made anew
        )
        self._steering = Steering(zones, params) if zones is not None else None
        self._missing = Missing(params.missing_s)
        self._falls = Falls(self._ground, params)
        self._head: dict[str, NDArray[Any]] = _empty_head()
        self._owner: IntArray = np.zeros(0, np.int64)  # track id of each future
        self._futures: FloatArray = np.zeros((0, 10))  # weight, then 9 columns
        self.faults: list[
            str
        ] = []  # tracks that could not be flown; whoever tells them, clears

    def step(self, tracks: Tracks, event: Event) -> Forecasts:
        """Futures of all threats as known after this event."""
        if isinstance(event, Weather):
            self._air = with_profile(
                self._calm,
                event.height_m,
                event.wind_mps,
                event.density_kgpm3,
                event.temperature_k,
            )
        if isinstance(event, Load):
            self._level = event.level
        if self._steering is not None:
            self._steering.runs.follow(tracks)
        tracks = self._missing.added(tracks)
        threat = tracks.existence * tracks.class_prob[:, _THREATS].sum(axis=1)
        threat = np.where(tracks.confirmed, threat, 0.0)
        rows = np.flatnonzero(threat > self._params.negligible)
        rows = rows[self._fit(tracks, rows)]
        self._falls.learn(tracks, rows, self._air)
        if len(rows) or len(self._head["track_id"]):  # most steps are of a quiet sky
            self._follow(tracks, threat, rows, isinstance(event, Weather))
        return self._record(tracks)

    def _follow(
        self, tracks: Tracks, threat: FloatArray, rows: IntArray, weather: bool
    ) -> None:
        """Bring all forecasts up to date; rows : of tracks that need one."""
        now = aims(tracks, rows, self._ground, self._air, self._falls.drag)
        now = np.concatenate([now, threat[rows, None]], axis=1)
        held = self._held(tracks, rows, now, weather)
        self._tell_who_sees(tracks, rows[held])
        self._doubt_the_silent(tracks)
        self._take_back(tracks)
        self._forget(tracks, threat, rows[~held])
        self._renew(tracks, threat, rows[~held], now[~held])

    def _fit(self, tracks: Tracks, rows: IntArray) -> BoolArray:
        """Which tracks can be flown at all; the others keep their last forecast, stale."""
        good = np.ones(len(rows), bool)
        for fault, bad in unfit(tracks, rows, float(self._ground.height_m.min())):
            good[bad] = False
            self.faults.append(str(fault))
        _, stale = rows_of(self._head["track_id"], tracks.track_id[rows[~good]])
        self._head["stale"] = stale.astype(np.int64)
        return good

    def _held(
        self, tracks: Tracks, rows: IntArray, now: FloatArray, weather: bool
    ) -> BoolArray:
        """Which of some tracks keep the forecasts they have."""
        ids = self._head["track_id"]
        place, known = rows_of(tracks.track_id[rows], ids)
        if not len(ids) or weather:
            return np.zeros(len(rows), bool)
        place = np.minimum(place, len(ids) - 1)
        made, made_s = self._head["aim"][place], self._head["seen_s"][place]
        held = holds(tracks, rows, now, made, made_s, coarser(self._params, self._level))
        return np.asarray(known & held)

    def _tell_who_sees(self, tracks: Tracks, rows: IntArray) -> None:
        """A forecast that stands yet is of a track that others may have seen meanwhile."""
        at = np.searchsorted(self._head["track_id"], tracks.track_id[rows])
        self._head["group_mask"][at] = tracks.group_mask[rows]
        self._head["trusted"][at] = tracks.trusted[rows]

    def _doubt_the_silent(self, tracks: Tracks) -> None:
        """Of steered threats that radars would have shown flying on, and did not: it is
        improbable that they come down later than in a dive begun when last seen."""
        head, ids = self._head, self._head["track_id"]
        at, known = rows_of(ids, tracks.track_id)
        head["silence"][known] = tracks.silence[at[known]]
        silent = np.flatnonzero(~known & (head["falls"] == 0) & (head["silence"] > 0.0))
        if not len(silent):
            return
        row = np.searchsorted(ids, self._owner)
        later = self._futures[:, 6] > head["seen_s"][row] + DIVE_S
        later &= rows_of(row, silent)[1]
        hidden = np.maximum(np.exp(-head["silence"]), HIDDEN)
        self._futures = self._futures.copy()
        self._futures[later, 0] *= hidden[row[later]]
        head["silence"][silent] = 0.0
        head["seen_s"][silent] += RENAMED_S

    def _take_back(self, tracks: Tracks) -> None:
        """What was given up for a better reading threatens nobody, and is over by now; it
        is told so for a moment, to whoever waits for its end."""
        head, ids, now_s = self._head, self._head["track_id"], tracks.received_s
        wrong = rows_of(ids, tracks.withdrawn)[1] & (head["late_s"] > now_s)
        if not wrong.any():
            return
        self._futures = self._futures.copy()
        self._futures[rows_of(self._owner, ids[wrong])[1], 0] *= TAKEN_BACK
        head["late_s"][wrong] = now_s
        head["last_s"][wrong] = np.minimum(head["last_s"][wrong], now_s + TAKEN_BACK_S)
        head["seen_s"][wrong] += RENAMED_S

    def _forget(self, tracks: Tracks, threat: FloatArray, anew: IntArray) -> None:
        """Drop what is made anew, what turned out harmless, and what must be down."""
        ids, now_s = self._head["track_id"], tracks.received_s
        harmless = tracks.track_id[threat <= self._params.negligible]
        keep = self._head["last_s"] > now_s
        for gone in (harmless, tracks.track_id[anew], self._missing.found):
            keep &= ~rows_of(ids, gone)[1]
        lost_s = np.where(self._head["falls"] > 0, np.inf, self._params.lost_s)
        _, known = rows_of(ids, tracks.track_id)
        keep &= known | (now_s - self._head["seen_s"] < lost_s)
        self._head = {name: column[keep] for name, column in self._head.items()}
        _, rows = rows_of(self._owner, ids[keep])
        self._owner, self._futures = self._owner[rows], self._futures[rows]

    def _renew(
        self, tracks: Tracks, threat: FloatArray, rows: IntArray, now: FloatArray
    ) -> None:
        if not len(rows):
            return
        steers = tracks.existence[rows] * tracks.class_prob[rows][
            :, [CRUISE_MISSILE, DRONE]
        ].sum(axis=1)
        steering = steers * tracks.mode_weight[rows, STRAIGHT:].sum(axis=1)
        if self._steering is None:
            steering = np.zeros(len(rows))
        falling = threat[rows] - steering
        parts = [self._falls.futures(tracks, rows, falling, now, self._air)]
        if self._steering is not None:
            parts.append(finite(*self._steering.futures(tracks, rows, steering)))
        owner = np.concatenate([part[0] for part in parts])
        made = np.concatenate([part[1] for part in parts])
        order = np.argsort(owner, kind="stable")
        owner, made = owner[order], made[order]
        aim = np.concatenate([now, doubts(owner, made, len(rows))], axis=1)
        self._add_heads(tracks, rows, falling > steering, aim, owner, made)
        owners = np.concatenate([self._owner, tracks.track_id[rows][owner]])
        order = np.argsort(owners, kind="stable")
        self._owner = owners[order]
        self._futures = np.concatenate([self._futures, made])[order]

    def _add_heads(
        self,
        tracks: Tracks,
        rows: IntArray,
        falls: BoolArray,
        aim: FloatArray,
        owner: IntArray,
        futures: FloatArray,
    ) -> None:
        """owner : (k,) rising, which of `rows` each of the futures is of."""
        found, first = np.unique(owner, return_index=True)
        if not len(found):
            return
        rows, falls, aim = rows[found], falls[found], aim[found]
        latest = futures[:, 6] + 2.33 * futures[:, 9]
        kind = _THREATS[tracks.class_prob[rows][:, _THREATS].argmax(axis=1)]
        new: dict[str, NDArray[Any]] = {
            "track_id": tracks.track_id[rows],
            "group_mask": tracks.group_mask[rows],
            "trusted": tracks.trusted[rows].astype(np.int64),
            "harmful_m": _HARMFUL_M[kind],
            "kind": kind,
            "first_s": tracks.first_s[rows],
            "last_s": np.maximum.reduceat(latest, first),
            "late_s": _late(owner, futures[:, 0], latest, first),
            "silence": tracks.silence[rows],
            "seen_s": tracks.time_s[rows],
            "falls": falls.astype(np.int64),
            "stale": np.zeros(len(rows), np.int64),
            "aim": aim,
        }
        merged = {name: np.concatenate([self._head[name], new[name]]) for name in _HEAD}
        order = np.argsort(merged["track_id"], kind="stable")
        self._head = {name: column[order] for name, column in merged.items()}

    def _record(self, tracks: Tracks) -> Forecasts:
        ids = self._head["track_id"]
        futures = self._futures
        return Forecasts(
            received_s=tracks.received_s,
            track_id=ids.copy(),
            group_mask=self._head["group_mask"].copy(),
            trusted=self._head["trusted"] > 0,
            harmful_m=self._head["harmful_m"].copy(),
            kind=self._head["kind"].copy(),
            first_s=self._head["first_s"].copy(),
            last_s=self._head["late_s"].copy(),
            made_s=self._head["seen_s"].copy(),
            stale=self._head["stale"] > 0,
            start=np.append(np.searchsorted(self._owner, ids), len(self._owner)),
            weight=futures[:, 0].copy(),
            place_rad=futures[:, 1:3].copy(),
            cov_m2=futures[:, 3:6].copy(),
            time_s=futures[:, 6].copy(),
            slope_spm=futures[:, 7:9].copy(),
            sigma_time_s=futures[:, 9].copy(),
            group_names=tracks.group_names,
        )

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {
            **self._head,
            "owner": self._owner,
            "futures": self._futures,
            "air": self._air,
            "level": np.array([self._level]),
            **self._missing.memory(),
            **self._falls.memory(),
            **(self._steering.runs.memory() if self._steering is not None else {}),
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._head = {name: memory[name] for name in _HEAD}
        self._owner = memory["owner"].astype(np.int64)
        self._futures = memory["futures"].astype(np.float64)
        self._air = memory["air"].astype(np.float64)
        self._level = int(memory["level"][0])
        self._missing.restore(memory)
        self._falls.restore(memory)
        if self._steering is not None:
            self._steering.runs.restore(memory)


def _late(
    owner: IntArray, weight: FloatArray, latest: FloatArray, first: IntArray
) -> FloatArray:
    """(n,) when all but UNLIKELY of each threat's weight must be down.

    owner, weight, latest : (k,) of each future, owners rising; first (n,) of each owner
    """
    order = np.lexsort((latest, owner))
    gone = np.cumsum(weight[order])
    total = np.append(gone[first[1:] - 1], gone[-1])
    before = np.append(0.0, total[:-1])
    enough = total - UNLIKELY * (total - before)
    return np.asarray(latest[order][np.searchsorted(gone, enough)])


def _empty_head() -> dict[str, NDArray[Any]]:
    whole = {"track_id", "group_mask", "trusted", "kind", "falls", "stale"}
    empty: dict[str, NDArray[Any]] = {
        name: np.zeros(0, np.int64 if name in whole else np.float64) for name in _HEAD
    }
    return empty | {"aim": np.zeros((0, AIM))}
