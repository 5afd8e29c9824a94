"""The ring of a site, for whoever checks its signatures: read again and again.

So the next key, and the end of one that was stolen, reach whoever checks by themselves.
"""

import time
from ipaddress import ip_address
from math import inf
from pathlib import Path

import httpx

from forewarn.errors import ConfigError
from forewarn.signing import KeyRing

LOOK_S, AGAIN_S = 60.0, 5.0  # between two looks; after one that failed
ANSWER_S = 4.0


class RingReader:
    """Gives the ring that a file or an address holds now; where it cannot, the last one.

    where : path, or the https:// address of a service's `/api/public/v1/keys`; who stands
            on the way of plain http could hand in a ring of their own: on loopback only
    error : why the last look found none; "" = it did
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._address = "://" in where
        if self._address:
            _check(where)
        self._ring = KeyRing(()) if self._address else KeyRing.from_file(Path(where))
        self._looked_s = -inf if self._address else time.monotonic()
        self.error = f"{where}: not read yet" if self._address else ""

    def __call__(self) -> KeyRing:
        """The ring, looked for anew once a minute; soon again if the last look failed."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= (AGAIN_S if self.error else LOOK_S):
            self._looked_s = now_s
            try:
                self._ring, self.error = self._read(), ""
            except (ConfigError, OSError, httpx.HTTPError) as error:
                self.error = str(error) or type(error).__name__
        return self._ring

    def _read(self) -> KeyRing:
        if not self._address:
            return KeyRing.from_file(Path(self._where))
        answer = httpx.get(self._where, timeout=ANSWER_S).raise_for_status()
        return KeyRing.from_bytes(answer.content, self._where)


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
