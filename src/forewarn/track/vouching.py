"""Who is known to be an aircraft: named by a source that the site trusts, and by a second.

What an aircraft says of itself clears nobody, for anybody can say it. A trusted source of
traffic (air traffic control, with its flight plans) knows who should fly where; yet no one
source may lower an alert. So a track is cleared while a trusted source and another
independence group give it the same name. Whom a source that still speaks names no more is
soon cleared no more; where a source falls silent its last word holds for longer.
"""

import numpy as np
from numpy.typing import NDArray

from forewarn.compiled import bare_kernel
from forewarn.records import IntArray

LAPSE_S = 30.0  # a source has spoken for so long without naming it again
HOLD_S = 300.0  # or said nothing at all for so long


def vouch(
    t: NDArray[np.void],
    rows: IntArray,
    names: NDArray[np.str_],
    now_s: float,
    group_bit: int,
    trusted: bool,
) -> None:
    """Take down what a source of traffic, or a radar that asks, calls whom it sees.

    rows, names : (m,) tracks that it sees at now_s, and what it calls them, "" = nothing
    group_bit   : its independence group; trusted : the site trusts it to know who flies
    """
    for by, when in (("vouched_by", "vouched_s"), ("seconded_by", "seconded_s")):
        t[when][(t[by] == group_bit) & (now_s - t[when] > LAPSE_S)] = -np.inf
    rows, names = rows[names != ""], names[names != ""]
    stands = now_s - t["vouched_s"][rows] < HOLD_S
    same = names == t["vouched_name"][rows]
    own = t["vouched_by"][rows] == group_bit
    second = rows[stands & same & ~own]
    t["seconded_s"][second], t["seconded_by"][second] = now_s, group_bit
    if not trusted:
        return
    # another name than before, or another than someone else who is trusted gives it
    t["seconded_s"][rows[~same]] = -np.inf
    first = rows[~stands | own]
    t["vouched_s"][first], t["vouched_by"][first] = now_s, group_bit
    t["vouched_name"][first] = names[~stands | own]


@bare_kernel
def cleared(t: NDArray[np.void], i: int) -> bool:
    """Whether track i of a table is known to be an aircraft now."""
    earliest_s = t[i]["time_s"] - HOLD_S
    return bool(t[i]["vouched_s"] > earliest_s and t[i]["seconded_s"] > earliest_s)
