"""What the record does not hold, and says so."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which the store could not be written and warning went on from memory.

    first_seq, last_seq : numbers of the events that are not on record
    from_s, to_s        : received_s of the last event before them, and of the last of them
    steps               : alert steps that went out before they were on record
    forgotten           : how many of those are not on record even now
    cause               : what the storage said
    """

    first_seq: int
    last_seq: int
    from_s: float
    to_s: float
    steps: int
    forgotten: int
    cause: str
