"""The drill: a store is lost, a minute of it at most, and its backup goes on."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import apsw
import numpy as np
import pytest

from alerts import ALERT
from forewarn.app.assembly import site_zones
from forewarn.app.core import Core
from forewarn.errors import ConfigError
from forewarn.files import StoreKeys, read_site
from forewarn.records import Alert, AlertState, Outcome, Tick
from forewarn.sim import raids
from forewarn.stores import SqlStore, open_store, read_store
from forewarn.stores.copies import copy_store
from servers import Postgres, program
from test_export import call, drawn

EVERY_S = 20.0  # between two backups; a minute may be lost at most


def test_a_lost_store_is_back_with_all_but_the_last_minute_and_its_alerts_end(
    tmp_path: Path,
) -> None:
    raid, events = drawn()
    site_file, copy = tmp_path / "site.toml", tmp_path / "elsewhere.sqlite"
    site_file.write_text(raids.site_text(raid))
    site = read_site(site_file)
    zones = site_zones(site)

    def start() -> Core:
        core = Core(
            site, raid.sensors, zones, open_store(site.store, ("cap",), raid.sensors)
        )
        core.recover()
        return core

    core, copied_s, copies, told = start(), float("-inf"), 0, []
    coming = iter(events)
    for event in coming:
        told += core.handle([event])[1]
        live = [parcel for parcel in core.live() if parcel.alert.state == "take_cover"]
        if event.received_s - copied_s >= EVERY_S:
            call("backup", str(site_file), "--out", str(copy))
            copied_s = event.received_s
            copies += 1
        opened = {one.alert.alert_id for one in live if one.alert.issued_s > copied_s}
        if copies > 1 and len(opened) > 5 and event.received_s - copied_s > 5.0:
            break
    assert opened  # alerts that the backup does not know
    core.store.close()
    lost_s, lost_seq = event.received_s, core.store.last_seq
    for path in tmp_path.glob("forewarn.sqlite*"):
        path.unlink()

    began_s = time.monotonic()
    said = call("restore", str(site_file), "--from", str(copy))
    core = start()
    assert time.monotonic() - began_s < 600.0
    assert re.search(r"\d\d events, none altered; the next is \d+", said)
    assert core.store.last_seq > lost_seq  # so no id that people heard comes again
    assert lost_s - core.store.last_s <= 60.0
    before = {parcel.key: parcel.alert for parcel in told}
    steps: list[Alert] = []
    for event in coming:
        steps += [parcel.alert for parcel in core.handle([event])[1]]
    kept = {alert.alert_id for alert in before.values() if alert.issued_s <= copied_s}
    opened_later = {alert.alert_id for alert in steps} - kept
    assert not opened_later & {alert.alert_id for alert in before.values()}
    assert core.store.live() == []
    assert steps[-1].state == "all_clear"
    assert isinstance(core.store, SqlStore)
    (gap,) = core.store.gaps()
    assert gap.last_seq - gap.first_seq == 10**9
    core.store.close()
    assert "restored from a backup" in call("verify", str(site_file))


def outcome(*alerts: Alert) -> Outcome:
    found: Outcome = SimpleNamespace(alerts=alerts)  # type: ignore[assignment]
    return found


@pytest.fixture
def keys(tmp_path: Path) -> StoreKeys:
    return StoreKeys(tmp_path / "s.sqlite")


def same(one: Path, other: Path) -> bool:
    """Whether two stores hold the same rows."""
    tables = ("journal", "alerts", "outbox", "snapshot", "anchor", "sensors")
    held = []
    for path in (one, other):
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        held.append({t: sorted(db.execute(f"select * from {t}")) for t in tables})
        db.close()
    return held[0] == held[1]


def test_a_copy_follows_a_store_through_all_that_happens_to_it(
    keys: StoreKeys, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.sqlite"
    store = open_store(keys, ("cap",))

    def follow(new: int) -> None:
        assert copy_store(keys.path, copy) == new
        assert same(keys.path, copy)

    follow(0)
    store.append([Tick(seq, float(seq)) for seq in range(1, 8)])
    follow(7)
    store.record([outcome(ALERT, replace(ALERT, step=1, state=AlertState.ALL_CLEAR))], {})
    store.save(7, {"x": np.arange(3.0)})
    follow(0)
    store.delivered("cap", [(ALERT.alert_id, 0)], 9.0)
    follow(0)
    store.delivered("cap", [(ALERT.alert_id, 1)], 9.0)
    store.append([Tick(8, 8.0)])
    store.prune(before_s=5.0)
    follow(1)
    store.close()
    assert copy.stat().st_mode & 0o077 == 0
    assert read_store(StoreKeys(copy)).verify() == 4


def test_a_copy_is_of_one_moment_while_the_store_is_written_to(
    keys: StoreKeys, tmp_path: Path
) -> None:
    store = open_store(keys)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            seq = store.last_seq + 1
            store.append([Tick(seq, float(seq))])
            store.save(seq, {"x": np.array(seq)})

    writer = threading.Thread(target=write)
    writer.start()
    copies = [tmp_path / f"copy{i}.sqlite" for i in range(4)]
    for path in (*copies, *copies):
        copy_store(keys.path, path)
        reader = read_store(StoreKeys(path))
        saved = reader.load_snapshot()
        assert saved is None or saved[0] <= reader.last_seq  # of a moment before
        reader.close()
    stop.set()
    writer.join()
    store.close()


def test_a_copy_of_another_store_is_not_written_over(
    keys: StoreKeys, tmp_path: Path
) -> None:
    for path, time_s in ((keys.path, 1.0), (tmp_path / "other.sqlite", 2.0)):
        store = open_store(StoreKeys(path))
        store.append([Tick(1, time_s)])
        store.close()
    with pytest.raises(ConfigError, match="is a copy of another store"):
        copy_store(keys.path, tmp_path / "other.sqlite")


def test_a_store_that_was_altered_is_not_copied(keys: StoreKeys, tmp_path: Path) -> None:
    store = open_store(keys)
    store.append([Tick(1, 1.0), Tick(2, 2.0)])
    store.close()
    db = apsw.Connection(str(keys.path))
    db.execute("update journal set body = zeroblob(3) where seq = 2")
    db.close()
    with pytest.raises(ConfigError, match="event 2 is not what was written"):
        copy_store(keys.path, tmp_path / "copy.sqlite")
    assert read_store(StoreKeys(tmp_path / "copy.sqlite")).last_seq == 0


def test_a_store_that_stands_there_is_not_restored_over(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[site]\nname = "k"\nregion = "NL"\n')
    open_store(read_site(site).store).close()
    with pytest.raises(ConfigError, match=r"forewarn.sqlite exists: move it away"):
        call("restore", str(site), "--from", str(tmp_path / "forewarn.sqlite"))
    with pytest.raises(ConfigError, match="restore: expected --from FILE"):
        call("restore", str(site))


def test_a_database_dumped_and_restored_goes_on(
    empty_database: Callable[[], StoreKeys], postgres: Postgres, tmp_path: Path
) -> None:
    old, new = empty_database(), empty_database()
    store = open_store(old, ("cap",))
    store.append([Tick(seq, float(seq)) for seq in range(1, 4)])
    store.record([outcome(ALERT)], {})
    with pytest.raises(
        ConfigError, match=r"its own tools: pg_dump --format=custom --file="
    ):
        call("backup", old.url, "--out", str(tmp_path / "dump"))
    secret = {**os.environ, "PGPASSWORD": postgres.password_file.read_text().strip()}
    dump = tmp_path / "dump"
    for command in (
        [program("pg_dump"), "--format=custom", f"--file={dump}", old.url],  # while in use
        [program("pg_restore"), f"--dbname={new.url}", str(dump)],
    ):
        subprocess.run(command, check=True, env=secret)
    store.close()
    site = tmp_path / "site.toml"
    site.write_text(
        f'[site]\nname = "k"\nregion = "NL"\n[store]\nurl = "{new.url}"\n'
        f'password_file = "{new.password_file}"\n'
    )
    assert "3 events, none altered" in call("restore", str(site))
    again = open_store(new, ("cap",))
    assert again.last_seq == 3 + 1 + 10**9
    assert [alert.alert_id for alert, _ in again.pending("cap")] == [ALERT.alert_id]
    again.append([Tick(again.last_seq + 1, 9.0)])
    assert again.verify() == 4
    again.close()
