"""Our messages in a real network: osmo-bsc takes them, tshark reads them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cbsp import (
    KILL_COMPLETE,
    KILL_FAILURE,
    NOT_SUPPORTED,
    RESET_COMPLETE,
    RESTART,
    WRITE_COMPLETE,
    WRITE_FAILURE,
    Controller,
    program,
    refused,
)
from cell_studio import Studio, step
from forewarn.records import AlertState

NAMES = {"zone-kyiv": {"": "Київ", "en": "Kyiv"}}
UNKNOWN_MESSAGE = 2  # cause: message reference not identified


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    made = Controller(tmp_path).open()
    yield made
    made.close()


@pytest.fixture
def studio(tmp_path: Path, controller: Controller) -> Iterator[Studio]:
    assert controller.hear()[0] == RESTART
    assert controller.reset()[0] == RESET_COMPLETE
    made = Studio(
        tmp_path / "cells", languages=("en", "uk"), zone_names=NAMES, peers=(controller,)
    )
    yield made
    made.close()


def decoded(capture: Path) -> list[dict[str, list[str]]]:
    """Every CBSP message of a capture as tshark reads it."""
    fields = (
        "cbsp.msg_type",
        "cbsp.message_id",
        "cbsp.new_serial_nr",
        "cbsp.old_serial_nr",
        "cbsp.category",
        "cbsp.dcs",
        "cbsp.num_of_pages",
        "cbsp.cb_page_content",
        "cbsp.cause",
        "_ws.malformed",
    )
    wanted = [word for field in fields for word in ("-e", field)]
    read = subprocess.run(
        [program("tshark"), "-r", capture, "-Y", "cbsp", "-T", "json", *wanted],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return [packet["_source"]["layers"] for packet in json.loads(read.stdout)]


def test_a_life_reaches_the_cell_that_can_and_tshark_reads_it(
    studio: Studio, controller: Controller, tmp_path: Path
) -> None:
    studio.tell(step("kyiv", AlertState.PREPARE, kind="drone"))
    studio.tell(step("kyiv", AlertState.TAKE_COVER, 1))
    studio.tell(step("kyiv", AlertState.ALL_CLEAR, 2))
    kinds = [kind for kind, _ in controller.answers[2:]]
    assert kinds.count(WRITE_FAILURE) == 6  # cell 11 cannot
    assert kinds.count(KILL_FAILURE) == 4
    for answer in controller.answers[2:]:
        cause = NOT_SUPPORTED if answer[0] == WRITE_FAILURE else UNKNOWN_MESSAGE
        assert refused(answer) == {11: cause}, "cell 10 has to take, and to end, every one"
    controller.capture(tmp_path / "cbsp.pcap")
    packets = decoded(tmp_path / "cbsp.pcap")
    assert not any("_ws.malformed" in packet for packet in packets)
    written = [packet for packet in packets if packet["cbsp.msg_type"] == ["1"]]
    assert [packet["cbsp.message_id"] for packet in written] == [
        [f"0x{number:04x}"] for number in (4378, 4391, 4370, 4383, 4396, 4397)
    ]
    for packet, sent in zip(written, studio.centre.started, strict=True):
        assert packet["cbsp.new_serial_nr"] == [f"0x{sent.serial:04x}"]
        assert packet["cbsp.num_of_pages"] == [str(len(sent.pages))]
        text = "".join(page.rstrip("\r") for page in packet["cbsp.cb_page_content"])
        assert text == sent.text
    english, ukrainian = written[2:4]
    assert english["cbsp.dcs"] == ["0x0f"]
    assert english["cbsp.category"] == ["0x00"]  # high priority
    assert english["cbsp.cb_page_content"][0].startswith(
        "Kyiv: rocket fire, now. Go to shelter or inner room.\r"
    )
    assert ukrainian["cbsp.dcs"] == ["0x48"]
    assert ukrainian["cbsp.cb_page_content"][0].startswith("Київ: ракетний обстріл")
    killed = [packet for packet in packets if packet["cbsp.msg_type"] == ["4"]]
    assert [packet["cbsp.message_id"] for packet in killed] == [
        [f"0x{number:04x}"] for number in (4378, 4391, 4370, 4383)
    ]
    assert killed[2]["cbsp.old_serial_nr"] == english["cbsp.new_serial_nr"]


def test_a_network_that_takes_a_part_only_is_as_osmo_cbc_answers_it(
    studio: Studio, controller: Controller
) -> None:
    """201 although a cell refused: it does not tell, so neither can we."""
    studio.tell(step("kyiv", AlertState.TAKE_COVER))
    assert [refused(answer) for answer in controller.answers[2:]] == [{11: 9}, {11: 9}]
    assert studio.centre.asked == ["POST 4370 201", "POST 4383 201"]
    assert studio.channel.counts().failures == 0


def test_all_lines_with_all_their_pages_have_room_in_one_cell(
    studio: Studio, controller: Controller
) -> None:
    many = [f"Nowhere number {i}th" for i in range(100)]
    lives = [
        step(f"{state}-{kind}-{i}", state, 0, name, kind)
        for state, kind in (
            (AlertState.TAKE_COVER, "rocket"),
            (AlertState.PREPARE, "ballistic_missile"),
            (AlertState.PREPARE, "drone"),
            (AlertState.TAKE_COVER, "drone"),
        )
        for i, name in enumerate(many)
    ]
    studio.tell(*lives)
    ends = [
        step(each.alert.alert_id, AlertState.ALL_CLEAR, 1, each.zone_name)
        for each in lives[-100:]
    ]
    studio.tell(*ends)
    assert len(studio.centre.on_air) == 8
    assert sum(len(sent.pages) for sent in studio.centre.on_air.values()) == 4 + 3 * 7
    assert all(refused(answer) == {11: 9} for answer in controller.answers[2:])


def test_a_message_written_twice_or_ended_twice_is_refused_by_the_network(
    studio: Studio, controller: Controller
) -> None:
    """What the centre keeps from happening, and we after a lost answer."""
    studio.tell(step("kyiv", AlertState.TAKE_COVER))
    sent = studio.centre.started[0]
    controller.start(sent)
    assert set(refused(controller.answers[-1])) == {10, 11}
    controller.end(sent)
    assert controller.answers[-1][0] in (KILL_COMPLETE, KILL_FAILURE)
    assert set(refused(controller.answers[-1])) == {11}
    controller.end(sent)
    assert set(refused(controller.answers[-1])) == {10, 11}
    assert WRITE_COMPLETE not in [kind for kind, _ in controller.answers]
