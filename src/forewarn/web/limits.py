"""What strangers may send: small bodies, and not too many of them."""

import time
from collections import OrderedDict
from ipaddress import ip_address, ip_network

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_MAX = 16_384  # bytes
CALLERS_MAX = 10_000  # remembered at once; who came longest ago is forgotten
IPV6_HOME = 64  # bits: one household has so many addresses that they count as one


class SmallBodies:
    """Refuses a body above BODY_MAX before anything reads all of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        body, more, given = b"", True, False
        while more and len(body) <= BODY_MAX:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if len(body) > BODY_MAX:
            answer = JSONResponse({"detail": f"at most {BODY_MAX} bytes"}, 413)
            await answer(scope, receive, send)
            return

        async def whole() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, whole, send)


class Pace:
    """How often one caller may ask: `burst` at once, then one every `every_s`."""

    def __init__(self, burst: int, every_s: float) -> None:
        self._burst = burst
        self._every_s = every_s
        self._paid_until_s: OrderedDict[str, float] = OrderedDict()

    def allows(self, address: str) -> bool:
        """Whether this call is within the pace; counts it if so."""
        caller = _household(address)
        now_s = time.monotonic()
        until_s = max(self._paid_until_s.pop(caller, now_s), now_s)
        allowed = until_s - now_s <= (self._burst - 1) * self._every_s
        self._paid_until_s[caller] = until_s + self._every_s if allowed else until_s
        if len(self._paid_until_s) > CALLERS_MAX:
            self._paid_until_s.popitem(last=False)
        return allowed


def _household(address: str) -> str:
    try:
        if ip_address(address).version == 6:
            return str(ip_network((address, IPV6_HOME), strict=False))
    except ValueError:
        pass
    return address
