"""What phones are told by cell broadcast, and when they alert again."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts import STATES
from cell_studio import Studio, step, until
from forewarn.channels import plan_channels
from forewarn.channels.cell_broadcast import CellBroadcastKeys
from forewarn.channels.cell_broadcast.lines import (
    DRILL,
    LIVE,
    Message,
    common_period,
    line_of,
)
from forewarn.channels.cell_broadcast.pages import encoded
from forewarn.errors import DeliveryError
from forewarn.files import ChannelTable
from forewarn.records import IN_ERROR, AlertState
from forewarn.threats import CLASSES
from forewarn.words import LANGUAGES, Form, missing_parts

PREPARE, TAKE_COVER, STAY, ALL_CLEAR = STATES
KINDS = [*CLASSES, "debris", ""]
LIVE_NUMBERS = {number for line in LIVE for number in line.identifiers}
DRILL_NUMBERS = {number for line in DRILL for number in line.identifiers}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio(tmp_path / "cells")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("state", "kind", "live", "drill"),
    [
        (TAKE_COVER, "rocket", (4370, 4383), (4381, 4394)),
        (TAKE_COVER, "drone", (4370, 4383), (4381, 4394)),
        (STAY, "", (4370, 4383), (4381, 4394)),
        (PREPARE, "ballistic_missile", (4372, 4385), (4380, 4393)),
        (PREPARE, "drone", (4378, 4391), (4380, 4393)),
        (PREPARE, "", (4378, 4391), (4380, 4393)),
        (ALL_CLEAR, "rocket", (4396, 4397), (4398, 4399)),
        (ALL_CLEAR, "ballistic_missile", (4396, 4397), (4398, 4399)),
    ],
)
def test_level_comes_from_state_and_kind(
    state: AlertState, kind: str, live: tuple[int, int], drill: tuple[int, int]
) -> None:
    assert line_of(LIVE, state, kind).identifiers == live
    assert line_of(DRILL, state, kind).identifiers == drill


def test_a_site_names_the_channel_by_its_kind(tmp_path: Path) -> None:
    table = ChannelTable(
        "cell_broadcast", "phones", False, {"geofence": True}, tmp_path, "site.toml"
    )
    (plan,) = plan_channels([table], exercise=False)
    assert plan.keys == CellBroadcastKeys(folder=tmp_path / "cell-broadcast", geofence=True)


def test_the_repetition_period_has_room_for_all_that_can_be_on_the_air() -> None:
    assert common_period(LIVE, languages=1) == 4 + 3 * 3
    assert common_period(LIVE, languages=2) == 25
    assert common_period(DRILL, languages=2) == 19


def test_an_exercise_cannot_have_a_live_identifier_nor_live_one_of_a_drill() -> None:
    assert LIVE_NUMBERS.isdisjoint(DRILL_NUMBERS)
    text = encoded("text")
    for exercise, right, wrong in ((True, DRILL, LIVE), (False, LIVE, DRILL)):
        for line in right:
            for number in line.identifiers:
                Message(line, number, 0, text, exercise, 8)
            with pytest.raises(DeliveryError, match="is none of"):
                Message(line, wrong[0].local, 0, text, exercise, 8)
        for line in wrong:
            with pytest.raises(DeliveryError, match="is none of"):
                Message(line, line.local, 0, text, exercise, 8)


def test_a_whole_exercise_stays_on_its_own_identifiers_and_says_so(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "cells", exercise=True, languages=("uk", "en"))
    for i, kind in enumerate(KINDS):
        for number, state in enumerate(STATES):
            studio.tell(step(f"a{i}", state, number, kind=kind))
    studio.close()
    assert {sent.identifier for sent in studio.centre.started} == DRILL_NUMBERS
    for sent in studio.centre.started:
        assert sent.text.startswith(("EXERCISE", "НАВЧАННЯ")), sent.text


def test_zones_warned_by_one_scan_are_one_message(studio: Studio) -> None:
    studio.tell(*(step(name, TAKE_COVER) for name in ("viborg", "skive", "holstebro")))
    (sent,) = studio.centre.started
    assert sent.identifier == 4370
    assert sent.text == (
        "Viborg, Skive, Holstebro: rocket fire, now. Go to shelter or inner room."
    )
    assert sent.body["category"] == "high_priority"


def test_a_rise_in_stage_alerts_again_and_an_update_does_not(studio: Studio) -> None:
    studio.tell(step("viborg", PREPARE))
    studio.tell(step("viborg", TAKE_COVER, 1))
    assert studio.centre.asked == ["POST 4378 201", "POST 4370 201", "DELETE 4378 200"]
    first = studio.centre.on_air[4370]
    studio.tell(step("viborg", TAKE_COVER, 2, onset_p05_s=1767268900.0))
    studio.tell(step("viborg", STAY, 3))
    assert len(studio.centre.asked) == 3
    studio.tell(step("viborg", TAKE_COVER, 4))
    again = studio.centre.on_air[4370]
    assert again.serial == first.serial + 1  # the next update number of the same code
    assert again.serial >> 4 == first.serial >> 4
    assert studio.centre.asked[3:] == ["POST 4370 409", "DELETE 4370 200", "POST 4370 201"]


def test_a_zone_that_joins_alerts_again_and_stands_first(studio: Studio) -> None:
    studio.tell(step("viborg", TAKE_COVER))
    studio.tell(step("skive", TAKE_COVER, issued_s=1767268900.0))
    first, second = studio.centre.started
    assert second.text.startswith("Skive, Viborg: ")
    assert second.serial == first.serial + 1


def test_what_differs_is_told_as_what_holds_for_all(studio: Studio) -> None:
    late_s, later_s = 1767269400.0, 1767269700.0
    studio.tell(
        step("viborg", PREPARE, kind="drone", onset_p05_s=later_s),
        step("skive", PREPARE, kind="rocket", onset_p05_s=late_s),
    )
    (sent,) = studio.centre.started
    assert sent.text == (
        "Viborg, Skive: threat from the air possible at 12:10 UTC. Stay near shelter."
    )


def test_an_all_clear_is_told_and_ends_the_alert_of_its_last_zone(studio: Studio) -> None:
    studio.tell(step("viborg", TAKE_COVER), step("skive", TAKE_COVER))
    studio.tell(step("viborg", ALL_CLEAR, 1))
    assert studio.centre.on_air.keys() == {4370, 4396}
    clear = studio.centre.on_air[4396]
    assert clear.text.startswith("Viborg: all clear at 12:00 UTC")
    assert clear.body["category"] == "normal"
    lasts_s = clear.body["num_of_bcast"] * clear.body["repetition_period"] * 1.883
    assert lasts_s == pytest.approx(600, rel=0.05)
    studio.tell(step("skive", ALL_CLEAR, 2))
    assert studio.centre.on_air.keys() == {4396}
    assert studio.centre.on_air[4396].text.startswith("Skive, Viborg: all clear at 12:00")


def test_a_mistake_is_taken_back_in_words_of_its_own_also_after_its_all_clear(
    studio: Studio,
) -> None:
    studio.tell(step("viborg", TAKE_COVER))
    studio.tell(step("viborg", ALL_CLEAR, 1, reason=IN_ERROR))
    assert studio.centre.on_air.keys() == {4396}
    assert studio.centre.on_air[4396].text.startswith("Viborg: false alert, no threat")
    studio.tell(step("skive", TAKE_COVER))
    studio.tell(step("skive", ALL_CLEAR, 1))
    told = len(studio.centre.started)
    for _ in range(2):  # the second is offered again, and told once
        studio.done.clear()
        studio.tell(step("skive", ALL_CLEAR, 2, reason=IN_ERROR))
        assert len(studio.centre.started) == told + 1


def test_no_all_clear_names_a_zone_that_is_under_alert_again(studio: Studio) -> None:
    studio.tell(step("viborg", TAKE_COVER), step("skive", TAKE_COVER))
    studio.tell(step("viborg", ALL_CLEAR, 1), step("skive", ALL_CLEAR, 1))
    studio.tell(step("viborg2", TAKE_COVER, zone_id="zone-viborg"))
    assert studio.centre.on_air[4396].text.startswith("Skive: all clear")
    studio.tell(step("skive2", PREPARE, zone_id="zone-skive"))
    assert studio.centre.on_air.keys() == {4370, 4378}


def test_no_all_clear_is_told_of_what_was_never_told(studio: Studio) -> None:
    studio.tell(step("viborg", ALL_CLEAR, 3))
    studio.tell(step("skive", TAKE_COVER), step("skive", ALL_CLEAR, 1))
    assert studio.centre.asked == []
    studio.tell(step("skive", TAKE_COVER, 2))  # a step that came late to an alert now over
    assert studio.centre.asked == []


def test_no_text_states_a_countdown(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "cells", languages=("en", "uk"))
    for number, state in enumerate(STATES):
        for left_s in (20.0, 100.0, 900.0):
            onset_s = 1767268800.2 + 10 * number + left_s
            studio.tell(
                step(f"a{left_s:.0f}", state, number, "Viborg", onset_p05_s=onset_s)
            )
    studio.close()
    for sent in studio.centre.started:
        language = "en" if sent.identifier in {line.local for line in LIVE} else "uk"
        assert missing_parts(sent.text, "Viborg", language, Form.SHORT) == []
        assert not re.search(r"second|minute|секунд|хвилин", sent.text)
        without_clock = re.sub(r"\d\d:\d\d|Viborg", "", sent.text)
        assert not re.search(r"\d", without_clock), sent.text


def test_the_first_language_has_its_identifier_and_all_others_share_one(
    tmp_path: Path,
) -> None:
    names = {"zone-kyiv": {"": "Київ", "en": "Kyiv", "he": "קייב"}}
    studio = Studio(tmp_path / "c", languages=("uk", "en", "he"), zone_names=names)
    studio.tell(step("kyiv", TAKE_COVER))
    local, others = studio.centre.started
    studio.close()
    assert (local.identifier, others.identifier) == (4370, 4383)
    assert local.serial == others.serial
    assert local.text.startswith("Київ: ")
    english, hebrew = others.text.split("\n")
    assert english.startswith("Kyiv: rocket fire, now.")
    assert "קייב" in hebrew
    assert local.dcs == others.dcs == 72


@pytest.mark.parametrize("languages", [("en",), ("uk", "en"), tuple(LANGUAGES)])
def test_as_many_names_as_fit_and_how_many_more(
    tmp_path: Path, languages: tuple[str, ...]
) -> None:
    studio = Studio(tmp_path / "cells", languages=languages)
    names = [f"Nowhere number {i}th" for i in range(300)]
    studio.tell(*(step(f"a{i}", TAKE_COVER, 0, name) for i, name in enumerate(names)))
    studio.close()
    for sent in studio.centre.started:
        assert len(sent.pages) <= (4 if sent.identifier == 4370 else 3 * len(languages) - 3)
    told = studio.centre.started[0].text
    listed, more = re.findall(r"Nowhere number \d+th", told), re.search(r" \+(\d+)", told)
    assert more
    assert listed == names[: len(listed)]
    assert len(listed) + int(more[1]) == 300
    assert len(studio.centre.started[0].pages) == 4  # they are used up


def test_parts_of_a_place_are_told_as_the_place_where_they_do_not_fit(
    studio: Studio,
) -> None:
    parts = [f"{place} {i}" for place in ("Viborg", "Skive") for i in range(2, 40)]
    studio.tell(step("a", TAKE_COVER, 0, parts[0]), step("b", TAKE_COVER, 0, parts[1]))
    assert studio.centre.started[0].text.startswith("Viborg 2, Viborg 3: ")
    studio.tell(*(step(f"c{i}", TAKE_COVER, 0, name) for i, name in enumerate(parts)))
    assert studio.centre.started[1].text.startswith("Viborg, Skive: ")
    studio.tell(*(step(f"c{i}", ALL_CLEAR, 1, name) for i, name in enumerate(parts[:-1])))
    clear = studio.centre.on_air[4396].text  # of a place of which a part is not clear
    assert clear.startswith("Viborg 2, Viborg 3, ")
    assert " +" in clear


def test_a_name_too_long_for_all_pages_is_cut_and_the_rest_told(studio: Studio) -> None:
    studio.tell(step("a", TAKE_COVER, 0, "Llanfair" * 100))
    (sent,) = studio.centre.started
    assert len(sent.pages) == 1
    assert sent.text.endswith("Go to shelter or inner room.")


def test_a_message_is_not_replaced_before_phones_can_have_it(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "cells", hold_s=0.4)
    begin = time.monotonic()
    studio.tell(step("first", TAKE_COVER))
    studio.channel.offer([step("second", TAKE_COVER)])
    time.sleep(0.1)
    studio.channel.offer([step("calm", PREPARE)])  # a line of its own
    studio.tell(step("third", TAKE_COVER))
    assert time.monotonic() - begin >= 0.4
    studio.close()
    told = [sent.text.split(":")[0] for sent in studio.centre.started]
    assert sorted(told) == sorted(["First", "First, Second, Third", "Calm"])


def test_what_is_urgent_does_not_wait_for_what_is_not(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "cells", hold_s=0.6)
    studio.tell(step("calm", PREPARE))
    studio.channel.offer([step("later", PREPARE)])  # it has to wait, and its thread with it
    time.sleep(0.1)
    begin = time.monotonic()
    studio.channel.offer([step("viborg", TAKE_COVER)])
    until(lambda: 4370 in studio.centre.on_air)
    assert time.monotonic() - begin < 0.3
    assert studio.centre.on_air[4378].text.startswith("Calm: ")
    until(lambda: len(studio.done) == 3)
    assert studio.centre.on_air[4378].text.startswith("Calm, Later: ")
    studio.close()


def test_a_message_to_prepare_stays_until_the_one_to_take_cover_is_there(
    tmp_path: Path,
) -> None:
    studio = Studio(tmp_path / "cells", hold_s=0.3)
    studio.tell(step("viborg", PREPARE), step("skive", TAKE_COVER))
    studio.tell(step("viborg", TAKE_COVER, 1))  # 4370 may not be replaced yet
    posted = studio.centre.asked.index("POST 4370 201", 2)
    assert studio.centre.asked.index("DELETE 4378 200") > posted
    studio.tell(step("lemvig", PREPARE))
    post = studio.centre.post
    studio.centre.post = lambda body: (503, "full")  # type: ignore[method-assign]
    studio.channel.offer([step("lemvig", TAKE_COVER, 1)])
    until(lambda: studio.channel.counts().failures > 1)
    assert studio.centre.on_air[4378].text.startswith("Lemvig: ")
    studio.centre.post = post  # type: ignore[method-assign]
    until(lambda: studio.centre.on_air.keys() == {4370})
    studio.close()


def test_a_false_all_clear_is_replaced_at_once(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "cells", hold_s=60.0)
    studio.tell(step("viborg", TAKE_COVER), step("skive", TAKE_COVER))
    studio.tell(step("viborg", ALL_CLEAR, 1), step("skive", ALL_CLEAR, 1))
    studio.tell(step("viborg2", TAKE_COVER, zone_id="zone-viborg"))
    assert studio.centre.on_air[4396].text.startswith("Skive: all clear")
    studio.close()


def test_lines_hold_as_long_as_numbers_last_and_quiet_ones_longer() -> None:
    for line in LIVE:
        assert line.hold_s * 1024 * 16 > 86_400
        assert line.hold_s == (5.5 if line.state is TAKE_COVER else 20.0)


def test_an_area_goes_along_where_the_site_asks_for_it(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "cells", geofence=True)
    studio.tell(step("viborg", TAKE_COVER))
    studio.close()
    area = bytes.fromhex(studio.centre.started[0].body["warning_area_coordinates"])
    assert area[:4].hex() == "100c0320"
    assert json.loads(studio.book.read_bytes())["air"]["take cover"]["area"] == area.hex()
