"""What a cell broadcast is called: EU-Alert message identifiers, and serial numbers.

Identifiers: 3GPP TS 23.041, 9.4.1.2.2; levels: ETSI TS 102 900. Serial numbers: TS 23.041,
9.4.1.2.1. A phone that has shown a message is silent when it hears the same identifier
with the same serial number again, and alerts when the serial number differs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

from forewarn.channels.cell_broadcast.pages import Pages
from forewarn.errors import DeliveryError
from forewarn.records import AlertState

DAY_S = 86_400.0
CODES, UPDATES = 1024, 16  # message codes; update numbers of each
PLMN_WIDE = 1  # geographical scope: the same message in every cell of the network
SLOT_S = 1.883  # one page of a 2G cell; what repetition is counted in
ALERT_LASTS_S = 6 * 3600.0  # like a CAP message: no raid of drones outlasts it
CLEAR_LASTS_S = 600.0
LEAST_PAGES = 3  # any short text fits, in whatever letters


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of message: a pair of identifiers, which no other kind has.

    local, others : identifiers for the site's first language, and for all others
    state         : that its text tells of; CLEAR = of none
    """

    name: str
    local: int
    others: int
    state: AlertState

    @property
    def identifiers(self) -> tuple[int, int]:
        """Both of them."""
        return self.local, self.others

    @property
    def urgent(self) -> bool:
        """Whether seconds count."""
        return self.state is AlertState.TAKE_COVER

    @property
    def room(self) -> int:
        """Pages for the first language; each of the others has the least."""
        return LEAST_PAGES + self.urgent

    @property
    def hold_s(self) -> float:
        """Seconds for which a message is not replaced: phones need them to have it.

        16,384 serial numbers at one in 5.5 s last for more than a day. Where minutes
        count, a quarter of the network's people need not be woken every few seconds.
        """
        return 5.5 if self.urgent else 20.0

    @property
    def lasts_s(self) -> float:
        """How long it is repeated, if nothing ends it."""
        if self.state is AlertState.CLEAR:
            return 0.0
        return CLEAR_LASTS_S if self.state is AlertState.ALL_CLEAR else ALERT_LASTS_S


# the gravest first; level 1 cannot be switched off on a phone, level 4 hardly disturbs
LIVE = (
    Line("take cover", 4370, 4383, AlertState.TAKE_COVER),  # level 1
    Line("all clear", 4396, 4397, AlertState.ALL_CLEAR),  # level 4, public safety
    Line("missile", 4372, 4385, AlertState.PREPARE),  # level 2: extreme, immediate, likely
    Line("prepare", 4378, 4391, AlertState.PREPARE),  # level 3: severe, expected, likely
)
DRILL = (
    Line("take cover", 4381, 4394, AlertState.TAKE_COVER),  # exercise
    Line("all clear", 4398, 4399, AlertState.ALL_CLEAR),  # state or local test
    Line("prepare", 4380, 4393, AlertState.PREPARE),  # required monthly test
)
# of a self-drill, live or not: operator defined, which phones show only where set to
TEST = Line("test", 4382, 4395, AlertState.CLEAR)


def line_of(lines: Iterable[Line], state: AlertState, kind: str) -> Line:
    """The line of a live or drill set that a step belongs to.

    To stay is to remain under the message to take cover. A ballistic missile may come
    within minutes from anywhere: its early warning is of a higher level.
    """
    if state is AlertState.STAY:
        state = AlertState.TAKE_COVER
    found = [line for line in lines if line.state is state]
    return found[0 if kind == "ballistic_missile" else -1]


def common_period(lines: Sequence[Line], languages: int) -> int:
    """Page slots that hold every line at once, with all its pages.

    A 2G cell sends one page at a time, and refuses a message that it has no slot for; one
    of osmo-bsc 1.9 also refuses a repetition period other than that of the rest.
    """
    return sum(line.room + LEAST_PAGES * (languages - 1) for line in lines)


@dataclass(frozen=True, slots=True)
class Message:
    """One cell broadcast. An exercise cannot have a live identifier, nor live a drill's.

    period   : page slots of a 2G cell from one repetition to the next
    geofence : warning area coordinates, b"" = for whoever receives it
    """

    line: Line
    identifier: int
    serial: int
    pages: Pages
    exercise: bool
    period: int
    geofence: bytes = b""

    def __post_init__(self) -> None:
        world = DRILL if self.exercise else LIVE
        if self.line not in (*world, TEST) or self.identifier not in self.line.identifiers:
            raise DeliveryError(
                f"message identifier {self.identifier} of {self.line.name!r} is none of "
                f"{'an exercise' if self.exercise else 'live service'}: refused"
            )

    @property
    def repeats(self) -> int:
        """How often it is broadcast."""
        return max(1, round(self.line.lasts_s / (self.period * SLOT_S)))


@dataclass(slots=True)
class Numbers:
    """Serial numbers of one line, none of which comes twice within a day.

    code, update : those given last
    used_s       : when each message code was last on the air
    """

    code: int = -1
    update: int = 0
    used_s: dict[int, float] = field(default_factory=dict)

    def next(self, now_s: float, same_alert: bool) -> int:
        """A new serial number: what goes on takes the next update number of its code."""
        if same_alert:
            self.rest(now_s)
        if same_alert and self.update < UPDATES - 1:
            self.update += 1
        else:
            self.code, self.update = self._free(now_s), 0
        self.used_s[self.code] = now_s
        return PLMN_WIDE << 14 | self.code << 4 | self.update

    def _free(self, now_s: float) -> int:
        """The next code; by the time of day where nothing is known of those before."""
        start = self.code + 1 if self.used_s else int(now_s / DAY_S * CODES)
        code = start % CODES
        if now_s - self.used_s.get(code, -inf) < DAY_S:
            raise DeliveryError(
                f"message code {code} was on the air within a day, and phones would take "
                "it for the same message: waiting for it"
            )
        return code

    def rest(self, now_s: float) -> None:
        """What was given last is on the air until now."""
        if self.code >= 0:
            self.used_s[self.code] = now_s
