"""The operators' console over a board that is filled by hand: nobody signs in."""

import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

from starlette.types import ASGIApp

from forewarn.bench.site import Site
from forewarn.records import Command
from forewarn.web.board import Board
from forewarn.web.drill import drill_routes
from forewarn.web.operators import operators_api
from forewarn.web.orders.area import ZoneMap
from forewarn.web.orders.desk import Desk, Draft, Rules
from forewarn.web.orders.echo import Mouth
from forewarn.web.orders.routes import echo_of
from forewarn.web.past import Look, Past, past_routes
from forewarn.web.push import PushDesk
from forewarn.web.refusal import RefusedError
from forewarn.web.signin.gate import LOCAL, Gate
from forewarn.web.signin.keys import Place
from forewarn.web.signin.routes import SignIn
from forewarn.web.signin.sessions import Sessions


class ConsoleSite(Site):
    """Serves a board to operators as well.

    commands : orders that were sent, in order
    drill    : what a self-drill comes to
    """

    def __init__(
        self, board: Board, past: Past | None = None, desk: PushDesk | None = None
    ) -> None:
        self.commands: list[Command] = []
        self.drill: Callable[[], list[dict[str, Any]]] = list
        super().__init__(board, desk, self._operators(board, past or _nothing, desk))

    def _operators(self, board: Board, past: Past, push: PushDesk | None) -> ASGIApp:
        place = Place("127.0.0.1", LOCAL, secure=False)
        gate = Gate(place, board.simulated, Sessions(3600.0, 3600.0))

        def note(who: str, act: str, detail: str) -> None:
            board.note(f"{who} {act} {detail}", "operator")

        async def hand(command: Command) -> None:
            self.commands.append(command)

        def changed(draft: Draft) -> None:
            board.operators.publish("draft", echo_of(desk, board, draft))

        async def drill(who: str) -> list[dict[str, Any]]:
            found = self.drill()
            board.drills = {row["channel"]: row for row in found}
            board.beat()
            return found

        world = "exercise" if board.simulated else "live"
        desk = Desk(
            Rules(board.site, world, two=False, approve_s=600.0, wide_share=0.2),
            Mouth(board.languages, board.time_zone, None, board.simulated),
            lambda: (ZoneMap(board.zones), board.zones_version),
            hand,
            time.time,
            note,
            changed,
        )
        return operators_api(
            board,
            gate,
            SignIn(gate, note),
            desk,
            past_routes(past, note),
            drill_routes(drill, lambda: push),
        )


async def _nothing(look: Look) -> AsyncGenerator[bytes]:
    raise RefusedError(409, f"nothing is on record here: no {look.what}")
    yield b""
