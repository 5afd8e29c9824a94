"""What every channel keeps to. The folder of CAP files is the first; others join it."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from alerts import ALERT, parcel, parcels
from cell_studio import Studio
from forewarn.channels.cap.folder import CapFolder
from forewarn.channels.cap.ledger import NAME, read_entries
from forewarn.channels.cap.message import Sender
from forewarn.channels.courier import Courier
from forewarn.pipeline import Channel
from forewarn.records import AlertState, Counts, Key


@dataclass
class Place:
    """A channel under test, where it delivers, and how to take that place away.

    tidy    : what is left to do when the channel is closed
    unmoved : alerts that others cannot carry, and this channel can
    """

    channel: Channel
    done: list[Key]
    arrived: Callable[[], set[str]]
    break_it: Callable[[], None]
    mend_it: Callable[[], object]
    tidy: Callable[[], None] = lambda: None
    unmoved: frozenset[str] = frozenset()


def cap_folder(folder: Path) -> Place:
    target, away = folder / "cap", folder / "away"
    target.mkdir()
    done: list[Key] = []
    channel = CapFolder(target, Sender("alerts@example.invalid"), done.extend)

    def break_it() -> None:
        target.replace(away)
        target.touch()  # a file where the folder was

    def mend_it() -> None:
        target.unlink()
        away.replace(target)

    return Place(
        channel,
        done,
        lambda: {f"{k}-{n}" for e in read_entries(target / NAME) for k, n in e.keys},
        break_it,
        mend_it,
    )


def cell_broadcast(folder: Path) -> Place:
    studio = Studio(folder / "cells")
    return Place(
        studio.channel,
        studio.done,
        studio.arrived,
        studio.centre.close,
        studio.centre.open,
        studio.centre.close,
        frozenset({"b1"}),  # it warns a zone, whatever is known of its area
    )


CHANNELS = {"cap": cap_folder, "cell_broadcast": cell_broadcast}


@pytest.fixture(params=sorted(CHANNELS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    found = CHANNELS[request.param](tmp_path)
    yield found
    found.channel.close()
    found.tidy()


def until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < limit, "it never came to hold"
        time.sleep(0.005)


def test_every_step_arrives_and_is_confirmed_once(place: Place) -> None:
    ended = parcel(replace(ALERT, step=1, state=AlertState.ALL_CLEAR))
    place.channel.offer([parcel(), ended, *parcels(200)])
    until(lambda: len(place.done) >= 202)
    assert len(place.done) == len(set(place.done)) == 202
    assert place.done[:2] == [(ALERT.alert_id, 0), (ALERT.alert_id, 1)]
    assert place.arrived() == {f"{key}-{step}" for key, step in place.done}
    assert replace(place.channel.counts(), delay_s=0.0) == Counts(202, 0, 0, 0, "")
    assert 0.0 < place.channel.counts().delay_s < 5.0


def test_what_is_offered_again_does_no_harm(place: Place) -> None:
    place.channel.offer(parcels(3))
    place.channel.offer(parcels(3))
    place.channel.close()
    assert set(place.done) == {(f"a{i}", 0) for i in range(3)}
    assert len(place.arrived()) == 3


def test_an_offer_never_waits_and_a_broken_place_is_tried_until_it_is_mended(
    place: Place,
) -> None:
    place.break_it()
    many = parcels(500)
    before = time.perf_counter()
    place.channel.offer(many)
    assert time.perf_counter() - before < 0.1
    until(lambda: place.channel.counts().failures >= 1000)  # each tried twice
    assert place.done == []
    assert place.channel.counts().last_error != ""
    place.mend_it()
    until(lambda: len(place.done) >= 500)
    assert len(place.arrived()) == 500


def test_a_parcel_that_cannot_be_carried_holds_up_no_other(place: Place) -> None:
    bad = [
        parcel(replace(ALERT, alert_id="../escape")),
        replace(parcel(replace(ALERT, alert_id="b1")), polygon="no geometry"),
        replace(parcel(), alert=replace(ALERT, alert_id="b2", issued_s=float("nan"))),
    ]
    place.channel.offer([*bad, *parcels(5)])
    until(lambda: len(place.done) >= 5 + len(place.unmoved))
    carried = {*(f"a{i}" for i in range(5)), *place.unmoved}
    assert set(place.done) == {(name, 0) for name in carried}
    assert place.channel.counts().waiting == 3 - len(place.unmoved)


def test_closing_delivers_what_waits_and_ends_in_time_though_broken(place: Place) -> None:
    place.channel.offer(parcels(50))
    place.channel.close()
    assert len(place.done) == 50
    place.channel.offer([parcel()])  # too late: it stays in the outbox
    assert place.channel.counts().dropped == 1


def test_a_folder_that_is_gone_is_made_again(tmp_path: Path) -> None:
    done: list[Key] = []
    folder = CapFolder(tmp_path / "a" / "cap", Sender("a@example.invalid"), done.extend)
    folder.offer(parcels(1))
    until(lambda: len(done) == 1)
    shutil.rmtree(tmp_path / "a")
    folder.offer(parcels(2)[1:])
    folder.close()
    assert [path.name for path in (tmp_path / "a" / "cap").glob("*.xml")] == ["a1-0.xml"]


def test_a_confirmation_that_fails_ends_nothing(tmp_path: Path) -> None:
    def refuse(keys: list[Key]) -> None:
        raise OSError("the core is gone")

    folder = CapFolder(tmp_path / "cap", Sender("a@example.invalid"), refuse)
    folder.offer(parcels(2))
    until(lambda: folder.counts().waiting == 0)
    folder.offer(parcels(4)[2:])
    folder.close()
    told = read_entries(tmp_path / "cap" / NAME)
    assert sum(len(entry.keys) for entry in told) == 4
    assert "not confirmed: the core is gone" in folder.counts().last_error


def test_what_would_not_fit_into_the_queue_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forewarn.channels.courier.WAITING_MAX", 3)
    courier = Courier("full", lambda some: ["no line"] * len(some), lambda keys: None)
    courier.offer(parcels(5))
    assert courier.counts().waiting == 3
    assert courier.counts().dropped == 2
    courier.close()


def test_tries_come_ever_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forewarn.channels.courier.FIRST_WAIT_S", 0.02)
    tries: list[float] = []

    def carry(some: object) -> list[str]:
        tries.append(time.monotonic())
        return ["no line"] if len(tries) < 5 else [""]

    done: list[Key] = []
    courier = Courier("slow", carry, done.extend)
    courier.offer([parcel()])
    until(lambda: bool(done))
    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert all(wait >= 0.02 * 2**i for i, wait in enumerate(waits))
    courier.close()
