"""What people are told."""

from dataclasses import dataclass
from enum import StrEnum


class AlertState(StrEnum):
    """Life of an alert in a zone: clear -> prepare -> take_cover -> stay -> all_clear."""

    CLEAR = "clear"
    PREPARE = "prepare"
    TAKE_COVER = "take_cover"
    STAY = "stay"
    ALL_CLEAR = "all_clear"


BY_HAND = "by hand"  # reason of an alert that an operator raised
IN_ERROR = "in error"  # reason of an all clear that takes an alert back as a mistake
LIVE_STATES = frozenset({AlertState.PREPARE, AlertState.TAKE_COVER, AlertState.STAY})


@dataclass(frozen=True, slots=True)
class Alert:
    """One step in the life of an alert in a zone.

    alert_id    : hash of site, zone and the number of its opening event; one per life
    step        : 0, 1, 2 ... within that life
    seq         : number of the event that caused the step
    issued_s    : received_s of that event
    onset_p05_s : UTC seconds, early quantile of the first impact; nan = none ahead
    onset_p50_s : UTC seconds, median of the same
    probability : of the zone, when decided
    threshold   : it was held against
    people      : inside the zone
    kind        : class of the gravest threat (threats.CLASSES), "" for none
    threats     : track ids, as text
    sources     : independence groups that saw them
    reason      : one of warning's rules, in a word, for record and console
    """

    alert_id: str
    step: int
    seq: int
    zone_id: str
    state: AlertState
    issued_s: float
    onset_p05_s: float
    onset_p50_s: float
    probability: float
    threshold: float
    people: float
    kind: str
    threats: tuple[str, ...]
    sources: tuple[str, ...]
    reason: str
