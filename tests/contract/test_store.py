"""What every store keeps to. SQLite is the first; another one joins the list below."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forewarn.errors import ConfigError
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
from forewarn.stores.codec import decode_alert, decode_event, encode_alert, encode_event
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


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    opened: list[SqliteStore] = []

    def open_it() -> SqliteStore:
        for one in opened:
            one.close()
        opened.append(SqliteStore(tmp_path / "s.sqlite", ("cap", "sse")))
        return opened[-1]

    yield open_it
    opened[-1].close()


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


def test_a_rewritten_journal_is_noticed(store: Open, tmp_path: Path) -> None:
    one = store()
    one.append([Tick(1, 1.0), Tick(2, 2.0)])
    other = apsw.Connection(str(tmp_path / "s.sqlite"))
    _, body = encode_event(Tick(1, 9.0))
    other.execute("update journal set body = ? where seq = 1", (body,))
    other.close()
    with pytest.raises(ConfigError, match="event 1 is not what was written"):
        one.verify()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 40)
    with pytest.raises(ConfigError, match="cannot be used as a store"):
        SqliteStore(path)


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
