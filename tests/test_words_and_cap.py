"""Texts in every language, valid CAP messages, signatures that keep worlds apart."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from forewarn.channels.cap import NAMESPACE, CapFolder, Parcel, Sender, cap_message
from forewarn.errors import ConfigError
from forewarn.records import Alert, AlertState
from forewarn.signing import Signer, World, canonical, verify
from forewarn.words import LANGUAGES, render

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "CAP-v1.2.xsd"))
ALERT = Alert(
    alert_id="0123456789abcdef",
    step=0,
    seq=7,
    zone_id="881f204867fffff",
    state=AlertState.TAKE_COVER,
    issued_s=1767268800.2,
    onset_p05_s=1767268878.9,
    onset_p50_s=1767268881.0,
    probability=0.01,
    threshold=1e-4,
    people=1200.0,
    kind="rocket",
    threats=("T65536",),
    sources=("north",),
    reason="threat",
)
SQUARE = '{"type":"Polygon","coordinates":[[[9.0,56.0],[9.1,56.0],[9.1,56.1],[9.0,56.0]]]}'
STATES = [AlertState.PREPARE, AlertState.TAKE_COVER, AlertState.STAY, AlertState.ALL_CLEAR]
LIVE = Sender("alerts@example.invalid")


def parcel(alert: Alert = ALERT, name: str = "Viborg", polygon: str = SQUARE) -> Parcel:
    texts = {language: render(alert, name, language) for language in LANGUAGES}
    earlier = tuple(alert.issued_s - 10.0 * k for k in range(alert.step, 0, -1))
    return Parcel(alert, texts, name, polygon, earlier)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", [0, 2])
def test_every_step_is_a_valid_cap_message(state: AlertState, step: int) -> None:
    message = etree.fromstring(
        cap_message(parcel(replace(ALERT, state=state, step=step)), LIVE)
    )
    SCHEMA.assertValid(message)
    found = {e.tag.removeprefix(f"{{{NAMESPACE}}}"): e.text for e in message}
    assert found["msgType"] == ("Update" if step else "Alert")
    assert found["status"] == "Actual"
    if step:
        first, second = found["references"].split()
        assert (
            first == "alerts@example.invalid,0123456789abcdef-0,2026-01-01T11:59:40+00:00"
        )
        assert second.startswith("alerts@example.invalid,0123456789abcdef-1,")


def test_an_exercise_is_marked_and_several_areas_are_kept() -> None:
    two = json.loads(SQUARE)
    multi = json.dumps(
        {"type": "MultiPolygon", "coordinates": [two["coordinates"], two["coordinates"]]}
    )
    body = cap_message(parcel(polygon=multi), replace(LIVE, exercise=True))
    message = etree.fromstring(body)
    SCHEMA.assertValid(message)
    assert message.findtext(f"{{{NAMESPACE}}}status") == "Exercise"
    polygons = message.findall(f".//{{{NAMESPACE}}}polygon")
    assert len(polygons) == 2 * len(LANGUAGES)
    first, *_, last = str(polygons[0].text).split()
    assert first == last == "56.00000,9.00000"


@settings(max_examples=60)
@given(name=st.text(max_size=40))
def test_no_name_of_a_zone_breaks_a_message(name: str) -> None:
    SCHEMA.assertValid(etree.fromstring(cap_message(parcel(name=name), LIVE)))


def test_the_folder_gets_whole_files_and_says_what_is_done(tmp_path: Path) -> None:
    done: list[tuple[str, int]] = []
    folder = CapFolder(tmp_path / "cap", LIVE, done.extend)
    folder.offer([parcel(), parcel(replace(ALERT, step=1, state=AlertState.ALL_CLEAR))])
    folder.close()
    assert done == [("0123456789abcdef", 0), ("0123456789abcdef", 1)]
    files = sorted(path.name for path in (tmp_path / "cap").iterdir())
    assert files == ["0123456789abcdef-0.xml", "0123456789abcdef-1.xml"]


def test_a_folder_that_fails_is_tried_again(tmp_path: Path) -> None:
    done: list[tuple[str, int]] = []
    target = tmp_path / "cap"
    folder = CapFolder(target, LIVE, done.extend)
    target.rmdir()
    folder.offer([parcel()])
    while folder.failures < 2:
        pass
    target.mkdir()
    while not done:
        pass
    folder.close()
    assert (target / "0123456789abcdef-0.xml").exists()


def test_signatures_hold_for_their_world_only(tmp_path: Path) -> None:
    signer = Signer.from_file(tmp_path / "live.key", World.LIVE)
    again = Signer.from_file(tmp_path / "live.key", World.LIVE)
    body = canonical({"zone": "a", "state": "take_cover"})
    signature = signer.sign(body)
    assert signer.public == again.public
    assert (tmp_path / "live.key").stat().st_mode & 0o777 == 0o600
    assert verify(signer.public, World.LIVE, body, signature)
    assert not verify(signer.public, World.LIVE, body + b" ", signature)
    # the same key, the same bytes, but made in an exercise
    exercise = Signer.from_file(tmp_path / "live.key", World.EXERCISE).sign(body)
    assert not verify(signer.public, World.LIVE, body, exercise)
    assert verify(signer.public, World.EXERCISE, body, exercise)


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(b"short")
    with pytest.raises(ConfigError, match="holds 5 bytes, a key has 32"):
        Signer.from_file(tmp_path / "k", World.LIVE)
