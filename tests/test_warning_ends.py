"""What an all clear waits for, and what it does not."""

from dataclasses import replace

import numpy as np

from forewarn.records import AlertState, Exposures, Tick
from forewarn.threats import DRONE, ROCKET
from forewarn.warning import WarningParams
from test_warning import Centre, exposures

PER_PAIR = (
    "zone", "probability", "onset_p05_s", "onset_p50_s", "track_id", "group_mask",
    "trusted", "kind", "first_s", "last_s",
)  # fmt: skip
HOLD_S = WarningParams().hold_s


def together(*threats: Exposures) -> Exposures:
    joined = {
        name: np.concatenate([getattr(one, name) for one in threats]) for name in PER_PAIR
    }
    return replace(threats[0], threat=np.arange(len(joined["zone"])), **joined)


def hear(centre: Centre, *threats: Exposures) -> None:
    centre.now_s, centre.seq = centre.now_s + 1.0, centre.seq + 1
    event = Tick(centre.seq, centre.now_s)
    centre.alerts += centre.warner.step(together(*threats), event)


def cleared_s(centre: Centre) -> float:
    (over_s,) = (
        alert.issued_s for alert in centre.alerts if alert.state is AlertState.ALL_CLEAR
    )
    return over_s


def test_what_is_minutes_away_keeps_nobody_under_cover() -> None:
    """One group alone sees it, and it may yet raise an alert of its own when it is due."""
    centre = Centre()
    for left_s in range(30, -40, -1):
        now_s = centre.now_s + 1.0
        far = exposures(now_s, 200.0 + left_s, groups=1)
        near = exposures(now_s, max(float(left_s), 0.0))
        hear(centre, *((near, far) if left_s > 0 else (far,)))
    assert 30.0 < cleared_s(centre) <= 30.0 + HOLD_S + 5.0
    steps = [state for state in centre.states() if state is not AlertState.TAKE_COVER]
    assert steps == [AlertState.STAY, AlertState.ALL_CLEAR, AlertState.PREPARE]


def test_one_group_cannot_take_back_what_another_threat_outshines() -> None:
    """Its threat alone would have raised the alert, however sure the other one was."""
    centre = Centre()
    for left_s in range(30, -10, -1):
        now_s = centre.now_s + 1.0
        sure = exposures(now_s, max(float(left_s), 0.0), p=0.99)
        alone = exposures(now_s, 30.0 + left_s, p=0.01, groups=1, track_id=2 << 16)
        # it takes its threat back while the other one is still on its way
        parts = [sure] if left_s > 0 else []
        parts += [alone] if left_s > 20 else []
        hear(centre, *(parts or [exposures(now_s, None)]))
    for _ in range(80):
        hear(centre, exposures(centre.now_s + 1.0, None))
    assert cleared_s(centre) > 60.0 + HOLD_S


def test_what_is_hardly_anything_keeps_nobody_under_cover() -> None:
    centre = Centre()
    for left_s in range(30, 0, -1):
        now_s = centre.now_s + 1.0
        least = exposures(now_s, 30.0 + left_s, p=2e-6, groups=1)
        hear(centre, exposures(now_s, float(left_s)), least)
    for _ in range(60):
        hear(centre, exposures(centre.now_s + 1.0, None))
    assert cleared_s(centre) <= 30.0 + HOLD_S + 5.0


def test_what_one_group_raised_ends_when_the_group_now_says_so() -> None:
    """At first it may come minutes later than it does, as is known by and by."""
    centre = Centre()
    for left_s in range(30, 0, -1):
        now_s = centre.now_s + 1.0
        unsure_s = max(left_s - 10, 0) * 2.5
        one = exposures(now_s, float(left_s), groups=1)
        last_s = one.onset_p05_s + 2.0 * unsure_s + 4.0
        one = replace(one, onset_p50_s=one.onset_p05_s + unsure_s, last_s=last_s)
        elsewhere = replace(one, probability=one.probability * 1e-6)
        hear(centre, one if left_s > 20 else elsewhere)
    for _ in range(80):
        hear(centre, exposures(centre.now_s + 1.0, None))
    assert 30.0 + HOLD_S - 1.0 <= cleared_s(centre) <= 30.0 + HOLD_S + 5.0


def test_what_one_group_raised_another_one_may_lower() -> None:
    """Two groups see that it comes down elsewhere, long before its time runs out."""
    centre = Centre()
    for left_s in range(60, 0, -1):
        now_s = centre.now_s + 1.0
        one = exposures(now_s, float(left_s), groups=1)
        both = exposures(now_s, float(left_s), p=1e-8, groups=3)
        hear(centre, one if left_s > 50 else both)
    assert cleared_s(centre) <= 10.0 + HOLD_S + 5.0


def test_what_should_long_be_down_here_holds_nobody_though_it_may_fall_elsewhere() -> None:
    """Its forecast stays for a minute, for it may glide on to another zone."""
    centre = Centre()
    for left_s in range(30, -60, -1):
        now_s = centre.now_s + 1.0
        hear(centre, replace(exposures(now_s, float(left_s)), last_s=np.array([90.0])))
    # 2 s are 1.645 standard deviations: after five of them it is a thousandth as likely
    assert 30.0 + HOLD_S + 4.0 < cleared_s(centre) < 30.0 + HOLD_S + 8.0


def test_what_steers_itself_lets_a_zone_go_sooner_than_what_falls() -> None:
    """A tenth of the threshold is left: much for a rocket, little for a drone."""
    states = {}
    for kind in (ROCKET, DRONE):
        centre = Centre()
        for left_s in range(40, 0, -1):
            now_s = centre.now_s + 1.0
            p = 0.01 if left_s > 38 else 2e-5
            one = exposures(now_s, 30.0, p=p)
            hear(centre, replace(one, kind=np.full(1, kind)))
        states[kind] = centre.states()[-1]
    assert states == {ROCKET: AlertState.TAKE_COVER, DRONE: AlertState.ALL_CLEAR}
