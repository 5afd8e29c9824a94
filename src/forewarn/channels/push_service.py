"""Push services: which there are, and how they are posted to.

RFC 8030 (the request), RFC 8291 (encryption for one phone). Which services may be posted
to is a list: endpoints come from strangers, who could name any address otherwise.
"""

import asyncio
import base64
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec
from pywebpush import WebPusher

from forewarn.channels.subscriptions import Subscription
from forewarn.channels.vapid import Vapid

# of the browsers: Chrome and Edge for Android, Firefox, Safari, Edge for Windows
SERVICES = (
    "fcm.googleapis.com",
    "*.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
ENDPOINT_MAX = 1024  # characters
_ADDRESS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")  # RFC 3986
RETRY_AFTER_MAX_S = 60.0  # a service may ask for so much patience


@dataclass(frozen=True, slots=True, eq=False)
class Push:
    """One message for one phone.

    step      : which of the steps at hand it is
    useless_s : UTC seconds after which the service throws it away
    topic     : the next push of the same replaces it, while no phone has it
    """

    step: int
    to: Subscription
    text: bytes
    topic: str
    useless_s: float


class Answer(NamedTuple):
    """What came of a push: taken if there is no error; gone = the phone left for good."""

    error: str = ""
    again: bool = False
    gone: bool = False


class Postman:
    """Posts to push services, `at_once` side by side."""

    def __init__(
        self, vapid: Vapid, at_once: int, timeout_s: float, now_s: Callable[[], float]
    ) -> None:
        self._vapid = vapid
        self._at_once = at_once
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._now_s = now_s
        self._patience_s: dict[str, float] = {}  # by service, monotonic

    async def post(self, by_phone: Sequence[Sequence[Push]]) -> list[tuple[Push, Answer]]:
        """Each phone's pushes one after the other, and none past one to be tried again."""
        answered: list[tuple[Push, Answer]] = []
        waiting = iter(by_phone)

        async def work() -> None:
            for pushes in waiting:
                last = Answer()
                for push in pushes:
                    if not last.again:
                        last = await self._post(session, push)
                    answered.append((push, last))

        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._at_once),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            workers = min(self._at_once, len(by_phone))
            await asyncio.gather(*(work() for _ in range(workers)))
        return answered

    async def _post(self, session: aiohttp.ClientSession, push: Push) -> Answer:
        left_s = push.useless_s - self._now_s()
        if left_s < 1.0:
            return Answer("too late to be of use")
        service = urlsplit(push.to.endpoint).netloc
        if time.monotonic() < self._patience_s.get(service, 0.0):
            return Answer(f"{service} asked for patience", again=True)
        headers = {
            "TTL": str(int(left_s)),
            "Urgency": "high",
            "Topic": push.topic,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self._vapid.authorization(push.to.endpoint),
        }
        try:
            async with session.post(
                push.to.endpoint,
                data=encrypted(push.to, push.text),
                headers=headers,
                allow_redirects=False,
            ) as reply:
                self._heed(service, reply.headers)
                return _judged(reply.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Answer(f"{type(error).__name__}: {error}", again=True)

    def _heed(self, service: str, headers: Mapping[str, str]) -> None:
        asked = headers.get("Retry-After", "")
        if asked.isdecimal():
            wait_s = min(float(asked), RETRY_AFTER_MAX_S)
            self._patience_s[service] = time.monotonic() + wait_s


def _judged(status: int) -> Answer:
    if 200 <= status < 300:
        return Answer()
    if status in (404, 410):
        return Answer(gone=True)
    return Answer(f"HTTP {status}", again=status in (408, 425, 429) or status >= 500)


def encrypted(one: Subscription, text: bytes) -> bytes:
    """A message that only this phone can read: 0.2 ms of a core."""
    keys = {"p256dh": one.p256dh, "auth": one.auth}
    pusher = WebPusher({"endpoint": one.endpoint, "keys": keys})
    return bytes(pusher.encode(text, "aes128gcm")["body"])


def check_endpoint(endpoint: str, services: Sequence[str]) -> None:
    """Refuse (ValueError) an address that is not at one of these push services.

    services : host names, "*." before one for those below it, or whole origins
               ("http://127.0.0.1:8080"): only so may it be plain, or have a port
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("endpoint: is no address") from None
    if not _ADDRESS.fullmatch(endpoint) or len(endpoint) > ENDPOINT_MAX:
        raise ValueError(f"endpoint: expected an address of at most {ENDPOINT_MAX} letters")
    origin = f"{parts.scheme}://{parts.netloc}"
    by_name = parts.scheme == "https" and port in (None, 443) and "@" not in parts.netloc
    for service in services:
        if origin == service or (by_name and _covers(service, host)):
            return
    raise ValueError(
        f"endpoint: found {origin!r}, expected https:// at one of {', '.join(services)}"
    )


def check_keys(p256dh: str, auth: str) -> None:
    """Refuse (ValueError) what is not a point of P-256 and a secret of 16 bytes."""
    try:
        point = base64.urlsafe_b64decode(p256dh + "=" * (-len(p256dh) % 4))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise ValueError("keys.p256dh: is no public key of P-256 in base64url") from None
    try:
        secret = base64.urlsafe_b64decode(auth + "=" * (-len(auth) % 4))
    except ValueError:
        secret = b""
    if len(point) != 65 or len(secret) != 16:
        raise ValueError("keys: expected 65 bytes of p256dh and 16 of auth, in base64url")


def _covers(service: str, host: str) -> bool:
    if service.startswith("*."):
        return host.endswith(service[1:]) and len(host) > len(service) - 1
    return host == service
