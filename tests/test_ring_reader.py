"""The ring of a site, read beside what it is needed for: no frame waits for a network."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from alerts import ring_of
from forewarn.channels import ring_reader
from forewarn.channels.ring_reader import RingReader
from forewarn.channels.siren_frame import (
    EVERYONE,
    HELD_MAX,
    LASTS_S,
    SILENT_S,
    Action,
    Clocks,
    SirenFrame,
    SirenGuard,
    Trust,
    sealed,
)
from forewarn.signing import KeyRing, Signer, World
from servers import until

PROMPT_S = 0.5  # a frame takes far less, and what the key server may take is far more


class KeyServer:
    """Gives a ring; or hangs, and says nothing, or so little that it never ends."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.asked = 0
        self.hangs = self.trickles = False
        self.ended = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                if outer.trickles:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nslow: ")
                while (outer.hangs or outer.trickles) and not outer.ended.wait(0.05):
                    if outer.trickles:
                        self.wfile.write(b".")
                self.send_response(200)
                self.end_headers()
                self.wfile.write(outer.ring.to_bytes())

            def handle(self) -> None:
                with suppress(OSError):  # whoever asked may have given up
                    super().handle()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/keys"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


class Town:
    """A site with two keys, its key server, and the sirens that take its ring from there.

    Of its ring the first has the old key only.
    """

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.folder, self.ends = folder, ends
        self.kept = folder / "ring.json"
        self.old = Signer.from_file(folder / "old.key", World.LIVE)
        self.new = Signer.from_file(folder / "new.key", World.LIVE)
        self.server = KeyServer(ring_of(self.old))
        ends.callback(self.server.close)
        self.numbers = count(1)

    def reader(self) -> RingReader:
        return self.ends.enter_context(closing(RingReader(self.server.address, self.kept)))

    def siren(self, reader: RingReader, name: str = "state") -> SirenGuard:
        trust = Trust("Testland", World.LIVE, reader, reader.ask)
        return SirenGuard(("north",), trust, self.folder / name)

    def frame(self, action: Action, signer: Signer, siren: str = "north") -> bytes:
        now_s = time.time()
        made = SirenFrame(
            "Testland", siren, action, "wail", 30.0, next(self.numbers), now_s,
            now_s + LASTS_S,
        )  # fmt: skip
        return sealed(made, signer)

    def alive(self, signer: Signer) -> bytes:
        return self.frame(Action.ALIVE, signer, EVERYONE)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with ExitStack() as ends:
        yield Town(tmp_path, ends)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """An early look comes at once; the next by the clock is a minute away."""
    monkeypatch.setattr(ring_reader, "AGAIN_S", 0.05)
    monkeypatch.setattr(ring_reader, "TICK_S", 0.01)


@pytest.mark.usefixtures("soon")
def test_no_frame_waits_for_a_key_server_that_hangs(town: Town) -> None:
    reader = town.reader()
    reader.first()
    guard = town.siren(reader)
    town.server.hangs = True
    reader.ask()
    until(lambda: town.server.asked == 2)
    took_s = []
    for _ in range(20):
        for signer in (town.old, town.new):
            for frame in (town.alive(signer), town.frame(Action.SOUND, signer)):
                began_s = time.monotonic()
                obeyed = guard.hear(frame) is not None
                took_s.append(time.monotonic() - began_s)
                assert obeyed is (signer is town.old)
    assert guard.sounding == "wail"
    assert max(took_s) < PROMPT_S
    # all the while one look was under way, for which a frame would have waited
    assert (town.server.asked, reader.error) == (2, "")


@pytest.mark.usefixtures("soon")
def test_a_siren_without_any_ring_waits_for_none_either(town: Town) -> None:
    town.server.hangs = True
    began_s = time.monotonic()
    guard = town.siren(town.reader())
    assert guard.hear(town.alive(town.old)) is None
    assert time.monotonic() - began_s < PROMPT_S


@pytest.mark.usefixtures("soon")
def test_a_look_ends_in_time_though_the_server_goes_on_for_ever(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring_reader, "ANSWER_S", 1.0)
    town.server.trickles = True
    reader = town.reader()
    until(lambda: "no answer within 1 s" in reader.error)
    until(lambda: town.server.asked > 1)  # and it goes on looking
    town.server.trickles = False
    until(lambda: reader().keys and not reader.error)


@pytest.mark.usefixtures("soon")
def test_a_look_ends_in_time_though_the_name_server_hangs(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, asked = threading.Event(), threading.Event()

    def getaddrinfo(*_: Any, **__: Any) -> Any:
        asked.set()
        hangs.wait()
        raise OSError("no such name")

    monkeypatch.setattr(ring_reader, "ANSWER_S", 0.3)
    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    with closing(RingReader("http://localhost:9/keys")) as reader:
        try:
            until(lambda: "no answer within 0.3 s" in reader.error)
            assert asked.is_set()
        finally:
            hangs.set()


@pytest.mark.usefixtures("soon")
def test_what_is_far_too_long_is_no_ring(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring_reader, "LONGEST", 100)
    reader = town.reader()
    until(lambda: reader.error == "more than 100 bytes are no key ring")
    assert not reader().keys


def test_a_restart_without_a_network_goes_on_with_the_ring_that_was_kept(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    (first, second) = ring_of(town.old, town.new).keys
    town.server.ring = KeyRing([replace(first, revoked_s=time.time()), second])
    with closing(RingReader(town.server.address, town.kept)) as reader:
        reader.first()
        assert town.siren(reader).hear(town.alive(town.new)) is not None
    town.server.close()
    again = town.reader()
    guard = town.siren(again, "after the restart")
    assert guard.hear(town.alive(town.new)) is not None
    assert guard.hear(town.frame(Action.SOUND, town.new)) is not None
    assert guard.hear(town.alive(town.old)) is None  # revoked before, and still
    until(lambda: "not read since the start" in caplog.text)
    assert "the last one still counts, with keys that were revoked since" in caplog.text


@pytest.mark.usefixtures("soon")
def test_a_kept_ring_that_is_none_or_cannot_be_kept_is_said_and_stops_nothing(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.kept.write_text("{")
    reader = town.reader()
    until(lambda: reader().keys)
    assert f"{town.kept} is not used" in caplog.text
    until(lambda: town.kept.read_bytes() == town.server.ring.to_bytes())
    town.kept.unlink()
    town.kept.mkdir()
    other = town.reader()
    until(lambda: "cannot be kept" in caplog.text)
    assert town.siren(other).hear(town.alive(town.old)) is not None


@pytest.mark.usefixtures("soon")
def test_a_frame_of_a_key_unknown_is_judged_again_once_the_ring_has_it(
    town: Town,
) -> None:
    reader = town.reader()
    reader.first()
    guard = town.siren(reader)
    town.server.hangs = True
    town.server.ring = ring_of(town.old, town.new)
    held = [town.alive(town.new), town.frame(Action.SOUND, town.new)]
    assert [guard.hear(frame) for frame in held] == [None, None]
    assert guard.refused == {"signature": 2}
    assert guard.hear(town.alive(town.old)) is not None  # others pass meanwhile
    town.server.hangs = False
    until(lambda: guard.sounding == "wail")  # asked for by the frame: no minute passed
    assert guard.refused["signature"] == 1  # a newer sign of life had passed by then
    assert [guard.hear(frame) for frame in held] == [None, None]
    assert guard.hear(town.frame(Action.STOP, town.new)) is not None
    assert guard.sounding == ""


@pytest.mark.usefixtures("soon")
def test_a_revoked_key_counts_no_more_from_the_next_look_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.server.ring = ring_of(town.old, town.new)
    reader = town.reader()
    reader.first()
    guard = town.siren(reader)
    assert guard.hear(town.alive(town.old)) is not None
    first, second = town.server.ring.keys
    town.server.ring = KeyRing([replace(first, revoked_s=time.time()), second])
    monkeypatch.setattr(ring_reader, "LOOK_S", 0.05)  # the minute is over
    until(lambda: reader().keys[0].revoked_s is not None)
    assert guard.hear(town.alive(town.old)) is None
    assert guard.hear(town.alive(town.new)) is not None


def test_forged_frames_bring_no_more_than_a_look_now_and_then(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring_reader, "AGAIN_S", 0.3)
    monkeypatch.setattr(ring_reader, "TICK_S", 0.01)
    reader = town.reader()
    reader.first()
    guard, began_s = town.siren(reader), time.monotonic()
    while time.monotonic() - began_s < 1.0:
        guard.hear(town.alive(town.new))
        time.sleep(0.005)
    passed_s = time.monotonic() - began_s
    assert 2 <= town.server.asked <= 2 + passed_s / 0.3


@pytest.mark.usefixtures("soon")
def test_a_ring_that_becomes_old_is_told_once_and_so_is_its_end(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ring_reader, "OLD_S", 0.2)
    monkeypatch.setattr(ring_reader, "ANSWER_S", 0.1)
    reader = town.reader()
    reader.first()
    town.server.hangs = True
    reader.ask()
    until(lambda: town.server.asked >= 8)
    (told,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "not read for 0 min (no answer within 0.1 s): the last" in told.getMessage()
    town.server.hangs = False
    until(lambda: caplog.messages[-1].endswith("is read again"))


def test_a_reader_that_is_closed_leaves_no_thread(town: Town) -> None:
    before = threading.active_count()
    reader = RingReader(town.server.address)
    reader.first()
    reader.close()
    until(lambda: threading.active_count() <= before)


# what is held until there is a newer ring


class Held:
    """A siren that knows the time, and no ring with the key of its service yet."""

    def __init__(self, town: Town) -> None:
        self.ring, self.asked, self.passed_s = ring_of(town.old), 0, 0.0
        trust = Trust("Testland", World.LIVE, lambda: self.ring, self._ask)
        clocks = Clocks(lambda: self.passed_s)
        self.guard = SirenGuard(("north",), trust, town.folder / "state", clocks)
        self.guard.hear(town.alive(town.old))

    def _ask(self) -> None:
        self.asked += 1


def test_a_frame_that_was_held_too_long_is_not_obeyed(town: Town) -> None:
    for passed_s, sounds in ((LASTS_S - 1, "wail"), (LASTS_S + 1, "")):
        siren = Held(town)
        siren.guard.hear(town.frame(Action.SOUND, town.new))
        siren.passed_s += passed_s
        siren.ring = ring_of(town.old, town.new)
        assert siren.guard.sounding == sounds


def test_time_is_that_of_a_heartbeat_when_it_was_heard(town: Town) -> None:
    siren = Held(town)
    siren.passed_s = 3.0
    siren.guard.hear(town.alive(town.new))
    siren.passed_s = LASTS_S - 1
    siren.ring = ring_of(town.old, town.new)
    assert siren.guard.status == "ready"
    siren.passed_s = 3.0 + SILENT_S - 0.1
    assert siren.guard.status == "ready"
    siren.passed_s = 3.0 + SILENT_S + 0.1
    assert siren.guard.status == "service silent"


def test_a_siren_may_be_heard_in_one_thread_and_asked_in_another(town: Town) -> None:
    siren, wrong = Held(town), list[Exception]()
    rings = [ring_of(town.old), ring_of(town.old, town.new)]
    end_s = time.monotonic() + 1.0

    def asks() -> None:
        try:
            while time.monotonic() < end_s:
                assert siren.guard.status in ("ready", "sounding")
        except Exception as error:
            wrong.append(error)

    asking = threading.Thread(target=asks)
    asking.start()
    obeyed = sent = 0
    while time.monotonic() < end_s:
        siren.ring = rings[sent % 2]
        obeyed += siren.guard.hear(town.frame(Action.TEST, town.new)) is not None
        sent += 1
    asking.join()
    assert wrong == []
    siren.ring = rings[1]
    assert siren.guard.status == "ready"
    # each was obeyed once: at once, or when the ring had its key
    assert siren.guard.tests + siren.guard.refused["signature"] == sent


def test_a_ring_makes_no_forged_frame_good_and_few_are_held(
    town: Town, tmp_path: Path
) -> None:
    siren = Held(town)
    forged = Signer.from_file(tmp_path / "forged.key", World.LIVE)
    siren.guard.hear(town.frame(Action.SOUND, town.new))
    for _ in range(HELD_MAX - 1):
        siren.guard.hear(town.frame(Action.SOUND, forged))
    siren.ring = ring_of(town.old, town.new)
    assert siren.guard.sounding == "wail"  # the one true frame among them
    assert siren.guard.refused == {"signature": HELD_MAX - 1}
    assert siren.asked == HELD_MAX
    siren.guard.hear(town.frame(Action.STOP, town.new))
    siren.ring = ring_of(town.new)
    assert siren.guard.sounding == ""  # judged once more, and then no more
