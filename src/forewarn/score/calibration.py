"""Whether zones said to be hit once in a thousand times are hit once in a thousand times.

One sample per zone and threat, at the moment it was decided upon: when the early quantile
of the time left first fell to what the zone's people need.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forewarn.geodesy import FloatArray

EDGES = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Samples whose stated probability lies in [low, high).

    expected : sum of what was stated; observed : sum of the shares truly harmed
    ratio    : observed / expected
    """

    low: float
    high: float
    samples: int
    expected: float
    observed: float
    ratio: float


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What was stated and what came, one row per zone and threat at decision.

    stated   : (n,) mean over the zone's people of the probability of being harmed
    observed : (n,) share of the zone's people that it harmed
    """

    stated: FloatArray
    observed: FloatArray


def bins(samples: Sequence[Samples]) -> tuple[Bin, ...]:
    """Observed over expected by stated probability, all runs together."""
    stated = np.concatenate([np.zeros(0), *[one.stated for one in samples]])
    observed = np.concatenate([np.zeros(0), *[one.observed for one in samples]])
    row = np.searchsorted(np.array(EDGES[1:-1]), stated, side="right")
    found = []
    for i, (low, high) in enumerate(pairwise(EDGES)):
        inside = row == i
        expected, came = float(stated[inside].sum()), float(observed[inside].sum())
        ratio = came / expected if expected > 0 else float("nan")
        found.append(Bin(low, high, int(inside.sum()), expected, came, ratio))
    return tuple(found)
