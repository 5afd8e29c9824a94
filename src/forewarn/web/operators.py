"""The operators' API: who is there, what is seen, what is sent. Behind its gate."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

from fastapi import APIRouter, Request
from starlette.types import ASGIApp

from forewarn.web.board import Board
from forewarn.web.documents import documented
from forewarn.web.hub import sent
from forewarn.web.message import Message
from forewarn.web.models import ActLine, OperatorsStatus
from forewarn.web.orders.desk import Desk
from forewarn.web.orders.routes import order_routes
from forewarn.web.refusal import RefusedError, Why
from forewarn.web.signin.gate import Gate, Gated, while_let_in
from forewarn.web.signin.routes import SignIn, signin_routes
from forewarn.web.stream import EventStream

_MAY = {code: {"model": Why} for code in (401, 403, 503)}


def operators_api(
    board: Board, gate: Gate, signin: SignIn, desk: Desk, *more: APIRouter
) -> ASGIApp:
    """An application of its own; nothing gets to it but through the gate.

    more : routes of its other parts
    """
    api = documented(
        "Forewarn operators' API",
        description=(
            "Sign in at /signin; the cookie then does for every GET. What changes anything "
            "also takes X-CSRF-Token, the `csrf` of GET /v1/session, and comes from a page "
            "of this service."
        ),
        responses=_MAY,
    )

    @api.get("/v1/status", response_model=OperatorsStatus)
    async def status() -> dict[str, Any]:
        """State of the service, sensors, refused input, faults."""
        return board.operators_status()

    @api.get("/v1/picture")
    async def whole() -> dict[str, Any]:
        """Tracks, areas, zones, time line: all of it."""
        return board.whole()

    @api.get("/v1/stream")
    async def stream(asked: Request) -> EventStream:
        """Server-sent events: `picture` whole at once, then changes; `status`, `draft`.

        It ends with the session.
        """
        messages = board.operators.read(
            lambda: [
                sent("status", board.operators_status()),
                sent("picture", board.whole()),
            ]
        )
        return EventStream(_until_refused(while_let_in(asked, messages)))

    @api.get("/v1/acts", response_model=list[ActLine])
    async def acts() -> Any:
        """What operators did since the start, newest first; all of it is in the journal."""
        return list(reversed(board.acts))

    api.include_router(signin_routes(signin))
    api.include_router(order_routes(desk, board, signin))
    for routes in more:
        api.include_router(routes)
    return Gated(api, gate)


async def _until_refused(messages: AsyncGenerator[Message]) -> AsyncGenerator[Message]:
    """Heartbeats come every few seconds: so soon does a stream end after its session."""
    async with aclosing(messages):
        with suppress(RefusedError):
            async for message in messages:
                yield message
