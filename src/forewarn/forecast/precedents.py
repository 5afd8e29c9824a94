"""What missiles tell of those that come after them: of one raid, most are of a kind.

Above the air nothing shows how heavy a missile is for its size, which leaves open most of
where it comes down. Of those that came into the air before it, drag has told. The next is
like any one of them, or like none.
Source: Blackwell, MacQueen, "Ferguson distributions via Polya urn schemes", Annals of
Statistics 1(2), 1973.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.forecast.prior import HEAVIER
from forewarn.forecast.shown import as_much, lags
from forewarn.geodesy import FloatArray
from forewarn.motion.mixing import SEVENTH
from forewarn.records import FALLING, STRAIGHT, BoolArray, IntArray, Tracks
from forewarn.threats import BALLISTIC_MISSILE, THREATS

SURE = 0.9  # probability of its class from which on a track tells of it
TOLD = 0.2  # standard deviation of ln beta from which on drag has told
ALIKE = 0.15  # standard deviation of ln beta among missiles of one kind
NEW_KIND = 0.5  # weight of "like none of them", where each of them has weight 1


class Precedents:
    """Remembers how heavy for their size the missiles of the last hours were."""

    def __init__(self, precedents_s: float) -> None:
        self._precedents_s = precedents_s
        self._id: IntArray = np.zeros(0, np.int64)
        self._seen_s: FloatArray = np.zeros(0)
        self._variance: FloatArray = np.zeros(0)
        # ln beta that each drag curve needs for as much drag as was seen
        self._ln_beta: FloatArray = np.zeros((0, STRAIGHT - FALLING))

    def learn(
        self, tracks: Tracks, rows: IntArray, air: FloatArray, drag: FloatArray
    ) -> None:
        """Take down what drag has told of missiles in the air; forget what is long past.

        rows : (k,) of tracks that can be flown: what is no number would spoil all others
        """
        self._keep(tracks.received_s - self._seen_s < self._precedents_s)
        if not len(rows):
            return
        sure = tracks.confirmed & (tracks.class_prob[:, BALLISTIC_MISSILE] > SURE)
        row = rows[sure[rows]]
        mode = tracks.mode_weight[row].argmax(axis=1)
        told = np.isin(mode, FALLING + np.flatnonzero(HEAVIER))
        told &= tracks.cov[row, mode, 6, 6] < TOLD**2
        row, mode = row[told], mode[told]
        if not len(row):
            return
        mean, own = tracks.mean[row, mode], mode - FALLING
        curves = [np.full(len(row), curve) for curve in range(STRAIGHT - FALLING)]
        lag_s = lags(tracks, row)
        more = [as_much(mean, own, curve, lag_s, air, drag) for curve in curves]
        self._keep(~np.isin(self._id, tracks.track_id[row]))
        self._id = np.append(self._id, tracks.track_id[row])
        self._seen_s = np.append(self._seen_s, tracks.time_s[row])
        self._variance = np.append(self._variance, tracks.cov[row, mode, 6, 6])
        fresh = mean[:, 6:] + np.stack(more, axis=1)
        self._ln_beta = np.concatenate([self._ln_beta, fresh])

    def _keep(self, which: BoolArray) -> None:
        self._id, self._seen_s = self._id[which], self._seen_s[which]
        self._variance, self._ln_beta = self._variance[which], self._ln_beta[which]

    def belief(self, track_id: IntArray) -> FloatArray:
        """(n, shapes, 2) mean, standard deviation of ln beta beforehand, by drag curve.

        What was taken down of a track itself does not count for it: it is in its state. A
        wreck is as heavy as any: what flies whole says nothing of it.
        """
        own, own_sigma = THREATS[BALLISTIC_MISSILE].ln_beta
        others = (self._id[None] != track_id[:, None]).astype(np.float64)
        whole = others.sum(axis=1, keepdims=True) + NEW_KIND
        mean = (others @ self._ln_beta + NEW_KIND * own) / whole
        spread = self._ln_beta**2 + self._variance[:, None] + ALIKE**2
        square = (others @ spread + NEW_KIND * (own**2 + own_sigma**2)) / whole
        told = np.stack([mean, np.sqrt(square - mean**2)], axis=2)
        common = SEVENTH[FALLING, 0], np.sqrt(SEVENTH[FALLING, 1])
        return np.where(HEAVIER[:, None], told, common)

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {
            "precedents.id": self._id,
            "precedents.seen_s": self._seen_s,
            "precedents.variance": self._variance,
            "precedents.ln_beta": self._ln_beta,
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._id = memory["precedents.id"].astype(np.int64)
        self._seen_s = memory["precedents.seen_s"].astype(np.float64)
        self._variance = memory["precedents.variance"].astype(np.float64)
        self._ln_beta = memory["precedents.ln_beta"].astype(np.float64)
