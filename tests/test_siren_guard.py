"""The receiver of siren frames under attack: `make sirens COUNT=1000000` runs more of them.

An attacker records all that is sent, plays it again, alters it, holds it back, and owns a
site with keys of its own. A siren must obey none of that, and every true frame.
"""

import json
import os
import random
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from alerts import ring_of
from forewarn.channels.siren_frame import (
    EVERYONE,
    LASTS_S,
    SECONDS_MAX,
    SIGNATURE,
    SILENT_S,
    Action,
    Clocks,
    SirenFrame,
    SirenGuard,
    Trust,
    sealed,
)
from forewarn.errors import ConfigError
from forewarn.signing import KeyRing, Signer, World

COUNT = int(os.environ.get("FOREWARN_SIREN_FRAMES", "10000"))
SEED = int(os.environ.get("FOREWARN_SIREN_SEED", "20261126"))
NOON_S = 1_767_268_800.0
HOUR_S = 3600.0


@dataclass
class Town:
    """A service, a siren, and the clocks of both. `wrong_s`: of the siren's clock."""

    folder: Path
    wrong_s: float = 0.0
    true_s: float = NOON_S
    service_wrong_s: float = 0.0
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.signer = Signer.from_file(self.folder / "live.key", World.LIVE)
        self.ring = ring_of(self.signer)
        self.started()

    def started(self) -> SirenGuard:
        """The siren, after a power cut."""
        trust = Trust("Testland", World.LIVE, lambda: self.ring)
        clocks = Clocks(lambda: self.true_s, lambda: self.true_s + self.wrong_s)
        self.guard = SirenGuard(("north-1", "north"), trust, self.folder / "state", clocks)
        return self.guard

    def frame(self, action: Action, siren: str = "north", **changes: object) -> SirenFrame:
        now_s = self.true_s + self.service_wrong_s
        made = SirenFrame(
            "Testland", siren, action, "wail", 30.0, next(self.numbers), now_s,
            now_s + LASTS_S,
        )  # fmt: skip
        return replace(made, **changes)  # type: ignore[arg-type]

    def sent(self, action: Action, siren: str = "north", **changes: object) -> bytes:
        return sealed(self.frame(action, siren, **changes), self.signer)

    def beat(self) -> SirenFrame | None:
        return self.guard.hear(self.sent(Action.ALIVE, EVERYONE))


@pytest.fixture
def world(tmp_path: Path) -> Town:
    return Town(tmp_path)


def test_a_siren_sounds_for_its_time_and_stops_when_told(world: Town) -> None:
    assert world.beat() is not None
    assert world.guard.hear(world.sent(Action.SOUND)) is not None
    assert world.guard.sounding == "wail"
    assert world.guard.status == "sounding"
    world.true_s += 29.0
    assert world.guard.sounding == "wail"
    world.true_s += 2.0
    assert world.guard.sounding == ""
    world.beat()
    world.guard.hear(world.sent(Action.SOUND))
    world.guard.hear(world.sent(Action.SOUND, "north-1"))
    world.guard.hear(world.sent(Action.STOP))
    assert world.guard.sounding == "wail"  # as one of its two names it still has to
    world.guard.hear(world.sent(Action.STOP, "north-1"))
    assert world.guard.sounding == ""
    assert world.guard.status == "ready"


def test_no_frame_makes_a_siren_sound_for_ever(world: Town) -> None:
    world.beat()
    world.guard.hear(world.sent(Action.SOUND, seconds=1e9))
    world.true_s += SECONDS_MAX + 1
    assert world.guard.sounding == ""


def test_a_self_test_makes_no_sound(world: Town) -> None:
    world.beat()
    told = world.guard.hear(world.sent(Action.TEST))
    assert told is not None
    assert told.action is Action.TEST
    assert world.guard.sounding == ""


def test_silence_is_reported_and_ends_with_the_next_heartbeat(world: Town) -> None:
    world.beat()
    world.true_s += SILENT_S
    assert world.guard.status == "ready"
    world.true_s += 0.1
    assert world.guard.status == "service silent"
    world.guard.hear(world.sent(Action.TEST))  # an order is no heartbeat
    assert world.guard.status == "service silent"
    world.beat()
    assert world.guard.status == "ready"
    world.true_s += 5.0
    assert world.started().status == "ready"  # time to hear the first
    world.true_s += SILENT_S + 0.1
    assert world.guard.status == "service silent"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"site": "Elsewhere"}, "for others"),
        ({"siren": "south"}, "for others"),
        ({"counter": 0}, "heard before"),
        ({"not_before_s": NOON_S + 60, "expires_s": NOON_S + 75}, "too early"),
        ({"not_before_s": NOON_S - 60, "expires_s": NOON_S - 45}, "too late"),
        ({"pattern": "w" * 2000}, "no frame"),
        ({"action": "explode"}, "no frame"),
        ({"counter": "7"}, "no frame"),
    ],
)
def test_what_is_not_meant_for_this_siren_now_is_not_obeyed(
    world: Town, changes: dict[str, object], why: str
) -> None:
    world.beat()
    frame = replace(world.frame(Action.SOUND), **changes)  # type: ignore[arg-type]
    assert world.guard.hear(sealed(frame, world.signer)) is None
    assert world.guard.refused == {why: 1}


def test_frames_of_an_exercise_or_of_another_key_are_not_obeyed(
    world: Town, tmp_path: Path
) -> None:
    world.beat()
    drill = Signer.from_file(tmp_path / "exercise.key", World.EXERCISE)
    other = Signer.from_file(tmp_path / "other.key", World.LIVE)
    key = (tmp_path / "live.key").read_text().replace("live", "exercise")
    (tmp_path / "same.key").write_text(key)
    (tmp_path / "same.key").chmod(0o600)
    same = Signer.from_file(tmp_path / "same.key", World.EXERCISE)
    for signer in (drill, other, same):
        assert world.guard.hear(sealed(world.frame(Action.SOUND), signer)) is None
    assert world.guard.refused == {"signature": 3}


def test_while_a_key_is_replaced_both_are_obeyed(world: Town, tmp_path: Path) -> None:
    new = Signer.from_file(tmp_path / "new.key", World.LIVE)
    world.ring = ring_of(world.signer, new)
    assert world.beat() is not None
    for signer in (world.signer, new):
        assert world.guard.hear(sealed(world.frame(Action.SOUND), signer)) is not None


def test_a_key_that_ended_or_was_revoked_is_obeyed_no_more(
    world: Town, tmp_path: Path
) -> None:
    old, new = world.signer, Signer.from_file(tmp_path / "new.key", World.LIVE)
    first, second = ring_of(old, new).keys
    world.ring = KeyRing([replace(first, expires_s=NOON_S + 60), second])
    assert world.beat() is not None
    world.true_s += 61
    assert world.beat() is None
    world.signer = new
    assert world.beat() is not None
    late = world.frame(Action.SOUND, not_before_s=NOON_S + 59, expires_s=NOON_S + 99)
    assert world.guard.hear(sealed(late, old)) is None  # whoever has it sets it back
    # stolen and revoked: worth nothing at any time, not even to a siren that knows none
    world.ring = KeyRing([replace(first, revoked_s=NOON_S + 60), second])
    guard, world.true_s = world.started(), NOON_S + 30
    assert guard.hear(sealed(world.frame(Action.ALIVE, EVERYONE), old)) is None
    assert guard.hear(sealed(world.frame(Action.ALIVE, EVERYONE), new)) is not None


# the attack


def recorded(world: Town, many: int) -> list[bytes]:
    """What an attacker heard on the line, all of it obeyed by the siren."""
    heard = []
    for i in range(many):
        world.true_s += 1.0
        action = (Action.SOUND, Action.STOP, Action.TEST)[i % 3]
        sent = [
            world.sent(Action.ALIVE, EVERYONE),
            world.sent(action, ("north", "north-1")[i % 2]),
        ]
        for one in sent:
            assert world.guard.hear(one) is not None
        heard += sent
    return heard


def altered(frame: bytes, others: list[bytes], source: random.Random) -> bytes:
    """A frame as someone without the key may change it."""
    signature, body = frame[:SIGNATURE], frame[SIGNATURE:]
    values = json.loads(body)
    match source.randrange(6):
        case 0:
            at = source.randrange(len(frame))
            bit = bytes([frame[at] ^ 1 << source.randrange(8)])
            return frame[:at] + bit + frame[at + 1 :]
        case 1:
            return frame[: source.randrange(len(frame))]
        case 2:
            return frame + source.randbytes(source.randint(1, 4))
        case 3:
            values["counter"] += source.randint(1, 10**9)
        case 4:
            values["seconds"] += source.choice((1.0, 100.0, -5.0))
        case _:  # the signature of another frame
            return source.choice(others)[:SIGNATURE] + body
    changed = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return signature + changed.encode()


def attack(world: Town, frames: int, seed: int = SEED) -> tuple[int, int]:
    """How many recorded, and how many altered frames a siren let through.

    It loses its power now and then, and hears a heartbeat after that.
    """
    source = random.Random(seed)
    heard = recorded(world, 30)
    # held back from the siren: it never heard these, so their counters are good
    fresh = [world.sent(Action.SOUND, "north") for _ in range(100)]
    true = {*heard, *fresh}
    again = forged = 0
    for i in range(frames):
        if i % (frames // 4) == 0:
            world.started()
            assert world.beat() is not None
        again += world.guard.hear(source.choice(heard)) is not None
        frame = altered(source.choice((*heard, *fresh)), heard, source)
        forged += frame not in true and world.guard.hear(frame) is not None
    return again, forged


@pytest.mark.parametrize("wrong_s", [0.0, HOUR_S, -HOUR_S])
def test_of_recorded_and_altered_frames_a_siren_obeys_none(
    tmp_path: Path, wrong_s: float
) -> None:
    world = Town(tmp_path, wrong_s)
    assert attack(world, -(-COUNT // 3), SEED + int(wrong_s)) == (0, 0)
    heard = recorded(world, 10)  # and true ones are obeyed all the while
    world.started()
    assert all(world.guard.hear(frame) is None for frame in heard)
    world.beat()
    assert all(world.guard.hear(frame) is None for frame in heard)
    assert world.guard.hear(world.sent(Action.SOUND)) is not None


@pytest.mark.parametrize("fault", ["signature", "counter", "state"])
def test_the_attack_finds_a_siren_that_does_not_look(
    world: Town, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    if fault == "signature":
        monkeypatch.setattr(Trust, "holds", lambda *args: True)
        assert attack(world, 100)[1] > 0
    elif fault == "counter":
        heard = recorded(world, 10)
        world.guard._last = dict.fromkeys(("north", "north-1", EVERYONE), 0)
        assert any(world.guard.hear(frame) is not None for frame in heard)
    else:
        heard = recorded(world, 10)
        (world.folder / "state").unlink()
        world.started()
        assert any(world.guard.hear(frame) is not None for frame in heard)


# time


def test_a_frame_that_was_held_back_is_too_late(world: Town) -> None:
    world.beat()
    kept = [world.sent(Action.ALIVE, EVERYONE), world.sent(Action.SOUND)]
    world.true_s += 60.0  # nothing came through
    assert [world.guard.hear(frame) for frame in kept] == [None, None]
    assert world.guard.refused == {"too late": 2}
    assert world.beat() is not None
    assert world.guard.hear(world.sent(Action.SOUND)) is not None


@pytest.mark.parametrize("wrong_s", [HOUR_S, -HOUR_S, -NOON_S])
def test_a_siren_whose_clock_is_wrong_obeys_all_the_same(
    tmp_path: Path, wrong_s: float
) -> None:
    world = Town(tmp_path, wrong_s)
    for start in (lambda: world.guard, world.started):
        guard = start()
        assert guard.hear(world.sent(Action.SOUND)) is None
        assert guard.refused == {"no heartbeat yet": 1}
        assert world.beat() is not None
        assert guard.hear(world.sent(Action.SOUND)) is not None
        world.wrong_s += HOUR_S  # and again, once someone has set it


def test_sirens_follow_a_service_that_sets_its_clock_right(world: Town) -> None:
    for wrong_s in (HOUR_S, 0.0, -HOUR_S, 0.0):
        world.service_wrong_s = wrong_s
        world.true_s += 5.0
        obeyed = world.beat() is not None
        # back from right to wrong looks like a recording that was held back for an hour
        assert obeyed is (wrong_s >= 0.0)
        assert (world.guard.hear(world.sent(Action.SOUND)) is not None) is obeyed


def test_a_disk_that_is_full_silences_no_siren(world: Town) -> None:
    world.beat()
    (world.folder / "state").mkdir()
    assert world.guard.hear(world.sent(Action.SOUND)) is not None
    assert "not on record" in world.guard.fault
    (world.folder / "state").rmdir()
    world.guard.hear(world.sent(Action.STOP))
    assert world.guard.fault == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"counters": {"a": "b"}, "time_s": 1}'])
def test_a_state_that_cannot_be_read_is_named(world: Town, text: str) -> None:
    (world.folder / "state").write_text(text)
    with pytest.raises(ConfigError, match=r"state: is no state of a siren"):
        world.started()
