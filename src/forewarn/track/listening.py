"""Reports of bearings that no track took, and the tracks that begin where they cross."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.geodesy import FloatArray
from forewarn.motion import SEVENTH
from forewarn.records import STRAIGHT, Sensor
from forewarn.track import table as tables
from forewarn.track.crossing import (
    CLIMB_MPS,
    HEIGHT_M,
    LEVEL_M,
    PLACE_M,
    SPEED_MPS,
    agreeing,
    condense,
    cross,
)
from forewarn.track.params import TrackParams
from forewarn.track.scan import Scan
from forewarn.track.table import Table
from forewarn.track.taking import HEARD_MPS
from forewarn.track.witness import Names

_REPORT = np.dtype(
    [
        ("number", np.int64),
        ("time_s", np.float64),
        ("z", np.float64, (4,)),
        ("sigma", np.float64, (4,)),
        ("origin", np.float64, (3,)),
        ("turn", np.float64, (3, 3)),
        ("sound_mps", np.float64),
        ("log_false", np.float64),
        ("scan_s", np.float64),
        ("group", np.int64),
        ("trusted", np.int64),
        ("name", "U16"),
    ]
)
MOST = 512  # reports kept, the newest
OBSERVERS = 2  # nothing begins of one observer's word
FLOCK_M = 500.0  # nothing begins so near a track: it would be another reading of that one
PASSES = 2  # a guess is too far off for one: bearings bend within it
# what can be heard flies on
MODES_HEARD = np.array([0.0, 0.0, 0.0, 0.0, 0.3, 0.7])


class Listening:
    """Bearings of the last seconds, of whatever sensors, that no track explains."""

    def __init__(self, params: TrackParams) -> None:
        self._params = params
        # its arrays are never written to again
        self.reports: Table = np.zeros(0, _REPORT)

    def hear(
        self, scan: Scan, free: FloatArray, sensor: Sensor, group_bit: int, near: FloatArray
    ) -> tuple[Table, Names, Names]:
        """Take in a scan.

        returns : tracks that begin; whose reports they began of, and of whose nothing came
        free : (m,) chance that no track has the plot
        near : (n, 3) ECEF places of tracks, where nothing else begins
        """
        p, new = self._params, np.flatnonzero(free > 0.5)
        fresh = np.zeros(len(new), _REPORT)
        fresh["number"] = scan.number[new]
        fresh["time_s"] = scan.time_s[new]
        fresh["z"] = scan.z[new]
        fresh["sigma"] = scan.sigma[new]
        fresh["origin"] = scan.origin[new]
        fresh["turn"] = scan.turn[new]
        fresh["sound_mps"] = scan.sound_mps
        fresh["log_false"] = scan.log_clutter[new]
        fresh["scan_s"] = np.nan_to_num(sensor.scan_s)
        fresh["group"] = group_bit
        fresh["trusted"] = int(sensor.raises_alone)
        fresh["name"] = scan.identity[new]
        now_s = float(scan.time_s.max()) if len(scan.time_s) else -np.inf
        # what comes without a rate is of people: seldom, so it must count for longer
        life_s = np.where(self.reports["scan_s"] > 0.0, p.listen_s, p.listen_people_s)
        young = self.reports["time_s"] > now_s - life_s
        wrong = self.reports["name"][~young]
        both = tables.join(tables.select(self.reports, young), fresh)[-MOST:]
        is_new = np.isin(both["number"], fresh["number"])
        born, used = self._begin(both, is_new, min(scan.reach_m, p.hearing_m), near)
        self.reports = tables.select(both, ~used)
        right = both["name"][used]
        return born, right[right != ""], wrong[wrong != ""]

    def _begin(
        self, r: Table, fresh: NDArray[np.bool_], reach_m: float, near: FloatArray
    ) -> tuple[Table, NDArray[np.bool_]]:
        used = np.zeros(len(fresh), bool)
        born: list[Table] = []
        if fresh.any():
            plane = r["turn"][0]  # flat around the first observer: only for first guesses
            where = np.ascontiguousarray((r["origin"] - r["origin"][0]) @ plane[:2].T)
            tracks = (near - r["origin"][0]) @ plane[:2].T
            azimuth = np.ascontiguousarray(r["z"][:, 1])
            sigma = np.ascontiguousarray(r["sigma"][:, 1])
            place, support = cross(where, azimuth, sigma, fresh, reach_m)
            for i in np.argsort(
                -support, kind="stable"
            ):  # few: each makes a track or ends it
                if support[i] < self._params.listen_reports:
                    break
                if used[i] or _beside(place[i], tracks):
                    continue
                agree = agreeing(place[i], where, azimuth, sigma, used, reach_m)
                rows = np.flatnonzero(agree)
                if (
                    len(rows) < self._params.listen_reports
                    or len(np.unique(where[rows], axis=0)) < OBSERVERS
                ):
                    continue
                track = self._start(
                    r, rows[np.argsort(r["time_s"][rows], kind="stable")], place[i]
                )
                speed = np.linalg.norm(track["mean"][0, STRAIGHT, 3:6])
                if (
                    track["log_odds"][0] > self._params.listen_log_odds
                    and speed < HEARD_MPS
                ):
                    born.append(track)
                    used[rows] = True
                    tracks = np.concatenate([tracks, place[i][None]])
        return tables.join(tables.empty(), *born), used

    def _start(self, r: Table, rows: NDArray[np.int64], place: FloatArray) -> Table:
        """One track out of the reports that agree on a place, in order of time."""
        p, plane, t = self._params, r["turn"][0], tables.empty(1)
        mean = np.zeros(7)
        mean[:3] = r["origin"][0] + place @ plane[:2] + LEVEL_M * plane[2]
        prior = np.zeros((7, 7))
        prior[:3, :3] = (plane.T * np.square([PLACE_M, PLACE_M, HEIGHT_M])) @ plane
        prior[3:6, 3:6] = (plane.T * np.square([SPEED_MPS, SPEED_MPS, CLIMB_MPS])) @ plane
        for _ in range(PASSES):
            cov = prior.copy()
            told = condense(
                rows,
                r["time_s"],
                r["z"],
                r["sigma"],
                r["origin"],
                r["turn"],
                r["sound_mps"],
                r["log_false"],
                mean,
                cov,
            )
            span_s = r["time_s"][rows[-1]] - r["time_s"][rows[0]]
            mean[:3] -= span_s * mean[3:6]  # begin again from where that leads back to
        mean[:3] += span_s * mean[3:6]
        area = 2.0 * np.pi * PLACE_M**2
        last, first = rows[-1], rows[0]
        t["mean"][0], t["cov"][0], t["weight"][0] = mean, cov, MODES_HEARD
        t["mean"][0, :, 6], t["cov"][0, :, 6, 6] = SEVENTH[:, 0], SEVENTH[:, 1]
        t["log_odds"][0] = min(told + np.log(p.listen_per_m2 * area), p.most_log_odds)
        t["time_s"][0] = t["looked_s"][0] = r["time_s"][last]
        t["first_s"][0] = r["time_s"][first]
        t["track_id"][0] = 2 * r["number"][first]
        t["recent"][0, 3] = r["number"][last]
        t["hits"][0] = len(rows)
        t["trusted_hits"][0] = r["trusted"][rows].sum()
        t["group_mask"][0] = np.bitwise_or.reduce(r["group"][rows])
        t["scan_s"][0] = r["scan_s"][rows].max()
        return t

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {"reports": self.reports}

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self.reports = memory["reports"].copy()


def _beside(place: FloatArray, tracks: FloatArray) -> bool:
    return bool((((tracks - place) ** 2).sum(axis=1) < FLOCK_M**2).any())
