"""What every store keeps to. SQLite is the first; another one joins the list below."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from zlib import compress

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forewarn.errors import ConfigError, StorageError
from forewarn.records import (
    Alert,
    AlertState,
    ChannelDelay,
    Command,
    CommandAction,
    Event,
    Outcome,
    PlotBatch,
    Tick,
    Weather,
)
from forewarn.stores.codec import (
    decode_alert,
    decode_event,
    decode_memory,
    encode_alert,
    encode_event,
)
from forewarn.stores.sqlite import SqliteStore

Open = Callable[[], SqliteStore]
ALERT = Alert(
    "a1", 0, 1, "z1", AlertState.TAKE_COVER, 10.0, float("nan"), 80.0, 0.01, 1e-4, 5.0,
    "rocket", ("T1",), ("north", "south"), "threat",
)  # fmt: skip
TEXTS = {"z1": {"en": "Take cover", "uk": "В укриття"}}


def outcome(*alerts: Alert) -> Outcome:
    from types import SimpleNamespace

    found: Outcome = SimpleNamespace(alerts=alerts)  # type: ignore[assignment]
    return found


STORES: dict[str, Callable[[Path], SqliteStore]] = {
    "sqlite": lambda folder: SqliteStore(folder / "s.sqlite", ("cap", "sse")),
}


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store; a second call closes it and opens it again, as a restart does."""
    opened: list[SqliteStore] = []

    def open_it() -> SqliteStore:
        for one in opened:
            one.close()
        opened.append(STORES[request.param](tmp_path))
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


def sqlite_store(folder: Path) -> SqliteStore:
    return SqliteStore(folder / "s.sqlite", ("cap", "sse"))


@pytest.mark.parametrize(
    "change", ["body = x'c0'", "kind = 'weather'", "chain = zeroblob(32)"]
)
def test_a_rewritten_journal_is_noticed(tmp_path: Path, change: str) -> None:
    one = sqlite_store(tmp_path)
    one.append([Tick(1, 1.0), Tick(2, 2.0)])
    other = apsw.Connection(str(tmp_path / "s.sqlite"))
    other.execute(f"update journal set {change} where seq = 1")
    other.close()
    with pytest.raises(ConfigError, match="event 1 is not what was written"):
        one.verify()
    one.close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 40)
    with pytest.raises(ConfigError, match="cannot be used as a store"):
        SqliteStore(path)


@pytest.mark.parametrize("whole_check_bytes", [0, 10**9])
def test_a_damaged_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole_check_bytes: int
) -> None:
    one = sqlite_store(tmp_path)
    many = [replace(ALERT, alert_id=f"a{i}") for i in range(500)]
    one.record([outcome(*many)], TEXTS)
    root = one._db.execute("select rootpage from sqlite_master where name='alerts'").get
    size = one._db.pragma("page_size")
    one.close()
    monkeypatch.setattr("forewarn.stores.sqlite.WHOLE_CHECK_BYTES", whole_check_bytes)
    sqlite_store(tmp_path).close()
    with (tmp_path / "s.sqlite").open("r+b") as file:
        file.seek((root - 1) * size + 3)
        file.write(b"\xff" * 200)
    with pytest.raises(ConfigError, match="is damaged: "):
        sqlite_store(tmp_path)


def test_a_store_of_another_schema_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    sqlite_store(tmp_path).close()
    other = apsw.Connection(str(tmp_path / "s.sqlite"))
    other.execute("update meta set value = 99 where name = 'schema'; drop table outbox")
    with pytest.raises(ConfigError, match="is a store of schema 99, this build knows 1"):
        sqlite_store(tmp_path)
    assert not other.table_exists("main", "outbox")
    other.close()


def test_a_second_writer_is_refused_and_a_reader_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forewarn.stores.sqlite.LOCK_WAIT_S", 0.1)
    one = sqlite_store(tmp_path)
    one.append([Tick(1, 1.0)])
    with pytest.raises(ConfigError, match="another service writes to this store"):
        sqlite_store(tmp_path)
    path = tmp_path / "s.sqlite"
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert reader.execute("select count(*) from journal").get == 1
    reader.close()
    one.close()
    sqlite_store(tmp_path).close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    sqlite_store(tmp_path).close()
    assert (tmp_path / "s.sqlite").stat().st_mode & 0o077 == 0


def test_a_full_disk_ends_the_store_and_what_stood_stands(tmp_path: Path) -> None:
    one = sqlite_store(tmp_path)
    one.append([Tick(1, 1.0)])
    one._db.execute("pragma max_page_count = 1")
    many = [outcome(replace(ALERT, alert_id=f"a{i}")) for i in range(100)]
    with pytest.raises(StorageError, match="full"):
        one.record(many, TEXTS)
    with pytest.raises(StorageError, match="closed"):  # nobody goes on as if nothing was
        one.append([Tick(2, 2.0)])
    again = sqlite_store(tmp_path)
    assert again.last_seq == 1
    assert again.alerts() == []
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
    ),
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


def test_an_alert_comes_back_with_its_texts() -> None:
    alert, texts = decode_alert(encode_alert(ALERT, TEXTS["z1"]))
    assert repr(alert) == repr(ALERT)
    assert texts == TEXTS["z1"]
