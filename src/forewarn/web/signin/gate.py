"""The gate before the operators' API: every request passes here, or gets no further.

Host and origin, session, role by the one table, the page's own token, size of the body.
"""

import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forewarn.errors import ConfigError
from forewarn.web.refusal import RefusedError
from forewarn.web.signin.accounts import Accounts
from forewarn.web.signin.keys import Place, host_name
from forewarn.web.signin.roles import Right, Role, wanted
from forewarn.web.signin.sessions import Session, Sessions

T = TypeVar("T")
LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
BODY_MAX = 4_000_000  # bytes; the zones of a country by id take one
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NO_OPERATORS = (
    "this site is live and has no operators: set accounts in [operators] of the site file "
    "and add some with `forewarn operators add`"
)


@dataclass(slots=True)
class Gate:
    """Who may pass.

    accounts     : None = nobody signs in: only this machine is let in, and acts only in
                   an exercise
    behind_proxy : then no address says who is on this machine
    clock        : of sessions, never goes back
    recording    : a recording is shown: nothing can be sent, so all is open to this machine
    """

    place: Place
    exercise: bool
    sessions: Sessions
    accounts: Accounts | None = None
    behind_proxy: bool = False
    clock: Callable[[], float] = time.monotonic
    recording: bool = False
    _local: Session = field(init=False)

    def __post_init__(self) -> None:
        role = Role.OPERATOR if self.exercise or self.recording else Role.VIEWER
        self._local = Session("local", role, "", 0.0, 0.0)

    @property
    def cookie(self) -> str:
        """Its name: browsers keep live and exercise apart, also on one machine."""
        world = "exercise" if self.exercise else "live"
        return f"{'__Host-' if self.place.secure else ''}forewarn-{world}"

    def check(self, asked: HTTPConnection, method: str, path: str) -> Session | None:
        """Whose request this is; None = of one who may yet sign in. Else refused."""
        origin = self.place.origin(asked.headers.get("host", ""))
        if not origin:
            raise RefusedError(403, "this service does not go by that name")
        right = wanted(method, path)
        if not right:
            raise RefusedError(404, "not found")
        if not isinstance(right, Right):
            raise RefusedError(405, "no such method here", {"Allow": ", ".join(right)})
        session = self._session(asked, touch=path != "/v1/stream")
        if session is None and right is not Right.NONE:
            raise RefusedError(401, "sign in first, at /signin")
        if session is not None and right is not Right.NONE and not session.may(right):
            raise RefusedError(403, self._why_not(session, right))
        if method in UNSAFE:
            self._check_page(asked, origin, None if right is Right.NONE else session)
        return session

    def _session(self, asked: HTTPConnection, touch: bool) -> Session | None:
        if self.accounts is None:
            if self.behind_proxy or not is_local(asked):
                raise RefusedError(
                    403, "without accounts, operators are on this machine only"
                )
            return self._local
        token = asked.cookies.get(self.cookie, "")
        session = self.sessions.find(token, self.clock(), touch) if token else None
        if session is None:
            return None
        account = self.accounts.all().get(session.account_id)
        if account is None or account.role != session.role:
            self.sessions.end(token)
            return None
        return session

    def still(self, asked: HTTPConnection, session: Session) -> bool:
        """Whether a session that began a long answer may hear the rest of it."""
        try:
            return self._session(asked, touch=False) is session
        except (RefusedError, ConfigError):
            return False

    def _check_page(
        self, asked: HTTPConnection, origin: str, session: Session | None
    ) -> None:
        """Only a page of ours may change anything."""
        told = asked.headers.get("origin")
        if told != origin and not (told is None and self.accounts is None):
            raise RefusedError(403, "this request comes from another page")
        if session is not None and session.csrf:
            given = asked.headers.get("x-csrf-token", "")
            if not secrets.compare_digest(given.encode(), session.csrf.encode()):
                raise RefusedError(403, "x-csrf-token is missing or of another session")

    def _why_not(self, session: Session, right: Right) -> str:
        if self.accounts is None and right is Right.ACT:
            return NO_OPERATORS
        return f"{session.account_id} is {session.role}: may not {right}"


class Gated:
    """An application that only requests which passed the gate get to."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app, self._gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        try:
            session = self._gate.check(asked, scope["method"], path)
            if scope["method"] in UNSAFE:
                receive = _again(await _body(receive), receive)
        except RefusedError as refused:
            await refused.response()(scope, receive, send)
            return
        except ConfigError as error:
            await RefusedError(503, str(error)).response()(scope, receive, send)
            return
        scope.setdefault("state", {}).update(session=session, gate=self._gate)
        await self._app(scope, receive, send)


async def _body(receive: Receive) -> bytes:
    """All of a body, read before anything acts on it, up to a limit."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""  # the client is gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_MAX:
            raise RefusedError(413, f"a body may have {BODY_MAX:,} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """A receiver that gives the body that was read, then what follows."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return first.pop() if first else await receive()

    return next_message


def is_local(asked: HTTPConnection) -> bool:
    """Whether a request comes from this machine, under one of its own names."""
    here = asked.client is not None and asked.client.host in LOCAL
    return here and host_name(asked.headers.get("host", "")) in LOCAL


def session_of(asked: HTTPConnection) -> Session:
    """Whose request this is, behind the gate."""
    found: Session = asked.scope["state"]["session"]
    return found


async def while_let_in(
    asked: HTTPConnection, parts: AsyncGenerator[T]
) -> AsyncGenerator[T]:
    """A long answer as far as whose request it was may hear it; refused from then on."""
    gate: Gate = asked.scope["state"]["gate"]
    session = session_of(asked)
    async with aclosing(parts):
        async for part in parts:
            if not gate.still(asked, session):
                raise RefusedError(401, "signed out meanwhile: sign in again, at /signin")
            yield part


def cookie_header(gate: Gate, token: str) -> str:
    """Set-Cookie of a session; an empty token takes it away."""
    ends = f"Max-Age={int(gate.sessions.most_s) if token else 0}"
    secure = "; Secure" if gate.place.secure else ""
    return f"{gate.cookie}={token}; Path=/; HttpOnly; SameSite=Strict; {ends}{secure}"
