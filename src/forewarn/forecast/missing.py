"""Steered threats that no sensor sees any more: carried on, less and less surely.

A drone that dips behind a hill has not come down. Until it is seen again, or must be
elsewhere, it is taken to fly on as it did, on a course that it may have changed. But where
radars would have shown it flying on, and did not, it came down: then its last futures
stand, of which those that come later have become improbable.
"""

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.geodesy import FloatArray
from forewarn.records import STRAIGHT, BoolArray, IntArray, Tracks, rows_of
from forewarn.threats import CRUISE_MISSILE, DRONE

COURSE_RAD = 0.25  # how far its course may lie off a minute after it was last seen
SINKS = 0.1  # sine of the path angle from which on it was about to come down
SURE = 0.5  # probability, when last seen, that it is there and steers itself
DOUBTED_S = 10.0  # for so long, what a track was outweighs what it seems to be
SILENT = 3.0  # log odds against its flying on, above which it is taken to have come down
HIDDEN = 0.02  # chance that it flies on all the same: cover has gaps that nobody described
NEAR_M, NEAR_SIGMAS = 500.0, 3.0  # a new track so near is the lost one, found again
_ROWS = tuple(
    field.name
    for field in fields(Tracks)
    if field.name not in ("received_s", "withdrawn", "identity", "group_names")
)


class Missing:
    """Remembers steered threats, and adds those that went missing to what is tracked."""

    def __init__(self, missing_s: float) -> None:
        self._missing_s = missing_s
        self._rows: dict[str, NDArray[Any]] = {}
        # ids of those found again just now, rising
        self.found: IntArray = np.zeros(0, np.int64)

    def added(self, tracks: Tracks) -> Tracks:
        """The tracks, and those gone for less than `missing_s`, as they may be by now."""
        self.found = np.zeros(0, np.int64)
        steers = _steers(tracks)
        flies = np.flatnonzero(steers)
        if not len(flies) and not self._rows:
            return tracks
        flies = flies[~_sinks(tracks, flies)]
        self._hear(tracks)
        lost = self._lost(tracks)
        seen = {name: getattr(tracks, name)[flies] for name in _ROWS}
        doubted = self._doubted(tracks, steers)
        rows = {
            name: np.concatenate([seen[name], doubted[name], lost[name]]) for name in _ROWS
        }
        self._rows = rows if len(rows["track_id"]) else {}
        if not len(lost["track_id"]):
            return tracks
        guessed = _carried_on(lost, tracks.received_s)
        joint = {
            name: np.concatenate([getattr(tracks, name), guessed[name]]) for name in _ROWS
        }
        order = np.argsort(joint["track_id"], kind="stable")
        names = (*tracks.identity, *("" for _ in guessed["track_id"]))
        columns: dict[str, Any] = {name: joint[name][order] for name in _ROWS}
        return replace(tracks, **columns, identity=tuple(names[i] for i in order))

    def _hear(self, tracks: Tracks) -> None:
        """How silent radars were on what is remembered, as long as it is still tracked."""
        if not self._rows:
            return
        ids = self._rows["track_id"]
        at, known = rows_of(ids, tracks.track_id)
        silence = self._rows["silence"].copy()
        silence[known] = tracks.silence[at[known]]
        self._rows["silence"] = silence

    def _lost(self, tracks: Tracks) -> dict[str, NDArray[Any]]:
        if not self._rows:
            return {name: getattr(tracks, name)[:0] for name in _ROWS}
        rows, now_s = self._rows, tracks.received_s
        gone = ~rows_of(rows["track_id"], tracks.track_id)[1]
        gone &= ~rows_of(rows["track_id"], tracks.withdrawn)[1]
        gone &= now_s - rows["time_s"] < self._missing_s
        gone &= rows["silence"] <= SILENT
        lost = {name: column[gone] for name, column in rows.items()}
        if not gone.any():
            return lost
        again = _found_again(_carried_on(lost, now_s), lost["time_s"], tracks)
        self.found = np.sort(lost["track_id"][again])
        return {name: column[~again] for name, column in lost.items()}

    def _doubted(self, tracks: Tracks, steers: BoolArray) -> dict[str, NDArray[Any]]:
        """What was known, a moment ago, of tracks that now look like something else.

        A track that took a false plot flies wildly, and ends: what it followed does not.
        """
        if not self._rows:
            return {name: getattr(tracks, name)[:0] for name in _ROWS}
        rows = self._rows
        _, wild = rows_of(rows["track_id"], tracks.track_id[~steers])
        wild &= tracks.received_s - rows["time_s"] < DOUBTED_S
        return {name: column[wild] for name, column in rows.items()}

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {f"missing.{name}": column for name, column in self._rows.items()}

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        # where nothing is remembered, no column is
        remembers = any(name.startswith("missing.") for name in memory)
        self._rows = {n: memory[f"missing.{n}"] for n in _ROWS} if remembers else {}


def _steers(tracks: Tracks) -> BoolArray:
    """Which surely are threats that steer themselves."""
    steers = tracks.class_prob[:, [CRUISE_MISSILE, DRONE]].sum(axis=1)
    steers = steers * tracks.existence * tracks.mode_weight[:, STRAIGHT:].sum(axis=1)
    return np.asarray(tracks.confirmed & (steers > SURE))


def _sinks(tracks: Tracks, rows: IntArray) -> BoolArray:
    """(rows,) which are about to come down."""
    mean = _likeliest(tracks.mode_weight[rows], tracks.mean[rows])
    up = mean[:, :3] / np.maximum(np.linalg.norm(mean[:, :3], axis=1), 1.0)[:, None]
    speed = np.maximum(np.linalg.norm(mean[:, 3:6], axis=1), 1.0)
    sink = -(up * mean[:, 3:6]).sum(axis=1) / speed
    return np.asarray(sink >= SINKS)


def _likeliest(weight: FloatArray, of_mode: FloatArray) -> FloatArray:
    """(n, ...) of_mode (n, modes, ...) of the likelier of the modes of level flight."""
    mode = STRAIGHT + weight[:, STRAIGHT:].argmax(axis=1)
    return np.asarray(of_mode[np.arange(len(weight)), mode])


def _carried_on(lost: dict[str, NDArray[Any]], now_s: float) -> dict[str, NDArray[Any]]:
    """The rows as they may be by now: straight on, unsure of the course."""
    n = len(lost["track_id"])
    late_s = now_s - lost["time_s"]
    mean, cov = (_likeliest(lost["mode_weight"], lost[name]) for name in ("mean", "cov"))
    speed = np.linalg.norm(mean[:, 3:6], axis=1)
    place = mean[:, :3] + late_s[:, None] * mean[:, 3:6]
    # it keeps its height: what the curve of the Earth adds is taken off again
    place *= (np.linalg.norm(mean[:, :3], axis=1) / np.linalg.norm(place, axis=1))[:, None]
    move = np.tile(np.eye(7), (n, 1, 1))
    move[:, [0, 1, 2], [3, 4, 5]] = late_s[:, None]
    cov = np.einsum("nij,njk,nlk->nil", move, cov, move)
    swerve = (COURSE_RAD * speed) ** 2 * late_s / 60.0
    for axis in range(3):
        cov[:, axis, axis] += swerve * late_s**2 / 3.0
        cov[:, axis, 3 + axis] += swerve * late_s / 2.0
        cov[:, 3 + axis, axis] += swerve * late_s / 2.0
        cov[:, 3 + axis, 3 + axis] += swerve
    guessed = dict(lost)
    guessed["mean"], guessed["cov"] = (
        np.zeros_like(lost["mean"]),
        np.zeros_like(lost["cov"]),
    )
    guessed["mean"][:, STRAIGHT] = np.concatenate([place, mean[:, 3:]], axis=1)
    guessed["cov"][:, STRAIGHT] = cov
    guessed["mode_weight"][:, STRAIGHT] = 1.0
    guessed["time_s"] = np.full(n, now_s)
    return guessed


def _found_again(
    guessed: dict[str, NDArray[Any]], seen_s: FloatArray, tracks: Tracks
) -> BoolArray:
    """Which of the lost ones a track that began since lies near enough to be."""
    fresh = np.flatnonzero(tracks.confirmed & (tracks.hits > 0))
    if not len(seen_s) or not len(fresh):
        return np.zeros(len(seen_s), bool)
    place = guessed["mean"][:, STRAIGHT, :3]
    doubt = np.sqrt(np.einsum("nii->n", guessed["cov"][:, STRAIGHT, :3, :3]) / 2.0)
    there = _likeliest(tracks.mode_weight[fresh], tracks.mean[fresh])[:, :3]
    awake = tracks.mode_weight[fresh, STRAIGHT:].sum(axis=1) > 0.0
    away = np.linalg.norm(place[:, None] - there[None], axis=2)
    since = tracks.first_s[fresh][None] > seen_s[:, None] - 15.0
    near = away < NEAR_M + NEAR_SIGMAS * doubt[:, None]
    return np.asarray((near & since & awake[None]).any(axis=1))
