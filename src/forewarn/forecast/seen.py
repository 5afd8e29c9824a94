"""Ways that were seen flown: the next drones may turn as those before them did.

What a class is believed to do is drawn once (`ways`); what a raid does is seen while it
goes on. Every stretch of level flight as long as the horizon is kept as a way of its own,
with the turn that it began in, and told by its mirror image too. Of the next drone those
count that began in a turn like its own. Nothing is fitted: legs, weaving, drift, all of it
is in what was flown.

Source: analogues, Lorenz, Journal of the Atmospheric Sciences 26(4), 1969.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forewarn.forecast.ways import COLUMNS, STEADY_S, TURN_RAD, Float32Array
from forewarn.geodesy import FloatArray, ground_scales, wrapped
from forewarn.records import IntArray, rows_of

SAMPLE = 4  # of a path: latitude, longitude, course rad, speed m/s
APART = 1 / 6  # of its length, between the beginnings of two stretches of one drone
KEPT = 2048  # of the stretches, the last
AS_MUCH = 20.0  # so many that do not overlap weigh as much as what was believed
BEFORE = 2  # samples of a path before its way begins, which tell of what turn it comes
GAP_S = 15.0  # what was out of sight for longer begins anew
JUMP = 3.0  # a step so many times as long as its speed makes it was not flown
FRESH, PART = 16, 4  # stretches, or one in so many of those told, before they are told


class Stretches(NamedTuple):
    """way : (k, 6, steps + 1) as of `Ways`; turn_radps : (k,) it began in; end_s : (k,)."""

    way: Float32Array
    turn_radps: Float32Array
    end_s: FloatArray


class SeenWays:
    """Keeps the stretches that drones flew, as long as the ways they stand for.

    steps, step_s : of the ways
    remember_s    : for which a stretch counts
    """

    def __init__(self, steps: int, step_s: float, remember_s: float) -> None:
        self._steps, self._step_s, self._remember_s = steps, step_s, remember_s
        # of each drone: when it is next sampled, samples until its next stretch is whole
        self._id: IntArray = np.zeros(0, np.int64)
        self._next_s: FloatArray = np.zeros(0)
        self._left: IntArray = np.zeros(0, np.int64)
        self._path: FloatArray = np.zeros((0, steps + 1 + BEFORE, SAMPLE))
        self._told = self._waits = _no_stretches(steps)
        self._table: tuple[Float32Array, Float32Array] | None = None

    def follow(
        self, now_s: float, track_id: IntArray, time_s: FloatArray, here: FloatArray
    ) -> None:
        """Take down how drones in level flight fly on.

        track_id : (n,) rising; time_s : (n,) of their states
        here     : (n, 4) latitude, longitude, course rad, speed m/s
        """
        if not rows_of(track_id, self._id)[1].all():
            self._meet(now_s, track_id)
        row, _ = rows_of(track_id, self._id)
        gone = time_s - self._next_s[row] > GAP_S
        self._left[row[gone]] = self._steps + 1 + BEFORE
        self._next_s[row[gone]] = time_s[gone]
        due = np.flatnonzero(time_s >= self._next_s[row])
        while len(due):
            own = row[due]
            sample = _back(here[due], time_s[due] - self._next_s[own])
            self._path[own] = np.concatenate([self._path[own, 1:], sample[:, None]], axis=1)
            self._next_s[own] += self._step_s
            self._left[own] -= 1
            self._keep(own[self._left[own] == 0], now_s)
            due = due[time_s[due] >= self._next_s[own]]
        self._tell(now_s)

    def _meet(self, now_s: float, track_id: IntArray) -> None:
        """Make room for drones that come into sight, and forget those long out of it."""
        new = track_id[~rows_of(track_id, self._id)[1]]
        keep = now_s - self._next_s <= GAP_S
        ids = np.concatenate([self._id[keep], new])
        order, n = np.argsort(ids, kind="stable"), len(new)
        self._id = ids[order]
        self._next_s = np.append(self._next_s[keep], np.full(n, -np.inf))[order]
        self._left = np.append(self._left[keep], np.zeros(n, np.int64))[order]
        empty = np.zeros((n, *self._path.shape[1:]))
        self._path = np.concatenate([self._path[keep], empty])[order]

    def _keep(self, row: IntArray, now_s: float) -> None:
        """Take down the stretches that drones have flown by now."""
        if not len(row):
            return
        path = self._path[row]
        scales = np.stack(ground_scales(path[:, BEFORE, 0]), axis=1)
        place_m = (path[:, :, :2] - path[:, BEFORE, None, :2]) * scales[:, None]
        way, turn = ways_of(place_m[:, :, ::-1], path[:, :, 2], path[:, :, 3], self._step_s)
        step = np.hypot(*np.moveaxis(np.diff(way[:, :2], axis=2), 1, 0)) / self._step_s
        good = np.isfinite(way).all(axis=(1, 2)) & (step < JUMP).all(axis=1)
        own = Stretches(way[good], turn[good], np.full(int(good.sum()), now_s))
        self._waits = _joined(self._waits, own)
        self._left[row] = max(round(APART * self._steps), 1)

    def _tell(self, now_s: float) -> None:
        """Take up what waits once it tells enough more, or what is told grows too old."""
        told, waits = self._told, self._waits
        since_s = now_s - self._remember_s
        enough = len(waits.end_s) >= max(FRESH, len(told.end_s) // PART)
        if not enough and not (told.end_s[:1] < since_s).any():
            return
        joint = _joined(told, waits)
        last = np.flatnonzero(joint.end_s >= since_s)[-KEPT:]
        self._told = Stretches(joint.way[last], joint.turn_radps[last], joint.end_s[last])
        self._waits, self._table = _no_stretches(self._steps), None

    def share(self) -> float:
        """Of all ways, those that should be as they were flown."""
        apart = APART * len(self._told.end_s)
        return float(apart / (apart + AS_MUCH))

    def table(self) -> tuple[Float32Array, Float32Array]:
        """`both_ways` of what is told."""
        if self._table is None:
            self._table = both_ways(self._told.way, self._told.turn_radps)
        return self._table

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {
            "seen.id": self._id,
            "seen.next_s": self._next_s.copy(),
            "seen.left": self._left.copy(),
            "seen.path": self._path.copy(),
            **{f"seen.told.{k}": v for k, v in self._told._asdict().items()},
            **{f"seen.waits.{k}": v for k, v in self._waits._asdict().items()},
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._id, self._left = memory["seen.id"], memory["seen.left"].copy()
        self._next_s = memory["seen.next_s"].copy()
        self._path = memory["seen.path"].copy()
        self._told, self._waits = (
            Stretches(*(memory[f"seen.{name}.{k}"] for k in Stretches._fields))
            for name in ("told", "waits")
        )
        self._table = None


def ways_of(
    place_m: FloatArray, course_rad: FloatArray, speed_mps: FloatArray, step_s: float
) -> tuple[Float32Array, Float32Array]:
    """Paths as ways, and the turns they begin in.

    place_m : (k, BEFORE + steps + 1, 2) east, north every step_s; a way begins BEFORE later
    course_rad, speed_mps : (k, BEFORE + steps + 1)
    returns : (k, 6, steps + 1) as of `Ways`, level, and (k,) rad/s to the right

    What it begins in is told by a line through the courses from those before to the one
    after: one alone is as unsure as that of the next target, and would count twice.
    """
    near = slice(0, BEFORE + 2)
    time_s = step_s * np.arange(-BEFORE, 2.0)
    mid_s = time_s.mean()
    first = course_rad[:, BEFORE, None]
    off = wrapped(course_rad[:, near] - first)
    turn = off @ (time_s - mid_s) / ((time_s - mid_s) ** 2).sum()
    own = first + (off.mean(axis=1) - turn * mid_s)[:, None]
    speed = np.maximum(speed_mps[:, near].mean(axis=1), 1.0)[:, None]
    east, north = np.moveaxis((place_m - place_m[:, BEFORE, None])[:, BEFORE:], 2, 0)
    along = (east * np.sin(own) + north * np.cos(own)) / speed
    across = (east * np.cos(own) - north * np.sin(own)) / speed
    course = wrapped(course_rad[:, BEFORE:] - own)
    since_s = _since(course, step_s)
    rows = (along, across, np.cos(course), np.sin(course), np.zeros_like(along), since_s)
    return np.stack(rows, axis=1).astype(np.float32), turn.astype(np.float32)


def both_ways(
    way: Float32Array, turn_radps: Float32Array
) -> tuple[Float32Array, Float32Array]:
    """Ways and their mirror images, in the order of the turns that they begin in."""
    other = way * np.array([1, -1, 1, -1, 1, 1], np.float32)[:, None]
    turn = np.concatenate([turn_radps, -turn_radps])
    order = np.argsort(turn, kind="stable")
    return np.ascontiguousarray(np.concatenate([way, other])[order]), turn[order]


def _since(course: FloatArray, step_s: float) -> FloatArray:
    """(k, steps + 1) seconds since the last turn, negative before the first: a turn is
    what `ways` takes for one."""
    since_s, straight = np.full(course.shape, -1.0), course[:, 0].copy()
    for step in range(1, course.shape[1]):
        before, off = since_s[:, step - 1], wrapped(course[:, step] - straight)
        since_s[:, step] = np.where(before < 0.0, before, before + step_s)
        turned = np.abs(off) > TURN_RAD
        since_s[turned, step], straight[turned] = 0.0, course[turned, step]
        straight += np.where(turned, 0.0, off) * step_s / STEADY_S
    return since_s


def _back(here: FloatArray, ago_s: FloatArray) -> FloatArray:
    """(n, 4) where drones were so long ago (n,), had they flown straight since."""
    ahead = np.stack([np.cos(here[:, 2]), np.sin(here[:, 2])], axis=1)
    scales = np.stack(ground_scales(here[:, 0]), axis=1)
    place = here[:, :2] - ahead * (ago_s * here[:, 3])[:, None] / scales
    return np.concatenate([place, here[:, 2:]], axis=1)


def _no_stretches(steps: int) -> Stretches:
    none = np.zeros(0, np.float32)
    return Stretches(np.zeros((0, COLUMNS, steps + 1), np.float32), none, np.zeros(0))


def _joined(some: Stretches, more: Stretches) -> Stretches:
    return Stretches(
        np.concatenate([some.way, more.way]),
        np.concatenate([some.turn_radps, more.turn_radps]),
        np.concatenate([some.end_s, more.end_s]),
    )
