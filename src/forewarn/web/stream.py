"""Server-sent events as they leave: bytes that were made once, for thousands of readers."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Send

from forewarn.web.board import Board
from forewarn.web.hub import sent
from forewarn.web.message import Message
from forewarn.web.wish import Wish


class EventStream(StreamingResponse):
    """An answer that goes on as long as messages come and the client stays."""

    media_type = "text/event-stream"

    def __init__(self, messages: AsyncGenerator[Message]) -> None:
        super().__init__(
            (message.sse async for message in messages),
            headers={
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",  # a proxy that gathers them makes them late
            },
        )
        self._messages = messages

    async def stream_response(self, send: Send) -> None:
        """Send them; whoever is gone leaves the line of readers at once."""
        async with aclosing(self._messages):
            await super().stream_response(send)


def greeting(board: Board, wish: Wish, heard: str) -> list[Message]:
    """What a reader of the public stream is told at once.

    heard : id of the last message it heard: it is told what it missed, while that is
            known, and the whole state otherwise
    """
    missed = board.news(wish, heard)
    event, body = ("state", board.state(wish)) if missed is None else ("alerts", missed)
    return [sent("heartbeat", board.status()), sent(event, body, board.message_id())]
