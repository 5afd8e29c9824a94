"""Futures of what falls, over the ground: every body a track may be, flown down."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.cores import pieces, shared_out
from forewarn.dynamics import drag_tables
from forewarn.flight import Ground
from forewarn.forecast.curves import Curves
from forewarn.forecast.falling import PARTS, falling_futures
from forewarn.forecast.fan import Fan, Known, fan_of
from forewarn.forecast.holding import paces
from forewarn.forecast.params import ForecastParams
from forewarn.forecast.precedents import Precedents
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray, Tracks

LEAST_SHARED = 16  # bodies whose falls are worth a second core


class Falls:
    """Flies what falls, and remembers what it tells of those that follow.

    drag : curves of the library
    """

    def __init__(self, ground: Ground, params: ForecastParams) -> None:
        self.drag = drag_tables()
        self._ground = ground
        self._params = params
        self._precedents = Precedents(params.precedents_s)
        self._curves = Curves(params.precedents_s, self.drag)

    def learn(self, tracks: Tracks, rows: IntArray, air: FloatArray) -> None:
        """Take down what tracks that can be flown, in `rows`, tell of others."""
        self._precedents.learn(tracks, rows, air, self.drag)
        self._curves.learn(tracks, rows, air, self.drag)

    def futures(
        self,
        tracks: Tracks,
        rows: IntArray,
        falling: FloatArray,
        now: FloatArray,
        air: FloatArray,
    ) -> tuple[IntArray, FloatArray]:
        """Futures of boosting and falling modes, and a wider twin of each.

        falling : (rows,) probability that it is a threat and falls
        now     : (rows, 10 or more) as of `aims`
        returns : (k,) which of `rows`, (k, 10) weight and columns of `falling_futures`
        """
        speeds = paces(now, tracks.time_s[rows])
        belief = self._precedents.belief(tracks.track_id[rows])
        learned = self._curves.learned(tracks, rows, *speeds)
        drag = np.concatenate([self.drag, self._curves.tables])
        known = Known(*speeds, belief, learned, air, drag)
        fan = fan_of(tracks, rows, falling, known, self._params)
        made = self._flown(fan, tracks.time_s[rows[fan.owner]], air, drag)
        made[:, :, 0] *= fan.weight[:, None]
        body, part = np.nonzero(made[:, :, 0] > 0.0)
        owner, futures = finite(fan.owner[body], made[body, part])
        twin = futures.copy()
        tail = self._params.tail_share(futures[:, 6] - tracks.time_s[rows[owner]])
        futures[:, 0] *= 1 - tail
        twin[:, 0] *= tail
        twin[:, 3:6] *= self._params.tail_scale**2
        twin[:, 9] *= self._params.tail_scale
        return np.concatenate([owner, owner]), np.concatenate([futures, twin])

    def _flown(
        self, fan: Fan, time_s: FloatArray, air: FloatArray, drag: FloatArray
    ) -> FloatArray:
        """(m, PARTS, 10) as of `falling_futures`; time_s : (m,) of each body's state."""
        made = np.empty((len(fan.owner), PARTS, 10))
        jobs: list[IntArray] = []  # bodies of one curve each
        for curve in np.unique(fan.curve):
            own = np.flatnonzero(fan.curve == curve)
            jobs += [own[part] for part in pieces(len(own), LEAST_SHARED)]
        fly = partial(self._fly, fan, time_s, air, drag)
        for own, flown in zip(jobs, shared_out(fly, jobs), strict=True):
            made[own] = flown
        return made

    def _fly(
        self, fan: Fan, time_s: FloatArray, air: FloatArray, drag: FloatArray, own: IntArray
    ) -> FloatArray:
        """Bodies `own` of the fan, all of one curve."""
        curve = fan.curve[own[0]]
        noise = self._params.fall_noise
        if curve >= len(self.drag):
            noise = noise._replace(unseen=self._params.ln_beta_drawn)
        mean, cov = fan.mean[own], fan.cov[own]
        return falling_futures(
            mean, cov, time_s[own], noise, self._ground, air, drag[curve]
        )

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {**self._precedents.memory(), **self._curves.memory()}

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._precedents.restore(memory)
        self._curves.restore(memory)


def finite(owner: IntArray, futures: FloatArray) -> tuple[IntArray, FloatArray]:
    """Leave out futures that hold no answer, such as a flight that never comes down."""
    good = np.isfinite(futures).all(axis=1)
    return owner[good], futures[good]
