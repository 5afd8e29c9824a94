"""The stage: from tracks to futures, reusing those of tracks that did not change."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.atmosphere import with_profile
from forewarn.dynamics import drag_tables
from forewarn.flight import Ground, level_ground
from forewarn.forecast.falling import falling_futures
from forewarn.forecast.fan import fan_of
from forewarn.forecast.params import ForecastParams
from forewarn.forecast.steering import WAYS, steering_futures, ways
from forewarn.geodesy import FloatArray
from forewarn.records import (
    STRAIGHT,
    BoolArray,
    Event,
    Forecasts,
    IntArray,
    Tracks,
    Weather,
)
from forewarn.threats import AIRCRAFT, CLUTTER, CRUISE_MISSILE, DRONE, THREATS

_THREATS = np.array([i for i in range(len(THREATS)) if i not in (AIRCRAFT, CLUTTER)])
_HARMFUL_M = np.array([t.harmful_m for t in THREATS])
# columns that every forecast track keeps from scan to scan
_HEAD = (
    "track_id",
    "group_mask",
    "trusted",
    "harmful_m",
    "kind",
    "last_s",
    "seen_s",
    "falls",
)


class Forecaster:
    """Keeps the futures of every threat, and renews those whose track moved."""

    def __init__(
        self, air: FloatArray, params: ForecastParams, ground: Ground | None = None
    ) -> None:
        self._ground = ground or level_ground(params.ground_m)
        self._air = air
        self._calm = air
        self._drag = drag_tables()
        self._params = params
        self._ways = ways(params.turn_sigma_radps)
        self._head: dict[str, NDArray[Any]] = _empty_head()
        self._owner: IntArray = np.zeros(0, np.int64)  # track id of each future
        self._futures: FloatArray = np.zeros((0, 10))  # weight, then 9 columns

    def step(self, tracks: Tracks, event: Event) -> Forecasts:
        """Futures of all threats as known after this event."""
        if isinstance(event, Weather):
            self._air = with_profile(self._calm, event.height_m, event.wind_mps)
        threat = tracks.existence * tracks.class_prob[:, _THREATS].sum(axis=1)
        threat = np.where(tracks.confirmed, threat, 0.0)
        self._forget(tracks, threat, event.received_s)
        self._renew(tracks, threat)
        return self._record(tracks)

    def _forget(self, tracks: Tracks, threat: FloatArray, now_s: float) -> None:
        """Drop what was renewed, what turned out harmless, and what must be down."""
        ids = self._head["track_id"]
        place = np.searchsorted(tracks.track_id, ids)
        place = np.minimum(place, max(len(tracks.track_id) - 1, 0))
        known = (
            tracks.track_id[place] == ids
            if len(tracks.track_id)
            else np.zeros(len(ids), bool)
        )
        keep = self._head["last_s"] > now_s
        if len(tracks.track_id):
            keep &= ~known | (
                self._current(tracks, place) & (threat[place] > self._params.negligible)
            )
        lost_s = np.where(self._head["falls"] > 0, np.inf, self._params.lost_s)
        keep &= known | (now_s - self._head["seen_s"] < lost_s)
        kept = ids[keep]
        self._head = {name: column[keep] for name, column in self._head.items()}
        rows = np.isin(self._owner, kept)
        self._owner, self._futures = self._owner[rows], self._futures[rows]

    def _current(self, tracks: Tracks, place: IntArray) -> BoolArray:
        """Which futures still hold: their track did not move, or is old, and hardly."""
        age_s = tracks.time_s[place] - self._head["seen_s"]
        old = tracks.time_s[place] - tracks.first_s[place] > self._params.young_s
        return np.asarray((age_s <= 0.0) | (old & (age_s < self._params.renew_s)))

    def _renew(self, tracks: Tracks, threat: FloatArray) -> None:
        fresh = (threat > self._params.negligible) & ~np.isin(
            tracks.track_id, self._head["track_id"]
        )
        if not fresh.any():
            return
        rows = np.flatnonzero(fresh)
        steers = tracks.existence[rows] * tracks.class_prob[rows][
            :, [CRUISE_MISSILE, DRONE]
        ].sum(axis=1)
        steering = steers * tracks.mode_weight[rows, STRAIGHT:].sum(axis=1)
        falling = threat[rows] - steering
        owners, futures = [self._owner], [self._futures]
        for owner, made in (
            self._falling(tracks, rows, falling),
            self._steering(tracks, rows, steering),
        ):
            owners.append(tracks.track_id[rows][owner])
            futures.append(made)
        owner, made = np.concatenate(owners), np.concatenate(futures)
        order = np.argsort(owner, kind="stable")
        self._owner, self._futures = owner[order], made[order]
        self._add_heads(tracks, rows, falling > steering)

    def _falling(
        self, tracks: Tracks, rows: IntArray, falling: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        """Futures of boosting and falling modes, and a wider twin of each.

        falling : (rows,) probability that it is a threat and falls
        """
        p = self._params
        fan = fan_of(tracks, rows, falling, p)
        made = np.empty((len(fan.owner), 9))
        for curve in np.unique(fan.curve):
            by = np.flatnonzero(fan.curve == curve)
            made[by] = falling_futures(
                fan.mean[by],
                fan.cov[by],
                tracks.time_s[rows[fan.owner[by]]],
                p.fall_noise,
                self._ground,
                self._air,
                self._drag[curve],
            )
        owner, futures = _finite(fan.owner, np.column_stack([fan.weight, made]))
        twin = futures.copy()
        futures[:, 0] *= 1 - p.tail_share
        twin[:, 0] *= p.tail_share
        twin[:, 3:6] *= p.tail_scale**2
        twin[:, 9] *= p.tail_scale
        return np.concatenate([owner, owner]), np.concatenate([futures, twin])

    def _steering(
        self, tracks: Tracks, rows: IntArray, steering: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        """Futures of what steers, from the likelier of straight and turning.

        steering : (rows,) probability that it is a threat and steers itself
        """
        p = self._params
        owner = np.flatnonzero(steering > p.negligible)
        mode = STRAIGHT + tracks.mode_weight[rows[owner], STRAIGHT:].argmax(axis=1)
        made, chance = steering_futures(
            np.ascontiguousarray(tracks.mean[rows[owner], mode]),
            np.ascontiguousarray(tracks.cov[rows[owner], mode]),
            tracks.time_s[rows[owner]],
            self._ways,
            np.array(
                [p.dive_per_min / 60.0, p.horizon_s, p.step_s, *p.dive_reach_m, p.ground_m]
            ),
        )
        each = WAYS * int(p.horizon_s / p.step_s)
        chance = chance * steering[owner][:, None]
        futures = np.column_stack([chance.reshape(-1), made.reshape(-1, 9)])
        return _finite(np.repeat(owner, each), futures)

    def _add_heads(self, tracks: Tracks, rows: IntArray, falls: BoolArray) -> None:
        ids = tracks.track_id[rows]
        first = np.searchsorted(self._owner, ids)
        found = np.zeros(len(ids), bool)
        inside = first < len(self._owner)
        found[inside] = self._owner[first[inside]] == ids[inside]
        rows, ids, falls = rows[found], ids[found], falls[found]
        kind = _THREATS[tracks.class_prob[rows][:, _THREATS].argmax(axis=1)]
        latest = np.maximum.reduceat(
            self._futures[:, 6] + 2.33 * self._futures[:, 9],
            np.searchsorted(self._owner, np.unique(self._owner)),
        )
        last_s = latest[np.searchsorted(np.unique(self._owner), ids)]
        new: dict[str, NDArray[Any]] = {
            "track_id": ids,
            "group_mask": tracks.group_mask[rows],
            "trusted": tracks.trusted[rows].astype(np.int64),
            "harmful_m": _HARMFUL_M[kind],
            "kind": kind,
            "last_s": last_s,
            "seen_s": tracks.time_s[rows],
            "falls": falls.astype(np.int64),
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
            last_s=self._head["last_s"].copy(),
            made_s=self._head["seen_s"].copy(),
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
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._head = {name: memory[name] for name in _HEAD}
        self._owner = memory["owner"].astype(np.int64)
        self._futures = memory["futures"].astype(np.float64)
        self._air = memory["air"].astype(np.float64)


def _empty_head() -> dict[str, NDArray[Any]]:
    whole = {"track_id", "group_mask", "trusted", "kind", "falls"}
    return {name: np.zeros(0, np.int64 if name in whole else np.float64) for name in _HEAD}


def _finite(owner: IntArray, futures: FloatArray) -> tuple[IntArray, FloatArray]:
    """Leave out futures that hold no answer, such as a flight that never comes down."""
    good = np.isfinite(futures).all(axis=1)
    return owner[good], futures[good]
