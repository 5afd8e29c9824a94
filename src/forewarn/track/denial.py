"""Who sees a track and who denies it: groups that look where it should be, time and again.

One sensor with a valid key can show what is not there. Where two other independent groups
look at the same place and see nothing, its word alone raises nothing. Where only one does,
it cannot be told which of the two lies, and unsure means warned: the track keeps its voice.
A single plot is no second witness: one false plot in a hundred lies where it fits.
"""

import numpy as np

from forewarn.compiled import inner_kernel, kernel
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.track.table import SLOTS, Table

DENIED = 2.0  # log odds against missing it by chance: one look of a good radar each
SEEN = 2.0  # log odds against a false plot that fits, each
FIRM = 5.0  # at most, either way: what changes must be believed within a few looks
ENOUGH = 2  # groups


@inner_kernel
def slot_of(group_bit: int) -> int:
    """Where the denials of a group are counted.

    A group beyond SLOTS shares the place of another: then fewer are counted than deny.
    """
    return int(np.log2(group_bit)) % SLOTS


@kernel
def deny(
    t: Table,
    taken: IntArray,
    hit: FloatArray,
    missed: FloatArray,
    group_bit: int,
    least: float,
) -> None:
    """Count, in place, how surely the group that looks here denies each track, or sees it.

    taken, hit, missed : (n,) as of `absorb`, `look_for`, `share_out`
    least              : chance to be seen a little outside the cover as it is described
    """
    slot = slot_of(group_bit)
    for i in range(len(t)):
        row = t[i]
        denied = row["denied"][slot]
        if taken[i] >= 0:
            denied = max(denied - SEEN, -FIRM)
            # it was denied until now, and this may be chance
            if denied >= 0.0 and row["group_mask"] != group_bit:
                row["group_mask"] &= ~group_bit
        elif hit[i] > least:
            denied = min(denied - missed[i] * np.log(1.0 - hit[i]), FIRM)
            if denied > DENIED and row["group_mask"] != group_bit:
                row["group_mask"] &= ~group_bit
        row["denied"][slot] = denied
