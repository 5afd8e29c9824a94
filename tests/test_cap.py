"""CAP messages that the OASIS schema takes, whatever the alert, the names, the areas."""

import json
from dataclasses import replace
from datetime import datetime
from math import cos, nan, pi, sin
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from shapely import Polygon

from alerts import ALERT, CORRECTED, SQUARE, STATES, parcel
from forewarn.channels.cap.areas import VERTICES_MAX, outer_rings
from forewarn.channels.cap.folder import CapFolder
from forewarn.channels.cap.ledger import NAME, Entry, read_entries
from forewarn.channels.cap.message import (
    NAMESPACE,
    Sender,
    cap_message,
    cap_time,
    entry,
    grouped,
    plain,
    written,
)
from forewarn.channels.cap.seal import Sealer
from forewarn.errors import ConfigError
from forewarn.records import Alert, AlertState, Key, Parcel
from forewarn.threats import CLASSES
from forewarn.words import LANGUAGES, as_exercise

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "CAP-v1.2.xsd"))
LIVE = Sender("alerts@example.invalid")
DRILL = Sender("alerts@example.invalid", exercise=True)


def said(one: Parcel, sender: Sender = LIVE, before: tuple[Entry, ...] = ()) -> bytes:
    """The message of one step."""
    return written(cap_message([one], sender, before))


def valid(body: bytes) -> Any:
    message = etree.fromstring(body)
    SCHEMA.assertValid(message)
    return message


def every(message: Any, name: str) -> list[str]:
    return [str(found.text) for found in message.iter(f"{{{NAMESPACE}}}{name}")]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", ["", "debris", *CLASSES])
def test_every_stage_is_a_valid_message(state: AlertState, kind: str) -> None:
    alert = replace(ALERT, state=state, kind=kind)
    message = valid(said(parcel(alert), LIVE))
    assert every(message, "status") == ["Actual"]
    assert every(message, "language") == list(LANGUAGES)
    assert set(every(message, "responseType")) == {
        {"prepare": "Prepare", "all_clear": "AllClear"}.get(state, "Shelter")
    }


def test_a_correction_is_a_cancel_with_words_of_its_own() -> None:
    before = tuple(entry([parcel(replace(ALERT, step=k))], LIVE) for k in range(2))
    message = valid(said(parcel(CORRECTED), LIVE, before))
    assert every(message, "msgType") == ["Cancel"]
    assert len(every(message, "references")[0].split()) == 2
    clear = valid(said(parcel(replace(CORRECTED, reason="over")), LIVE, before))
    assert every(clear, "msgType") == ["Update"]
    for name in ("headline", "instruction"):
        assert not set(every(message, name)) & set(every(clear, name))


def test_a_correction_is_never_in_one_message_with_an_all_clear() -> None:
    other = replace(CORRECTED, alert_id="b", reason="over")
    assert len(grouped([parcel(CORRECTED), parcel(other)])) == 2
    assert len(grouped([parcel(CORRECTED), parcel(replace(CORRECTED, alert_id="b"))])) == 1


def test_an_update_refers_to_every_message_before_it() -> None:
    steps = [
        parcel(replace(ALERT, step=k, issued_s=ALERT.issued_s + 10.0 * k)) for k in range(3)
    ]
    before = tuple(entry([one], LIVE) for one in steps[:2])
    third = valid(said(steps[2], LIVE, before))
    (references,) = every(third, "references")
    assert references.split() == [
        f"{LIVE.address},{ALERT.alert_id}-{k},{cap_time(ALERT.issued_s + 10.0 * k)}"
        for k in range(2)
    ]
    assert every(third, "msgType") == ["Update"]
    first = valid(said(steps[0]))
    assert every(first, "references") == []
    assert every(first, "msgType") == ["Alert"]


def test_the_same_step_is_the_same_bytes() -> None:
    assert said(parcel(), LIVE) == said(parcel(), LIVE)


def test_times_are_utc_as_the_standard_writes_it_and_in_order() -> None:
    message = valid(said(parcel(), LIVE))
    assert every(message, "sent") == ["2026-01-01T12:00:00-00:00"]
    names = ("effective", "onset", "expires")
    times = [datetime.fromisoformat(every(message, name)[0]) for name in names]
    assert times == sorted(times)
    assert every(message, "onset")[0] == "2026-01-01T12:01:18-00:00"


def test_an_onset_that_is_unknown_is_not_told_and_one_gone_by_is_now() -> None:
    unknown = valid(said(parcel(replace(ALERT, onset_p05_s=nan)), LIVE))
    assert every(unknown, "onset") == []
    gone = valid(said(parcel(replace(ALERT, onset_p05_s=1.0)), LIVE))
    assert set(every(gone, "onset")) == {every(gone, "sent")[0]}


def test_headline_says_what_and_where_and_instruction_what_to_do() -> None:
    message = valid(said(parcel(name="St. Petersburg Beach"), LIVE))
    english = LANGUAGES.index("en")
    assert every(message, "headline")[english] == (
        "St. Petersburg Beach: rocket fire, impact expected now"
    )
    assert every(message, "instruction")[english].startswith("Take cover now")
    assert every(message, "event")[english] == "rocket fire"
    for headline, instruction in zip(
        every(message, "headline"), every(message, "instruction"), strict=True
    ):
        assert "St. Petersburg Beach" in headline
        assert "St. Petersburg Beach" not in instruction


def test_an_exercise_is_marked_and_says_so_in_every_language() -> None:
    message = valid(said(parcel(), DRILL))
    assert every(message, "status") == ["Exercise"]
    assert every(message, "note") == ["An exercise: there is no threat."]
    for name in ("headline", "description"):
        for language, text in zip(LANGUAGES, every(message, name), strict=True):
            assert text.startswith(as_exercise("", language).strip())


def test_nothing_of_tracks_or_sensors_leaves() -> None:
    body = said(parcel(), LIVE)
    assert b"T65536" not in body
    assert b"north" not in body


def test_several_areas_are_kept_as_closed_rings_latitude_first() -> None:
    square = json.loads(SQUARE)["coordinates"]
    hole = [[9.04, 56.02], [9.06, 56.02], [9.06, 56.03]]
    multi = json.dumps({"type": "MultiPolygon", "coordinates": [square, [square[0], hole]]})
    message = valid(said(parcel(polygon=multi), LIVE))
    polygons = every(message, "polygon")
    assert len(polygons) == 2 * len(LANGUAGES)
    for polygon in polygons:
        first, *_, last = polygon.split()
        assert first == last == "56.00000,9.00000"
        assert len(polygon.split()) == 4
    assert set(every(message, "value")) == {"rocket", ALERT.zone_id}


def test_a_ring_left_open_is_closed() -> None:
    ring = {"type": "Polygon", "coordinates": [[[9.0, 56.0], [9.1, 56.0], [9.1, 56.1]]]}
    ((first, *_, last),) = outer_rings(json.dumps(ring))
    assert first == last == (9.0, 56.0)


@settings(max_examples=20)
@given(
    radius=st.floats(0.05, 1.0),
    waves=st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=6),
    corners=st.integers(VERTICES_MAX + 1, 5000),
)
def test_an_area_of_too_many_corners_keeps_everyone_inside(
    radius: float, waves: list[float], corners: int
) -> None:
    turns = [2 * pi * k / corners for k in range(corners)]
    reach = [
        radius * (1 + sum(w * cos(31 * (i + 1) * t) for i, w in enumerate(waves)) / 3)
        for t in turns
    ]
    ring = [(9 + r * cos(t), 50 + r * sin(t)) for r, t in zip(reach, turns, strict=True)]
    geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    (drawn,) = outer_rings(json.dumps(geometry))
    assert len(drawn) <= VERTICES_MAX
    written = Polygon([(round(x, 5), round(y, 5)) for x, y in drawn])
    assert written.is_valid
    assert written.contains(Polygon(ring))


@settings(max_examples=60)
@given(
    name=st.text(max_size=40) | st.text("\u202e\x00\ufffe\ud800<&]]> \u00a0א", max_size=9),
    step=st.integers(0, 5),
    state=st.sampled_from(STATES),
)
def test_no_name_of_a_zone_breaks_a_message(
    name: str, step: int, state: AlertState
) -> None:
    alert: Alert = replace(ALERT, step=step, state=state, zone_id=name)
    valid(said(parcel(alert, name), LIVE))


@pytest.mark.parametrize("name", ["نهاريا", "נהריה", "Київ", "Ñandú & <söhne>"])
def test_names_of_all_scripts_arrive_as_they_are(name: str) -> None:
    message = valid(said(parcel(name=name), LIVE))
    assert set(every(message, "areaDesc")) == {name}
    assert all(name in text for text in every(message, "description"))


def test_a_text_is_one_line_without_tricks() -> None:
    assert plain("a\u00a0b\nc\u202ed\x00\u200fe") == "a b cd\u200fe"
    assert plain("\x00") == "?"


@pytest.mark.parametrize("address", ["", "a b", "a,b", "a<b", "a&b"])
def test_an_address_that_references_cannot_hold_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="CAP sender: found"):
        Sender(address)


def scan_of(
    count: int, step: int = 0, state: AlertState = AlertState.TAKE_COVER
) -> list[Parcel]:
    """One scan that brought several zones to one stage."""
    seq = ALERT.seq + step
    return [
        parcel(
            replace(
                ALERT, alert_id=f"a{i}", zone_id=f"z{i}", seq=seq, step=step, state=state,
                issued_s=ALERT.issued_s + 10.0 * step,
                onset_p05_s=ALERT.onset_p05_s + i / 100,
            ),
            f"Town {i // 10}",
        )
        for i in range(count)
    ]  # fmt: skip


def test_a_scan_and_stage_is_one_message_with_an_area_for_each_zone() -> None:
    zones, others = scan_of(300), scan_of(5, state=AlertState.PREPARE)
    groups = grouped([*zones, *others])
    assert [len(group) for group in groups] == [300, 5]
    message = valid(written(cap_message(groups[0], LIVE, ())))
    english = message.findall(f"{{{NAMESPACE}}}info")[LANGUAGES.index("en")]
    assert len(every(english, "area")) == 300
    (headline,) = every(english, "headline")
    assert headline.startswith("Town 0, Town 1, Town 2 +27: rocket fire")
    assert {v for v in every(english, "value") if v != "rocket"} == {
        f"z{i}" for i in range(300)
    }


def test_zones_with_other_clock_times_are_told_apart() -> None:
    near, far = parcel(), parcel(replace(ALERT, onset_p05_s=ALERT.issued_s + 600.0))
    assert len(grouped([near, far])) == 2


def written_by(
    folder: Path, parcels: list[Parcel], sealer: Sealer | None = None
) -> list[Key]:
    done: list[Key] = []
    channel = CapFolder(folder, LIVE, done.extend)
    channel.offer(parcels)
    channel.close()
    return done


def test_a_folder_keeps_the_chain_of_messages_over_a_restart(tmp_path: Path) -> None:
    written_by(tmp_path, scan_of(20))
    written_by(tmp_path, scan_of(8, step=1, state=AlertState.STAY))
    assert (
        len(written_by(tmp_path, scan_of(20))) == 20
    )  # offered again: confirmed, not told
    first, second = read_entries(tmp_path / NAME)
    assert (len(first.keys), len(second.keys)) == (20, 8)
    told = valid((tmp_path / f"{second.identifier}.xml").read_bytes())
    assert every(told, "references") == [
        f"{LIVE.address},{first.identifier},{cap_time(first.sent_s)}"
    ]
    assert len(list(tmp_path.glob("*.xml"))) == 2


def test_half_a_line_of_a_crash_is_passed_over(tmp_path: Path) -> None:
    written_by(tmp_path, scan_of(2))
    with (tmp_path / NAME).open("a") as file:
        file.write('["half", 17')
    assert len(read_entries(tmp_path / NAME)) == 1


def test_the_newest_messages_stand_in_a_feed(tmp_path: Path) -> None:
    written_by(tmp_path, scan_of(3))
    written_by(tmp_path, scan_of(3, step=1, state=AlertState.ALL_CLEAR))
    feed = etree.parse(tmp_path / "feed.atom").getroot()
    atom = "{http://www.w3.org/2005/Atom}"
    entries = feed.findall(f"{atom}entry")
    newest, first = read_entries(tmp_path / NAME)[::-1]
    titles = [one.findtext(f"{atom}title") for one in entries]
    assert titles == [newest.headline, first.headline]
    for one in entries:
        link = one.find(f"{atom}link")
        assert (tmp_path / link.get("href")).is_file()
    assert feed.findtext(f"{atom}updated") == "2026-01-01T12:00:10Z"
    times = [one.findtext(f"{atom}updated") for one in entries]
    assert times == sorted(times, reverse=True)
