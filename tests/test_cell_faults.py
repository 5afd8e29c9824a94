"""A centre, a disk or a process that fails: what is told then, and that nothing is lost."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_studio import Studio, step, until
from forewarn.channels.cell_broadcast.centre import Centre
from forewarn.channels.cell_broadcast.lines import DAY_S, Numbers
from forewarn.errors import ConfigError, DeliveryError
from forewarn.records import AlertState, Parcel

PREPARE, TAKE_COVER = AlertState.PREPARE, AlertState.TAKE_COVER
STAY, ALL_CLEAR = AlertState.STAY, AlertState.ALL_CLEAR


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio(tmp_path / "cells")
    yield made
    made.close()


@pytest.mark.parametrize("fault", [0, 400, 404, 500, 503])
def test_a_message_that_is_not_taken_is_tried_again_as_it_was(
    studio: Studio, fault: int
) -> None:
    studio.centre.faults[:] = [fault]
    studio.tell(step("viborg", TAKE_COVER))
    assert studio.centre.asked == [f"POST 4370 {fault}", "POST 4370 201"]
    assert studio.channel.counts().failures == 1


@pytest.mark.parametrize("fault", [0, 500])
def test_an_answer_that_is_lost_makes_no_phone_alert_twice(
    studio: Studio, fault: int
) -> None:
    studio.centre.late[:] = [fault]  # it is on the air, and the answer says it is not
    studio.tell(step("viborg", TAKE_COVER))
    assert studio.centre.asked == [
        f"POST 4370 {fault}",
        "POST 4370 409",
        "DELETE 4370 200",
        "POST 4370 201",
    ]
    first, again = studio.centre.started
    assert (first.serial, first.pages) == (again.serial, again.pages)


def test_what_went_wrong_is_told_in_the_words_of_the_centre(studio: Studio) -> None:
    studio.centre.faults[:] = [400] * 1000
    studio.channel.offer([step("viborg", TAKE_COVER)])
    until(lambda: studio.channel.counts().failures > 0)
    assert studio.channel.counts().last_error == "centre answers 400: fault"
    studio.centre.faults.clear()
    until(lambda: studio.channel.counts().waiting == 0)


def test_a_message_that_cannot_be_ended_is_ended_later(studio: Studio) -> None:
    studio.tell(step("viborg", TAKE_COVER))
    studio.centre.faults[:] = [500, 500]  # of the all-clear, then of the end
    studio.tell(step("viborg", ALL_CLEAR, 1))
    assert studio.centre.on_air.keys() == {4396}


def test_a_centre_that_has_forgotten_its_messages_is_no_obstacle(studio: Studio) -> None:
    studio.tell(step("viborg", TAKE_COVER))
    studio.centre.on_air.clear()
    studio.tell(step("viborg", ALL_CLEAR, 1))
    assert "DELETE 4370 404" in studio.centre.asked
    assert studio.centre.on_air.keys() == {4396}


def test_a_line_that_fails_holds_up_no_other(studio: Studio) -> None:
    refuse = studio.centre.post

    def post(body: dict[str, dict[str, int]]) -> tuple[int, str]:
        number = body["smscb_message"]["message_id"]
        return (503, "full") if number == 4378 else refuse(body)

    studio.centre.post = post  # type: ignore[method-assign]
    studio.channel.offer([step("calm", PREPARE), step("viborg", TAKE_COVER)])
    until(lambda: studio.done == [("viborg", 0)])
    assert studio.channel.counts().waiting == 1


def test_of_an_outage_only_what_still_holds_is_told_after_it(studio: Studio) -> None:
    studio.centre.close()
    gone = [step("gone", PREPARE), step("gone", TAKE_COVER, 1), step("gone", ALL_CLEAR, 2)]
    there = [step("there", PREPARE), step("there", TAKE_COVER, 1)]
    studio.channel.offer(gone[:2])
    until(lambda: studio.channel.counts().failures > 0)
    studio.channel.offer([*gone[2:], *there])
    studio.centre.open()
    until(lambda: len(studio.done) == 5)
    told = [sent.text.split(":")[0] for sent in studio.centre.started]
    assert told.count("There") == 1
    assert studio.centre.on_air[4370].text.startswith("There: ")
    assert sorted(studio.done) == sorted(each.key for each in [*gone, *there])


def test_after_a_restart_messages_are_ended_and_no_number_comes_twice(
    studio: Studio,
) -> None:
    studio.tell(step("viborg", TAKE_COVER))
    studio.channel.close()
    studio.channel = studio.opened()
    studio.tell(step("skive", TAKE_COVER))
    first, second = studio.centre.started
    assert second.serial == first.serial + 1
    assert second.text.startswith("Viborg, Skive: ")
    studio.channel.close()
    studio.channel = studio.opened()
    studio.tell(step("viborg", ALL_CLEAR, 1), step("skive", ALL_CLEAR, 1))
    assert studio.centre.on_air.keys() == {4396}


def test_a_step_offered_again_after_a_restart_alerts_nobody(studio: Studio) -> None:
    told = [step("viborg", TAKE_COVER), step("skive", TAKE_COVER)]
    studio.tell(*told)
    studio.channel.close()
    studio.channel = studio.opened()
    studio.channel.offer(told)
    until(lambda: len(studio.done) == 4)
    assert studio.centre.asked == ["POST 4370 201"]


def test_an_alert_whose_end_never_came_is_forgotten_after_six_hours(studio: Studio) -> None:
    studio.tell(step("lost", TAKE_COVER))
    studio.channel.close()
    book = json.loads(studio.book.read_bytes())
    book["lives"]["lost"]["heard_s"] -= 6 * 3600 + 1
    studio.book.write_text(json.dumps(book))
    studio.channel = studio.opened()
    studio.tell(step("viborg", TAKE_COVER))
    assert studio.centre.on_air[4370].text.startswith("Viborg: ")


@pytest.mark.parametrize("bad", [{"issued_s": float("nan")}, {"onset_p05_s": 1e18}])
def test_a_step_without_a_real_time_spoils_no_other(
    studio: Studio, bad: dict[str, Any]
) -> None:
    parcel = step("bad", TAKE_COVER)
    studio.channel.offer([replace(parcel, alert=replace(parcel.alert, **bad))])
    studio.tell(step("viborg", TAKE_COVER))
    assert studio.centre.on_air[4370].text.startswith("Viborg: ")
    assert "expected UTC seconds" in studio.channel.counts().last_error


def test_a_book_that_cannot_be_read_is_set_aside(studio: Studio) -> None:
    studio.tell(step("viborg", TAKE_COVER))
    studio.channel.close()
    studio.book.write_text("{")
    studio.channel = studio.opened()
    studio.tell(step("skive", TAKE_COVER))
    assert studio.centre.on_air[4370].text.startswith("Skive: ")
    assert studio.book.with_suffix(".unreadable").read_text() == "{"


def test_without_a_disk_people_are_told_and_the_operator_too(studio: Studio) -> None:
    studio.folder.parent.joinpath("cells").write_text("a file where the folder would be")
    studio.centre.told = lambda sent: None  # there is no book to look into
    studio.tell(step("viborg", TAKE_COVER))
    assert studio.centre.on_air.keys() == {4370}
    assert "live.json: cannot be written" in studio.channel.counts().last_error


@pytest.mark.parametrize("address", ["", "127.0.0.1:12345", "ftp://a", "http://"])
def test_an_address_that_is_none_is_refused_at_the_start(address: str) -> None:
    with pytest.raises(ConfigError, match=r"expected http://HOST:PORT"):
        Centre(address, "Test")


starts = st.lists(st.tuples(st.floats(0, 20_000), st.booleans()), max_size=400)


@given(starts=starts)
def test_no_serial_number_comes_twice_within_a_day(
    starts: list[tuple[float, bool]],
) -> None:
    numbers, now_s, when = Numbers(), 1.7e9, dict[int, float]()
    for wait_s, goes_on in starts:
        now_s += wait_s
        before = numbers.code
        serial = numbers.next(now_s, goes_on and before >= 0)
        assert now_s - when.get(serial, -DAY_S) >= DAY_S
        assert serial >> 14 == 1  # all of the network
        if not goes_on:
            assert numbers.code != before  # another alert, another message code
        when[serial] = now_s


def test_numbers_last_all_day_at_the_fastest_and_then_come_back() -> None:
    numbers, start_s = Numbers(), 1.7e9
    every_s = DAY_S / (1024 * 16) * 1.01  # 5.3 s: less than a message is held
    given = [numbers.next(start_s + i * every_s, i > 0) for i in range(3 * 1024 * 16)]
    for i, serial in enumerate(given[1024 * 16 :]):
        assert serial == given[i]  # round and round
    assert len(set(given)) == 1024 * 16


def test_when_all_numbers_of_a_day_are_used_none_is_used_again() -> None:
    numbers, start_s = Numbers(), 1.7e9
    for i in range(1024):
        numbers.next(start_s + i, same_alert=False)
    with pytest.raises(DeliveryError, match="was on the air within a day"):
        numbers.next(start_s + 2000, same_alert=False)
    numbers.next(start_s + DAY_S, same_alert=False)


def raid(changes: int, over_s: float, studio: Studio) -> list[Parcel]:
    """So many zones come under alert, at an even pace, in scans of a tenth of a second."""
    scans = max(1, round(over_s / 0.1))
    told = [step(f"a{i}", TAKE_COVER) for i in range(changes)]
    begin = time.monotonic()
    for i in range(scans):
        studio.channel.offer(told[changes * i // scans : changes * (i + 1) // scans])
        time.sleep(max(0.0, begin + (i + 1) * over_s / scans - time.monotonic()))
    return told


def faults_of(studio: Studio, told: list[Parcel]) -> list[str]:
    """What is not as it has to be after a raid: complete, in order, nothing twice."""
    faults = []
    if studio.done != [each.key for each in told]:
        faults.append("not every step was confirmed once, in order")
    said = [studio.said[sent.identifier, sent.serial] for sent in studio.centre.started]
    if not all(earlier < later for earlier, later in pairwise(said)):
        faults.append("a message lacks a zone of an earlier one, or alerts for nothing")
    if said[-1] != {f"{alert_id}-{number}" for alert_id, number in studio.done}:
        faults.append("the last message does not tell of all zones")
    serials = [sent.serial for sent in studio.centre.started]
    if serials != sorted(set(serials)):
        faults.append("serial numbers do not go on")
    count = zones_in(studio.centre.started[-1].text)
    if count != len(told):
        faults.append(f"the text tells of {count} zones")
    return faults


def zones_in(text: str) -> int:
    """Zones that a text names or counts."""
    listed = text.split(":")[0].split(", ")
    more = listed[-1].partition(" +")[2]
    return len(listed) + int(more or 0)


@pytest.mark.parametrize(
    ("changes", "over_s", "hold_s"), [(300, 1.0, 0.3), (1500, 10.0, 1.0)]
)
def test_hundreds_of_zone_changes_are_told_complete_and_in_order(
    studio: Studio, changes: int, over_s: float, hold_s: float
) -> None:
    studio.channel._hold_s = hold_s
    told = raid(changes, over_s, studio)
    until(lambda: len(studio.done) >= changes)
    assert faults_of(studio, told) == []
    assert len(studio.centre.started) <= over_s / hold_s + 2
    if changes == 300:  # and the harness sees what it has to see
        studio.centre.started.pop()
        assert faults_of(studio, told) != []


def test_a_slow_centre_is_never_behind_by_more_than_one_message(studio: Studio) -> None:
    post = studio.centre.post
    slow = threading.Event()

    def late(body: object) -> tuple[int, str]:
        slow.wait(0.5)
        return post(body)

    studio.centre.post = late  # type: ignore[method-assign]
    told = raid(300, 1.0, studio)
    slow.set()
    until(lambda: len(studio.done) >= 300)
    assert faults_of(studio, told) == []
    assert len(studio.centre.started) <= 4
