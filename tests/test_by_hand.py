"""An operator's all-clear holds against the threats that the operator knew of."""

from dataclasses import replace
from pathlib import Path

from forewarn.app.assembly import assemble, site_zones
from forewarn.records import Alert, AlertState, Command, CommandAction, Event
from small_raid import drawn, site


def told_after_all_clear_by_hand(after: int) -> list[Alert]:
    """What zones are told that are cleared by hand behind so many events."""
    flown, where = drawn(), site(Path())
    pipeline = assemble(where, flown.sensors, site_zones(where))
    live: dict[str, Alert] = {}
    later: list[Alert] = []
    cleared: tuple[str, ...] = ()
    for seq, event in enumerate(flown.events, start=1):
        one: Event = replace(event, seq=seq)
        if seq == after:
            cleared = tuple(live)
            one = Command(seq, event.received_s, "O", CommandAction.ALL_CLEAR, cleared)
        for alert in pipeline.step(one).alerts:
            live[alert.zone_id] = alert
            if seq > after and alert.zone_id in cleared:
                later.append(alert)
            if alert.state is AlertState.ALL_CLEAR:
                del live[alert.zone_id]
    assert len(cleared) > 5
    return later


def test_zones_cleared_by_hand_stay_clear_of_the_threats_known_by_then() -> None:
    """Number 17 bits up: the event in which a track was first seen."""
    after = 26  # the first rockets are known for some scans, more are still to come
    later = told_after_all_clear_by_hand(after)
    seen = {int(track[1:]) >> 17 for alert in later for track in alert.threats}
    assert all(event > after for event in seen), seen
