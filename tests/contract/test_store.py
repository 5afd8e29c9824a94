"""What every store keeps to, in either database; then what SQLite has of its own."""

import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from zlib import compress

import apsw
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pg8000.exceptions import DatabaseError

from forewarn.errors import ConfigError, StorageError
from forewarn.files import StoreKeys
from forewarn.files.sensors import sensor_from_table
from forewarn.records import (
    Act,
    Alert,
    AlertState,
    ChannelDelay,
    Command,
    CommandAction,
    Event,
    Gap,
    Outcome,
    PlotBatch,
    Tick,
    Weather,
)
from forewarn.stores import SqlStore, open_store, read_store, sqlite_store
from forewarn.stores.codec import (
    decode_alert,
    decode_event,
    decode_memory,
    encode_alert,
    encode_event,
    encode_memory,
)

Open = Callable[[], SqlStore]
ALERT = Alert(
    "a1", 0, 1, "z1", AlertState.TAKE_COVER, 10.0, float("nan"), 80.0, 0.01, 1e-4, 5.0,
    "rocket", ("T1",), ("north", "south"), "threat",
)  # fmt: skip
RADAR = sensor_from_table(
    {
        "id": "north",
        "kind": "radar",
        "lat_deg": 56.5,
        "lon_deg": 9.9,
        "height_m": 60.0,
        "sigma_range_m": 15.0,
        "sigma_azimuth_deg": 0.1,
        "sigma_elevation_deg": 0.1,
        "range_max_m": 120e3,
    },
    "test",
)
TEXTS = {"z1": {"en": "Take cover", "uk": "В укриття"}}


def outcome(*alerts: Alert) -> Outcome:
    from types import SimpleNamespace

    found: Outcome = SimpleNamespace(alerts=alerts)  # type: ignore[assignment]
    return found


CHANNELS = ("cap", "sse")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StoreKeys:
    """Where an empty store may be made."""
    if request.param == "sqlite":
        return StoreKeys(tmp_path / "s.sqlite")
    found: StoreKeys = request.getfixturevalue("empty_database")()
    return found


@pytest.fixture
def store(place: StoreKeys) -> Iterator[Open]:
    """Opens the store; a second call closes it and opens it again, as a restart does."""
    opened: list[SqlStore] = []

    def open_it() -> SqlStore:
        for one in opened:
            one.close()
        opened.append(open_store(place, CHANNELS))
        return opened[-1]

    yield open_it
    for one in opened:
        one.close()


def test_events_come_back_in_order_after_a_restart(store: Open) -> None:
    store().append([Tick(1, 1.0), Tick(2, 2.0)])
    again = store()
    again.append([Tick(3, 3.0)])
    assert list(again.events_after(1)) == [Tick(2, 2.0), Tick(3, 3.0)]
    assert again.last_seq == 3
    assert again.verify() == 3


def test_a_record_of_an_exercise_is_never_taken_for_the_real_one(store: Open) -> None:
    one = store()
    one.claim(exercise=True)
    one.claim(exercise=True)
    again = store()
    with pytest.raises(ConfigError, match="holds exercise data, and this service is live"):
        again.claim(exercise=False)


def test_a_gap_in_the_numbers_is_refused_and_nothing_is_written(store: Open) -> None:
    one = store()
    one.append([Tick(1, 1.0)])
    with pytest.raises(ConfigError, match="event 4 after 2: a gap"):
        one.append([Tick(2, 2.0), Tick(4, 4.0)])
    assert one.last_seq == 1
    one.append([Tick(2, 2.0)])
    assert one.verify() == 2


def test_an_alert_is_recorded_once_with_a_row_for_every_channel(store: Open) -> None:
    one = store()
    one.record([outcome(ALERT)], TEXTS)
    one.record([outcome(ALERT)], TEXTS)
    assert len(one.alerts()) == 1
    for channel in ("cap", "sse"):
        ((alert, texts),) = one.pending(channel)
        assert repr(alert) == repr(ALERT)
        assert texts == TEXTS["z1"]
    one.delivered("cap", [("a1", 0)], 11.0)
    assert one.pending("cap") == []
    assert len(store().pending("sse")) == 1


def test_live_alerts_are_those_not_ended(store: Open) -> None:
    one = store()
    ended = replace(ALERT, step=1, state=AlertState.ALL_CLEAR, seq=2)
    other = replace(ALERT, alert_id="a2", zone_id="z2", seq=3)
    one.record([outcome(ALERT), outcome(ended), outcome(other)], TEXTS)
    assert [alert.alert_id for alert, _ in one.live()] == ["a2"]
    assert one.issued_s("a1") == (10.0, 10.0)


def test_a_step_that_comes_again_otherwise_is_counted_and_the_first_stands(
    store: Open,
) -> None:
    one = store()
    one.record([outcome(ALERT)], TEXTS)
    one.record([outcome(ALERT)], TEXTS)
    assert one.contradicted == 0
    one.record([outcome(replace(ALERT, probability=0.5))], TEXTS)
    assert one.contradicted == 1
    assert [alert.probability for alert in one.alerts()] == [ALERT.probability]


def test_numbers_of_numpy_are_taken_as_numbers(store: Open) -> None:
    one = store()
    one.append([Tick(1, np.float64(1.5))])
    one.record([outcome(replace(ALERT, people=np.float64(3.0)))], TEXTS)
    assert list(one.events_after(0)) == [Tick(1, 1.5)]
    assert one.alerts()[0].people == 3.0


def test_what_a_channel_confirms_twice_or_never_carried_harms_nothing(store: Open) -> None:
    one = store()
    one.record([outcome(ALERT)], TEXTS)
    one.delivered("cap", [("a1", 0), ("a1", 0), ("no such", 9)], 11.0)
    assert one.pending("cap") == []
    assert len(one.pending("sse")) == 1
    one.record([outcome(ALERT)], TEXTS)  # a recovery does not send it again
    assert one.pending("cap") == []


def test_the_newest_snapshot_comes_back_whole(store: Open) -> None:
    one = store()
    assert one.load_snapshot() is None
    names = np.array(["a", "bb"])
    one.save(4, {"x": np.arange(3.0)})
    one.save(9, {"x": np.array([np.nan, -0.0]), "names": names})
    found = store().load_snapshot()
    assert found is not None
    assert found[0] == 9
    np.testing.assert_array_equal(found[1]["x"], [np.nan, -0.0])
    np.testing.assert_array_equal(found[1]["names"], names)


@pytest.fixture
def meddle(place: StoreKeys, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """What a stranger with access does to the database, in SQL."""

    def run(sql: str) -> None:
        if place.url:
            name = place.url.rsplit("/", 1)[1]
            request.getfixturevalue("postgres").sql(name, sql)
        else:
            other = apsw.Connection(str(place.path))
            other.execute(sql)
            other.close()

    return run


Meddle = Callable[[str], None]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            "update journal set body = chain where seq = 1",
            "event 1 is not what was written",
        ),
        ("update journal set kind = 'weather' where seq = 2", "event 2 is not what"),
        ("update journal set chain = body where seq = 3", "event 3 is not what"),
        ("delete from journal where seq = 1", "event 1 is missing, 2 comes next"),
        ("delete from journal where seq = 2", "event 2 is missing, 3 comes next"),
    ],
)
def test_a_rewritten_journal_is_noticed(
    store: Open, meddle: Meddle, harm: str, said: str
) -> None:
    one = store()
    one.append([Tick(1, 1.0), Tick(2, 2.0), Tick(3, 3.0)])
    meddle(harm)
    with pytest.raises(ConfigError, match=said):
        one.verify()


def test_a_store_of_a_newer_schema_is_refused_and_left_as_it_was(
    store: Open, meddle: Meddle, place: StoreKeys
) -> None:
    store().close()
    meddle("update meta set value = 99 where name = 'schema'")
    meddle("drop table outbox")
    for opening in (store, lambda: read_store(place)):
        with pytest.raises(
            ConfigError, match=r"schema 99, this build knows 1 to \d; a newer"
        ):
            opening()
    with pytest.raises((apsw.SQLError, DatabaseError)):
        meddle("select 1 from outbox")


def test_a_second_writer_is_refused_and_a_reader_is_not(
    store: Open, place: StoreKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sqlite", "postgres"):
        monkeypatch.setattr(f"forewarn.stores.{module}.LOCK_WAIT_S", 0.1)
    one = store()
    one.append([Tick(1, 1.0)])
    with pytest.raises(ConfigError, match="another service writes to this store"):
        open_store(place)
    reader = read_store(place)
    assert reader.last_seq == reader.verify() == 1
    with pytest.raises(StorageError, match=r"read-?only"):
        reader.append([Tick(2, 2.0)])
    reader.close()
    one.close()
    open_store(place).close()


def test_what_is_no_store_is_not_read_as_one(place: StoreKeys) -> None:
    if not place.url:
        apsw.Connection(str(place.path)).close()
    with pytest.raises(ConfigError, match="is no store"):
        read_store(place)


def gap(store: SqlStore, last_seq: int) -> Gap:
    return Gap(store.last_seq + 1, last_seq, store.last_s, store.last_s, 0, 0, "test")


def test_numbers_left_out_are_on_record_and_the_chain_goes_on_over_them(
    store: Open,
) -> None:
    one = store()
    one.append([Tick(1, 1.0)])
    one.mark(gap(one, 1000))
    assert store().last_seq == 1000
    again = store()
    again.append([Tick(1001, 2.0)])
    again.mark(gap(again, 1005))
    assert [(g.first_seq, g.last_seq) for g in again.gaps()] == [(2, 1000), (1002, 1005)]
    assert again.verify() == 2
    assert list(again.events_after(0)) == [Tick(1, 1.0), Tick(1001, 2.0)]


def test_it_is_told_which_sensors_were_heard_from_when_on(store: Open) -> None:
    one = store()
    one.heard([RADAR])
    one.append([Tick(1, 1.0)])
    one.heard([RADAR])  # a restart
    more = replace(RADAR, sensor_id="south")
    one.heard([more])
    one.heard([RADAR, more])  # and again, before anything was heard
    assert [(seq, [s.sensor_id for s in heard]) for seq, heard in store().sensors()] == [
        (1, ["north"]), (2, ["north", "south"]),
    ]  # fmt: skip
    again = store()
    assert repr(again.sensors()[0][1]) == repr((RADAR,))  # by text: nan


def test_steps_tell_when_they_were_put_on_record(store: Open) -> None:
    one = store()
    before_s = time.time()
    one.record([outcome(ALERT)], TEXTS)
    one.record([outcome(replace(ALERT, step=1, issued_s=20.0))], TEXTS)
    found = list(one.steps(10.0, 20.0))
    assert [(alert.step, texts) for alert, texts, _ in found] == [(0, TEXTS["z1"])]
    recorded_s = found[0][2]
    assert recorded_s is not None
    assert before_s <= recorded_s <= time.time()


def aged(store: SqlStore) -> None:
    """Ten events, one a second; an alert that is over at 3; a snapshot at 8."""
    store.append([Tick(seq, float(seq)) for seq in range(1, 11)])
    over = replace(ALERT, step=1, seq=3, issued_s=3.0, state=AlertState.ALL_CLEAR)
    store.record([outcome(replace(ALERT, issued_s=1.0), over)], TEXTS)
    saved(store, 8)


def saved(store: SqlStore, seq: int) -> None:
    """A snapshot that is down: reading waits for what was begun."""
    store.save(seq, {"x": np.zeros(1)})
    assert store.load_snapshot() is not None


def confirm_all(store: SqlStore) -> None:
    for channel in CHANNELS:
        keys = [(alert.alert_id, alert.step) for alert, _ in store.pending(channel)]
        store.delivered(channel, keys, 20.0)


def test_what_is_old_is_let_go_and_the_chain_still_holds(store: Open) -> None:
    one = store()
    aged(one)
    confirm_all(one)
    assert one.prune(before_s=6.0) == 6  # events 1 to 5, one alert
    assert one.prune(before_s=6.0) == 0
    assert one.alerts() == []
    again = store()
    assert again.verify() == 5
    assert next(again.events_after(0)) == Tick(6, 6.0)
    again.append([Tick(11, 11.0)])
    assert again.verify() == 6


def test_events_after_the_snapshot_are_never_let_go(store: Open) -> None:
    one = store()
    aged(one)
    one.prune(before_s=1e9)
    assert [event.seq for event in one.events_after(0)] == [9, 10]
    assert store().verify() == 2


def test_without_a_snapshot_no_event_is_let_go(store: Open) -> None:
    one = store()
    one.append([Tick(1, 1.0)])
    assert one.prune(before_s=1e9) == 0
    assert one.verify() == 1


def test_what_a_live_alert_or_an_open_outbox_row_needs_is_kept(store: Open) -> None:
    one = store()
    aged(one)
    live = replace(ALERT, alert_id="a2", zone_id="z2", seq=4, issued_s=4.0)
    one.record([outcome(live)], TEXTS)
    one.delivered("cap", [("a1", 0), ("a1", 1)], 20.0)
    one.prune(before_s=1e9)
    assert next(event.seq for event in one.events_after(0)) == 4  # where the live one began
    assert [(alert.alert_id, alert.step) for alert, _ in one.pending("sse")] == [
        ("a1", 0), ("a1", 1), ("a2", 0),
    ]  # fmt: skip
    confirm_all(one)
    one.prune(before_s=1e9)
    assert [alert.alert_id for alert in one.alerts()] == ["a2"]
    assert [alert.alert_id for alert, _ in one.live()] == ["a2"]


def test_a_long_journal_is_let_go_in_small_parts(
    store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forewarn.stores.retention.EVENTS_AT_ONCE", 3)
    one = store()
    one.append([Tick(seq, float(seq)) for seq in range(1, 9)])
    one.mark(gap(one, 20))
    one.append([Tick(21, 21.0), Tick(22, 22.0)])
    saved(one, 22)
    assert [one.prune(before_s=21.5) for _ in range(4)] == [3, 3, 3, 1]
    assert one.gaps() == []
    assert one.verify() == 1


def test_after_an_error_of_the_storage_nobody_goes_on_as_if_nothing_was(
    store: Open, meddle: Meddle
) -> None:
    one = store()
    one.append([Tick(1, 1.0)])
    meddle("drop table outbox")
    with pytest.raises(StorageError, match="outbox"):
        one.record([outcome(ALERT)], TEXTS)
    with pytest.raises(StorageError, match="closed"):
        one.append([Tick(2, 2.0)])
    assert store().last_seq == 1


def sqlite(folder: Path) -> SqlStore:
    return sqlite_store(folder / "s.sqlite", CHANNELS)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 40)
    with pytest.raises(ConfigError, match="cannot be used as a store"):
        sqlite_store(path)


@pytest.mark.parametrize("whole_check_bytes", [0, 10**9])
def test_a_damaged_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole_check_bytes: int
) -> None:
    one = sqlite(tmp_path)
    many = [replace(ALERT, alert_id=f"a{i}") for i in range(500)]
    one.record([outcome(*many)], TEXTS)
    root = one._db.connection.execute(
        "select rootpage from sqlite_master where name='alerts'"
    ).get
    size = one._db.connection.pragma("page_size")
    one.close()
    monkeypatch.setattr("forewarn.stores.sqlite.WHOLE_CHECK_BYTES", whole_check_bytes)
    sqlite(tmp_path).close()
    with (tmp_path / "s.sqlite").open("r+b") as file:
        file.seek((root - 1) * size + 3)
        file.write(b"\xff" * 200)
    with pytest.raises(ConfigError, match="is damaged: "):
        sqlite(tmp_path)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    sqlite(tmp_path).close()
    assert (tmp_path / "s.sqlite").stat().st_mode & 0o077 == 0


def test_a_full_disk_ends_the_store_and_what_stood_stands(tmp_path: Path) -> None:
    one = sqlite(tmp_path)
    one.append([Tick(1, 1.0)])
    one._db.connection.execute("pragma max_page_count = 1")
    many = [replace(ALERT, alert_id=f"a{i}") for i in range(1000)]
    with pytest.raises(StorageError, match="full"):
        one.record([outcome(*many)], TEXTS)
    with pytest.raises(StorageError, match="closed"):  # nobody goes on as if nothing was
        one.append([Tick(2, 2.0)])
    again = sqlite(tmp_path)
    assert again.last_seq == 1
    assert again.alerts() == []
    again.close()


def test_a_gap_goes_on_record_with_all_that_went_out_in_it(store: Open) -> None:
    one = store()
    one.append([Tick(1, 1.0)])
    one.record([outcome(ALERT)], TEXTS)
    late = replace(ALERT, step=1, seq=4)
    carried = {("cap", ("a1", 0)): 3.0, ("sse", ("a1", 1)): 4.0}
    missing = Gap(2, 5, 1.0, 5.0, 1, 0, "disk full")
    one.resume(missing, [(late, TEXTS["z1"])], carried, {"x": np.ones(1)})
    one.append([Tick(6, 6.0)])
    again = store()
    assert again.gaps() == [missing]
    assert again.verify() == 2
    kept = again.load_snapshot()
    assert kept is not None
    assert kept[0] == 5
    assert list(again.events_after(5)) == [Tick(6, 6.0)]
    assert [alert.step for alert in again.alerts()] == [0, 1]
    assert [alert.step for alert, _ in again.pending("cap")] == [1]
    assert [alert.step for alert, _ in again.pending("sse")] == [0]


def test_a_snapshot_that_an_older_build_left_in_the_file_is_moved(tmp_path: Path) -> None:
    one = sqlite(tmp_path)
    one.append([Tick(1, 1.0)])
    with one._db.durable():
        one._db.insert("snapshot", [(1, 1, encode_memory({"x": np.ones(2)}))])
    one.close()
    again = sqlite(tmp_path)
    found = again.load_snapshot()
    assert found is not None
    assert found[0] == 1
    np.testing.assert_array_equal(found[1]["x"], np.ones(2))
    assert again._db.run("select count(*) from snapshot") == [(0,)]
    again.close()


@pytest.mark.parametrize("body", [b"", b"\x00", b"PK\x03\x04 cut off"])
def test_a_snapshot_that_cannot_be_read_is_named(body: bytes) -> None:
    with pytest.raises(ConfigError, match="snapshot cannot be read"):
        decode_memory(body)


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("tock", b"\x80", "kind is 'tock', known: plots, tick"),
        ("tick", b"no pack", "body of a tick event cannot be read"),
        ("tick", compress(b"\x80"), "body of a tick event cannot be read"),
        ("tick", compress(b"\xc1"), "body of a tick event cannot be read"),
        ("plots", compress(b"\x93\x01\x02\x03"), "body of a plots event cannot be read"),
    ],
)
def test_an_event_that_cannot_be_read_is_named(kind: str, body: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        decode_event(kind, body)


floats = st.floats(allow_nan=True, allow_infinity=True)


def columns(n: int, k: int) -> st.SearchStrategy[np.ndarray]:
    return arrays.arrays(np.float64, (n, k), elements=floats)


@st.composite
def batches(draw: st.DrawFn) -> PlotBatch:
    n = draw(st.integers(0, 4))
    return PlotBatch(
        seq=draw(st.integers(1, 2**40)),
        received_s=draw(st.floats(0, 2e9)),
        sensor_id=draw(st.text(max_size=5)),
        time_s=draw(arrays.arrays(np.float64, n, elements=st.floats(0, 2e9))),
        measured=draw(columns(n, 4)),
        sigma=draw(columns(n, 4)),
        origin_ecef_m=draw(columns(n, 3)),
        sigma_pos_m=draw(columns(n, 2)),
        identity=tuple(draw(st.lists(st.text(max_size=4), min_size=n, max_size=n))),
    )


others = st.one_of(
    st.builds(Tick, st.integers(1, 99), st.floats(0, 2e9)),
    st.builds(
        ChannelDelay, st.just(1), st.just(2.0), st.text(max_size=4), st.floats(0, 60)
    ),
    st.builds(
        Command,
        st.just(1),
        st.just(2.0),
        st.text(max_size=4),
        st.sampled_from(CommandAction),
        st.lists(st.text(max_size=3), max_size=3).map(tuple),
        st.text(max_size=4),
        st.text(max_size=4),
        st.text(max_size=4),
    ),
    st.builds(Act, st.just(1), st.just(2.0), *[st.text(max_size=4) for _ in range(3)]),
    st.just(Weather(1, 2.0, np.array([0.0, 5e3]), np.array([[1.0, 2.0], [3.0, 4.0]]))),
)


@given(event=st.one_of(batches(), others))
def test_every_event_comes_back_to_the_last_bit(event: Event) -> None:
    back = decode_event(*encode_event(event))
    assert type(back) is type(event)
    for field in fields(event):
        mine, its = getattr(event, field.name), getattr(back, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.tobytes() == its.tobytes()
        else:
            assert mine == its


def test_a_command_of_an_older_journal_is_read() -> None:
    command = Command(1, 2.0, "op", CommandAction.PREPARE, ("z1",))
    old = {
        name: getattr(command, name)
        for name in ("seq", "received_s", "operator_id", "action", "zone_ids")
    }
    assert decode_event("command", compress(msgspec.msgpack.encode(old))) == command


def test_an_alert_comes_back_with_its_texts() -> None:
    alert, texts = decode_alert(encode_alert(ALERT, TEXTS["z1"]))
    assert repr(alert) == repr(ALERT)
    assert texts == TEXTS["z1"]
