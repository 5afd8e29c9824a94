"""The stream of alerts for apps over a WebSocket: the same messages, and a wish that moves.

A position is told in a message, never in the address: addresses end up in logs. It is
used to find the zone, and forgotten.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forewarn.web.board import Board
from forewarn.web.hub import sent
from forewarn.web.stream import greeting, heartbeat
from forewarn.web.whereabouts import Whereabouts
from forewarn.web.wish import Wish

WISH_EVERY_S = 1.0  # a client's next wish is heard so long after its last
GOING_AWAY, TRY_AGAIN_LATER = 1001, 1013  # RFC 6455 and IANA's registry


class Asked(BaseModel):
    """What a client sends at any time, as JSON: its zones, or where it is.

    after : id of the last message it heard; it is told what it missed since
    """

    model_config = ConfigDict(extra="forbid")
    zone_ids: Annotated[list[str], Field(max_length=50)] | None = None
    lat_deg: Annotated[float, Field(ge=-90.0, le=90.0)] | None = None
    lon_deg: Annotated[float, Field(ge=-180.0, le=180.0)] | None = None
    language: str = ""
    others: bool = False
    after: str = ""

    @model_validator(mode="after")
    def _one_of_them(self) -> "Asked":
        here = (self.lat_deg is None, self.lon_deg is None)
        if here[0] != here[1] or not (here[0] or self.zone_ids is None):
            raise ValueError("expected zone_ids, or lat_deg and lon_deg, or neither")
        return self


def socket_routes(board: Board, asked: Callable[..., Wish]) -> APIRouter:
    """asked: reads the wish that the address states, as for server-sent events."""
    api = APIRouter()
    whereabouts = Whereabouts(board)

    @api.websocket("/v1/ws")
    async def talk(
        websocket: WebSocket, wish: Annotated[Wish, Depends(asked)], after: str = ""
    ) -> None:
        await websocket.accept()
        telling = asyncio.create_task(_tell(websocket, board, wish, after))
        try:
            while (message := await websocket.receive())["type"] == "websocket.receive":
                try:
                    said = Asked.model_validate_json(message.get("text") or "")
                    wish = await _wish(said, whereabouts)
                except ValueError as error:
                    await websocket.send_text(sent("error", {"detail": _why(error)}).text)
                else:
                    telling.cancel()
                    after = said.after
                    telling = asyncio.create_task(_tell(websocket, board, wish, after))
                await asyncio.sleep(WISH_EVERY_S)
        finally:
            telling.cancel()

    return api


async def _tell(websocket: WebSocket, board: Board, wish: Wish, heard: str) -> None:
    """What the wish is, what there is, and then all that comes, until let go."""
    try:
        zone_ids = None if wish.zone_ids is None else sorted(wish.zone_ids)
        await websocket.send_text(sent("zones", {"zone_ids": zone_ids}).text)
        messages = board.public.read(
            lambda: greeting(board, wish, heard), wish, lambda: heartbeat(board)
        )
        async with aclosing(messages):
            async for message in messages:
                await websocket.send_text(message.text)
        stopped = board.service == "stopped"
        await websocket.close(GOING_AWAY if stopped else TRY_AGAIN_LATER)
    except (WebSocketDisconnect, RuntimeError):
        return  # it has gone, whoever closed


async def _wish(said: Asked, whereabouts: Whereabouts) -> Wish:
    zone_ids = said.zone_ids
    if said.lat_deg is not None and said.lon_deg is not None:
        zone_ids = await asyncio.to_thread(whereabouts.zones, said.lat_deg, said.lon_deg)
        if not zone_ids:
            raise ValueError("lat_deg, lon_deg: in no zone of this site")
    wanted = None if zone_ids is None else frozenset(zone_ids)
    return Wish(wanted, said.language, said.others)


def _why(error: ValueError) -> str:
    """What is wrong with a message, without what it said: that may be a position."""
    if not isinstance(error, ValidationError):
        return str(error)
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'message'}: {fault['msg']}"
        for fault in faults[:3]
    )
