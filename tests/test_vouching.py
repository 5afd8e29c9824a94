"""Who is known to be an aircraft: never by its own word, nor by any one source."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from forewarn.app.command_line import cli
from forewarn.bench import quiet
from forewarn.bench.drawing import numbered
from forewarn.records import STRAIGHT, PlotBatch, Sensor, SensorKind
from forewarn.sim import raids
from forewarn.sim.raid_keys import Generated, Raid
from forewarn.threats import CRUISE_MISSILE, DRONE
from forewarn.track import Tracker, TrackParams
from forewarn.track import table as tables
from forewarn.track.classify import classify
from forewarn.track.vouching import HOLD_S, LAPSE_S, cleared, vouch
from test_forecast import AIR

MONTH = raids.load("month")
RADARS = tuple(one for one in MONTH.sensors if one.kind is SensorKind.RADAR)
OWN = Sensor("own word", SensorKind.POSITION, scan_s=5.0, sigma_position_m=30.0,
             sigma_height_m=30.0)  # fmt: skip
CONTROL = replace(OWN, sensor_id="control", trusted=True)


def light_aircraft(*namers: Sensor) -> Raid:
    """Six that fly as slowly as drones do, in the cover of radars, and who names them."""
    slow = replace(MONTH.traffic[1], count=6, speed_mps=(45.0, 52.0), wander_deg=0.0)
    short = replace(MONTH.raid, quiet_after_s=0.0)
    return replace(MONTH, raid=short, sensors=(*RADARS, *namers), traffic=(slow,))


def drones_after(drawn: Generated, seconds: float = 100.0) -> list[bool]:
    """Of each that counts by then and is followed, whether it may be a threat."""
    tracker = Tracker(drawn.sensors, AIR, TrackParams())
    begins_s = drawn.batches[0].received_s
    for event in numbered(drawn):
        if event.received_s > begins_s + seconds:
            break
        tracks = tracker.step(event)
    seen = tracks.confirmed & (tracks.existence > 0.99)
    may = tracks.class_prob[seen][:, [DRONE, CRUISE_MISSILE]].sum(axis=1)
    return (may > 1e-4).tolist()


def test_two_groups_that_name_it_clear_an_aircraft() -> None:
    found = drones_after(raids.generate(light_aircraft(OWN, CONTROL), 1))
    assert len(found) >= 5
    assert not any(found)


@pytest.mark.parametrize(
    "namers",
    [
        (),
        (OWN,),
        (CONTROL,),
        (OWN, replace(OWN, sensor_id="another")),  # nobody who knows who should fly
        (replace(OWN, independence="feed"), replace(CONTROL, independence="feed")),
    ],
    ids=["nobody", "its own word", "control alone", "two not trusted", "one feed"],
)
def test_nobody_is_cleared_by_less(namers: tuple[Sensor, ...]) -> None:
    found = drones_after(raids.generate(light_aircraft(*namers), 1))
    assert len(found) >= 5
    assert all(found)


def test_names_that_differ_clear_nobody() -> None:
    drawn = raids.generate(light_aircraft(OWN, CONTROL), 1)

    def lied(batch: PlotBatch) -> PlotBatch:
        if batch.sensor_id != "control":
            return batch
        return replace(batch, identity=tuple(f"x{name}" for name in batch.identity))

    assert all(drones_after(replace(drawn, batches=[lied(one) for one in drawn.batches])))


@pytest.mark.parametrize("speaks", [True, False], ids=["still speaks", "falls silent"])
def test_a_name_lapses_sooner_where_its_source_still_speaks(speaks: bool) -> None:
    drawn = raids.generate(light_aircraft(OWN, CONTROL), 1)
    begins_s = drawn.batches[0].received_s

    def heard(batch: PlotBatch) -> PlotBatch | None:
        if batch.sensor_id != "control" or batch.received_s < begins_s + 60.0:
            return batch
        nobody = ("",) * len(batch.identity)
        return replace(batch, identity=nobody) if speaks else None

    drawn = replace(drawn, batches=[b for b in map(heard, drawn.batches) if b is not None])
    assert not any(drones_after(drawn, 60.0 + 0.6 * LAPSE_S))
    found = drones_after(drawn, 60.0 + 2.5 * LAPSE_S)
    assert all(found) if speaks else not any(found)


def one_track(time_s: float = 100.0) -> tables.Table:
    t = tables.empty(1)
    t["time_s"], t["identified"] = time_s, 1.0
    t["weight"][0, STRAIGHT] = 1.0
    return t


ROW = np.array([0])
NAME = np.array(["4ca1b2"])


def test_two_who_are_trusted_and_disagree_clear_nobody() -> None:
    t = one_track()
    vouch(t, ROW, NAME, 100.0, 1, True)
    assert not cleared(t, 0)
    vouch(t, ROW, NAME, 100.0, 2, False)
    assert cleared(t, 0)
    vouch(
        t, ROW, np.array(["another"]), 100.0, 2, False
    )  # who is not trusted takes nothing back
    assert cleared(t, 0)
    vouch(t, ROW, np.array(["another"]), 100.0, 4, True)
    assert not cleared(t, 0)
    vouch(t, ROW, NAME, 100.0, 4, True)
    assert cleared(t, 0)
    vouch(
        t, ROW, np.array(["another"]), 100.0, 1, True
    )  # nor is it cleared by its former name
    assert not cleared(t, 0)
    vouch(t, ROW, np.array([""]), 100.0, 2, False)
    assert not cleared(t, 0)


def test_a_silent_source_is_not_believed_for_ever() -> None:
    t = one_track()
    vouch(t, ROW, NAME, 100.0, 1, True)
    vouch(t, ROW, NAME, 100.0, 2, False)
    t["time_s"] = 100.0 + 0.9 * HOLD_S
    assert cleared(t, 0)
    t["time_s"] = 100.0 + 1.1 * HOLD_S
    assert not cleared(t, 0)


def test_who_dives_is_cleared_by_nobody() -> None:
    """East at 48 m/s above the equator, level for a minute, then 45 m/s down."""
    t = one_track()
    vouch(t, ROW, NAME, 100.0, 1, True)
    vouch(t, ROW, NAME, 100.0, 2, False)
    level = np.array([6378137.0 + 900.0, 0.0, 0.0, 0.0, 48.0, 0.0])
    for _ in range(30):
        classify(t, 0, level, 1.0, 2.0, np.empty(6))
    assert t["prob"][0, DRONE] < 1e-4
    dive = np.array([6378137.0 + 500.0, 0.0, 0.0, -45.0, 30.0, 0.0])
    for _ in range(4):  # tracks sway where aircraft turn
        classify(t, 0, dive, 1.0, 1.0, np.empty(6))
    assert t["prob"][0, DRONE] < 1e-4
    for _ in range(6):
        classify(t, 0, dive, 1.0, 1.0, np.empty(6))
    assert t["prob"][0, DRONE] > 0.5


def test_who_names_aircraft_raises_nothing_alone() -> None:
    assert not CONTROL.raises_alone
    assert replace(CONTROL, reports="threat").raises_alone
    assert RADARS[0].raises_alone


def test_a_quiet_sky_in_which_aircraft_are_known_wakes_nobody() -> None:
    known = tuple(one for one in MONTH.traffic if "nobody" not in one.name)
    short = replace(MONTH.raid, quiet_after_s=900.0)
    told, minutes = quiet.hour(replace(MONTH, raid=short, traffic=known), 1)
    assert not told
    assert minutes == 0.0


def test_one_in_which_they_are_not_does_and_is_said_to() -> None:
    unknown = replace(MONTH.traffic[2], speed_mps=(45.0, 52.0))
    short = replace(MONTH.raid, quiet_after_s=120.0)
    told, minutes = quiet.hour(replace(MONTH, raid=short, traffic=(unknown,)), 1)
    assert told[unknown.name] > 20
    assert told[unknown.name] >= 0.95 * sum(told.values())
    assert minutes > 0.0


SITE = """schema = 1
[site]
name = "A town"
languages = ["en"]
region = {lat_deg = 56.45, lon_deg = 9.4, radius_km = 8}
"""
NAMING = """[[sensor]]
id = "{}"
kind = "position"
sigma_position_m = 30.0
sigma_height_m = 30.0
"""


@pytest.mark.parametrize(
    ("sensors", "said"),
    [
        ((), ""),
        (("own",), "nobody is cleared, for no source of traffic is listed as trusted"),
        (("control",), "cleared by control where radars of another group name"),
        (("own", "control"), "cleared by control and a second group"),
    ],
    ids=["no traffic", "its own word", "control alone", "two groups"],
)
def test_a_site_is_told_whether_aircraft_can_be_cleared(
    sensors: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    trusted = {"control": "trusted = true\n"}
    tables = [NAMING.format(name) + trusted.get(name, "") for name in sensors]
    site = tmp_path / "site.toml"
    site.write_text("\n".join((SITE, *tables)), encoding="utf-8")
    told = CliRunner().invoke(cli, ["check", str(site)])
    assert told.exit_code == 0, told.output
    assert said in told.output
    assert ("aircraft: " in told.output) == bool(said)
