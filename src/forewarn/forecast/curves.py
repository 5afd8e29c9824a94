"""What bodies in the air tell of the drag of those that fly with them.

Soon after burn-out nothing shows how a body's drag will go on as it slows down, and that
leaves open most of where it comes down. But rockets of one salvo are mostly of one make,
each of its own weight, and some of them are slower or further on. Each shows how drag
changed as it slowed from one Mach number to the next; together they draw the curve.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forewarn.compiled import kernel
from forewarn.dynamics import drag_at, drag_table
from forewarn.forecast.prior import HEAVIER
from forewarn.forecast.shown import lags, shown_drag
from forewarn.geodesy import FloatArray
from forewarn.records import FALLING, IntArray, Tracks, rows_of
from forewarn.threats import BALLISTIC_MISSILE, ROCKET, SHAPES

CLASSES = (ROCKET, BALLISTIC_MISSILE)  # a curve of each, after those of the library
NODES = np.geomspace(0.6, 6.0, 25)  # Mach
SURE = 0.8  # probability of its class from which on a body tells of it
TOLD = 0.35  # standard deviation of ln beta from which on drag has told
LIBRARY = 1.0  # bodies that what the library says of a curve counts for
UNLIKE = 0.5  # weight of "like none of them", where each body has weight 1
MOST = 0.4  # change from node to node, off the library's, that is no fault of a track
RENEW = 0.05  # share by which more must be known for a curve to be drawn anew
SOUND_MPS = 310.0  # about, where rockets fly
FELT_MPS2 = 1.0  # drag from which on a track's coefficient is that of now
MOST_NODES = 4  # that a body comes through between two scans, unless its track jumped


class Learned(NamedTuple):
    """Of some tracks: curve (n,) in the tables, and how surely it is theirs (n,)."""

    curve: IntArray
    sure: FloatArray


class Curves:
    """Draws the drag curve of each of CLASSES from all that slow down.

    precedents_s : what was seen fades over so long
    drag         : tables of the library
    """

    def __init__(self, precedents_s: float, drag: FloatArray) -> None:
        self._precedents_s = precedents_s
        self._library = _steps(drag[: len(CLASSES)])
        # of bodies in the air: track, slowest Mach and drag there, drag at the node above
        self._id: IntArray = np.zeros(0, np.int64)
        self._last: FloatArray = np.zeros((0, 3))
        # by class and step between nodes: how many told, and the sum of what, beyond the
        # library; and the same as it was when `tables` were drawn
        self._told: FloatArray = np.zeros((2, len(CLASSES), len(NODES) - 1))
        self._drawn: FloatArray = self._told.copy()
        self._time_s = -np.inf
        self.tables: FloatArray = self._draw()

    def learn(
        self, tracks: Tracks, rows: IntArray, air: FloatArray, drag: FloatArray
    ) -> None:
        """Take down how drag changed of what slowed down since the last scan.

        rows : (k,) of tracks that can be flown: what is no number would spoil all others
        """
        row, of = self._tellers(tracks, rows)
        now_s = tracks.received_s
        if np.isfinite(self._time_s):
            fades = np.exp(min(self._time_s - now_s, 0.0) / self._precedents_s)
            self._told = self._told * fades
        self._time_s = now_s
        _, flies = rows_of(self._id, tracks.track_id)
        self._id, self._last = self._id[flies], self._last[flies]
        if len(row):
            ids = tracks.track_id[row]
            fresh = ids[~rows_of(ids, self._id)[1]]
            self._id = np.append(self._id, fresh)
            blank = np.full((len(fresh), 3), np.nan)
            order = np.argsort(self._id)
            self._id = self._id[order]
            self._last = np.concatenate([self._last, blank])[order]
            mode = tracks.mode_weight[row].argmax(axis=1)
            mean = np.ascontiguousarray(tracks.mean[row, mode])
            shown = shown_drag(mean, mode - FALLING, lags(tracks, row), air, drag)
            at = np.searchsorted(self._id, ids)
            self._told, self._last = self._told.copy(), self._last.copy()
            _slow_down(self._last, at, of, shown, self._library, self._told)
        drawn = self._drawn[0]
        change = np.abs(self._told[0] - drawn).sum(axis=1)
        due = change > RENEW * (drawn.sum(axis=1) + LIBRARY)
        if due.any():
            self._drawn = np.where(due[:, None], self._told, self._drawn)
            self.tables = self._draw()

    def _tellers(self, tracks: Tracks, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Which of `rows` tell, and of which of CLASSES: no wrecks, they fly otherwise."""
        if not len(rows):
            return rows, rows
        prob = tracks.class_prob[:, CLASSES]
        row = rows[(tracks.confirmed & (prob.max(axis=1) > SURE))[rows]]
        mode = tracks.mode_weight[row].argmax(axis=1)
        told = np.isin(mode, FALLING + np.flatnonzero(HEAVIER))
        told &= tracks.cov[row, mode, 6, 6] < TOLD**2
        return row[told], prob[row[told]].argmax(axis=1)

    def _draw(self) -> FloatArray:
        """(classes, cells, 5) as of `drag_tables`."""
        count, total = self._drawn
        steps = self._library + total / (count + LIBRARY)
        # from the fastest down
        course = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]
        drag = np.exp(np.pad(course, ((0, 0), (0, 1))))
        return np.stack([drag_table(np.stack([NODES, one], axis=1)) for one in drag])

    def learned(
        self, tracks: Tracks, rows: IntArray, now_mps: FloatArray, mean_mps: FloatArray
    ) -> Learned:
        """What others told of the speeds that some tracks will come through.

        now_mps, mean_mps : (rows,) speed now, and mean over the rest of the way
        """
        kind = tracks.class_prob[rows][:, CLASSES].argmax(axis=1)
        count = self._drawn[0]
        sure = (count / (count + UNLIKE))[kind]
        middle = SOUND_MPS * np.sqrt(NODES[1:] * NODES[:-1])
        ahead = (middle < now_mps[:, None]) & (middle > mean_mps[:, None])
        each = np.maximum(ahead.sum(axis=1), 1)
        return Learned(len(SHAPES) + kind, (ahead * sure).sum(axis=1) / each)

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {
            "curves.id": self._id,
            "curves.last": self._last,
            "curves.told": self._told,
            "curves.drawn": self._drawn,
            "curves.time_s": np.array([self._time_s]),
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._id = memory["curves.id"].astype(np.int64)
        self._last = memory["curves.last"].astype(np.float64)
        self._told = memory["curves.told"].astype(np.float64)
        self._drawn = memory["curves.drawn"].astype(np.float64)
        self._time_s = float(memory["curves.time_s"][0])
        self.tables = self._draw()


def _steps(drag: FloatArray) -> FloatArray:
    """(k, nodes - 1) change of ln drag of tables (k, cells, 5), from node to node down."""
    course = np.log([[drag_at(table, mach) for mach in NODES] for table in drag])
    return np.asarray(course[:, :-1] - course[:, 1:])


@kernel
def _slow_down(
    last: FloatArray,
    at: IntArray,
    of: IntArray,
    shown: FloatArray,
    library: FloatArray,
    told: FloatArray,
) -> None:
    """Count the steps that bodies went down by.

    last    : (b, 3) of all bodies, to bring up to date: slowest Mach number lately, ln drag
              there, ln drag at the node above it; nan = not known
    at, of  : (m,) rows of those seen now, and their class
    shown   : (m, 3) as of `shown_drag`
    library : (classes, nodes - 1); told : (2, classes, nodes - 1) to add to
    """
    apart = NODES[1] / NODES[0]
    for i in range(len(at)):
        body, mach, drag = last[at[i]], shown[i, 0], shown[i, 1]
        # where gravity slows it nothing tells of drag; and it begins anew where it gained
        # speed, or its track jumped
        jumped = mach > body[0] * apart or mach < body[0] / apart**MOST_NODES
        if jumped or shown[i, 2] < FELT_MPS2:
            body[:] = np.nan
            if shown[i, 2] < FELT_MPS2:
                continue
        if mach >= body[0]:
            continue  # the track trembles
        for node in range(len(NODES) - 1, -1, -1):
            if not mach < NODES[node] <= body[0]:
                continue
            share = (NODES[node] - mach) / (body[0] - mach)
            there = drag + share * (body[1] - drag)
            if node < len(NODES) - 1 and not np.isnan(body[2]):
                step = there - body[2] - library[of[i], node]
                told[0, of[i], node] += 1.0
                told[1, of[i], node] += min(max(step, -MOST), MOST)
            body[2] = there
        body[0], body[1] = mach, drag
