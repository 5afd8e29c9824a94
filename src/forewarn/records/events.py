"""Events: all that may alter a decision, in one order, each stamped once.

`seq` is the number the shell gives an event when it arrives: 1, 2, 3 ... without gaps.
`received_s` is when it reached us; in the core it is "now".
"""

from dataclasses import dataclass, field
from enum import StrEnum
from math import pi

import numpy as np

from forewarn.errors import PlotError
from forewarn.records.arrays import FloatArray, seal


@dataclass(frozen=True, slots=True, eq=False)
class PlotBatch:
    """The plots of one scan of one sensor: one row per plot, in order of time.

    seq           : number of the event
    received_s    : UTC seconds at which the scan reached us
    sensor_id     : whose plots they are
    time_s        : (n,)    UTC seconds at which each echo was measured (or sound heard)
    measured      : (n, 4)  range m, azimuth, elevation rad, range rate m/s; nan = none
    sigma         : (n, 4)  standard deviation of each
    origin_ecef_m : (n, 3)  where it was seen from, Earth-fixed; of a position report:
                            the place reported (measured and sigma are then nan)
    sigma_pos_m   : (n, 2)  of a position report: standard deviation across, up; else nan
    identity      : (n,)    aircraft address or text of each, "" = none
    sector_rad    : (from, to) azimuth swept clockwise by this scan; (0, 2 pi) = all round
    """

    seq: int
    received_s: float
    sensor_id: str
    time_s: FloatArray
    measured: FloatArray
    sigma: FloatArray
    origin_ecef_m: FloatArray
    sigma_pos_m: FloatArray
    identity: tuple[str, ...]
    sector_rad: tuple[float, float] = (0.0, 2 * pi)

    def __post_init__(self) -> None:
        n = len(self.time_s)
        seal(self.sensor_id, "time_s", self.time_s, (n,))
        seal(self.sensor_id, "measured", self.measured, (n, 4))
        seal(self.sensor_id, "sigma", self.sigma, (n, 4))
        seal(self.sensor_id, "origin_ecef_m", self.origin_ecef_m, (n, 3))
        seal(self.sensor_id, "sigma_pos_m", self.sigma_pos_m, (n, 2))
        if len(self.identity) != n:
            raise PlotError(
                f"{self.sensor_id}: identity has {len(self.identity)} rows, must have {n}"
            )
        if not np.all(np.isfinite(self.time_s)):
            raise PlotError(
                f"{self.sensor_id}: time_s holds a value that is no time: refused"
            )


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: the shell sends one a second."""

    seq: int
    received_s: float


class CommandAction(StrEnum):
    """What an operator may do to zones."""

    PREPARE = "prepare"
    TAKE_COVER = "take_cover"
    EXTEND = "extend"  # what was raised by hand stays, counted from now
    ALL_CLEAR = "all_clear"
    # the alert should never have been, and people are told so:
    TAKE_BACK = "take_back"  # what was raised by hand; what sensors see stays
    CORRECT = "correct"  # whatever raised it


@dataclass(frozen=True, slots=True)
class Command:
    """An operator's decision for some zones.

    threat   : class of threat that people are told of (threats.CLASSES), "" = unnamed
    order_id : names the decision, so that the same one twice is seen to be one
    proof    : JSON of what was decided and who signed it, "" = nobody had to
    """

    seq: int
    received_s: float
    operator_id: str
    action: CommandAction
    zone_ids: tuple[str, ...]
    threat: str = ""
    order_id: str = ""
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """Something an operator did that decides nothing: on record, for whoever asks later.

    act : in a word or two: "signed in", "drafted"; detail: more of it, "" = none
    """

    seq: int
    received_s: float
    operator_id: str
    act: str
    detail: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """A profile of the air that replaces the one in use.

    height_m      : (n,)    rising, above the ellipsoid
    wind_mps      : (n, 2)  towards the east, towards the north (where it blows TO)
    density_kgpm3 : (n,)    or empty: as the standard atmosphere has it
    temperature_k : (n,)    likewise
    """

    seq: int
    received_s: float
    height_m: FloatArray
    wind_mps: FloatArray
    density_kgpm3: FloatArray = field(default_factory=lambda: np.zeros(0))
    temperature_k: FloatArray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        n = len(self.height_m)
        seal("weather", "height_m", self.height_m, (n,))
        seal("weather", "wind_mps", self.wind_mps, (n, 2))
        for name in ("density_kgpm3", "temperature_k"):
            column = getattr(self, name)
            seal("weather", name, column, (n,) if len(column) else (0,))
            if not (np.isfinite(column).all() and np.all(column > 0.0)):
                raise PlotError(f"weather: {name} must be numbers above zero: refused")
        if not (np.isfinite(self.height_m).all() and np.isfinite(self.wind_mps).all()):
            raise PlotError("weather: height_m or wind_mps holds no number: refused")
        if n < 2 or not np.all(np.diff(self.height_m) > 0):
            raise PlotError("weather: height_m must rise over at least two levels: refused")


@dataclass(frozen=True, slots=True)
class ChannelDelay:
    """A channel's measured delay (95 % quantile, s) from decision to people's ears."""

    seq: int
    received_s: float
    channel: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Load:
    """How hard the core is pressed: from 0, not at all, to 3; each leaves out more."""

    seq: int
    received_s: float
    level: int


@dataclass(frozen=True, slots=True)
class ClockState:
    """How far the machine's clock can be trusted; alters no decision, but is on record.

    synchronised : whether the kernel knows its clock to be steered (NTP, PTP)
    offset_s     : the machine's clock less the service's, which never jumps
    error_s      : greatest error that the kernel admits
    """

    seq: int
    received_s: float
    synchronised: bool
    offset_s: float
    error_s: float


Event = PlotBatch | Tick | Command | Act | Weather | ChannelDelay | Load | ClockState
