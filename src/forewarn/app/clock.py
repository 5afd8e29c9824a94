"""The service's time: UTC that never jumps, and how good the machine's own clock is.

An hour's jump of the machine's clock would age every track and end every alert, or hold
them for an hour. So the machine's clock is read once; from then on its monotonic one, which
nobody sets, carries the time, and small differences are worked off slowly.
"""

import ctypes
import time
from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

from forewarn.records import ClockState

NEAR_S = 2.0  # leap seconds and what NTP sets; more than that is a jump
SLEW = 0.01  # of a second in each second
SETTLED_S = 60.0  # a jump that has lasted so long is no slip
UNSYNCHRONISED = 0x40  # STA_UNSYNC of adjtimex(2)
Seconds = Callable[[], float]


class Kernel(NamedTuple):
    """Whether NTP or PTP steers its clock, and the greatest error that it admits."""

    synchronised: bool
    error_s: float


class _Timex(ctypes.Structure):
    """struct timex of Linux, as far as it is read; adjtimex(2)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 40),
    )


def kernel_clock() -> Kernel:
    """The kernel's own view; where it cannot be asked, the clock counts as unsteered."""
    told = _Timex()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(told))
    except (OSError, AttributeError):
        state = -1
    if state < 0:
        return Kernel(False, float("inf"))
    return Kernel(not told.status & UNSYNCHRONISED, told.maxerror / 1e6)


def boot_s() -> float:
    """Seconds since the start of the machine, sleep included; nobody can set them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SteadyClock:
    """The machine's time at the start, carried on; never back, never by jumps.

    What the machine's clock is away by more than NEAR_S is not followed while anybody is
    under alert; once nobody is, and the kernel vouches for it, a lead is taken over.
    """

    def __init__(
        self,
        machine_s: Seconds = time.time,
        steady_s: Seconds = boot_s,
        kernel: Callable[[], Kernel] = kernel_clock,
    ) -> None:
        self._machine_s, self._steady_s, self._kernel = machine_s, steady_s, kernel
        self._read_s = steady_s()
        self._shift_s = machine_s() - self._read_s
        self._away_since_s: float | None = None

    def now_s(self) -> float:
        """UTC seconds since 1970."""
        read_s = self._steady_s()
        step_s = SLEW * (read_s - self._read_s)
        self._read_s = read_s
        offset_s = self.offset_s
        if abs(offset_s) <= NEAR_S:
            self._shift_s += max(-step_s, min(step_s, offset_s))
            self._away_since_s = None
        elif self._away_since_s is None:
            self._away_since_s = read_s
        return read_s + self._shift_s

    @property
    def offset_s(self) -> float:
        """The machine's clock less this one."""
        return self._machine_s() - (self._read_s + self._shift_s)

    def not_before(self, time_s: float) -> None:
        """Go on from a time on record, if the machine's clock has fallen behind it."""
        self._shift_s += max(0.0, time_s - self.now_s())

    def state(self, quiet: bool) -> tuple[Kernel, float]:
        """What the kernel says, and the machine's clock less this one.

        quiet : nobody is under alert, so no alert can end early if a lead is taken over
        """
        now_s, kernel = self.now_s(), self._kernel()
        since_s = self._away_since_s
        settled = since_s is not None and self._read_s - since_s >= SETTLED_S
        if quiet and settled and kernel.synchronised:
            self.not_before(now_s + self.offset_s)
            self._away_since_s = None
        return kernel, self.offset_s


class ClockWatch:
    """Looks at the machine's clock now and then, and tells when its quality changes.

    shown : for operators, None before the first look
    away  : it is further off than is followed
    """

    def __init__(self, clock: SteadyClock) -> None:
        self._clock = clock
        self._told: tuple[bool, bool] | None = None
        self.shown: dict[str, Any] | None = None
        self.away = False

    def look(self, quiet: bool) -> ClockState | None:
        """What to put on record, if that is new; for `quiet` see `SteadyClock.state`."""
        kernel, offset_s = self._clock.state(quiet)
        self.away = abs(offset_s) > NEAR_S
        self.shown = {
            "synchronised": kernel.synchronised,
            "offset_s": round(offset_s, 3),
            "error_s": kernel.error_s if isfinite(kernel.error_s) else None,
        }
        told = kernel.synchronised, self.away
        if told == self._told:
            return None
        self._told = told
        now_s = self._clock.now_s()
        return ClockState(0, now_s, kernel.synchronised, offset_s, kernel.error_s)
