"""The operators' side of a service: who they are, how what they send gets to the core."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from starlette.types import ASGIApp

from forewarn.app.aside import Aside
from forewarn.app.drilling import Drills
from forewarn.app.shelf import Journal
from forewarn.errors import ConfigError
from forewarn.files import Site
from forewarn.pipeline import Channel
from forewarn.records import Act, Command, Event
from forewarn.signing import World
from forewarn.web.board import Board
from forewarn.web.drill import drill_routes
from forewarn.web.operators import operators_api
from forewarn.web.orders.area import ZoneMap
from forewarn.web.orders.desk import Desk, Draft, Rules
from forewarn.web.orders.echo import Mouth
from forewarn.web.orders.order import check_door
from forewarn.web.orders.routes import echo_of
from forewarn.web.past import Past, past_routes
from forewarn.web.push import PushDesk
from forewarn.web.refusal import RefusedError
from forewarn.web.signin.accounts import Accounts
from forewarn.web.signin.gate import Gate
from forewarn.web.signin.routes import SignIn
from forewarn.web.signin.sessions import Sessions
from forewarn.web.tls import place_of

RETRY = {"Retry-After": "2"}
ACTED_S = 5.0  # an order that is not on record after this may not have arrived


class Control:
    """Gate, desk and door of one site.

    push  : gives an event to the core
    ready : set while the core takes events
    past  : None = what is on record of the site; else of a recording, and nothing is sent
    """

    def __init__(
        self,
        site: Site,
        world: World,
        board: Board,
        push: Callable[[Event], Coroutine[Any, Any, None]],
        ready: asyncio.Event,
        past: Past | None = None,
    ) -> None:
        keys = site.operators
        self._world, self._board, self._push, self._ready = world, board, push, ready
        self._accounts = Accounts(keys.accounts) if keys.accounts else None
        if self._accounts is not None:
            self._accounts.all()  # what is wrong with it is said at the start
        self._place = place_of(site.web, keys.accounts is not None)
        self._acted: dict[str, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._zones: tuple[ZoneMap, str] | None = None
        self.gate = Gate(
            self._place,
            world is World.EXERCISE,
            Sessions(keys.idle_s, keys.session_s),
            self._accounts,
            site.web.behind_proxy,
            recording=past is not None,
        )
        self._signin = SignIn(self.gate, self.note)
        self._past = past or Aside(Journal(site))
        self.drills = Drills(site, board, self.note)
        rules = Rules(
            site.name,
            str(world),
            self._accounts is not None,
            keys.approve_s,
            keys.wide_share,
        )
        exercise = world is World.EXERCISE
        self.desk = Desk(
            rules,
            Mouth(site.languages, site.time_zone, site.texts, exercise),
            self._zone_map,
            self.hand,
            board.clock.now_s,
            self.note,
            self._changed,
        )

    def api(self) -> ASGIApp:
        """The operators' API."""
        return operators_api(
            self._board,
            self.gate,
            self._signin,
            self.desk,
            past_routes(self._past, self.note),
            drill_routes(self.drills.run, self.push_desk),
        )

    def use(self, channels: Mapping[str, Channel]) -> None:
        """Drill these channels, and take up devices for them, as soon as they are open."""
        self.drills.channels = channels

    def push_desk(self) -> PushDesk | None:
        """Where people subscribe, if there is such a channel and it is open."""
        channels = self.drills.channels.values()
        return next((one for one in channels if isinstance(one, PushDesk)), None)

    async def hand(self, command: Command) -> None:
        """Give an order to the core; returns once it is on record."""
        try:
            known = self._accounts.all() if self._accounts else None
            check_door(command, self._world, known, self._place.rp_id)
        except ConfigError as error:
            raise RefusedError(503, str(error)) from None
        if self.gate.recording:
            raise RefusedError(503, "this is a recording: nothing was sent")
        if not self._ready.is_set():
            raise RefusedError(503, "the service is not up: nothing was sent", RETRY)
        acted = asyncio.get_running_loop().create_future()
        self._acted[command.order_id] = acted
        try:
            await self._push(command)
            await asyncio.wait_for(acted, ACTED_S)
        except TimeoutError:
            raise RefusedError(503, "not on record yet: look at the time line") from None
        finally:
            self._acted.pop(command.order_id, None)

    def acted(self, order_ids: list[str]) -> None:
        """The core has these orders on record."""
        for order_id in order_ids:
            waiting = self._acted.get(order_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def note(self, who: str, act: str, detail: str) -> None:
        """What an operator did: shown, and put on record as soon as the core can."""
        now_s = self._board.clock.now_s()
        self._board.acts.append(
            {"time_s": now_s, "operator_id": who, "act": act, "detail": detail}
        )
        text = " ".join(word for word in (who, act, detail) if word)
        self._board.note(text, "operator")
        task = asyncio.get_running_loop().create_task(
            self._record(Act(0, now_s, who, act, detail))
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, act: Act) -> None:
        await self._ready.wait()
        await self._push(act)

    def _changed(self, draft: Draft) -> None:
        self._board.operators.publish("draft", echo_of(self.desk, self._board, draft))

    def _zone_map(self) -> tuple[ZoneMap, str]:
        board = self._board
        if not board.zones_version:
            raise RefusedError(503, "the zones are not loaded yet", RETRY)
        if self._zones is None or self._zones[1] != board.zones_version:
            self._zones = (ZoneMap(board.zones), board.zones_version)
        return self._zones
