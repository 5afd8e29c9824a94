"""Kill -9 in mid-raid, restart: nothing lost, nothing doubled, the all-clears come.

FOREWARN_KILLS sets how often (3 in the suite, more in a campaign). The core is a process
of its own that a test kills at random instants; the checker reads the record with plain
SQL and shares no code with the product.
"""

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import pytest

from forewarn.app.assembly import site_zones
from forewarn.app.core import Core, core_main
from forewarn.files import Region, Site
from forewarn.files.site import StoreKeys
from forewarn.records import Event, PlotBatch, Sensor, Tick
from forewarn.sim import raids
from forewarn.sim.raids import Raid, RaidKeys, RegionKeys, SalvoKeys
from forewarn.stores.sqlite import SqliteStore

KILLS = int(os.environ.get("FOREWARN_KILLS", "3"))


def drawn() -> tuple[tuple[Sensor, ...], list[Event]]:
    """A small raid: six rockets at one town; ticks until all is over."""
    shipped = raids.load("rockets")
    salvo = SalvoKeys(56.4532, 9.4020, range_km=35.0, from_deg=100.0, count=6)
    raid = Raid(
        RaidKeys("kill"), RegionKeys("k", 56.45, 9.4, 15.0), shipped.sensors, (salvo,)
    )
    made = raids.generate(raid, 4)
    last = made.batches[-1].received_s
    ticks: list[Event] = [Tick(0, last + k) for k in range(1, 120)]
    return made.sensors, [*made.batches, *ticks]


def site(folder: Path) -> Site:
    return Site(
        name="kill",
        languages=("en",),
        zones=None,
        region=Region(56.45, 9.4, 15.0),
        store=StoreKeys(folder / "s.sqlite"),
    )


def core_of(
    where: Site, sensors: tuple[Sensor, ...], channels: tuple[str, ...] = ("cap",)
) -> Core:
    store = SqliteStore(where.store.path, channels)
    return Core(where, sensors, site_zones(where), store)


def record(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Alerts on record, by plain SQL."""
    with sqlite3.connect(f"file:{folder / 's.sqlite'}?mode=ro", uri=True) as db:
        rows = db.execute("select alert_id, step, body from alerts").fetchall()
        journal = [seq for (seq,) in db.execute("select seq from journal order by seq")]
    db.close()
    assert journal == list(range(1, len(journal) + 1))
    found = {
        (alert_id, step): msgspec.msgpack.decode(body) for alert_id, step, body in rows
    }
    assert len(found) == len(rows)  # nothing doubled
    return found


@pytest.fixture(scope="module")
def raid() -> tuple[tuple[Sensor, ...], list[Event]]:
    return drawn()


@pytest.fixture(scope="module")
def unkilled(
    raid: tuple[tuple[Sensor, ...], list[Event]], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, int], dict[str, Any]]:
    """The record of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("unkilled")
    sensors, events = raid
    where = site(folder)
    core = core_of(where, sensors)
    for event in events:
        list(core.handle([event]))
    core.store.close()
    found = record(folder)
    assert any(alert["state"] == "take_cover" for alert in found.values())
    return found


def start(folder: Path, sensors: tuple[Sensor, ...]) -> tuple[Any, Connection, int]:
    """A core process that is ready, its pipe, and the number of its newest event."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=core_main, args=(theirs, site(folder), sensors, ("cap",))
    )
    process.start()
    theirs.close()
    ours.send(("go", 0))
    newest = 0
    while True:
        message = ours.recv()
        assert message[0] != "failed", message
        if message[0] == "live":
            newest = message[2]
        if message[0] == "ready":
            return process, ours, newest


def test_a_killed_core_loses_nothing_doubles_nothing_and_clears_all(
    raid: tuple[tuple[Sensor, ...], list[Event]],
    unkilled: dict[tuple[str, int], dict[str, Any]],
    tmp_path: Path,
) -> None:
    sensors, events = raid
    rng = random.Random(11)
    sent = 0
    out: set[tuple[str, int]] = set()  # what has left the core: it must stay on record
    for kill in range(KILLS + 1):
        process, pipe, newest = start(tmp_path, sensors)
        sent = newest  # whoever feeds it goes on behind what is on record
        stop_at = len(events) if kill == KILLS else rng.randrange(sent, len(events))
        while sent < stop_at:
            pipe.send(("event", events[sent]))
            sent += 1
            while pipe.poll(0):
                message = pipe.recv()
                if message[0] == "alerts":
                    out |= {(told["alert_id"], told["step"]) for told, _ in message[1]}
        if kill < KILLS:
            time.sleep(rng.random() * 0.05)
            os.kill(process.pid, signal.SIGKILL)
        else:
            pipe.send(("stop",))
        process.join()
        pipe.close()
        assert out <= set(record(tmp_path))
    found = record(tmp_path)
    for key in found.keys() | unkilled.keys():
        assert repr(found.get(key)) == repr(unkilled.get(key)), key  # by text: nan
    last = {}
    for (alert_id, _), alert in sorted(found.items(), key=lambda item: item[0][1]):
        last[alert_id] = alert["state"]
    assert set(last.values()) == {"all_clear"}


def test_what_no_channel_confirmed_is_offered_again(
    raid: tuple[tuple[Sensor, ...], list[Event]], tmp_path: Path
) -> None:
    sensors, events = raid
    where = site(tmp_path)
    core = core_of(where, sensors)
    steps = []
    for event in events:
        steps += [step for _, parcels in core.handle([event]) for step in parcels]
        if len(steps) > 20:
            break
    done = [(step.alert.alert_id, step.alert.step) for step in steps[:5]]
    core.store.delivered("cap", done, 1.0)
    core.store.close()
    again = core_of(where, sensors)
    again.recover()
    waiting = {(step.alert.alert_id, step.alert.step) for step in again.pending("cap")}
    assert waiting == {(s.alert.alert_id, s.alert.step) for s in steps} - set(done)
    again.store.close()


def test_a_bad_scan_is_a_fault_and_the_feed_goes_on(
    raid: tuple[tuple[Sensor, ...], list[Event]], tmp_path: Path
) -> None:
    sensors, events = raid
    where = site(tmp_path)
    core = core_of(where, sensors, ())
    scan = next(event for event in events if isinstance(event, PlotBatch))
    assert len(list(core.handle([replace(scan, sensor_id="moon"), scan]))) == 1
    assert core.faults == ["sensor 'moon' is unknown, expected one of north, south"]
    assert core.store.verify() == 2
    core.store.close()
