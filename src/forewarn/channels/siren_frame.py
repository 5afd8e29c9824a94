"""What a siren is told, and how it knows that it is meant, now, and by whom.

A frame is an Ed25519 signature (64 bytes) and the JSON that it covers, byte for byte.
`SirenGuard` is the reference of a receiver: it obeys a frame once, at its time, from the
right key and world, and says by itself when it hears nothing.
"""

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import msgspec

from forewarn.channels.durable import write_durably
from forewarn.errors import ConfigError
from forewarn.signing import KeyRing, Matter, Signer, World, canonical

EVERYONE = "all"  # the name that every siren listens to
SIGNATURE = 64  # bytes
LONGEST = 1024  # bytes of a frame
LASTS_S = 15.0  # a frame is obeyed no later than this after it was made
EARLY_S = 5.0  # and no earlier: a heartbeat takes longer than a frame now and then
SILENT_S = 15.0  # without a heartbeat
SECONDS_MAX = 600.0  # of sound by one frame
HELD_MAX = 16  # frames that wait for a newer ring; the oldest goes first
NO_KEY = "signature"  # why a frame is refused that no key of the ring made


class Action(StrEnum):
    """What a siren is told."""

    ALIVE = "alive"  # the service's heartbeat; all sirens read the time from it
    SOUND = "sound"
    STOP = "stop"
    TEST = "test"  # without a sound


@dataclass(frozen=True, slots=True)
class SirenFrame:
    """One order.

    siren        : the name of a siren, or of a group of them
    pattern      : how it is to sound, for so many seconds
    counter      : higher than in any frame before
    not_before_s : when it was made
    expires_s    : when it is worth nothing any more
    """

    site: str
    siren: str
    action: Action
    pattern: str
    seconds: float
    counter: int
    not_before_s: float
    expires_s: float


def sealed(frame: SirenFrame, signer: Signer) -> bytes:
    """As it goes out."""
    body = canonical(asdict(frame))
    return signer.sign(Matter.SIREN, body) + body


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a siren obeys: one site, in one world, with the keys of its ring.

    ring : gives the newest that is known, as `ring_reader.RingReader` does; never waits
    ask  : asks for a newer one (`RingReader.ask`), never waits
    """

    site: str
    world: World
    ring: Callable[[], KeyRing]
    ask: Callable[[], None] = lambda: None

    def holds(self, body: bytes, signature: bytes, time_s: float) -> bool:
        """Whether a key made a signature that counts then and was never revoked.

        A siren's idea of the time comes from what it checks: whoever stole a key could
        tell it a time at which that was still good.
        """
        keys = [key for key in self.ring().keys if key.revoked_s is None]
        ring = KeyRing(keys)
        return ring.verify(self.world, Matter.SIREN, body, signature, time_s)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds that only pass, and the siren's own idea of UTC, which may be wrong."""

    passing_s: Callable[[], float] = time.monotonic
    own_s: Callable[[], float] = time.time


class _Held(NamedTuple):
    """A frame of a key that was not in the ring, and when it was heard."""

    ring: KeyRing
    heard_s: float
    heard: bytes


class SirenGuard:
    """Stands before a siren and lets through what it is to obey.

    names   : of the siren and of its groups
    state   : file of what must outlive a power cut
    refused : frames that were not let through, by reason
    tests   : silent tests obeyed since the start, for who asks the siren
    fault   : what keeps the state from being written, "" = nothing
    Time comes from the heartbeats of the service and passes by a clock that nobody sets,
    so that a siren whose own clock is wrong obeys all the same. That clock is asked in one
    case only: a heartbeat older than time should be by now is a service that set its clock
    back if it lies nearer to the siren's own clock, else something that was held back.
    What the ring has no key for makes it ask for a newer ring. It is judged once more when
    that is in, if it is not too late by then: `sounding` and `status` tell what came of it.
    """

    def __init__(
        self,
        names: Iterable[str],
        trust: Trust,
        state: Path,
        clocks: Clocks | None = None,
    ) -> None:
        self._names = {*names, EVERYONE}
        self._trust = trust
        self._state = state
        self._clocks = clocks or Clocks()
        self._last, self._base_s = _read(state)
        self._base_at_s = self._heard_at_s = self._clocks.passing_s()
        self._knows_time = False
        self._until: dict[str, tuple[float, str]] = {}  # by name: end, pattern
        self._held: deque[_Held] = deque(maxlen=HELD_MAX)
        self._judging = threading.Lock()
        self.refused: Counter[str] = Counter()
        self.tests = 0
        self.fault = ""

    def hear(self, heard: bytes) -> SirenFrame | None:
        """The order in a frame, to be obeyed now; None if there is none.

        It waits for no network. `sounding` and `status` may be asked in another thread.
        """
        with self._judging:
            self._judge_again()
            now_s, ring = self._clocks.passing_s(), self._trust.ring()
            frame, why = self._checked(heard)
            if frame is not None:
                return self._obeyed(frame, now_s)
            self.refused[why] += 1
            if why == NO_KEY:
                self._held.append(_Held(ring, now_s, heard))
                self._trust.ask()
            return None

    def _look_back(self) -> None:
        """Judge again what is held, unless a frame is in hand: that will."""
        if self._judging.acquire(blocking=False):
            try:
                self._judge_again()
            finally:
                self._judging.release()

    def _judge_again(self) -> None:
        """Judge once more what was heard before the ring that is known now."""
        oldest_s = self._clocks.passing_s() - LASTS_S
        while self._held and self._held[0].heard_s < oldest_s:
            self._held.popleft()
        ring = self._trust.ring() if self._held else None
        if all(one.ring is ring for one in self._held):
            return
        held, self._held = self._held, deque(maxlen=HELD_MAX)
        for one in held:
            frame, _ = self._checked(one.heard)
            if frame is not None:
                self.refused[NO_KEY] -= 1
                self._obeyed(frame, one.heard_s)

    def _obeyed(self, frame: SirenFrame, heard_s: float) -> SirenFrame:
        self._last[frame.siren] = frame.counter
        if frame.action is Action.ALIVE:
            self._base_s = frame.not_before_s
            self._base_at_s = self._heard_at_s = heard_s
            self._knows_time = True
            return frame
        self._save()  # before it is obeyed
        if frame.action is Action.SOUND:
            end_s = self._clocks.passing_s() + min(frame.seconds, SECONDS_MAX)
            self._until[frame.siren] = end_s, frame.pattern
        elif frame.action is Action.STOP:
            self._until.pop(frame.siren, None)
        else:
            self.tests += 1
        return frame

    @property
    def sounding(self) -> str:
        """The pattern to sound now; "" = be still."""
        self._look_back()
        now_s, until = self._clocks.passing_s(), [*self._until.values()]
        playing = [pattern for end_s, pattern in until if end_s > now_s]
        return playing[-1] if playing else ""

    @property
    def status(self) -> str:
        """What to report: "ready", "sounding" or "service silent"."""
        self._look_back()
        if self._clocks.passing_s() - self._heard_at_s > SILENT_S:
            return "service silent"
        return "sounding" if self.sounding else "ready"

    def _checked(self, heard: bytes) -> tuple[SirenFrame | None, str]:
        """The frame, or None and why not; what costs least is looked at first."""
        frame = _frame(heard)
        if frame is None:
            return None, "no frame"
        if frame.site != self._trust.site or frame.siren not in self._names:
            return None, "for others"
        if frame.counter <= self._last.get(frame.siren, 0):
            return None, "heard before"
        signature, body = heard[:SIGNATURE], heard[SIGNATURE:]
        if not self._trust.holds(body, signature, max(frame.not_before_s, self._now_s())):
            return None, NO_KEY
        why = self._untimely(frame)
        return (None, why) if why else (frame, "")

    def _untimely(self, frame: SirenFrame) -> str:
        now_s = self._now_s()
        if frame.action is Action.ALIVE:
            own_s = self._clocks.own_s()
            nearer = abs(frame.not_before_s - own_s) < abs(now_s - own_s)
            return "" if frame.expires_s >= now_s or nearer else "too late"
        if not self._knows_time:
            return "no heartbeat yet"
        if now_s < frame.not_before_s - EARLY_S:
            return "too early"
        return "too late" if now_s > frame.expires_s else ""

    def _now_s(self) -> float:
        """By the service's heartbeats."""
        return self._base_s + self._clocks.passing_s() - self._base_at_s

    def _save(self) -> None:
        kept = {"counters": self._last, "time_s": self._base_s}
        try:
            write_durably(self._state, json.dumps(kept).encode())
            self.fault = ""
        except OSError as error:  # people are warned all the same
            self.fault = f"{self._state}: not on record: {error}"


def _frame(heard: bytes) -> SirenFrame | None:
    if not SIGNATURE < len(heard) <= LONGEST:
        return None
    try:
        frame = msgspec.json.decode(heard[SIGNATURE:], type=SirenFrame)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    times = (frame.seconds, frame.not_before_s, frame.expires_s)
    return frame if all(isfinite(value) for value in times) else None


def _read(state: Path) -> tuple[dict[str, int], float]:
    """Counters by name, and the service's time, as far as they are known."""
    try:
        kept = json.loads(state.read_bytes())
        counters = {str(name): int(value) for name, value in kept["counters"].items()}
        return counters, float(kept["time_s"])
    except FileNotFoundError:
        return {}, 0.0
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{state}: is no state of a siren: {error}") from None
