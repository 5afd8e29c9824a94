"""The ring of a site, for whoever checks its signatures: read again and again.

So the next key, and the end of one that was stolen, reach whoever checks by themselves. It
is read in a thread of its own: what is to be checked never waits for a network.
"""

import asyncio
import logging
import threading
import time
from ipaddress import ip_address
from math import inf
from pathlib import Path

import httpx

from forewarn.channels.durable import write_durably
from forewarn.channels.rounds import Rounds
from forewarn.errors import ConfigError
from forewarn.signing import KeyRing

LOOK_S, AGAIN_S = 60.0, 5.0  # between two looks; after one that failed, or if asked to
TICK_S = 1.0
ANSWER_S = 4.0  # for all of one look
LONGEST = 1 << 20  # bytes of a ring
OLD_S = 600.0  # without a good look

_log = logging.getLogger("forewarn")


class RingReader:
    """Gives the ring that was read last, at once; reads it again once a minute.

    where : path, or the https:// address of a service's `/api/public/v1/keys`; who stands
            on the way of plain http could hand in a ring of their own: on loopback only
    kept  : file in which the last ring lies, for a start at which the address is silent
    error : why the last look found none; "" = it did
    """

    def __init__(self, where: str, kept: Path | None = None) -> None:
        self._where, self._kept = where, kept
        self._address = "://" in where
        self._began_s = self._read_s = -inf  # the last look; the last that found one
        self._old = self._asked = False
        self._looked = threading.Event()
        self.error = f"{where}: not read yet"
        self._body, self._ring = b"", KeyRing(())
        if not self._address:
            self._look()
            self._looked.set()
        else:
            _check(where)
            self._body = _remembered(kept)
            if self._body:
                self._ring = KeyRing.from_bytes(self._body, where)
        self._rounds = Rounds("key ring", TICK_S, self._tick)

    def __call__(self) -> KeyRing:
        """The newest that is known: another object once it has changed. Never waits."""
        return self._ring

    def ask(self) -> None:
        """Look again soon, for something was signed with a key unknown. Never waits."""
        self._asked = True
        self._rounds.wake()

    def first(self) -> None:
        """Wait until there was a look, for who has nothing else to do."""
        self._looked.wait(2 * ANSWER_S)

    def close(self) -> None:
        """Look no more."""
        self._rounds.close()

    # in a thread of its own

    def _tick(self) -> None:
        soon = self.error or self._asked
        if time.monotonic() - self._began_s < (AGAIN_S if soon else LOOK_S):
            return
        self._asked = False
        try:
            self._look()
        except Exception as error:  # whatever it is, the last ring still counts
            self.error = str(error) or type(error).__name__
        self._tell_age()
        self._looked.set()

    def _look(self) -> None:
        self._began_s = time.monotonic()
        self._take(self._read())
        self._read_s, self.error = time.monotonic(), ""

    def _read(self) -> bytes:
        """What lies there; an address is given up after ANSWER_S, whatever it does."""
        if not self._address:
            try:
                return Path(self._where).read_bytes()
            except FileNotFoundError:
                raise ConfigError(f"{self._where}: no such file") from None
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(_answer(self._where))
        except TimeoutError:
            raise TimeoutError(f"no answer within {ANSWER_S:g} s") from None
        finally:
            loop.close()  # it waits for no name server that hangs

    def _take(self, body: bytes) -> None:
        """Use a ring, and keep it."""
        if body != self._body:
            self._ring, self._body = KeyRing.from_bytes(body, self._where), body
        if self._kept is not None and _remembered(self._kept) != body:
            try:
                write_durably(self._kept, body)
            except OSError as error:  # whoever checks goes on; another try with each look
                _log.warning("key ring: cannot be kept in %s: %s", self._kept, error)

    def _tell_age(self) -> None:
        """Say it once when the ring has become old, and once when it is new again."""
        passed_s = time.monotonic() - self._read_s
        if (passed_s > OLD_S) is self._old:
            return
        self._old = not self._old
        if not self._old:
            _log.warning("key ring: %s is read again", self._where)
            return
        since = "since the start" if passed_s == inf else f"for {passed_s / 60:.0f} min"
        held = "the last one still counts, with keys that were revoked since"
        if not self._ring.keys:
            held = "none is known: no signature is believed"
        where = self._where
        _log.warning("key ring: %s not read %s (%s): %s", where, since, self.error, held)


async def _answer(address: str) -> bytes:
    """What an address gives, in ANSWER_S altogether."""
    body = b""
    async with (
        httpx.AsyncClient(timeout=None) as client,
        asyncio.timeout(ANSWER_S),
        client.stream("GET", address) as answer,
    ):
        async for part in answer.raise_for_status().aiter_bytes():
            body += part
            if len(body) > LONGEST:
                raise ConfigError(f"more than {LONGEST} bytes are no key ring")
    return body


def _remembered(kept: Path | None) -> bytes:
    """A ring of an earlier run; b"" = there is none that can be read."""
    if kept is None:
        return b""
    try:
        body = kept.read_bytes()
        KeyRing.from_bytes(body, str(kept))
    except FileNotFoundError:
        return b""
    except (OSError, ConfigError) as error:
        _log.warning("key ring: %s is not used: %s", kept, error)
        return b""
    return body


def _check(address: str) -> None:
    """Refuse an address at which others could hand in a ring."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL("")
    plain = url.scheme == "http" and _is_loopback(url.host)
    if not url.host or not (url.scheme == "https" or plain):
        raise ConfigError(
            f"key ring: found {address!r}, expected a file or https://HOST/... (http:// on "
            "this machine only)"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
