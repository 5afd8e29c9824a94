"""Young tracks: several readings of the same few plots, until one of them stands out.

A salvo leaves its launcher at the pace at which a radar looks, so a plot may be the rocket
of before or the next one. Each pair of plots that one body could have made is a young
track; each new plot may extend it in more than one way; those that share plots are rivals,
and only the best of them, the leader, is shown. What leads clearly becomes a track.
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.track.table import Table, state_of

BRANCH = 4.0  # a second plot this much less likely than the best still makes a branch
WEAK = 3.0  # a best plot worth less than this leaves the chance that it was missed
SLOW_MPS, SLOW_COST = 250.0, 12.0  # slower than this is seldom a threat that begins


@kernel
def extend(
    start: IntArray,
    plot: IntArray,
    log_l: FloatArray,
    log_clutter: FloatArray,
    log_free: FloatArray,
    log_hit: float,
    log_miss: FloatArray,
    score: FloatArray,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Ways in which young tracks (n) go on with a scan.

    start, plot, log_l : pairs (p,) in CSR form
    log_free           : (p,) that no other track has the plot
    log_hit, log_miss  : of being seen; (n,) of not being seen
    returns            : (c,) parent row, pair or -1 for a miss, new score
    """
    n = len(start) - 1
    parent = np.empty(3 * n, np.int64)
    chosen = np.empty(3 * n, np.int64)
    scores = np.empty(3 * n)
    count = 0
    for i in range(n):
        best, second = -1, -1
        best_gain, second_gain = -1e300, -1e300
        for pair in range(start[i], start[i + 1]):
            gain = log_l[pair] - log_clutter[plot[pair]] + log_hit + log_free[pair]
            if gain > best_gain:
                second, second_gain = best, best_gain
                best, best_gain = pair, gain
            elif gain > second_gain:
                second, second_gain = pair, gain
        if best >= 0:
            parent[count], chosen[count], scores[count] = i, best, score[i] + best_gain
            count += 1
        if second >= 0 and second_gain > best_gain - BRANCH:
            parent[count], chosen[count] = i, second
            scores[count] = score[i] + second_gain
            count += 1
        if best_gain < WEAK:
            parent[count], chosen[count], scores[count] = i, -1, score[i] + log_miss[i]
            count += 1
    return parent[:count], chosen[:count], scores[:count]


@kernel
def worth_of(t: Table) -> FloatArray:
    """(n,) what young tracks count for against their rivals: less, while they are slow."""
    out = np.empty(len(t))
    state = np.empty(6)
    for i in range(len(t)):
        vague_mps = state_of(t, i, state)
        speed = np.sqrt(state[3] ** 2 + state[4] ** 2 + state[5] ** 2)
        # where the speed is not known yet, it costs what it may yet turn out to be
        quick = (speed - SLOW_MPS) / max(vague_mps, 15.0)
        cost = SLOW_COST / (1.0 + np.exp(min(max(1.7 * quick, -30.0), 30.0)))
        out[i] = t[i]["log_odds"] - cost
    return out


@kernel
def dense(number: IntArray, order: IntArray) -> tuple[int, IntArray]:
    """How many different numbers there are, and which each is; -1 stays -1.

    number : (n, 4) of plots; order : of its values, flat, from the least up
    """
    flat = number.ravel()
    out = np.empty(len(flat), np.int64)
    count, last = 0, np.int64(-1)
    for i in order:
        if flat[i] != last:
            count += 1
            last = flat[i]
        out[i] = count - 1
    return count, out.reshape(number.shape)


@kernel
def lead(
    place: IntArray, plots: int, worth: FloatArray, order: IntArray, lag: float, most: int
) -> tuple[BoolArray, BoolArray, FloatArray]:
    """Leaders among young tracks (n): none of them shares a plot with a better one.

    place   : (n, 4) their last plots, numbered 0 .. plots - 1, -1 = none
    worth   : (n,) ; order : rows from the best down
    lag     : rivals worth this much less than their leader are dropped,
    most    : and all beyond so many
    returns : who leads, who is kept (n,), and by how much a leader leads its best rival
    """
    n = len(order)
    owner = np.full(plots, -1, np.int64)
    leads = np.zeros(n, np.bool_)
    kept = np.zeros(n, np.bool_)
    ahead = np.full(n, np.inf)
    rivals = np.zeros(n, np.int64)
    for i in order:
        first = -1
        for k in range(4):
            p = place[i, k]
            if p >= 0 and owner[p] >= 0:
                first = owner[p]
                ahead[first] = min(ahead[first], worth[first] - worth[i])
                if rivals[first] >= most or worth[i] < worth[first] - lag:
                    first = -2
                    break
        if first == -2:
            continue
        kept[i] = True
        if first >= 0:
            rivals[first] += 1
            continue
        leads[i] = True
        for k in range(4):
            if place[i, k] >= 0:
                owner[place[i, k]] = i
    return leads, kept, ahead


@kernel
def _name_apart(young: Table, order: IntArray, leads: BoolArray, others: Table) -> None:
    """A leader that began like another track, but is not it, is named by its newest plot.

    order, leads : rows from the best down; no two that lead share a plot. Names by first
                   plots are even, by newest plots odd.
    """
    n = len(others)
    leaders = order[leads[order]]
    ids = np.empty(n + len(leaders), np.int64)
    for i in range(n):
        ids[i] = others[i]["track_id"]
    for k in range(len(leaders)):
        ids[n + k] = young[leaders[k]]["track_id"]
    in_order = np.argsort(ids, kind="mergesort")
    for place in range(1, len(ids)):
        i = in_order[place]
        if ids[i] == ids[in_order[place - 1]] and i >= n:
            row = young[leaders[i - n]]
            row["track_id"] = 2 * row["recent"][3] + 1
            row["named"] = False


@kernel
def sort_out(
    young: Table,
    others: Table,
    lag: float,
    most: int,
    least_odds: float,
    grown_hits: int,
    grown_odds: float,
    grown_lead: float,
    grown_s: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Which young tracks (n) stay young, and which are grown up; names of leaders too.

    others     : tracks that are grown already
    lag, most  : of `lead`; least_odds : log odds of those that stay
    grown_..   : plots, log odds of one grown up, and by how much it leads or how old it is
    returns    : rows (k,) that stay, rows (g,) grown up, and (k,) log odds of leaders to be
                 the right reading, of others -inf
    """
    n = len(young)
    worth, ids, recent = worth_of(young), np.empty(n, np.int64), np.empty((n, 4), np.int64)
    for i in range(n):
        ids[i] = young[i]["track_id"]
        for k in range(4):
            recent[i, k] = young[i]["recent"][k]
    plots, place = dense(recent, np.argsort(recent.ravel(), kind="mergesort"))
    by_id = np.argsort(ids, kind="mergesort")
    order = by_id[np.argsort(-worth[by_id], kind="mergesort")]
    leads, kept, ahead = lead(place, plots, worth, order, lag, most)
    _name_apart(young, order, leads, others)
    ours, grown = np.zeros(plots + 1, np.bool_), np.zeros(n, np.bool_)
    for i in range(n):
        row = young[i]
        clear = ahead[i] > grown_lead or row["time_s"] - row["first_s"] >= grown_s
        sure = row["hits"] >= grown_hits and row["log_odds"] > grown_odds
        grown[i] = leads[i] and sure and clear
        if grown[i]:
            for k in range(4):
                ours[place[i, k]] = True
    ours[-1] = False  # of those that have no fourth plot yet
    lead_odds, count = np.empty(n), 0
    for i in range(n):
        stays = kept[i] and young[i]["log_odds"] > least_odds
        for k in range(4):
            stays = stays and not ours[place[i, k]]
        kept[i] = stays
        if stays:
            lead_odds[count] = min(young[i]["log_odds"], ahead[i]) if leads[i] else -np.inf
            count += 1
    return np.flatnonzero(kept), np.flatnonzero(grown), lead_odds[:count]
