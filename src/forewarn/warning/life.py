"""Life of an alert in a zone: what moves it from state to state, as one table.

`clear -> prepare -> take_cover -> stay -> all_clear -> clear`; a new threat moves `stay`
back to `take_cover`, and nothing skips the message that ends an alert. What each state
means to a person, and who may move it: docs/warning.md.
"""

import numpy as np

from forewarn.records import AlertState

STATES = (AlertState.CLEAR, AlertState.PREPARE, AlertState.TAKE_COVER, AlertState.STAY)
CLEAR, PREPARE, TAKE_COVER, STAY = range(4)

# what speaks for an alert in a zone at a moment, the strongest that does
SIGNALS = ("over", "held", "prepare", "goes on", "cover")
OVER, HELD, PREPARES, GOES_ON, COVERS = range(5)
# over    : nothing holds an alert: no reason, no hold, no operator
# held    : a reason is not quite gone, or the hold after it runs
# prepare : a threat may come within minutes, or an operator says so
# goes on : what raised take cover is weaker, and still ahead
# cover   : a threat is due, or an operator says so
NEXT = np.array(
    [
        # over, held, prepare, goes on, cover
        [CLEAR, CLEAR, PREPARE, CLEAR, TAKE_COVER],  # from clear
        [CLEAR, PREPARE, PREPARE, PREPARE, TAKE_COVER],  # from prepare
        [CLEAR, STAY, STAY, TAKE_COVER, TAKE_COVER],  # from take cover
        [CLEAR, STAY, STAY, STAY, TAKE_COVER],  # from stay
    ]
)
