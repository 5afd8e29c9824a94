"""Life of an alert in a zone, as numbers for arrays.

`clear -> prepare -> take_cover -> stay -> all_clear -> clear`; a new threat moves `stay`
back to `take_cover`, and nothing skips the message that ends an alert.
"""

from forewarn.records import AlertState

STATES = (AlertState.CLEAR, AlertState.PREPARE, AlertState.TAKE_COVER, AlertState.STAY)
CLEAR, PREPARE, TAKE_COVER, STAY = range(4)
