"""Operators are shown the chain whole, then only what changed; that adds up to the same."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from forewarn.app.assembly import assemble, site_zones
from forewarn.files import read_site
from forewarn.records import Alert, AlertState, Outcome, Zones
from forewarn.sim import raids
from forewarn.threats import CLASSES
from forewarn.warning import Warner, WarningParams, Weighed
from forewarn.web.picture import Painter
from forewarn.web.scene import Scene
from test_export import drawn


@dataclass
class Shown:
    """One event: what came of it, what zones were held against, what was sent."""

    outcome: Outcome
    weighed: Weighed | None
    sent: dict[str, Any]


@pytest.fixture(scope="module")
def raid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Zones, list[Shown]]:
    """Six rockets at one town, a picture after every twentieth event."""
    folder = tmp_path_factory.mktemp("raid")
    made, events = drawn()
    (folder / "site.toml").write_text(raids.site_text(made))
    site = read_site(folder / "site.toml")
    zones = site_zones(site)
    warner = Warner(site.name, zones, site.warning)
    chain = assemble(site, made.sensors, zones, warner)
    painter, shown = Painter(zones), []
    for number, event in enumerate(events, start=1):
        outcome = chain.step(replace(event, seq=number))
        if number % 20 == 0 or outcome.alerts:
            sent = painter.paint(outcome, warner.weighed)
            shown.append(Shown(outcome, warner.weighed, sent))
    return zones, shown


def test_differences_add_up_to_the_whole_picture(raid: tuple[Zones, list[Shown]]) -> None:
    zones, shown = raid
    scene = Scene()
    for one in shown:
        scene.show(one.sent)
        whole = Painter(zones).paint(one.outcome, one.weighed)
        assert scene.tracks == {track["id"]: track for track in whole["tracks"]["set"]}
        assert scene.areas == {area["track_id"]: area for area in whole["areas"]["set"]}
        assert scene.weighed == {zone["zone_id"]: zone for zone in whole["weighed"]["set"]}
    assert shown[0].sent["reset"]
    assert not any(one.sent["reset"] for one in shown[1:])
    assert any(one.sent["tracks"]["moved"] for one in shown)
    assert any(one.sent["areas"]["gone"] for one in shown)


def test_an_area_is_sent_when_it_was_made_anew_and_not_before(
    raid: tuple[Zones, list[Shown]],
) -> None:
    known: dict[str, tuple[float, str]] = {}
    for one in raid[1]:
        f = one.outcome.forecasts
        made = {
            f"T{track}": (made_s, CLASSES[kind])
            for track, made_s, kind in zip(
                f.track_id.tolist(), f.made_s.tolist(), f.kind.tolist(), strict=True
            )
        }
        for area in one.sent["areas"]["set"]:
            name = area["track_id"]
            assert known.get(name) != made[name]
            known[name] = made[name]
            assert sum(future[0] for future in area["futures"]) == pytest.approx(
                1, abs=0.02
            )
            assert area["onset_p05_s"] <= area["onset_p50_s"]


def steps(shown: list[Shown]) -> Iterator[tuple[Shown, Alert]]:
    for one in shown:
        for alert in one.outcome.alerts:
            yield one, alert


def test_what_zones_are_held_against_is_what_was_decided_by(
    raid: tuple[Zones, list[Shown]],
) -> None:
    zones, shown = raid
    row = {zone_id: i for i, zone_id in enumerate(zones.zone_id)}
    raised = 0
    for one, alert in steps(shown):
        if alert.state is AlertState.TAKE_COVER and alert.reason == "threat":
            assert one.weighed is not None
            at = one.weighed.rows.tolist().index(row[alert.zone_id])
            told = {zone["zone_id"]: zone for zone in scene_of(one, zones)}
            assert alert.threshold == pytest.approx(one.weighed.threshold[at])
            assert alert.probability == pytest.approx(one.weighed.danger.due[at])
            assert told[alert.zone_id]["due"] == pytest.approx(alert.probability, rel=0.06)
            raised += 1
    assert raised > 5


def scene_of(one: Shown, zones: Zones) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Painter(zones).paint(one.outcome, one.weighed)["weighed"][
        "set"
    ]
    return found


def test_zones_that_are_told_nothing_are_there_with_their_threshold(
    raid: tuple[Zones, list[Shown]],
) -> None:
    zones, shown = raid
    told: set[str] = set()
    over_s: dict[str, float] = {}
    quiet = 0
    for one in shown:
        for alert in one.outcome.alerts:
            (told.discard if alert.state is AlertState.ALL_CLEAR else told.add)(
                alert.zone_id
            )
        for zone in scene_of(one, zones):
            if zone["zone_id"] not in told and zone["onset_p50_s"] is not None:
                quiet += 1
                # rounded to two digits, hence the slack
                if zone["due"] <= 1.06 * zone["threshold"]:
                    over_s.pop(zone["zone_id"], None)
                else:  # a threat long known barely threatens it, and is looked at twice
                    now_s = one.outcome.received_s
                    first_s = over_s.setdefault(zone["zone_id"], now_s)
                    assert now_s - first_s < WarningParams().sure_s
                    barely = WarningParams().sure_ratio * zone["threshold"]
                    assert zone["due"] <= 1.06 * barely
                assert zone["soon"] <= 1.06 * zone["prepare_at"]
                assert zone["threats"]
    assert quiet > 5


def test_trails_are_there_for_who_comes_later(raid: tuple[Zones, list[Shown]]) -> None:
    scene = Scene()
    for one in raid[1]:
        scene.show(one.sent)
        trails = scene.whole()["trails"]
        assert set(trails) == set(scene.tracks)
        for name, trail in trails.items():
            assert np.isfinite(trail).all()
            assert len(trail) <= 36
            if len(trail) == 1:
                continue
            assert trail[-1] != trail[-2], name
