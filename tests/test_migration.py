"""A store of schema 1, as builds of November 2026 made it, becomes one of today."""

from dataclasses import replace
from pathlib import Path

import apsw
import numpy as np
import pytest

from alerts import ALERT
from forewarn.errors import ConfigError
from forewarn.files import StoreKeys
from forewarn.records import AlertState, Event, Tick
from forewarn.stores import open_store, read_store
from forewarn.stores.chain import GENESIS, link
from forewarn.stores.codec import encode_alert, encode_event, encode_memory

SCHEMA_1 = """
create table meta(name text primary key, value any) strict, without rowid;
create table journal(
    seq integer primary key, kind text not null, received_s real not null,
    body blob not null, chain blob not null) strict;
create table alerts(
    alert_id text not null, step integer not null, seq integer not null,
    zone_id text not null, state text not null, body blob not null,
    primary key(alert_id, step)) strict, without rowid;
create index alerts_by_zone on alerts(zone_id, seq);
create table outbox(
    channel text not null, alert_id text not null, step integer not null,
    delivered_s real, primary key(channel, alert_id, step)) strict, without rowid;
create index outbox_open on outbox(channel) where delivered_s is null;
create table snapshot(
    one integer primary key check(one = 1), seq integer not null,
    body blob not null) strict;
insert into meta values('schema', 1);
"""
EVENTS: list[Event] = [Tick(seq, 100.0 + seq) for seq in range(1, 6)]
STEPS = [
    replace(ALERT, alert_id=f"a{life}", step=step, seq=step + 1, issued_s=101.0 + step)
    for life in range(1500)
    for step in range(2)
]
STEPS[-1] = replace(STEPS[-1], state=AlertState.ALL_CLEAR)


@pytest.fixture
def old(tmp_path: Path) -> StoreKeys:
    keys = StoreKeys(tmp_path / "old.sqlite")
    db = apsw.Connection(str(keys.path))
    with db:
        db.execute(SCHEMA_1)
        chain = GENESIS
        for event in EVENTS:
            kind, body = encode_event(event)
            chain = link(chain, kind, body)
            row = (event.seq, kind, event.received_s, body, chain)
            db.execute("insert into journal values(?, ?, ?, ?, ?)", row)
        for a in STEPS:
            body = encode_alert(a, {"en": "Take cover"})
            alert_row = (a.alert_id, a.step, a.seq, a.zone_id, str(a.state), body)
            db.execute("insert into alerts values(?, ?, ?, ?, ?, ?)", alert_row)
            db.execute("insert into outbox values('cap', ?, ?, null)", (a.alert_id, a.step))
        memory = encode_memory({"x": np.arange(3.0)})
        db.execute("insert into snapshot values(1, 4, ?)", (memory,))
    db.close()
    return keys


def test_all_that_stood_there_stands_there(old: StoreKeys) -> None:
    store = open_store(old, ("cap",))
    assert store.verify() == 5
    assert list(store.events_after(3)) == EVENTS[3:]
    found = list(store.steps())
    assert {repr(alert) for alert, _, _ in found} == {repr(alert) for alert in STEPS}
    assert {recorded_s for _, _, recorded_s in found} == {None}  # nobody wrote it down
    assert len(store.live()) == 1499
    assert len(store.pending("cap")) == 3000
    snapshot = store.load_snapshot()
    assert snapshot is not None
    assert snapshot[0] == 4
    store.append([Tick(6, 200.0)])
    store.close()


def test_what_was_migrated_can_do_what_a_new_store_can(old: StoreKeys) -> None:
    store = open_store(old, ("cap",))
    assert len(list(store.steps(102.0, 103.0))) == 1500
    store.delivered("cap", [("a1499", 0), ("a1499", 1)], 200.0)
    store.save(5, {"x": np.zeros(1)})
    assert (
        store.prune(before_s=1e9) == 1
    )  # the one that is over; live ones hold the journal
    fresh = read_store(old)
    assert fresh.verify() == 5
    fresh.close()
    store.close()
    open_store(old).close()


def test_a_migration_that_fails_leaves_the_store_as_it_was(old: StoreKeys) -> None:
    db = apsw.Connection(str(old.path))
    db.execute("update alerts set body = x'c1' where alert_id = 'a700'")
    with pytest.raises(ConfigError, match="alerts: a step cannot be read"):
        open_store(old)
    assert db.execute("select value from meta where name = 'schema'").get == 1
    assert db.execute("select count(*) from alerts").get == 3000
    assert not db.table_exists("main", "alerts_1")
    db.close()


def test_whoever_only_reads_is_told_that_it_is_an_old_one(old: StoreKeys) -> None:
    with pytest.raises(ConfigError, match="is a store of schema 1, this build reads 2"):
        read_store(old)
