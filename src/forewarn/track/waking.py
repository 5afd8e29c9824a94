"""Which motion modes of a track are awake: they cost time, and doubt where there is none.

A mode falls asleep once what is seen speaks against it. All wake again when plots surprise
those that are awake: by one far off, by many, or by all lying a little to one side.
"""

import numpy as np

from forewarn.compiled import bare_kernel, kernel
from forewarn.geodesy import FloatArray
from forewarn.motion import ALL, BASE, SLEEPS, WIDEST, falls_alone, motion_room, predict
from forewarn.records import FALLING, STRAIGHT, TURNING
from forewarn.track.table import COUNT, MISSED, Table, load_row

# modes below this weight fall asleep, and falling ones whose drag curve does not fit
ASLEEP, UNLIKE = 0.003, 0.1
SLOW_MPS = 340.0  # whatever is slower may fly on, however much it seems to fall
# squared distance of plots, over its mean: followed at this pace, too much from here on, or
# of a single plot, or of their mean
PACE, STRAINED, SHOCK, PULLED = 0.25, 2.0, 5.0, 3.0
YOUNG_S = 7.0  # until then it may be boosted yet, whatever it seems
# drag curves are told apart from this weight of falling on, once it has flown so long;
# most of what falls is finned
SPREAD_FROM, SPREAD_S = 0.8, 10.0
SHAPE_SHARE = np.array([0.6, 0.25, 0.15])


@bare_kernel
def who_wakes(t: Table, i: int) -> int:
    """Which modes of a track wake as it is predicted: all, if it surprises those awake."""
    row = t[i]
    if row["strain"] < STRAINED and row["pulled"] < PULLED and row["misses"] <= MISSED:
        # what falls is where it must be: a plot that was missed says nothing else of it
        return SLEEPS if row["misses"] == 0 or falls_alone(row["weight"]) else WIDEST
    return ALL if row["spread"] else BASE


@bare_kernel
def _feel(t: Table, i: int, far: float, off: FloatArray) -> None:
    """How plots surprise a track, in place: by how far off they lie, and all on one side.

    far, off : as of `taking`; off is used up
    What lags behind is missed by less than its noise at each scan, but always the same way.
    """
    row = t[i]
    row["strain"] += PACE * (min(far, 3.0 * STRAINED) - row["strain"])
    if far > SHOCK:
        row["strain"] = max(row["strain"], STRAINED)
    # by the root of its covariance: noise alone has variance 1 in each direction
    pulled = 0.0
    for k in range(3):
        for q in range(k + 1):
            for a in range(q):
                off[k, q] -= off[k, a] * off[q, a]
            if q < k:
                off[k, q] /= off[q, q]
            else:
                off[k, k] = np.sqrt(max(off[k, k], 1e-6))
        for a in range(k):
            off[3, k] -= off[k, a] * off[3, a]
        off[3, k] /= off[k, k]
        row["pull"][k] += PACE * (off[3, k] - row["pull"][k])
        pulled += row["pull"][k] ** 2
    row["pulled"] = pulled * (2.0 - PACE) / PACE / 3.0


@bare_kernel
def settle(
    t: Table,
    i: int,
    far: float,
    off: FloatArray,
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
) -> None:
    """After a plot: modes that are hardly true any more fall asleep; shapes are set apart.

    far, off : as of `taking`
    """
    row = t[i]
    row["misses"] = max(row["misses"] - 1, 0)
    row["far"] = far
    if np.isfinite(far):
        _feel(t, i, far, off)
    flown_s = row["time_s"] - row["first_s"]
    likeliest, rest = 0, 0.0
    for mode in range(COUNT):
        if weight[mode] > weight[likeliest]:
            likeliest = mode
    s = mean[likeliest]
    slow = s[3] ** 2 + s[4] ** 2 + s[5] ** 2 < SLOW_MPS**2
    if who_wakes(t, i) == SLEEPS:
        steers = weight[STRAIGHT] + weight[TURNING]
        for mode in range(COUNT):
            least, own = ASLEEP, weight[mode]
            if mode < STRAIGHT and flown_s < YOUNG_S:
                least = 0.0
            elif mode >= STRAIGHT:
                # both of them, or none; but of what is slow one always stays
                own = 1.0 if slow and mode == STRAIGHT else steers
            elif mode >= FALLING and row["spread"]:
                least = UNLIKE
            if own < least and mode != likeliest:
                weight[mode] = 0.0
            rest += weight[mode]
        for mode in range(COUNT):
            weight[mode] /= rest
    if row["spread"] or slow or weight[FALLING] < SPREAD_FROM or flown_s < SPREAD_S:
        return
    # by now it is not boosted, and its speed changes enough for shapes to tell
    row["spread"] = 1
    whole = weight[FALLING]
    for shape in range(STRAIGHT - FALLING):
        mode = FALLING + shape
        weight[mode] = whole * SHAPE_SHARE[shape]
        if shape > 0:
            for k in range(7):
                mean[mode, k] = mean[FALLING, k]
                for q in range(7):
                    cov[mode, k, q] = cov[FALLING, k, q]


@kernel
def predict_rows(
    t: Table,
    when_s: float,
    air: FloatArray,
    drag: FloatArray,
    first: int,
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    time_s: FloatArray,
) -> None:
    """Tracks of a table as they will be at when_s, into rows of the last four.

    first : the row of the first of them
    """
    moving = motion_room()
    for i in range(len(t)):
        to = first + i
        load_row(t, i, mean[to], cov[to], weight[to])
        dt_s = when_s - t[i]["time_s"]
        time_s[to] = max(t[i]["time_s"], when_s)
        predict(mean[to], cov[to], weight[to], dt_s, who_wakes(t, i), air, drag, moving)
