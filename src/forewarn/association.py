"""Which plot is whose: one plot for a track, one track for a plot, best as a whole."""

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import IntArray


def assign(
    tracks: IntArray, plots: IntArray, gain: FloatArray, counts: tuple[int, int]
) -> IntArray:
    """The assignment with the largest sum of gains; a track may stay without a plot.

    tracks, plots, gain : (p,) pairs, and what each is worth above staying without
    counts              : numbers of tracks and plots
    returns             : (tracks,) row of its plot, -1 = none

    Source: sparse Jonker-Volgenant, as in SciPy; each track has a place of its own to
    stay without a plot, so that a full matching always exists.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    n, m = counts
    best = np.full(n, -1, np.int64)
    worth = gain > 0.0
    if not worth.any():
        return best
    tracks, plots, gain = tracks[worth], plots[worth], gain[worth]
    involved, row = np.unique(tracks, return_inverse=True)
    alone = np.arange(len(involved))
    # the solver takes a zero as "no edge": costs are shifted above it
    shift = float(gain.max()) + 1.0
    costs = coo_array(
        (
            np.concatenate([shift - gain, np.full(len(involved), shift)]),
            (np.concatenate([row, alone]), np.concatenate([plots, m + alone])),
        ),
        shape=(len(involved), m + len(involved)),
    )
    rows, columns = min_weight_full_bipartite_matching(costs.tocsr())
    chosen = columns < m
    best[involved[rows[chosen]]] = columns[chosen]
    return best
