"""Sirens told over a real broker, heard through the reference receiver."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from alerts import ALERT, DRILL, context, parcel, ring_of
from forewarn.channels import broker, siren
from forewarn.channels.broker import BrokerKeys
from forewarn.channels.durable import BLOCK, Counter
from forewarn.channels.siren import SirenChannel, SirenKeys, SirenTable
from forewarn.channels.siren_frame import SIGNATURE, SirenGuard, Trust
from forewarn.errors import ConfigError
from forewarn.files import fill
from forewarn.records import AlertState, Key, Parcel
from forewarn.signing import Signer, World
from mosquitto import Broker, Subscriber
from servers import until

ZONES = ("z1", "z2", "z3", "far")
SIRENS = (SirenTable("north", ("z1", "z2")), SirenTable("south", ("z3",)))


class Town:
    """Two sirens at a broker: north for z1 and z2, south for z3, none for "far"."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.folder = folder
        self.ends = ends
        self.done: list[Key] = []
        self.server = Broker(folder)
        ends.callback(self.server.close)
        self.listener = Subscriber(self.server.port, "forewarn/+/sirens/+")
        ends.callback(self.listener.close)
        self.signer = Signer.from_file(folder / "live.key", World.LIVE)
        self.read = 0
        self.guards = {name: self.guard(name) for name in ("north", "south")}

    def guard(self, name: str) -> SirenGuard:
        trust = Trust("Testland", World.LIVE, lambda: ring_of(self.signer))
        return SirenGuard((name,), trust, self.folder / f"{name}.state")

    def channel(self, exercise: bool = False, **keys: Any) -> SirenChannel:
        settings = SirenKeys(
            SIRENS,
            BrokerKeys(port=self.server.port),
            counter=self.folder / "count",
            **keys,
        )
        made = SirenChannel(
            settings, context(self.folder, self.done.extend, ZONES, exercise)
        )
        self.ends.callback(made.close)
        made.beat(b"alive")
        return made

    def listen(self) -> dict[str, str]:
        """What the sirens sound now, after all that came in."""
        heard, self.read = self.listener.heard[self.read :], len(self.listener.heard)
        for one in heard:
            for guard in self.guards.values():
                guard.hear(one.body)
        return {name: guard.sounding for name, guard in self.guards.items()}

    def sounds(self, *names: str) -> bool:
        return {name for name, pattern in self.listen().items() if pattern} == set(names)

    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(one.body[SIGNATURE:]) for one in self.listener.heard]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setattr(siren, "AGAIN_S", 0.3)
    monkeypatch.setattr(siren, "TICK_S", 0.1)
    monkeypatch.setattr(broker, "LAST_CALL_S", 0.5)
    monkeypatch.setattr(broker, "RECONNECT_S", (0.2, 0.5))
    with ExitStack() as ends:
        yield Town(tmp_path, ends)


def step(zone_id: str, state: AlertState, seq: int) -> Parcel:
    changes = {"zone_id": zone_id, "state": state, "seq": seq, "step": seq}
    return parcel(replace(ALERT, alert_id=f"a-{zone_id}", **changes))  # type: ignore[arg-type]


def test_sirens_sound_for_their_zones_until_all_of_them_are_clear(town: Town) -> None:
    channel = town.channel()
    channel.offer(
        [step("z1", AlertState.PREPARE, 1), step("far", AlertState.TAKE_COVER, 1)]
    )
    until(lambda: len(town.done) == 2)
    assert town.sounds()
    channel.offer([step("z1", AlertState.TAKE_COVER, 2)])
    until(lambda: town.sounds("north"))
    channel.offer([step("z2", AlertState.TAKE_COVER, 3)])
    channel.offer([step("z3", AlertState.TAKE_COVER, 3)])
    until(lambda: town.sounds("north", "south"))
    channel.offer([step("z1", AlertState.ALL_CLEAR, 4)])
    until(lambda: len(town.done) == 6)
    assert town.sounds("north", "south")  # z2 is not clear yet
    channel.offer([step("z2", AlertState.STAY, 5)])
    until(lambda: len(town.done) == 7)
    assert town.sounds("north", "south")
    channel.offer([step("z2", AlertState.ALL_CLEAR, 6)])
    until(lambda: town.sounds("south"))
    assert len(set(town.done)) == len(town.done) == 8


def test_what_holds_is_told_again_until_its_time_is_over(town: Town) -> None:
    channel = town.channel(seconds=1.5, pattern="yelp")
    channel.offer([step("z1", AlertState.TAKE_COVER, 1)])
    until(lambda: town.listen()["north"] == "yelp")
    until(lambda: town.listen()["north"] == "")
    time.sleep(0.5)
    told = [frame for frame in town.frames() if frame["action"] == "sound"]
    assert 3 <= len(told) <= 7
    assert told[0]["seconds"] == 1.5
    left = [frame["seconds"] for frame in told]
    assert left == sorted(left, reverse=True)  # nobody sounds longer for being told again
    channel.offer([step("z1", AlertState.TAKE_COVER, 2)])  # corrected seconds
    until(lambda: len(town.done) == 2)
    assert town.sounds()
    channel.offer([step("z1", AlertState.STAY, 3), step("z1", AlertState.PREPARE, 4)])
    channel.offer([step("z1", AlertState.TAKE_COVER, 5)])  # the next wave
    until(lambda: town.sounds("north"))


def test_a_siren_that_missed_a_frame_obeys_the_next(town: Town) -> None:
    channel = town.channel()
    channel.offer([step("z1", AlertState.TAKE_COVER, 1)])
    until(lambda: sum(frame["action"] == "sound" for frame in town.frames()) >= 2)
    town.guards["north"] = late = town.guard("north")
    town.read = next(
        i + 1 for i, frame in enumerate(town.frames()) if frame["action"] == "sound"
    )
    channel.beat(b"alive")
    until(lambda: town.sounds("north"))
    assert late.status == "sounding"


def test_a_raid_goes_on_after_a_restart_of_the_service(town: Town) -> None:
    first = town.channel()
    first.offer([step("z1", AlertState.TAKE_COVER, 1)])
    until(lambda: town.sounds("north"))
    first.close()
    last = max(frame["counter"] for frame in town.frames())
    second = town.channel()
    second.keep([step("z1", AlertState.TAKE_COVER, 1)])
    until(lambda: town.frames()[-1]["action"] == "sound" and has_more(town, last))
    second.offer([step("z1", AlertState.ALL_CLEAR, 2)])
    until(lambda: town.sounds())
    counters = [frame["counter"] for frame in town.frames()]
    assert all(earlier < later for earlier, later in pairwise(counters))


def has_more(town: Town, last: int) -> bool:
    return bool(town.frames()[-1]["counter"] > last)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_raid_while_the_broker_is_down_is_sounded_once_it_is_back(
    town: Town, end: signal.Signals
) -> None:
    channel = town.channel()
    until(lambda: town.frames())
    town.server.stop(end)
    channel.offer([step("z1", AlertState.TAKE_COVER, 1), step("z3", AlertState.STAY, 1)])
    channel.offer([step("z3", AlertState.ALL_CLEAR, 2)])
    time.sleep(1.0)
    assert town.done == []
    assert channel.counts().last_error != ""
    town.server.start()
    until(lambda: len(town.done) == 3)
    channel.beat(b"alive")
    until(lambda: town.sounds("north"))
    assert [key for key, _ in town.done] == ["a-z1", "a-z3", "a-z3"]


def test_sirens_hear_the_heartbeat_and_count_a_drill_without_a_sound(town: Town) -> None:
    channel = town.channel()
    until(lambda: [f["action"] for f in town.frames()].count("alive") >= 1)
    assert channel.drill(DRILL).said.startswith("2 silent frames heard back")
    until(lambda: [f["action"] for f in town.frames()].count("test") == 2)
    told = [(frame["action"], frame["siren"]) for frame in town.frames()]
    assert told[0] == ("alive", "all")
    assert {siren for action, siren in told if action == "test"} == {"north", "south"}
    assert town.sounds()
    assert [guard.tests for guard in town.guards.values()] == [1, 1]
    channel.offer([step("z1", AlertState.TAKE_COVER, 1)])
    until(lambda: town.sounds("north"))
    channel.drill(DRILL)
    until(lambda: town.sounds("north") and town.guards["north"].tests == 2)
    channel.close()
    late = Subscriber(town.server.port, "forewarn/live/sirens/all")
    until(lambda: late.heard)  # who comes later hears the last one, and no order
    late.close()
    assert town.guard("new").hear(late.heard[0].body) is not None


def test_a_drill_of_an_exercise_is_none_of_the_live_sirens(town: Town) -> None:
    channel = town.channel(exercise=True)
    until(lambda: town.frames())
    channel.drill(DRILL)
    until(lambda: [frame["action"] for frame in town.frames()].count("test") == 2)
    assert all("/exercise/" in one.topic for one in town.listener.heard)
    assert town.sounds()
    assert [guard.tests for guard in town.guards.values()] == [0, 0]


def test_sirens_do_not_obey_an_exercise(town: Town) -> None:
    channel = town.channel(exercise=True)
    channel.offer([step(zone, AlertState.TAKE_COVER, 1) for zone in ("z1", "z3")])
    until(lambda: [frame["action"] for frame in town.frames()].count("sound") >= 2)
    assert all("/exercise/" in one.topic for one in town.listener.heard)
    assert town.sounds()
    assert set(town.guards["north"].refused) == {"signature", "for others"}


def test_time_in_frames_goes_on_though_the_clock_is_set_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = town.channel()
    until(lambda: town.frames())
    now_s = time.time
    monkeypatch.setattr("forewarn.channels.siren.time.time", lambda: now_s() - 3600.0)
    for seq in (1, 3):
        channel.beat(b"alive")
        channel.offer([step("z1", AlertState.TAKE_COVER, seq)])
        until(lambda: town.sounds("north"))
        channel.offer([step("z1", AlertState.ALL_CLEAR, seq + 1)])
        until(lambda: town.sounds())
    times = [frame["not_before_s"] for frame in town.frames()]
    assert times == sorted(times)
    assert abs(times[-1] - now_s()) < 5.0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, r"key 'siren' is missing"),
        ({"siren": []}, r"siren: found ids \[\]"),
        ({"siren": [{"id": "a", "zones": ["z1"]}] * 2}, r"found ids \['a', 'a'\]"),
        ({"siren": [{"id": "all", "zones": ["z1"]}]}, r"none that is empty or 'all'"),
        ({"siren": [{"id": "a", "zone": ["z1"]}]}, r"siren: unknown key 'zone'; did you"),
        ({"siren": [{"id": "a", "zones": ["y1"]}]}, r"'a' zones: .* no zone like 'y1'"),
        ({"siren": [{"id": "a", "zones": ["z1"]}], "seconds": 0.0}, r"seconds: found 0"),
    ],
)
def test_a_table_of_sirens_that_cannot_be_used_is_refused(
    tmp_path: Path, table: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        opened(table, tmp_path)


def opened(table: dict[str, Any], folder: Path) -> SirenChannel:
    keys = fill(SirenKeys, table, "site.toml: [[channel]]", folder)
    return SirenChannel(keys, context(folder, lambda keys: None, ZONES))


def test_settings_are_read_with_paths_of_inner_tables_beside_the_site(
    tmp_path: Path,
) -> None:
    table = {
        "siren": [{"id": "a", "zones": ["z1"]}],
        "broker": {"user": "b", "password": "secret"},
    }
    keys = fill(SirenKeys, table, "site.toml: [[channel]]", tmp_path)
    assert keys.siren == (SirenTable("a", ("z1",)),)
    assert keys.broker.password == tmp_path / "secret"
    assert keys.counter == tmp_path / "siren.counter"


# the counter


def test_a_counter_gives_no_number_twice_whenever_the_power_is_cut(tmp_path: Path) -> None:
    given: list[int] = []
    for uses in (1, BLOCK, BLOCK + 1, 3):
        counter = Counter(tmp_path / "count", lambda: 0)
        given += [counter.next() for _ in range(uses)]  # and the power is cut
        assert int((tmp_path / "count").read_text()) >= given[-1]
    assert all(earlier < later for earlier, later in pairwise(given))


def test_a_counter_that_is_lost_or_cannot_be_written_goes_on_from_the_clock(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "kept"
    clock = iter(range(1000, 10**6, 1000))
    first = Counter(folder / "count", lambda: next(clock))
    given = [first.next() for _ in range(3)]
    (folder / "count").unlink()
    second = Counter(folder / "count", lambda: next(clock))
    given.append(second.next())
    (folder / "count").unlink()
    folder.rmdir()
    folder.touch()  # no place to write to
    third = Counter(tmp_path / "kept2" / "count", lambda: next(clock))
    third._path = folder / "count"
    given.append(third.next())
    assert "not on record" in third.error
    assert all(earlier < later for earlier, later in pairwise(given))


def test_a_file_that_is_no_counter_is_named(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("seven")
    with pytest.raises(ConfigError, match="count: is no counter, expected a number"):
        Counter(tmp_path / "count", lambda: 0)
