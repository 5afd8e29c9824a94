"""Twins: two tracks of one target, each kept alive by a radar of its own.

Tracks in each other's gates share their plots, and one of them dies of it. Where two radars
disagree by more than the gates are wide, each feeds a track that the other never sees, and
both would live on. Two targets as near to each other would be seen by both radars.
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.gate import around, lay_out
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.track.table import Table, state_of

ALONE = 9.0  # log odds against the other radar's having missed a track by chance
REACH_M = 400.0  # radars that disagree by more are not set up with care
LAG_S = 2.5  # since the last plot of a twin: what coasts longer dies by itself
SLIP_MPS, SLIP = 5.0, 3.0  # velocities agree within this, and so many standard deviations


@kernel
def count_alone(
    t: Table, taken: IntArray, hit: FloatArray, missed: FloatArray, by: float, least: float
) -> None:
    """How surely each track is one radar's alone, in place; before `last` is overwritten.

    taken, hit, missed : (n,) as of `absorb`, `look_for`, `share_out`
    by, least          : who looks, as in `last`; chance to be seen outside its cover
    """
    for i in range(len(t)):
        row = t[i]
        if row["last"][22] == by:
            continue
        if taken[i] >= 0:
            row["alone"] = 0.0
        elif hit[i] > least:
            row["alone"] -= missed[i] * np.log(1.0 - hit[i])


@kernel
def find_twins(t: Table, now_s: float) -> IntArray:
    """Rows (k, 2) of tracks that two radars make of one target, the older one first."""
    n = len(t)
    alone, count = np.empty(n, np.int64), 0
    for i in range(n):
        row = t[i]
        fresh = now_s - row["time_s"] < LAG_S and row["last"][22] >= 0.0
        if fresh and row["alone"] > ALONE and row["log_odds"] > 0.0:
            alone[count] = i
            count += 1
    out, found = np.empty((count, 2), np.int64), 0
    if count < 2:
        return out[:0]
    state, vague, place = np.empty((count, 6)), np.empty(count), np.empty((count, 3))
    for a in range(count):
        vague[a] = state_of(t, alone[a], state[a])
        for k in range(3):
            place[a, k] = state[a, k] + (now_s - t[alone[a]]["time_s"]) * state[a, 3 + k]
    grid, some = lay_out(place), np.empty(count, np.int64)
    for a in range(count):
        one = t[alone[a]]
        near = around(grid, place[a, 0], place[a, 1], place[a, 2], REACH_M, some)
        for b in some[:near]:
            two = t[alone[b]]
            # the younger of two is found, with one elder at most
            if one["last"][22] == two["last"][22]:
                continue
            if (one["first_s"], one["track_id"]) < (two["first_s"], two["track_id"]):
                continue
            off2, slip2 = 0.0, 0.0
            for k in range(3):
                off2 += (place[a, k] - place[b, k]) ** 2
                slip2 += (state[a, 3 + k] - state[b, 3 + k]) ** 2
            wide2 = SLIP_MPS**2 + SLIP**2 * 3.0 * (vague[a] ** 2 + vague[b] ** 2)
            if off2 < REACH_M**2 and slip2 < wide2:
                out[found, 0], out[found, 1] = alone[b], alone[a]
                found += 1
                break
    return out[:found]
