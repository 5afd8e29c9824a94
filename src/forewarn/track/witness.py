"""People who report bearings: how often one is heard, and how far one is believed.

A report that names its source is of one witness. One that speaks again within a minute
tells little new, and would count as a second voice. How often each was right is counted,
with the weight of a beta prior: a report is right when a track has it or begins of it, and
wrong when nothing came of it in time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, PlotBatch
from forewarn.track import table as tables
from forewarn.track.table import Table

PAUSE_S = 60.0
PRIOR_RIGHT, PRIOR_WRONG = 6.0, 2.0  # what is thought of who has not spoken yet
MOST = 20_000  # witnesses remembered, those heard last
WITNESS = np.dtype(
    [("name", "U16"), ("last_s", np.float64), ("right", np.float64), ("wrong", np.float64)]
)

Names = NDArray[np.str_]


class Witnesses:
    """known : who has spoken so far, by name; never written to again"""

    def __init__(self) -> None:
        self.known: Table = np.zeros(0, WITNESS)

    def admit(self, batch: PlotBatch, keep: BoolArray) -> BoolArray:
        """Which of the plots kept are heard; who is heard now must then pause."""
        names = np.array(batch.identity, "U16")
        named = np.flatnonzero(keep & (names != ""))
        if not len(named):
            return keep
        self._enter(names[named])
        known, row = self.known.copy(), self._rows(names[named])
        keep = keep.copy()
        for k in np.argsort(batch.time_s[named], kind="stable"):  # few, and each in turn
            since_s = batch.time_s[named[k]] - known["last_s"][row[k]]
            if 0.0 <= since_s < PAUSE_S:
                keep[named[k]] = False
            else:
                known["last_s"][row[k]] = batch.time_s[named[k]]
        self.known = known
        return keep

    def doubt(self, names: Names) -> FloatArray:
        """(m,) chance that a report of each is of nothing."""
        known = self.known[self._rows(names)]
        wrong = known["wrong"] + PRIOR_WRONG
        return np.asarray(wrong / (wrong + known["right"] + PRIOR_RIGHT))

    def learn(self, right: Names, wrong: Names) -> None:
        """Reports, by name of their witness, that turned out right, and wrong."""
        if not len(right) and not len(wrong):
            return
        known = self.known.copy()
        for names, column in ((right, "right"), (wrong, "wrong")):
            names = names[np.isin(names, known["name"])]
            np.add.at(known[column], self._rows(names), 1.0)
        self.known = known

    def _rows(self, names: Names) -> NDArray[np.int64]:
        return np.asarray(np.searchsorted(self.known["name"], names))

    def _enter(self, names: Names) -> None:
        new = np.setdiff1d(names, self.known["name"])
        if not len(new):
            return
        fresh = np.zeros(len(new), WITNESS)
        fresh["name"], fresh["last_s"] = new, -np.inf
        both = tables.join(self.known, fresh)
        if len(both) > MOST:  # who spoke longest ago is a stranger again
            spoken_s = np.where(both["last_s"] == -np.inf, np.inf, both["last_s"])
            both = both[np.argsort(-spoken_s, kind="stable")[:MOST]]
        self.known = both[np.argsort(both["name"])]

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {"witnesses": self.known}

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self.known = memory["witnesses"].copy()
