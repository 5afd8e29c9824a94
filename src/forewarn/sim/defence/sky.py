"""A drawn raid whose bodies may end in flight, and what sensors see from then on.

Only the plots of a body that ends change: those of all others, clutter and faults stay as
they were drawn. What is seen of its pieces is drawn from a stream keyed by that body.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forewarn.compiled import kernel
from forewarn.files import Truth
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray, PlotBatch, SensorKind, Weather
from forewarn.sim.defence.debris import pieces
from forewarn.sim.raids import Drawn
from forewarn.sim.sight import Flyer, Scan, look
from forewarn.sim.streams import DEBRIS, SIGHT
from forewarn.sim.truth import make_truth
from forewarn.sim.world import Path

NEAR_M = 3000.0  # farther from a track nothing is taken for what it follows
NOBODY = -1


class Sky:
    """What flies, and the scans of it in order of arrival: `batches`, as many as drawn."""

    def __init__(self, drawn: Drawn) -> None:
        self._drawn = drawn
        self._flyers = list(drawn.flyers)
        self._fallen = {one.name: one for one in drawn.fallen}
        self._scans = list(drawn.scans)
        self.batches, self.told = self._spoilt()
        self._ways = _ways(self._flyers)

    def name(self, body: int) -> str:
        return self._flyers[body].name

    def truth(self) -> Truth:
        """What came of it: threats that were ended come down no more, pieces do."""
        return make_truth(self._flyers, list(self._fallen.values()))

    def nearest(self, time_s: float, pos_ecef_m: FloatArray) -> int:
        """The body that is nearest to a place at a time, or NOBODY."""
        return _nearest(*self._ways, time_s, pos_ecef_m)

    def is_threat(self, body: int) -> bool:
        """Whether it is neither traffic nor a piece."""
        return body < len(self._drawn.flyers) and self.name(body) in self._fallen

    def is_piece(self, body: int) -> bool:
        return body >= len(self._drawn.flyers)

    def up(self, body: int, time_s: float) -> bool:
        """Whether it is still in the air then."""
        return bool(self._flyers[body].path.time_s[-1] > time_s)

    def end(self, body: int, at_s: float, falls: bool, seed: int) -> FloatArray:
        """A threat ends there and then; whether pieces fall. Its place, Earth-fixed m."""
        flyer = self._flyers[body]
        state = flyer.path.at(np.array([at_s]))
        keep = flyer.path.time_s < at_s
        way = Path(
            np.append(flyer.path.time_s[keep], at_s),
            np.concatenate([flyer.path.state[keep], state]),
        )
        self._flyers[body] = replace(flyer, path=way)
        del self._fallen[flyer.name]
        parts: list[Flyer] = []
        if falls:
            wind, rng = self._drawn.raid.raid.wind_mps, keyed(seed, body, DEBRIS, 1)
            for part, down in pieces(flyer.name, at_s, state[0], wind, rng):
                parts.append(part)
                self._fallen[part.name] = down
        self._see(body, at_s, parts, seed)
        self._ways = _ways(self._flyers)
        return np.asarray(state[0, :3])

    def _see(self, body: int, at_s: float, parts: Sequence[Flyer], seed: int) -> None:
        """Draw anew what is seen of a body that ends, and of its pieces."""
        of = {sensor.sensor_id: sensor for sensor in self._drawn.raid.sensors}
        first = len(self._flyers)
        self._flyers += parts
        later: dict[str, list[int]] = {name: [] for name in of}
        for k, scan in enumerate(self._scans):
            if scan.plots.received_s > at_s:
                self._scans[k] = _kept(
                    scan, (scan.who != body) | (scan.plots.time_s < at_s)
                )
                later[scan.plots.sensor_id].append(k)
        for number, (name, rows) in enumerate(later.items()):
            if of[name].kind is SensorKind.POSITION or not parts:
                continue  # nobody says who it is any more
            rng = keyed(seed, body, SIGHT, number << 32)
            times = np.array([self._scans[k].begins_s for k in rows])
            calm = replace(of[name], clutter_per_scan=0.0)
            raid = self._drawn.raid
            seen = look(calm, parts, times, rng, raid.raid.rotating, raid.error_ratio)
            for k, more in zip(rows, seen, strict=True):
                self._scans[k] = _joined(self._scans[k], more, first)
        self.batches, self.told = self._spoilt()

    def _spoilt(self) -> tuple[list[PlotBatch], tuple[Weather, ...]]:
        return self._drawn.spoilt([scan.plots for scan in self._scans])


def _ways(flyers: Sequence[Flyer]) -> tuple[IntArray, FloatArray, FloatArray]:
    """Seconds (k,) and places (k, 3) of all; those of body i are from first[i] on."""
    paths = [flyer.path for flyer in flyers]
    return (
        np.cumsum([0, *(len(path.time_s) for path in paths)]),
        np.concatenate([np.zeros(0), *(path.time_s for path in paths)]),
        np.concatenate([np.zeros((0, 3)), *(path.state[:, :3] for path in paths)]),
    )


@kernel
def _nearest(
    first: IntArray,
    way_s: FloatArray,
    way_m: FloatArray,
    time_s: float,
    place_m: FloatArray,
) -> int:
    """The body nearest to a place at a time; ways are taken for straight between rows."""
    best, near = NOBODY, NEAR_M * NEAR_M
    for body in range(len(first) - 1):
        begin, end = first[body], first[body + 1]
        if not way_s[begin] <= time_s <= way_s[end - 1]:
            continue
        k = begin + np.searchsorted(way_s[begin + 1 : end - 1], time_s)
        share = (time_s - way_s[k]) / (way_s[k + 1] - way_s[k])
        away = 0.0
        for axis in range(3):
            there = way_m[k, axis] + share * (way_m[k + 1, axis] - way_m[k, axis])
            away += (there - place_m[axis]) ** 2
        if away < near:
            best, near = body, away
    return best


def keyed(seed: int, body: int, purpose: int, k: int) -> np.random.Generator:
    """A generator that depends on these alone: numbers as of `streams`, from the k-th."""
    counter = np.array([k, purpose, body, 0], np.uint64)
    return np.random.Generator(
        np.random.Philox(counter=counter, key=np.array([seed, 0], np.uint64))
    )


def _kept(scan: Scan, keep: BoolArray) -> Scan:
    if keep.all():
        return scan
    return Scan(scan.begins_s, _rows(scan.plots, np.flatnonzero(keep)), scan.who[keep])


def _joined(scan: Scan, more: Scan, first: int) -> Scan:
    """Both, in order of time; the bodies of `more` are numbered from `first` on."""
    if not len(more.who):
        return scan
    a, b = scan.plots, more.plots
    both = replace(
        a,
        time_s=np.append(a.time_s, b.time_s),
        measured=np.concatenate([a.measured, b.measured]),
        sigma=np.concatenate([a.sigma, b.sigma]),
        origin_ecef_m=np.concatenate([a.origin_ecef_m, b.origin_ecef_m]),
        sigma_pos_m=np.concatenate([a.sigma_pos_m, b.sigma_pos_m]),
        identity=a.identity + b.identity,
    )
    order = np.lexsort((both.measured[:, 0], both.time_s))
    who = np.append(scan.who, more.who + first)
    return Scan(scan.begins_s, _rows(both, order), who[order])


def _rows(plots: PlotBatch, rows: IntArray) -> PlotBatch:
    return replace(
        plots,
        time_s=plots.time_s[rows],
        measured=plots.measured[rows],
        sigma=plots.sigma[rows],
        origin_ecef_m=plots.origin_ecef_m[rows],
        sigma_pos_m=plots.sigma_pos_m[rows],
        identity=tuple(plots.identity[i] for i in rows),
    )
