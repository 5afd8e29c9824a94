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
from forewarn.channels.cap import (
    NAMESPACE,
    VERTICES_MAX,
    Sender,
    cap_message,
    outer_rings,
    plain,
)
from forewarn.errors import ConfigError
from forewarn.records import Alert, AlertState
from forewarn.threats import CLASSES
from forewarn.words import LANGUAGES, as_exercise

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "CAP-v1.2.xsd"))
LIVE = Sender("alerts@example.invalid")
DRILL = Sender("alerts@example.invalid", exercise=True)


def valid(body: bytes) -> Any:
    message = etree.fromstring(body)
    SCHEMA.assertValid(message)
    return message


def every(message: Any, name: str) -> list[str]:
    return [str(found.text) for found in message.iter(f"{{{NAMESPACE}}}{name}")]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", [0, 2])
@pytest.mark.parametrize("kind", ["", "debris", *CLASSES])
def test_every_step_is_a_valid_message(state: AlertState, step: int, kind: str) -> None:
    alert = replace(ALERT, state=state, step=step, kind=kind)
    message = valid(cap_message(parcel(alert), LIVE))
    assert every(message, "msgType") == ["Update" if step else "Alert"]
    assert every(message, "status") == ["Actual"]
    assert every(message, "language") == list(LANGUAGES)
    assert set(every(message, "responseType")) == {
        {"prepare": "Prepare", "all_clear": "AllClear"}.get(state, "Shelter")
    }


def test_a_correction_is_a_cancel_with_words_of_its_own() -> None:
    message = valid(cap_message(parcel(CORRECTED), LIVE))
    assert every(message, "msgType") == ["Cancel"]
    assert len(every(message, "references")[0].split()) == 2
    clear = valid(cap_message(parcel(replace(CORRECTED, reason="over")), LIVE))
    assert every(clear, "msgType") == ["Update"]
    for name in ("headline", "instruction"):
        assert not set(every(message, name)) & set(every(clear, name))


def test_an_update_refers_to_every_step_before_it() -> None:
    first, second = (
        valid(
            cap_message(parcel(replace(ALERT, step=k, issued_s=ALERT.issued_s + at)), LIVE)
        )
        for k, at in ((0, -20.0), (1, -10.0))
    )
    third = valid(cap_message(parcel(replace(ALERT, step=2)), LIVE))
    (references,) = every(third, "references")
    assert references.split() == [
        f"{LIVE.address},{every(one, 'identifier')[0]},{every(one, 'sent')[0]}"
        for one in (first, second)
    ]
    assert every(first, "references") == []


def test_the_same_step_is_the_same_bytes() -> None:
    assert cap_message(parcel(), LIVE) == cap_message(parcel(), LIVE)


def test_times_are_utc_as_the_standard_writes_it_and_in_order() -> None:
    message = valid(cap_message(parcel(), LIVE))
    assert every(message, "sent") == ["2026-01-01T12:00:00-00:00"]
    names = ("effective", "onset", "expires")
    times = [datetime.fromisoformat(every(message, name)[0]) for name in names]
    assert times == sorted(times)
    assert every(message, "onset")[0] == "2026-01-01T12:01:18-00:00"


def test_an_onset_that_is_unknown_is_not_told_and_one_gone_by_is_now() -> None:
    unknown = valid(cap_message(parcel(replace(ALERT, onset_p05_s=nan)), LIVE))
    assert every(unknown, "onset") == []
    gone = valid(cap_message(parcel(replace(ALERT, onset_p05_s=1.0)), LIVE))
    assert set(every(gone, "onset")) == {every(gone, "sent")[0]}


def test_headline_says_what_and_where_and_instruction_what_to_do() -> None:
    message = valid(cap_message(parcel(name="St. Petersburg Beach"), LIVE))
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
    message = valid(cap_message(parcel(), DRILL))
    assert every(message, "status") == ["Exercise"]
    assert every(message, "note") == ["An exercise: there is no threat."]
    for name in ("headline", "description"):
        for language, text in zip(LANGUAGES, every(message, name), strict=True):
            assert text.startswith(as_exercise("", language).strip())


def test_nothing_of_tracks_or_sensors_leaves() -> None:
    body = cap_message(parcel(), LIVE)
    assert b"T65536" not in body
    assert b"north" not in body


def test_several_areas_are_kept_as_closed_rings_latitude_first() -> None:
    square = json.loads(SQUARE)["coordinates"]
    hole = [[9.04, 56.02], [9.06, 56.02], [9.06, 56.03]]
    multi = json.dumps({"type": "MultiPolygon", "coordinates": [square, [square[0], hole]]})
    message = valid(cap_message(parcel(polygon=multi), LIVE))
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
    valid(cap_message(parcel(alert, name), LIVE))


@pytest.mark.parametrize("name", ["نهاريا", "נהריה", "Київ", "Ñandú & <söhne>"])
def test_names_of_all_scripts_arrive_as_they_are(name: str) -> None:
    message = valid(cap_message(parcel(name=name), LIVE))
    assert set(every(message, "areaDesc")) == {name}
    assert all(name in text for text in every(message, "description"))


def test_a_text_is_one_line_without_tricks() -> None:
    assert plain("a\u00a0b\nc\u202ed\x00\u200fe") == "a b cd\u200fe"
    assert plain("\x00") == "?"


@pytest.mark.parametrize("address", ["", "a b", "a,b", "a<b", "a&b"])
def test_an_address_that_references_cannot_hold_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="CAP sender: found"):
        Sender(address)
