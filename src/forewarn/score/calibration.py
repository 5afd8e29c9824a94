"""Whether zones said to be hit once in a thousand times are hit once in a thousand times.

One sample per zone and threat, at the moment it was decided upon: when the early quantile
of the time left first fell to what the zone's people need.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.score.statistics import bootstrap_ratio

LEAST = 30.0  # expected in a bin that is judged
FACTOR = 1.5  # within which observed over expected must lie
EDGES = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Samples whose stated probability lies in [low, high).

    expected : sum of what was stated; observed : sum of the shares truly harmed
    ratio    : observed / expected; low_ratio, high_ratio: its interval over runs
    judged   : enough was expected for the ratio to mean something
    """

    low: float
    high: float
    samples: int
    expected: float
    observed: float
    ratio: float
    low_ratio: float
    high_ratio: float
    judged: bool

    @property
    def off(self) -> float:
        """By which factor more or less came than was expected, 1 or more."""
        return max(self.ratio, 1.0 / self.ratio) if self.ratio > 0 else float("inf")

    @property
    def honest(self) -> bool:
        """Whether the ratio lies within what design asks."""
        return self.off <= FACTOR


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What was stated and what came, one row per zone and threat at decision.

    stated   : (n,) mean over the zone's people of the probability of being harmed
    observed : (n,) share of the zone's people that it harmed
    """

    stated: FloatArray
    observed: FloatArray


def bins(samples: Sequence[Samples]) -> tuple[Bin, ...]:
    """Observed over expected by stated probability; samples: one for each run."""
    count, expected, observed = (np.zeros((len(samples), len(EDGES) - 1)) for _ in range(3))
    for run, one in enumerate(samples):
        row = np.searchsorted(np.array(EDGES[1:-1]), one.stated, side="right")
        for sums, weights in (
            (count, np.ones(len(row))),
            (expected, one.stated),
            (observed, one.observed),
        ):
            sums[run] = np.bincount(row, weights, minlength=len(EDGES) - 1)
    return tuple(
        _bin(low, high, count[:, i], expected[:, i], observed[:, i])
        for i, (low, high) in enumerate(pairwise(EDGES))
    )


def _bin(
    low: float, high: float, count: FloatArray, expected: FloatArray, observed: FloatArray
) -> Bin:
    stated, came = float(expected.sum()), float(observed.sum())
    return Bin(
        low,
        high,
        int(count.sum()),
        stated,
        came,
        came / stated if stated > 0 else float("nan"),
        *bootstrap_ratio(observed, expected),
        judged=stated >= LEAST and low > 0,
    )
