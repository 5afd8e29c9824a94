"""Who denies a track: groups that look where it should be, time and again, and see nothing.

One sensor with a valid key can show what is not there. Where two other independent groups
look at the same place and see nothing, its word alone raises nothing. Where only one does,
it cannot be told which of the two lies, and unsure means warned: the track keeps its voice.
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.track.table import SLOTS, Table

DENIED = 2.0  # log odds against missing it by chance: one look of a good radar each
ENOUGH = 2  # groups


@kernel
def deny(
    t: Table,
    taken: IntArray,
    hit: FloatArray,
    missed: FloatArray,
    group_bit: int,
    least: float,
) -> None:
    """Count, in place, how surely the group that looks here denies each track.

    taken, hit, missed : (n,) as of `absorb`, `look_for`, `share_out`
    least              : chance to be seen a little outside the cover as it is described
    A group beyond SLOTS shares the place of another: then fewer are counted than deny.
    """
    slot = int(np.log2(group_bit)) % SLOTS
    for i in range(len(t)):
        row = t[i]
        if taken[i] >= 0 or row["group_mask"] & group_bit:
            row["denied"][slot] = 0.0
        elif hit[i] > least:
            row["denied"][slot] -= missed[i] * np.log(1.0 - hit[i])
