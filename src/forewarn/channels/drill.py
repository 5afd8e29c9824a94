"""A self-drill: a test that goes down a channel the way alerts go, and reaches nobody.

It bears identifiers that no subscriber's zone has, says in every language that it is a
test, and is read back where that can be done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

LIMIT_S = (
    60.0  # a drill that says nothing for so long has failed, unless it may take longer
)
READ_BACK_S = 5.0  # in which a broker gives back what it was given


@dataclass(frozen=True, slots=True)
class Drill:
    """One self-drill.

    drill_id : names it: letters and digits
    time_s   : when it began, UTC seconds
    texts    : by language, that this is a test and there is nothing to do
    """

    drill_id: str
    time_s: float
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Drilled:
    """How far a test is known to have come.

    reached : False = nobody on that channel wants tests
    """

    said: str
    reached: bool = True


@runtime_checkable
class Drillable(Protocol):
    """A channel that can be tested end to end.

    `drill` waits, LIMIT_S at most, until the test has arrived; a DeliveryError says that it
    has not, and why. It changes nothing of what subscribers are told.
    """

    def drill(self, drill: Drill) -> Drilled: ...


@runtime_checkable
class Patient(Drillable, Protocol):
    """One whose drill may take longer.

    drill_limit_s : after so many seconds it has failed
    """

    drill_limit_s: float


def limit_s(channel: Drillable) -> float:
    """How long its drill may take."""
    return channel.drill_limit_s if isinstance(channel, Patient) else LIMIT_S
