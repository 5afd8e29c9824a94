"""Whose name is whose: a track is named once it can hardly be taken for another.

Rockets of a salvo start at the pace at which radars look, some nearer to each other than a
plot tells. Who is who of them only shows as they come apart. Until then both are followed,
forecast and warned of; only what each is called is left open.
"""

import numpy as np

from forewarn.compiled import bare_kernel, kernel
from forewarn.gate import around, lay_out
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray
from forewarn.sensor import inverse3
from forewarn.track.table import COUNT, Table, state_of

LIKELY = 2.2  # log odds above which another track is one that this may be taken for
NEAR_M = 1500.0  # and within which it may
SALVO_MPS = 150.0  # nothing slower comes in salvos: it is named at its second plot if apart


@bare_kernel
def _place_at(
    t: Table, i: int, now_s: float, state: FloatArray, mean: FloatArray, cov: FloatArray
) -> None:
    """Place of a track at now_s, over all its modes: mean (3,) m and cov (3, 3) m2.

    state : (6,) gets its blended state at its own time
    """
    row = t[i]
    state_of(t, i, state)
    lag = now_s - row["time_s"]
    for k in range(3):
        mean[k] = state[k] + lag * state[3 + k]
        for q in range(3):
            cov[k, q] = 0.0
    for mode in range(COUNT):
        part = row["weight"][mode]
        if part <= 0.0:
            continue
        s, p = row["mean"][mode], row["cov"][mode]
        for k in range(3):
            off = s[k] + lag * s[3 + k] - mean[k]
            for q in range(3):
                moved = p[k, 3 + q] + p[3 + k, q] + lag * p[3 + k, 3 + q]
                other = s[q] + lag * s[3 + q] - mean[q]
                cov[k, q] += part * (p[k, q] + lag * moved + off * other)


@kernel
def give_names(
    t: Table,
    young: Table,
    leads: BoolArray,
    now_s: float,
    hits: int,
    open_s: float,
    apart: float,
    write_young: bool,
) -> None:
    """Name tracks (n) and young leaders (m, bool leads) that are apart from all, in place.

    hits        : plots that a fast track needs first
    open_s      : a name is left open for so long at most
    apart       : standard deviations between places that are surely two
    write_young : False = young ones are only looked at
    """
    n, m = len(t), len(young)
    whole = n + m if write_young else n
    left = 0
    for i in range(n):
        left += not t[i]["named"]
    if write_young:
        for i in range(m):
            left += leads[i] and not young[i]["named"]
    if left == 0:
        return
    state, place = np.empty(6), np.full((n + m, 3), np.nan)
    for i in range(n + m):
        table, k = (t, i) if i < n else (young, i - n)
        if (i >= n and not leads[k]) or table[k]["log_odds"] < LIKELY:
            continue
        state_of(table, k, state)
        for q in range(3):
            place[i, q] = state[q] + (now_s - table[k]["time_s"]) * state[3 + q]
    grid, some = lay_out(place), np.empty(n + m, np.int64)
    mean, cov, other = np.empty(3), np.empty((3, 3)), np.empty(3)
    other_cov, inverse = np.empty((3, 3)), np.empty((3, 3))
    for i in range(whole):
        table, k = (t, i) if i < n else (young, i - n)
        if table[k]["named"] or (i >= n and not leads[k]):
            continue
        _place_at(table, k, now_s, state, mean, cov)
        fast = state[3] ** 2 + state[4] ** 2 + state[5] ** 2 > SALVO_MPS**2
        if fast and table[k]["hits"] < hits:
            continue
        alone = True
        if now_s - table[k]["first_s"] < open_s:
            for j in some[: around(grid, mean[0], mean[1], mean[2], NEAR_M, some)]:
                if j == i or not alone:
                    continue
                beside, c = (t, j) if j < n else (young, j - n)
                _place_at(beside, c, now_s, state, other, other_cov)
                off2 = 0.0
                for a in range(3):
                    other[a] -= mean[a]
                    off2 += other[a] ** 2
                if off2 > NEAR_M**2:
                    continue
                for a in range(3):
                    for b in range(3):
                        other_cov[a, b] += cov[a, b]
                inverse3(other_cov, inverse)
                far2 = 0.0
                for a in range(3):
                    for b in range(3):
                        far2 += other[a] * inverse[a, b] * other[b]
                alone = far2 > apart * apart
        if alone:
            table[k]["named"] = True
