"""The operators' API: tracks, areas, numbers, sensors. Only from this machine, for now."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp, Receive, Scope, Send

from forewarn.web.board import Board
from forewarn.web.hub import sent
from forewarn.web.models import CommandBody, OperatorsStatus
from forewarn.web.stream import EventStream

LOCAL = frozenset({"127.0.0.1", "::1", "localhost", "testserver"})
ACTIONS = ("prepare", "take_cover", "all_clear")


class LoopbackOnly:
    """Refuses whoever is not on this machine, or was led here under another host's name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_local(scope):
            body = b'{"detail":"operators sign in on this machine only"}'
            head = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 403, "headers": head})
            await send({"type": "http.response.body", "body": body})
            return
        await self._app(scope, receive, send)


def is_local(scope: Scope) -> bool:
    """Whether a request comes from this machine, under one of its own names."""
    client = (scope.get("client") or ("",))[0]
    headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
    host = headers.get("host", "").rsplit(":", 1)[0].strip("[]")
    origin = headers.get("origin", "").partition("://")[2].rsplit(":", 1)[0].strip("[]")
    return (
        client in LOCAL | {"testclient"}
        and host in LOCAL
        and (not origin or origin in LOCAL)
    )


def operators_api(
    board: Board, command: Callable[[str, tuple[str, ...], str], None]
) -> ASGIApp:
    """An application of its own. command(action, zone ids, operator id) hands one over."""
    api: FastAPI = FastAPIOffline(
        title="Forewarn operators' API", version="1", static_url="/static-docs"
    )

    @api.get("/v1/status", response_model=OperatorsStatus)
    def status() -> dict[str, Any]:
        """State of the service, sensors, refused input, faults."""
        return board.operators_status()

    @api.get("/v1/picture")
    def whole() -> dict[str, Any]:
        """Tracks, areas, zones, time line: all of it."""
        return board.whole()

    @api.get("/v1/stream")
    async def stream() -> EventStream:
        """Server-sent events: `picture` whole at once, then what changes; `status`."""
        return EventStream(
            board.operators.read(
                lambda: [
                    sent("status", board.operators_status()),
                    sent("picture", board.whole()),
                ]
            )
        )

    @api.post("/v1/command", status_code=202)
    def decide(body: CommandBody) -> dict[str, str]:
        """Raise or clear zones by hand; it enters the chain as an event."""
        if body.action not in ACTIONS:
            raise HTTPException(
                422, f"action: found {body.action!r}, expected one of {', '.join(ACTIONS)}"
            )
        if not body.zone_ids or not body.operator_id:
            raise HTTPException(422, "zone_ids and operator_id must not be empty")
        command(body.action, tuple(body.zone_ids), body.operator_id)
        return {"accepted": body.action}

    return LoopbackOnly(api)
