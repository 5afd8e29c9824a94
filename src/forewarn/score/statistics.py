"""Draws that depend on names alone, weighted quantiles, and honest intervals."""

import hashlib
from collections.abc import Sequence

import numpy as np

from forewarn.geodesy import FloatArray


def keyed_uniform(keys: Sequence[str], low: float, high: float) -> FloatArray:
    """One number per key, uniform in [low, high): the same wherever it is drawn."""
    whole = [
        int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big") for key in keys
    ]
    return low + (high - low) * np.array(whole, np.float64) / 2.0**56


def weighted_quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """Smallest value that at least `share` of the weight does not exceed; nan if none."""
    if not len(values) or weights.sum() <= 0:
        return float("nan")
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    row = int(np.searchsorted(below, share * below[-1], side="left"))
    return float(values[order][min(row, len(values) - 1)])


def exact_interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Bounds of a share: one-sided at 0 and at `trials`, two-sided between; nan if none.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in
    the case of the binomial" (1934).
    """
    from scipy.special import betaincinv  # slow to import

    if not trials:
        return float("nan"), float("nan")
    tail = (1 - level) if hits in (0, trials) else (1 - level) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, trials - hits + 1, tail))
    high = 1.0 if hits == trials else float(betaincinv(hits + 1, trials - hits, 1 - tail))
    return low, high


def bootstrap_ratio(
    over: FloatArray, under: FloatArray, level: float = 0.95, draws: int = 4000
) -> tuple[float, float]:
    """Interval of sum(over) / sum(under) when whole runs are drawn anew; nan below 2 runs.

    over, under : (r,) per run
    """
    runs = len(over)
    if runs < 2:
        return float("nan"), float("nan")
    rng = np.random.Generator(np.random.Philox(key=runs))
    row = rng.integers(0, runs, (draws, runs))
    below = under[row].sum(axis=1)
    ratio = over[row].sum(axis=1)[below > 0] / below[below > 0]
    if not len(ratio):
        return float("nan"), float("nan")
    low, high = np.quantile(ratio, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
