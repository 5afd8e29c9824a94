"""The machine's clock jumps, stands still or runs back, and people are told the same.

FOREWARN_JUMPS sets how many random jumps (300 in the suite, more in a campaign).
"""

import os
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from forewarn.app.assembly import assemble, site_zones
from forewarn.app.clock import SETTLED_S, Kernel, SteadyClock, boot_s, kernel_clock
from forewarn.records import ClockState, Event
from forewarn.stores.codec import decode_event, encode_event
from small_raid import Flown, drawn, site

JUMPS = int(os.environ.get("FOREWARN_JUMPS", "300"))
SEED = int(os.environ.get("FOREWARN_JUMPS_SEED", "1"))
HOUR_S, DAY_S = 3600.0, 86400.0
STEERED = Kernel(True, 0.01)


@dataclass
class Machine:
    """A machine whose clock is set by whoever likes; true time goes on beside it.

    jump_s : what is added to the true time; rate: of the clock, 0 = it stands still
    """

    true_s: float = 1.7e9
    jump_s: float = 0.0
    rate: float = 1.0
    kernel: Kernel = STEERED
    clock: SteadyClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = SteadyClock(
            self.shown_s, lambda: self.true_s - 1.6e9, lambda: self.kernel
        )

    def shown_s(self) -> float:
        return self.true_s + self.jump_s

    def wait(self, seconds: float) -> None:
        self.true_s += seconds
        self.jump_s += (self.rate - 1.0) * seconds

    def error_s(self) -> float:
        """How wrong the service's time is."""
        return self.clock.now_s() - self.true_s


@pytest.mark.parametrize("jump_s", [HOUR_S, DAY_S, -HOUR_S, -DAY_S, 3.0, -3.0])
def test_a_jump_is_not_followed_while_people_are_under_alert(jump_s: float) -> None:
    machine = Machine()
    machine.jump_s = jump_s
    for _ in range(600):
        machine.wait(1.0)
        assert abs(machine.error_s()) < 1e-6
        kernel, offset_s = machine.clock.state(quiet=False)
        assert kernel == STEERED
        assert offset_s == pytest.approx(jump_s, abs=1e-6)


def test_a_clock_that_stands_still_stops_nothing() -> None:
    machine = Machine(rate=0.0)
    for _ in range(600):
        machine.wait(1.0)
        assert abs(machine.error_s()) < 0.05


def test_a_leap_second_is_worked_off_slowly_and_never_back() -> None:
    machine = Machine()
    machine.clock.now_s()
    machine.jump_s = -1.0
    before_s = machine.clock.now_s()
    for _ in range(1100):
        machine.wait(0.1)
        now_s = machine.clock.now_s()
        assert 0.0 < now_s - before_s < 0.1 + 1e-6
        before_s = now_s
    assert machine.clock.offset_s == pytest.approx(0.0, abs=1e-6)


def test_random_jumps_move_nothing_and_time_never_goes_back() -> None:
    rng = random.Random(SEED)
    machine = Machine()
    last_s = machine.clock.now_s()
    for _ in range(JUMPS):
        machine.jump_s = rng.choice([-1, 1]) * 10 ** rng.uniform(0.5, 7)
        for _ in range(rng.randrange(1, 100)):
            machine.wait(rng.random())
            now_s = machine.clock.now_s()
            assert now_s >= last_s
            last_s = now_s
            machine.clock.state(quiet=False)
        assert abs(machine.error_s()) < 1e-3


def test_a_lead_that_lasts_is_taken_over_once_nobody_is_under_alert() -> None:
    machine = Machine()
    machine.jump_s = 40.0  # a virtual machine that was stopped for so long
    for _ in range(int(SETTLED_S) + 2):
        machine.wait(1.0)
        machine.clock.state(quiet=False)
    assert machine.clock.offset_s == pytest.approx(40.0, abs=0.1)
    machine.kernel = Kernel(False, 16.0)
    machine.clock.state(quiet=True)
    assert machine.clock.offset_s == pytest.approx(40.0, abs=0.1)  # nobody vouches for it
    machine.kernel = STEERED
    machine.clock.state(quiet=True)
    assert machine.clock.offset_s == pytest.approx(0.0, abs=1e-3)


def test_a_clock_behind_the_record_goes_on_from_the_record() -> None:
    machine = Machine()
    machine.clock.not_before(machine.true_s + HOUR_S)
    machine.wait(10.0)
    assert machine.error_s() == pytest.approx(HOUR_S, abs=1e-3)
    machine.clock.not_before(machine.true_s)
    assert machine.error_s() == pytest.approx(HOUR_S, abs=1e-3)


def test_the_kernel_tells_how_good_its_clock_is() -> None:
    kernel = kernel_clock()
    assert isinstance(kernel.synchronised, bool)
    assert kernel.error_s >= 0.0
    assert boot_s() <= boot_s()


def test_the_state_of_the_clock_comes_back_from_the_record() -> None:
    state = ClockState(3, 1.5, True, -0.25, float("inf"))
    assert decode_event(*encode_event(state)) == state


@pytest.fixture(scope="module")
def flown() -> Flown:
    return drawn()


Stamp = Callable[[Machine], float]
Told = dict[str, list[str]]


def told(flown: Flown, disturb: Machine, by: Stamp) -> Told:
    """By alert, the states that people are told, when a machine's clock stamps events.

    disturb : what befalls it a third of the way, as people are under alert
    """
    machine = Machine(true_s=flown.events[0].received_s - 1.0)
    where = site(Path())
    pipeline = assemble(where, flown.sensors, site_zones(where))
    out: Told = defaultdict(list)
    last_s = float("-inf")
    for seq, event in enumerate(flown.events, start=1):
        machine.wait(event.received_s - machine.true_s)
        if seq == len(flown.events) // 3:
            assert out
            machine.jump_s, machine.rate = disturb.jump_s, disturb.rate
        last_s = max(last_s, by(machine))
        stamped: Event = replace(event, seq=seq, received_s=last_s)
        for alert in pipeline.step(stamped).alerts:
            out[alert.alert_id].append(f"{alert.step} {alert.zone_id} {alert.state}")
    return out


DISTURBED = {
    "an hour ahead": Machine(jump_s=HOUR_S),
    "a day ahead": Machine(jump_s=DAY_S),
    "an hour back": Machine(jump_s=-HOUR_S),
    "a day back": Machine(jump_s=-DAY_S),
    "standing still": Machine(rate=0.0),
}


def steady(machine: Machine) -> float:
    return machine.clock.now_s()


@pytest.fixture(scope="module")
def undisturbed(flown: Flown) -> Told:
    out = told(flown, Machine(), steady)
    assert len(out) > 10
    assert all("all_clear" in steps[-1] for steps in out.values())
    return out


@pytest.mark.parametrize("name", DISTURBED)
def test_people_are_told_the_same_whatever_the_machines_clock_does(
    flown: Flown, undisturbed: Told, name: str
) -> None:
    assert told(flown, DISTURBED[name], steady) == undisturbed


def test_who_stamps_by_the_machines_own_clock_is_found_out(
    flown: Flown, undisturbed: Told
) -> None:
    assert told(flown, DISTURBED["a day ahead"], Machine.shown_s) != undisturbed
