"""Signatures keep worlds apart: what an exercise signs never verifies as live."""

import json
from math import nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.errors import ConfigError
from forewarn.records import Alert, AlertState
from forewarn.signing import (
    Matter,
    Signer,
    World,
    alert_values,
    canonical,
    heartbeat_values,
    opened,
    verify,
)

ALERT = Alert(
    "a1", 0, 7, "z1", AlertState.TAKE_COVER, 100.25, 160.75, nan, 0.01, 1e-4, 1200.0,
    "rocket", ("T65536",), ("north",), "threat",
)  # fmt: skip


@pytest.fixture
def live(tmp_path: Path) -> Signer:
    return Signer.from_file(tmp_path / "keys" / "live", World.LIVE)


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "live"
    made = Signer.from_file(path, World.LIVE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Signer.from_file(path, World.LIVE).public == made.public
    assert Signer.from_file(tmp_path / "other", World.LIVE).public != made.public
    assert [file.name for file in path.parent.iterdir()] == ["live"]


def test_a_key_of_another_world_is_refused(tmp_path: Path) -> None:
    Signer.from_file(tmp_path / "key", World.EXERCISE)
    with pytest.raises(ConfigError, match="a key of world 'exercise', expected 'live'"):
        Signer.from_file(tmp_path / "key", World.LIVE)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"short", "is no key; expected 'forewarn-ed25519 live <64 digits>'"),
        (b"", "is no key"),
        (b"\xff\xfe forewarn live", "is no key"),
        (b"forewarn-ed25519 live 0102", "not 64 hexadecimal digits"),
        (b"forewarn-ed25519 live xyz", "not 64 hexadecimal digits"),
    ],
)
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, held: bytes, said: str) -> None:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_bytes(held)
    with pytest.raises(ConfigError, match=said):
        Signer.from_file(path, World.LIVE)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    Signer.from_file(tmp_path / "key", World.LIVE)
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(ConfigError, match="others may read this file: 644, expected 600"):
        Signer.from_file(tmp_path / "key", World.LIVE)


@given(st.binary(max_size=40), st.integers(0, 511))
def test_a_signature_holds_for_its_bytes_only(body: bytes, bit: int) -> None:
    signer = Signer(FIXED._key, World.LIVE)
    signature = signer.sign(Matter.ALERT, body)
    assert verify(signer.public, World.LIVE, Matter.ALERT, body, signature)
    assert not verify(signer.public, World.LIVE, Matter.ALERT, body + b" ", signature)
    bent = bytearray(signature)
    bent[bit // 8] ^= 1 << bit % 8
    assert not verify(signer.public, World.LIVE, Matter.ALERT, body, bytes(bent))
    assert not verify(b"no key", World.LIVE, Matter.ALERT, body, signature)


def test_the_same_key_in_an_exercise_never_speaks_for_the_live_world() -> None:
    drill, live = Signer(FIXED._key, World.EXERCISE), Signer(FIXED._key, World.LIVE)
    assert drill.public == live.public
    body = b"take cover"
    signature = drill.sign(Matter.ALERT, body)
    assert verify(live.public, World.EXERCISE, Matter.ALERT, body, signature)
    assert not verify(live.public, World.LIVE, Matter.ALERT, body, signature)
    # nor does an envelope whose label was changed
    sealed = drill.seal(Matter.ALERT, {"state": "take_cover"})
    forged = sealed.replace(b'"exercise"', b'"live"')
    assert opened(live.public, World.LIVE, Matter.ALERT, forged) is None


def test_a_heartbeat_never_speaks_as_an_alert(live: Signer) -> None:
    beat = live.seal(Matter.HEARTBEAT, heartbeat_values("live", 10.0, 25.0))
    assert opened(live.public, World.LIVE, Matter.ALERT, beat) is None
    found = opened(live.public, World.LIVE, Matter.HEARTBEAT, beat)
    assert found == heartbeat_values("live", 10.0, 25.0)


def test_an_alert_is_signed_with_its_texts_and_nothing_of_tracks_or_sensors(
    live: Signer,
) -> None:
    texts = {"uk": "В укриття", "he": "מרחב מוגן"}
    sealed = live.seal(Matter.ALERT, alert_values(ALERT, texts))
    found = opened(live.public, World.LIVE, Matter.ALERT, sealed)
    assert found is not None
    assert found["text"] == texts
    assert found["onset_s"] == 160
    assert b"T65536" not in sealed
    assert b"north" not in sealed
    bent = sealed.replace(b'"take_cover"', b'"all_clear"')
    assert opened(live.public, World.LIVE, Matter.ALERT, bent) is None


def test_an_alert_without_an_onset_can_be_signed() -> None:
    clear = Alert(
        "a1",
        1,
        8,
        "z1",
        AlertState.ALL_CLEAR,
        200.0,
        nan,
        nan,
        0.0,
        0.0,
        0.0,
        "",
        (),
        (),
        "",
    )
    assert json.loads(canonical(alert_values(clear, {})))["onset_s"] is None


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_from_outside_pass_or_break_the_check(sealed: bytes) -> None:
    assert opened(FIXED.public, World.LIVE, Matter.ALERT, sealed) is None


@pytest.mark.parametrize(
    "sealed",
    [b"[]", b"{}", b'{"values":1}', b'{"values":{"x":NaN},"signature":""}', b"[" * 5000],
)
def test_no_envelope_of_another_shape_breaks_the_check(sealed: bytes) -> None:
    assert opened(FIXED.public, World.LIVE, Matter.ALERT, sealed) is None


def _fixed() -> Signer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), World.LIVE)


FIXED = _fixed()
