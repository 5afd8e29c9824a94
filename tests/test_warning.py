from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import square_zones
from forewarn.errors import ConfigError
from forewarn.records import (
    IN_ERROR,
    Alert,
    AlertState,
    ChannelDelay,
    Command,
    CommandAction,
    Event,
    Exposures,
    Tick,
)
from forewarn.threats import BALLISTIC_MISSILE, CRUISE_MISSILE, DRONE, ROCKET
from forewarn.warning import Warner, WarningParams, life

ZONES = square_zones(rows=3)
CLEAR, PREPARE, COVER = AlertState.CLEAR, AlertState.PREPARE, AlertState.TAKE_COVER
STAY, ALL_CLEAR = AlertState.STAY, AlertState.ALL_CLEAR
# where the life of an alert may go from each state; a step may also repeat its state
NEXT = {
    CLEAR: {PREPARE, COVER},
    PREPARE: {COVER, ALL_CLEAR},
    COVER: {STAY, ALL_CLEAR, COVER},
    STAY: {COVER, ALL_CLEAR},
    ALL_CLEAR: {PREPARE, COVER},
}


def exposures(
    now_s: float,
    left_s: float | None,
    p: float = 0.01,
    groups: int = 3,
    trusted: bool = True,
    track_id: int = 1 << 16,
    zone: int = 4,
    known_s: float = 10.0,
    kind: int = ROCKET,
) -> Exposures:
    """One threat to one zone, `left_s` from now (early quantile 2 s before its median).

    known_s : for how long it is tracked
    """
    n = 0 if left_s is None else 1
    ones = np.ones(n)
    left = left_s or 0.0
    return Exposures(
        received_s=now_s,
        zone=np.full(n, zone),
        threat=np.zeros(n, np.int64),
        probability=ones * p,
        onset_p05_s=ones * (now_s + left - 2.0),
        onset_p50_s=ones * (now_s + left),
        track_id=np.full(n, track_id),
        group_mask=np.full(n, groups),
        trusted=np.full(n, trusted),
        kind=np.full(n, kind),
        first_s=ones * (now_s - known_s),
        last_s=ones * (now_s + left + 4.0),
        group_names=("north", "south"),
    )


class Centre:
    """A warner fed second by second."""

    def __init__(self, params: WarningParams | None = None) -> None:
        self.warner = Warner("site", ZONES, params or WarningParams())
        self.now_s = 0.0
        self.seq = 0
        self.alerts: list[Alert] = []

    def hear(
        self, left_s: float | None, event: Event | None = None, **threat: object
    ) -> None:
        self.now_s += 1.0
        self.seq += 1
        seen = exposures(self.now_s, left_s, **threat)  # type: ignore[arg-type]
        event = event or Tick(self.seq, self.now_s)
        self.alerts += self.warner.step(seen, replace(event, seq=self.seq))

    def states(self) -> list[AlertState]:
        return [alert.state for alert in self.alerts]


def fly_in(centre: Centre, from_s: int = 120, **threat: object) -> None:
    """A threat comes down at the zone; then a minute of silence."""
    for left_s in range(from_s, 0, -1):
        centre.hear(float(left_s), **threat)
    for _ in range(60):
        centre.hear(None)


def test_a_life_runs_from_prepare_to_all_clear() -> None:
    centre = Centre()
    fly_in(centre)
    told = [
        s for i, s in enumerate(centre.states()) if i == 0 or s != centre.states()[i - 1]
    ]
    assert told == [PREPARE, COVER, STAY, ALL_CLEAR]
    assert len({alert.alert_id for alert in centre.alerts}) == 1
    assert [alert.step for alert in centre.alerts] == list(range(len(centre.alerts)))


def test_take_cover_waits_for_shelter_delay_and_margin_and_no_longer() -> None:
    centre = Centre()
    fly_in(centre)
    cover = next(alert for alert in centre.alerts if alert.state is COVER)
    p = WarningParams()
    need_s = ZONES.shelter_s[4] + p.channel_delay_s + p.margin_s
    assert need_s - 1.0 <= cover.onset_p05_s - cover.issued_s <= need_s


def test_a_measured_slow_channel_moves_take_cover_forward() -> None:
    centre = Centre()
    centre.hear(None, ChannelDelay(0, 0.0, "phones", 40.0))
    fly_in(centre)
    cover = next(alert for alert in centre.alerts if alert.state is COVER)
    assert cover.onset_p05_s - cover.issued_s > 60 + 40


def test_a_threat_of_seconds_is_told_at_once() -> None:
    centre = Centre()
    centre.hear(12.0)
    assert centre.states() == [COVER]


def test_below_the_threshold_nobody_is_woken() -> None:
    centre = Centre()
    fly_in(centre, p=5e-5)
    assert centre.states() == []


def test_one_untrusted_source_raises_prepare_at_most() -> None:
    centre = Centre()
    fly_in(centre, groups=1, trusted=False)
    assert set(centre.states()) == {PREPARE, ALL_CLEAR}


def test_two_untrusted_groups_may_raise_take_cover() -> None:
    centre = Centre()
    fly_in(centre, groups=3, trusted=False)
    assert COVER in centre.states()


def test_one_group_cannot_take_back_what_it_raised() -> None:
    alone, together = Centre(), Centre()
    for centre, groups in ((alone, 1), (together, 3)):
        for _ in range(5):
            centre.hear(70.0 - centre.now_s, groups=groups)
        for _ in range(50):
            centre.hear(None)  # it vanishes long before it could be down
    assert ALL_CLEAR in together.states()
    assert ALL_CLEAR not in alone.states()
    for _ in range(60):
        alone.hear(None)
    assert alone.states()[-1] is ALL_CLEAR  # but its time runs out


def test_an_estimate_that_trembles_does_not_switch_the_alert() -> None:
    centre = Centre()
    for second in range(20):
        centre.hear(60.0 - second, p=3e-4 if second % 2 else 5e-5)
    assert centre.states() == [COVER]


@pytest.mark.parametrize(
    ("kind", "stays", "goes"),
    [(ROCKET, 2e-7, 8e-8), (BALLISTIC_MISSILE, 2e-5, 5e-6), (DRONE, 1.4e-4, 5e-5)],
    ids=["rocket", "missile", "drone"],
)
def test_what_is_soon_over_is_not_taken_back_before_and_what_flies_on_is(
    kind: int, stays: float, goes: float
) -> None:
    for p, ended in ((stays, False), (goes, True)):
        centre = Centre()
        for second in range(40):
            centre.hear(60.0 - second, p=0.01 if second < 5 else p, kind=kind)
        assert (centre.states()[-1] is ALL_CLEAR) == ended


def test_a_rocket_that_should_be_down_holds_nobody_any_longer() -> None:
    """It is listed on, as probable as a yet falling one that holds would be."""
    centre = Centre()
    for second in range(40):
        left_s = 10.0 - second if second < 5 else -1.0
        centre.hear(left_s, p=0.01 if second < 5 else 5e-6)
    assert centre.states()[-1] is ALL_CLEAR


def test_rockets_that_come_later_do_not_hold_what_they_did_not_raise() -> None:
    centre = Centre()
    for second in range(40):
        first = second < 5
        known = (1 if first else 1 + second) << 17
        centre.hear(60.0, p=0.01 if first else 5e-6, track_id=known)
    assert centre.states()[-1] is ALL_CLEAR


def test_a_drone_beside_it_does_not_take_back_what_a_rocket_raised() -> None:
    def both(now_s: float, left_s: float, rocket: float, drone: float) -> Exposures:
        one, two = (exposures(now_s, left_s, p=p) for p in (rocket, drone))
        joined = {
            field.name: np.concatenate([getattr(one, field.name), getattr(two, field.name)])
            for field in fields(Exposures)
            if isinstance(getattr(one, field.name), np.ndarray)
        }
        joined |= {
            "threat": np.array([0, 1]),
            "track_id": np.array([1 << 16, 2 << 16]),
            "kind": np.array([ROCKET, DRONE]),
        }
        return replace(one, **joined)

    warner, told = Warner("site", ZONES, WarningParams()), []
    for second in range(1, 40):
        p = (0.01, 0.0) if second < 5 else (1e-5, 2e-5)
        seen = both(float(second), 60.0 - second, *p)
        told += warner.step(seen, Tick(second, float(second)))
    assert told[-1].state is COVER


def test_seconds_that_change_are_corrected_but_not_every_second() -> None:
    centre = Centre()
    for second in range(10):
        centre.hear(60.0 - second if second < 5 else 40.0 - second)
    assert centre.states() == [COVER, COVER]
    first, second = centre.alerts
    assert second.onset_p05_s < first.onset_p05_s - 8.0


def test_an_operator_raises_and_clears_and_new_tracks_speak_again() -> None:
    centre = Centre()
    row = (ZONES.zone_id[4],)
    centre.hear(None, Command(0, 0.0, "op", CommandAction.TAKE_COVER, row))
    for _ in range(50):
        centre.hear(None)
    assert centre.states() == [COVER]
    centre.hear(None, Command(0, 0.0, "op", CommandAction.ALL_CLEAR, row))
    assert centre.states() == [COVER, ALL_CLEAR]
    centre = Centre()
    centre.hear(30.0)
    centre.hear(29.0, Command(0, 0.0, "op", CommandAction.ALL_CLEAR, row))
    centre.hear(28.0)
    assert centre.states() == [COVER, ALL_CLEAR]
    centre.hear(27.0, track_id=(centre.seq + 2) << 17)
    assert centre.states()[-1] is COVER


def test_a_threat_that_joins_a_take_cover_by_hand_tells_its_seconds_at_once() -> None:
    centre = Centre()
    centre.hear(None, command(CommandAction.TAKE_COVER))
    centre.hear(40.0, p=1e-7)  # far below any threshold: nobody is told of that
    assert centre.states() == [COVER]
    assert np.isnan(centre.alerts[0].onset_p05_s)
    for left_s in (39.0, 38.0, 37.0):
        centre.hear(left_s)
    assert centre.states() == [COVER, COVER]  # once
    first, second = centre.alerts
    assert (first.alert_id, second.step) == (second.alert_id, 1)
    assert second.issued_s == 3.0
    assert second.onset_p05_s == 3.0 + 39.0 - 2.0
    assert second.threats
    for left_s in (20.0, 19.0, 18.0, 17.0):  # and is corrected like any other
        centre.hear(left_s)
    assert centre.states() == [COVER, COVER, COVER]
    centre.hear(16.0, command(CommandAction.TAKE_BACK))
    assert centre.states() == [COVER, COVER, COVER]  # the threat is a real one


def test_a_forgotten_manual_alert_ends_by_itself() -> None:
    centre = Centre(WarningParams(manual_s=20.0))
    centre.hear(None, Command(0, 0.0, "op", CommandAction.PREPARE, (ZONES.zone_id[0],)))
    for _ in range(30):
        centre.hear(None)
    assert centre.states() == [PREPARE, ALL_CLEAR]


def test_only_zones_concerned_are_weighed() -> None:
    centre = Centre()
    centre.hear(None)
    assert centre.warner.weighed is None
    centre.hear(90.0, zone=4)
    by_hand = Command(0, 0.0, "a", CommandAction.PREPARE, ("z7",))
    centre.hear(None, by_hand)
    assert centre.warner.weighed is not None
    assert centre.warner.weighed.rows.tolist() == [4, 7]
    for _ in range(int(WarningParams().hold_s) + 1):
        centre.hear(None)
    assert centre.warner.weighed is not None
    assert centre.warner.weighed.rows.tolist() == [7]


def test_a_restored_warner_goes_on_with_the_same_ids() -> None:
    whole, first = Centre(), Centre()
    for left_s in range(100, 50, -1):
        whole.hear(float(left_s))
        first.hear(float(left_s))
    second = Centre()
    second.warner.restore(first.warner.memory())
    second.now_s, second.seq = first.now_s, first.seq
    for left_s in [*range(50, 0, -1), *([None] * 60)]:
        whole.hear(left_s)
        second.hear(left_s)
    assert first.alerts + second.alerts == whole.alerts or repr(
        first.alerts + second.alerts
    ) == repr(whole.alerts)


def test_a_snapshot_of_other_zones_is_refused() -> None:
    other = Warner("site", square_zones(rows=2), WarningParams())
    with pytest.raises(ConfigError, match="9 zones, the site has 4"):
        other.restore(Centre().warner.memory())


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, 3.0, 20.0, 70.0, 200.0]),
            st.floats(0.0, 0.5),
            st.sampled_from([1, 3]),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_no_history_breaks_the_life_of_an_alert(
    history: list[tuple[float | None, float, int, bool]],
) -> None:
    centre = Centre(WarningParams(hold_s=3.0))
    for left_s, p, groups, trusted in history:
        centre.hear(left_s, p=p, groups=groups, trusted=trusted)
    for _ in range(250):
        centre.hear(None)
    state, step, alert_id = CLEAR, -1, ""
    for alert in centre.alerts:
        assert alert.state in NEXT[state]
        fresh = state in (CLEAR, ALL_CLEAR)
        assert (alert.alert_id == alert_id) != fresh
        assert alert.step == (0 if fresh else step + 1)
        state, step, alert_id = alert.state, alert.step, alert.alert_id
    assert state in (CLEAR, ALL_CLEAR)  # nobody is left in the shelter


def test_threshold_is_cost_over_benefit_times_harm() -> None:
    p = WarningParams(cost_min=10.0, harm_min=1e5, benefit=0.8, benefit_late=0.4)
    left_s, gravity = np.array([100.0, 0.0, 30.0, 30.0]), np.array([1.0, 1.0, 1.0, 5.0])
    got = p.threshold(left_s, np.full(4, 60.0), gravity)
    np.testing.assert_allclose(got, [10 / 8e4, 10 / 4e4, 10 / 6e4, 10 / 3e5])


@pytest.mark.parametrize(
    ("kind", "harm"), [(ROCKET, 1.0), (DRONE, 0.7), (CRUISE_MISSILE, 10.0)]
)
def test_what_does_more_harm_is_told_of_at_less_probability(kind: int, harm: float) -> None:
    least = float(WarningParams().threshold(np.inf, 60.0, 1.0)) / harm
    below, above = Centre(), Centre()
    fly_in(below, p=0.9 * least, kind=kind)
    fly_in(above, p=2.0 * least, kind=kind)
    assert below.alerts == []
    cover = next(one for one in above.alerts if one.state is COVER)
    # what is on record is the probability itself, and the threshold it was held against
    np.testing.assert_allclose((cover.probability, cover.threshold), (2.0 * least, least))


def test_harms_of_several_threats_to_a_zone_add_up() -> None:
    params = WarningParams()
    least = float(params.threshold(np.inf, 60.0, 1.0))
    one, other = (exposures(0.0, 70.0, kind=kind) for kind in (DRONE, CRUISE_MISSILE))
    names = {field.name for field in fields(one)} - {"received_s", "group_names"}
    joint = {n: np.concatenate([getattr(one, n), getattr(other, n)]) for n in names}
    for share, enough in ((0.085, False), (0.1, True)):  # 0.7 and ten times: 0.91, 1.07
        p = np.full(2, share * least)
        both = replace(one, **joint | {"threat": np.arange(2), "probability": p})
        warner = Warner("site", ZONES, params)
        assert bool(warner.step(both, Tick(1, 0.0))) == enough


def test_people_under_cover_hear_of_what_is_due_and_not_of_what_is_minutes_away() -> None:
    """A probable drone that is far off yet does not hide the rocket that sends them."""
    soon = exposures(0.0, 40.0, p=0.01, kind=ROCKET, track_id=7 << 16)
    later = exposures(0.0, 200.0, p=0.1, kind=DRONE, track_id=8 << 16)
    names = {field.name for field in fields(soon)} - {"received_s", "group_names"}
    joint = {n: np.concatenate([getattr(soon, n), getattr(later, n)]) for n in names}
    both = replace(soon, **joint | {"threat": np.arange(2)})
    warner = Warner("site", ZONES, WarningParams())
    (cover,) = warner.step(both, Tick(1, 0.0))
    assert (cover.state, cover.kind, cover.threats) == (COVER, "rocket", (f"T{7 << 16}",))
    assert cover.onset_p50_s == 40.0
    # without the rocket the quiet word is of the drone
    (prepare,) = Warner("site", ZONES, WarningParams()).step(later, Tick(1, 0.0))
    assert (prepare.state, prepare.kind) == (PREPARE, "drone")


def test_the_table_of_lives_skips_no_message_and_ends_every_alert() -> None:
    names = {CLEAR: 0, PREPARE: 1, COVER: 2, STAY: 3}
    for state, row in names.items():
        assert life.NEXT[row, life.OVER] == life.CLEAR
        for signal in range(len(life.SIGNALS)):
            to = life.STATES[life.NEXT[row, signal]]
            ends = {CLEAR} if ALL_CLEAR in NEXT[state] else set()
            assert to in NEXT[state] | {state} | ends
    # what is due is told whatever went before
    assert (life.NEXT[:, life.COVERS] == life.TAKE_COVER).all()


def test_seconds_that_tremble_about_what_people_need_do_not_turn_cover_into_stay() -> None:
    centre = Centre()
    p = WarningParams()
    need_s = ZONES.shelter_s[4] + p.channel_delay_s + p.margin_s
    for second in range(20):
        centre.hear(need_s + 2.0 + (1.0 if second % 2 else -1.0))
    assert set(centre.states()) == {COVER}


def command(action: CommandAction, row: int = 4, threat: str = "") -> Command:
    return Command(0, 0.0, "op", action, (ZONES.zone_id[row],), threat)


def test_an_alert_by_hand_names_the_threat_that_the_operator_named() -> None:
    centre = Centre()
    centre.hear(None, command(CommandAction.TAKE_COVER, threat="drone"))
    assert [alert.kind for alert in centre.alerts] == ["drone"]
    assert centre.alerts[0].reason == "by hand"


def test_what_is_extended_stays_and_what_is_over_does_not_come_back() -> None:
    centre = Centre(WarningParams(manual_s=20.0))
    centre.hear(None, command(CommandAction.PREPARE))
    for _ in range(4):
        for _ in range(15):
            centre.hear(None)
        centre.hear(
            None, Command(0, centre.now_s, "op", CommandAction.EXTEND, ("z4", "z5"))
        )
    assert centre.states() == [PREPARE]  # z5 was never raised, so it is not extended
    for _ in range(30):
        centre.hear(None)
    centre.hear(None, Command(0, centre.now_s, "op", CommandAction.EXTEND, ("z4",)))
    assert centre.states() == [PREPARE, ALL_CLEAR]


def test_a_correction_reaches_whoever_heard_the_alert_even_after_its_all_clear() -> None:
    centre = Centre()
    centre.hear(None, command(CommandAction.TAKE_COVER))
    centre.hear(None, command(CommandAction.CORRECT))
    assert [(a.state, a.reason) for a in centre.alerts] == [
        (COVER, "by hand"),
        (ALL_CLEAR, IN_ERROR),
    ]
    late = Centre()
    late.hear(None, command(CommandAction.TAKE_COVER))
    late.hear(None, command(CommandAction.ALL_CLEAR))
    late.hear(None, command(CommandAction.CORRECT))
    assert [a.step for a in late.alerts] == [0, 1, 2]
    assert len({a.alert_id for a in late.alerts}) == 1
    assert late.alerts[-1].reason == IN_ERROR


def test_what_was_raised_by_hand_is_taken_back_and_no_real_threat_with_it() -> None:
    centre = Centre()
    centre.hear(None, command(CommandAction.TAKE_COVER, row=0))
    centre.hear(None, command(CommandAction.TAKE_COVER, row=4))
    both = ("z0", "z4")
    centre.hear(30.0, Command(0, 0.0, "op", CommandAction.TAKE_BACK, both))
    told = {alert.zone_id: alert for alert in centre.alerts}
    assert (told["z0"].state, told["z0"].reason) == (ALL_CLEAR, IN_ERROR)
    assert told["z4"].state is COVER  # a rocket is seen on its way there
    centre.hear(29.0, Command(0, 0.0, "op", CommandAction.CORRECT, both))
    told = {alert.zone_id: alert for alert in centre.alerts}
    assert (told["z4"].state, told["z4"].reason) == (ALL_CLEAR, IN_ERROR)


def test_a_correction_says_nothing_where_nobody_was_told_anything() -> None:
    centre = Centre()
    centre.hear(None, command(CommandAction.CORRECT))
    assert centre.alerts == []


def test_what_was_long_known_to_go_elsewhere_must_point_here_twice() -> None:
    """A scan in which tracks cross alerts nobody; a new threat is told at once."""
    params = WarningParams()
    barely = 2.0 * float(params.threshold(np.inf, 60.0, 1.0))
    settled, fresh, sure = Centre(), Centre(), Centre()
    for _ in range(3):
        settled.hear(60.0, p=1e-6, known_s=40.0)
    settled.hear(60.0, p=barely, known_s=40.0)
    settled.hear(60.0, p=1e-6, known_s=40.0)
    assert not settled.alerts
    for _ in range(4):
        settled.hear(60.0, p=barely, known_s=40.0)
    assert [alert.state for alert in settled.alerts] == [COVER]
    fresh.hear(60.0, p=barely, known_s=10.0)
    sure.hear(60.0, p=20.0 * barely, known_s=40.0)
    for centre in (fresh, sure):
        assert [alert.state for alert in centre.alerts] == [COVER]
