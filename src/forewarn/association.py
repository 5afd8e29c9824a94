"""Which plot is whose: shared out among all tracks by belief propagation.

The full answer sums over every joint assignment; on sparse pairs, messages between tracks
and plots come to nearly the same marginals at a cost linear in the pairs.
Source: Williams, Lau, "Approximate evaluation of marginal association probabilities with
belief propagation", IEEE Transactions on Aerospace and Electronic Systems 50(4), 2014.
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray

ROUNDS = 60  # bounded by count, never by the clock: a replay gives the same
SETTLED = 1e-4
MOST_LOG = 60.0  # so that no exponential overflows


@kernel
def odds(
    start: IntArray,
    plot: IntArray,
    log_l: FloatArray,
    log_clutter: FloatArray,
    log_odds: FloatArray,
    hit: FloatArray,
    out: FloatArray,
) -> None:
    """Weight of each pair (p,) over the track's being missed or not there at all.

    log_odds, hit : (n,) of existence, and chance to be seen
    log_clutter   : (m,) density of false plots, in the units of log_l (p,)
    """
    for i in range(len(start) - 1):
        r = 1.0 / (1.0 + np.exp(-min(max(log_odds[i], -MOST_LOG), MOST_LOG)))
        own = np.log(r * hit[i] / (1.0 - r * hit[i]))
        for pair in range(start[i], start[i + 1]):
            told = own + log_l[pair] - log_clutter[plot[pair]]
            out[pair] = np.exp(min(max(told, -MOST_LOG), MOST_LOG))


@kernel
def share_out(
    start: IntArray, plot: IntArray, weight: FloatArray, plots: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Marginal probabilities that a plot is a track's.

    start, plot : pairs (p,) in CSR form over the tracks (n)
    weight      : (p,) of the pair over (missed and not the pair); `plots` = how many
    returns     : (p,) of each pair, (n,) that a track took none, (plots,) that a plot is
                  nobody's, and (p,) that it is nobody else's
    """
    n = len(start) - 1
    to_plot = np.zeros(len(plot))  # messages track -> plot
    to_track = np.ones(len(plot))  # messages plot -> track
    heard = np.zeros(plots)
    moved = np.zeros(plots, np.int64)  # round in which a plot last heard something new
    for turn in range(ROUNDS):
        quiet = True
        for i in range(n):
            news = False
            for pair in range(start[i], start[i + 1]):
                news |= moved[plot[pair]] >= turn - 1
            if not news:
                continue
            total = 1.0
            for pair in range(start[i], start[i + 1]):
                others = max(heard[plot[pair]] - to_plot[pair], 0.0)
                to_track[pair] = 1.0 / (1.0 + others)
                total += weight[pair] * to_track[pair]
            for pair in range(start[i], start[i + 1]):
                own = weight[pair] * to_track[pair]
                told = weight[pair] / max(total - own, 1.0)
                change = told - to_plot[pair]
                to_plot[pair] = told
                heard[plot[pair]] += change
                # of what is told loudly, what matters is how much it halves the rest
                if abs(change) > SETTLED * (1.0 + heard[plot[pair]]):
                    moved[plot[pair]] = turn
                    quiet = False
        if quiet:
            break
    for pair in range(len(plot)):
        to_track[pair] = 1.0 / (1.0 + max(heard[plot[pair]] - to_plot[pair], 0.0))
    share = np.empty(len(plot))
    missed = np.empty(n)
    for i in range(n):
        total = 1.0
        for pair in range(start[i], start[i + 1]):
            share[pair] = weight[pair] * to_track[pair]
            total += share[pair]
        for pair in range(start[i], start[i + 1]):
            share[pair] /= total
        missed[i] = 1.0 / total
    return share, missed, 1.0 / (1.0 + heard), to_track


@kernel
def claim(
    start: IntArray, plot: IntArray, weight: FloatArray, plots: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Marginal probabilities where a track may have any number of plots, as of observers.

    Each plot is somebody's or nobody's whatever the others are.
    arguments and returns as of `share_out`, less the last
    """
    n = len(start) - 1
    total = np.ones(plots)
    for pair in range(len(plot)):
        total[plot[pair]] += weight[pair]
    share, missed = np.empty(len(plot)), np.ones(n)
    for i in range(n):
        for pair in range(start[i], start[i + 1]):
            share[pair] = weight[pair] / total[plot[pair]]
            missed[i] *= 1.0 - share[pair]
    return share, missed, 1.0 / total
