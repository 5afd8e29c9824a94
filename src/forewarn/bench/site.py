"""The web application on a loopback port, over a board that is filled by hand."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Self

from fastapi import FastAPI
from starlette.types import ASGIApp

from forewarn.web.board import Board
from forewarn.web.health import health_routes
from forewarn.web.pages import web_application
from forewarn.web.public import public_api
from forewarn.web.push import PushDesk
from forewarn.web.serving import WebServer


class Site:
    """Serves a board from a thread of its own until left."""

    def __init__(
        self, board: Board, desk: PushDesk | None = None, operators: ASGIApp | None = None
    ) -> None:
        self.board = board
        self._server = WebServer(
            web_application(
                public_api(board, None, lambda: desk),
                operators or FastAPI(),
                health_routes(board, lambda: True),
            )
        )
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            threading.Event().wait(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop.is_closed():
            return
        self.ask(self.board.public.close)
        self.ask(self.board.operators.close)
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def ask(self, doing: Callable[..., Any], *arguments: Any) -> Any:
        """Call something where the board lives: on the server's loop."""
        done: Future[Any] = Future()

        def call() -> None:
            try:
                done.set_result(doing(*arguments))
            except Exception as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        return done.result(timeout=30)

    def tell(self, steps: Sequence[dict[str, Any]], seq: int) -> None:
        """Alert steps, as anyone is told them."""
        why = {"probability": 0.01}
        self.ask(self.board.tell, [(step, step | why) for step in steps], seq)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        await self._server.serve([self._socket])
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
