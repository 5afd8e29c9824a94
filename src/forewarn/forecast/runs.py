"""Straight runs of drones, and what dives seen before tell of those to come.

What steers by coordinates flies straight at them in the end: the longer ago a drone last
turned, the likelier it dives. How much likelier, and how many turn aside into the dive, is
counted while a raid goes on: dives over time flown, by the run before them, as in a life
table; and so is how many dives came where so many were said to come. Before any was seen,
and where few were, what is believed beforehand holds. What no second group sees counts for
nothing: one alone could teach us to look away.

Source: occurrence over exposure, Breslow, Day, "Statistical Methods in Cancer Research"
volume 2 (1987), chapter 2; rates that do not fall: Barlow et al., "Statistical Inference
under Order Restrictions" (1972), chapter 1.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.forecast.missing import SILENT, SINKS, SURE
from forewarn.forecast.seen import SeenWays
from forewarn.forecast.ways import (
    LONG_S,
    RUN_S,
    RUNS,
    STEADY_S,
    TURN_RAD,
    Habits,
    run_ins,
)
from forewarn.geodesy import FloatArray, enu_turns, geographic_points, wrapped
from forewarn.records import STRAIGHT, BoolArray, IntArray, Tracks, rows_of, two_groups
from forewarn.threats import DRONE

DIVES = 0.5  # so many dives weigh as much as what was believed of one class of runs,
ASIDES = 2.0  # and as that of the share that turns aside,
ENDS = 4.0  # and as that of how often they come at all
LEAST = 0.2  # of what was believed stays whatever was seen: the next wave flies otherwise
ASIDE_RAD = 0.3  # a dive begun so far off the course before turned aside
WORTH_S = 10.0  # of time flown, at most, between two looks
_COLUMNS = (
    "id",
    "told",
    "silence",
    "seen_s",
    "since_s",
    "course_rad",
    "down_rad",
    "said",
)


class Runs:
    """Remembers since when each drone flies straight, and counts dives by their runs.

    rate       : dives per second, mean over all runs, that are believed to end at
                 places (n, 2) latitude, longitude rad
    keep_s     : how long a drone that is seen no more may still be asked for
    remember_s : in which what was counted fades to a third
    seen       : is told of the level flight that counts
    """

    def __init__(
        self,
        habits: Habits,
        rate: Callable[[FloatArray], FloatArray],
        keep_s: float,
        remember_s: float,
        seen: SeenWays,
    ) -> None:
        self.seen = seen
        self._rate, self._keep_s, self._remember_s = rate, keep_s, remember_s
        self._habits, self._believed = habits, run_ins(habits)
        # id; whether it counts; log odds of looks without it against its flying on; when
        # last seen level; when the run began; its course; that of its dive, or nan; dives
        # said to come
        self._rows: dict[str, NDArray[Any]] = {name: np.zeros(0) for name in _COLUMNS}
        self._rows["id"], self._rows["told"] = np.zeros(0, np.int64), np.zeros(0, bool)
        self._flown_s, self._dives = np.zeros(RUNS), np.zeros(RUNS)
        self._asides = 0.0  # dives aside
        self._said = 0.0  # dives, of those drones that did dive
        self._now_s = np.inf

    def follow(self, tracks: Tracks) -> None:
        """Take down how drones fly on, and which of them came down."""
        self._fade(tracks.received_s)
        here, tracked = rows_of(self._rows["id"], tracks.track_id)
        silence = self._rows["silence"].copy()
        silence[tracked] = tracks.silence[here[tracked]]
        self._rows["silence"] = silence
        if not tracked.all():
            self._end(tracks, tracked)
        rows = self._rows
        at, known = rows_of(tracks.track_id, rows["id"])
        heard = ~known & _drones(tracks)
        heard[known] = tracks.time_s[known] > rows["seen_s"][at[known]]
        row = np.flatnonzero(heard & (tracks.mode_weight[:, STRAIGHT:].sum(axis=1) > 0.0))
        if not len(row):
            return
        course, sigma, sinks, place, level_mps = _courses(tracks, row)
        past: dict[str, NDArray[Any]] = {
            "told": np.zeros(len(row), bool),
            "seen_s": tracks.time_s[row].copy(),
            "since_s": np.full(len(row), -np.inf),
            "course_rad": course.copy(),
            "said": np.zeros(len(row)),
        }
        old = np.flatnonzero(known[row])
        for name, column in past.items():
            column[old] = rows[name][at[row[old]]]
        course_level = np.where(sinks, np.nan, course)
        new = self._flown(tracks, row, past, course_level, sigma, self._rate(place))
        new["down_rad"] = np.where(sinks, course, np.nan)
        counts = np.flatnonzero(new["told"] & ~sinks)
        told = row[counts]
        self.seen.follow(
            tracks.received_s,
            tracks.track_id[told],
            tracks.time_s[told],
            np.column_stack([place, course, level_mps])[counts],
        )
        others = ~rows_of(rows["id"], new["id"])[1]
        joint = {n: np.concatenate([rows[n][others], new[n]]) for n in _COLUMNS}
        order = np.argsort(joint["id"], kind="stable")
        self._rows = {name: column[order] for name, column in joint.items()}

    def _flown(
        self,
        tracks: Tracks,
        row: IntArray,
        past: dict[str, NDArray[Any]],
        course: FloatArray,
        sigma: FloatArray,
        rate: FloatArray,
    ) -> dict[str, NDArray[Any]]:
        """What is known of drones by now, and what they flew since, counted.

        past   : as of the look before; course : (k,) rad, nan of those that sink
        rate   : (k,) dives per second, mean over all runs
        """
        time_s, level = tracks.time_s[row], np.isfinite(course)
        told = two_groups(tracks.group_mask[row]) & _drones(tracks)[row]
        told = np.where(level, told, past["told"])  # near the ground one may see it no more
        flown_s = np.where(level, time_s - past["seen_s"], 0.0)
        worth = np.where(told, np.minimum(flown_s, WORTH_S), 0.0)
        run_s = _classes(past["seen_s"] - past["since_s"])
        said = past["said"] + worth * rate * self._by_run()[run_s]
        self._flown_s += np.bincount(run_s, weights=worth, minlength=RUNS)
        own = past["course_rad"]
        off = np.where(level, wrapped(course - own), 0.0)
        turned = np.abs(off) > TURN_RAD + 2.0 * sigma
        # one that was out of sight may have turned at once, and flown straight for long
        unseen = turned & (flown_s > WORTH_S)
        steadied = own + np.clip(flown_s / STEADY_S, 0.0, 1.0) * off
        return {
            "id": tracks.track_id[row],
            "told": told,
            "silence": tracks.silence[row],
            "seen_s": np.where(level, time_s, past["seen_s"]),
            "since_s": np.select(
                [unseen, turned], [past["seen_s"], time_s], past["since_s"]
            ),
            "course_rad": np.where(turned, course, steadied),
            "said": said,
        }

    def _fade(self, now_s: float) -> None:
        faded = float(np.exp(-max(now_s - self._now_s, 0.0) / self._remember_s))
        self._flown_s, self._dives = faded * self._flown_s, faded * self._dives
        self._asides, self._said = faded * self._asides, faded * self._said
        self._now_s = now_s

    def _end(self, tracks: Tracks, tracked: BoolArray) -> None:
        """Count those that went down as dives; forget them, and those long out of sight."""
        rows, now_s = self._rows, tracks.received_s
        down = ~tracked & np.isfinite(rows["down_rad"])
        counts = down & rows["told"] & (rows["silence"] > SILENT)
        counts &= ~rows_of(rows["id"], tracks.withdrawn)[1]
        run_s = rows["seen_s"][counts] - rows["since_s"][counts]
        self._dives += np.bincount(_classes(run_s), minlength=RUNS)
        self._said += float(rows["said"][counts].sum())
        off = np.abs(wrapped(rows["down_rad"] - rows["course_rad"])[counts])
        self._asides += float((off > ASIDE_RAD).sum())
        keep = tracked | (~down & (now_s - rows["seen_s"] < self._keep_s))
        self._rows = {name: column[keep] for name, column in rows.items()}

    def straight_s(self, track_id: IntArray, time_s: FloatArray) -> FloatArray:
        """(n,) for how long each flew straight at `time_s`; LONG_S where nobody knows."""
        at, known = rows_of(track_id, self._rows["id"])
        run_s = np.full(len(track_id), LONG_S)
        run_s[known] = time_s[known] - self._rows["since_s"][at[known]]
        return np.asarray(np.clip(run_s, 0.0, LONG_S))

    def eager(self) -> FloatArray:
        """(RUNS,) hazard of a dive over its mean as believed, by the run before it.

        How often drones dive is told by those alone that did, and what was said of them on
        their way: of a wave that is yet to arrive none dived so far.
        """
        ends = (ENDS + self._dives.sum()) / (ENDS + self._said)
        return np.asarray(np.maximum(ends * self._by_run(), LEAST * self._believed))

    def _by_run(self) -> FloatArray:
        """(RUNS,) the same, were dives as many as believed.

        A longer run never makes it less: that what flies straight for long is bound for
        somewhere else may hold for one raid, and not for the next.
        """
        from scipy.optimize import isotonic_regression  # slow to import

        due = self._dives.sum() * self._flown_s / max(self._flown_s.sum(), 1.0)
        seen = (DIVES * self._believed + self._dives) / (DIVES + due)
        return np.asarray(isotonic_regression(seen, weights=DIVES + due).x)

    def aside(self) -> float:
        """Share of the dives that turn aside."""
        believed = self._habits.aside
        seen = (ASIDES * believed + self._asides) / (ASIDES + self._dives.sum())
        return float(max(seen, LEAST * believed))

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        told = self._asides, self._said, self._now_s
        return {
            **{f"runs.{name}": column for name, column in self._rows.items()},
            "runs.flown_s": self._flown_s,
            "runs.dives": self._dives,
            "runs.counted": np.array(told),
            **self.seen.memory(),
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._rows = {name: memory[f"runs.{name}"] for name in _COLUMNS}
        self._flown_s = memory["runs.flown_s"].astype(np.float64)
        self._dives = memory["runs.dives"].astype(np.float64)
        self.seen.restore(memory)
        counted = (float(each) for each in memory["runs.counted"])
        self._asides, self._said, self._now_s = counted


def _drones(tracks: Tracks) -> BoolArray:
    """Which surely are drones in level flight."""
    drone = tracks.class_prob[:, DRONE] * tracks.existence
    drone = drone * tracks.mode_weight[:, STRAIGHT:].sum(axis=1)
    return np.asarray(tracks.confirmed & (drone > SURE))


def _courses(
    tracks: Tracks, row: IntArray
) -> tuple[FloatArray, FloatArray, BoolArray, FloatArray, FloatArray]:
    """(k,) course rad, its standard deviation, whether each surely sinks; (k, 2) place;
    (k,) speed over the ground, m/s."""
    mode = STRAIGHT + tracks.mode_weight[row, STRAIGHT:].argmax(axis=1)
    mean, cov = tracks.mean[row, mode], tracks.cov[row, mode]
    lat, lon, _ = geographic_points(mean[:, :3])
    axes = enu_turns(lat, lon)
    vel = np.einsum("nij,nj->ni", axes, mean[:, 3:6])
    level = np.maximum(np.hypot(vel[:, 0], vel[:, 1]), 1.0)
    across = (vel[:, 1, None] * axes[:, 0] - vel[:, 0, None] * axes[:, 1]) / level[:, None]
    aside, up = (
        np.sqrt(np.maximum(np.einsum("ni,nij,nj->n", axis, cov[:, 3:6, 3:6], axis), 0.0))
        for axis in (across, axes[:, 2])
    )
    speed = np.maximum(np.linalg.norm(vel, axis=1), 1.0)
    sinks = -vel[:, 2] - 2.0 * up >= SINKS * speed
    course = np.arctan2(vel[:, 0], vel[:, 1])
    return course, aside / level, sinks, np.stack([lat, lon], axis=1), level


def _classes(run_s: FloatArray) -> IntArray:
    return np.minimum(np.clip(run_s, 0.0, LONG_S) // RUN_S, RUNS - 1).astype(np.int64)
