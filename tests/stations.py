"""An operators' site in memory: the real web application over a core that only listens."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from authenticator import Authenticator
from conftest import square_zones
from forewarn.app.control import Control
from forewarn.files import Site, WebKeys
from forewarn.files.site import OperatorKeys
from forewarn.records import Act, Command, CommandAction, Event
from forewarn.signing import World
from forewarn.web.board import Board, Clock
from forewarn.web.health import health_routes
from forewarn.web.pages import web_application
from forewarn.web.past import Past
from forewarn.web.picture import zones_geojson
from forewarn.web.public import public_api
from forewarn.web.signin.accounts import Account, Accounts, invitation
from forewarn.web.signin.roles import Role

HOST = "localhost:8080"
ORIGIN = f"http://{HOST}"
API = "/api/operators/v1"
LANGUAGES = ("en", "uk", "he", "ar", "ru")
PASSWORD = "correct horse battery staple"


class Station:
    """A site, live or exercise, with accounts if it gets a folder for them.

    commands : what reached the core, in order
    acts     : what was put on record besides
    """

    def __init__(
        self,
        folder: Path | None,
        world: World = World.LIVE,
        web: WebKeys | None = None,
        past: Past | None = None,
    ) -> None:
        zones = square_zones(rows=10)
        names = tuple(f"Town {i}" for i in range(100))
        zones = replace(zones, population=100.0 + np.arange(100), name=names)

        self.now_s = 1_767_268_800.0
        self.board = Board(
            "Here", LANGUAGES, world is World.EXERCISE, Clock(lambda: self.now_s)
        )
        self.board.zones, self.board.zones_version = zones_geojson(zones), zones.version
        self.zones = zones
        self.commands: list[Command] = []
        self.acts: list[Act] = []
        self.world = world
        self.deaf = False
        accounts = folder / f"{world}.json" if folder else None
        if accounts is not None:
            Accounts(accounts).change("root", lambda _: Account("root", Role.ADMIN))
        site = Site(
            "Here",
            LANGUAGES,
            None,
            None,
            web=web or WebKeys(),
            operators=OperatorKeys(accounts),
        )
        self.ready = asyncio.Event()
        self.ready.set()
        self.control = Control(site, world, self.board, self._push, self.ready, past)
        self.file = Accounts(accounts) if accounts else None
        self.app = web_application(
            public_api(self.board, folder),
            self.control.api(),
            health_routes(self.board, lambda: True),
        )

    async def _push(self, event: Event) -> None:
        if isinstance(event, Act):
            self.acts.append(event)
        if isinstance(event, Command) and not self.deaf:
            self.commands.append(event)
            self._obey(event)
            self.control.acted([event.order_id])

    def _obey(self, command: Command) -> None:
        """As much of a chain as the desk can see."""
        raised = command.action in (CommandAction.PREPARE, CommandAction.TAKE_COVER)
        ended = command.action is not CommandAction.EXTEND
        for zone_id in command.zone_ids:
            if raised:
                alert_id = f"{zone_id}-{len(self.commands)}"
                self.board.alerts[zone_id] = {
                    "alert_id": alert_id,
                    "state": str(command.action),
                }
            elif ended:
                self.board.alerts.pop(zone_id, None)

    def browser(self, host: str = HOST, address: str = "127.0.0.1") -> "Browser":
        return Browser(self, host, address)

    async def operator(self, account_id: str, role: str, **more: Any) -> "Browser":
        """Somebody with a passkey, signed in."""
        browser = self.browser(**more)
        await browser.take_up(self.invite(account_id, role))
        assert (await browser.sign_in()).status_code == 200
        return browser

    def invite(self, account_id: str, role: str, lasts_s: float = 3600.0) -> str:
        """A token of an invitation, for a new account or one more key."""
        assert self.file is not None
        token, made = invitation(time.time() + lasts_s)
        new = Account(account_id, Role(role))
        self.file.change(account_id, lambda found: replace(found or new, invitation=made))

        return token


@dataclass
class Browser:
    """One person's browser, with its cookies and its passkey."""

    station: Station
    host: str
    address: str
    csrf: str = ""
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    key: Authenticator = field(init=False)

    def __post_init__(self) -> None:
        self.origin = f"http://{self.host}"
        self.key = Authenticator(self.origin)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request as our own page makes it."""
        own = {"origin": self.origin} if method != "GET" else {}
        headers = {**own, "x-csrf-token": self.csrf, **more.pop("headers", {})}
        transport = httpx.ASGITransport(self.station.app, client=(self.address, 5))
        async with httpx.AsyncClient(
            transport=transport, base_url=self.origin, cookies=self.cookies
        ) as client:
            answer = await client.request(method, API + path, headers=headers, **more)
            self.cookies = client.cookies
        return answer

    async def get(self, path: str) -> httpx.Response:
        return await self.ask("GET", path)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.ask("POST", path, json=body)

    async def take_up(self, token: str) -> httpx.Response:
        """Make a passkey with an invitation."""
        options = (await self.post("/invitation/options", token=token)).json()
        made = self.key.create(options["publicKey"])
        return await self.post("/invitation/passkey", token=token, credential=made)

    async def sign_in(self) -> httpx.Response:
        options = (await self.post("/signin/options")).json()
        answer = await self.post(
            "/signin/passkey", credential=self.key.get(options["publicKey"])
        )
        self.csrf = answer.json().get("csrf", "")
        return answer

    async def sign_in_by_password(self, account_id: str, password: str) -> httpx.Response:
        answer = await self.post(
            "/signin/password", account_id=account_id, password=password
        )
        self.csrf = answer.json().get("csrf", "") if answer.status_code == 200 else ""
        return answer

    # sending

    async def draft(
        self,
        action: str = "take_cover",
        zone_ids: Sequence[str] = ("z1", "z2"),
        **more: Any,
    ) -> dict[str, Any]:
        answer = await self.post("/drafts", action=action, zone_ids=list(zone_ids), **more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def proof(self, draft_id: str) -> dict[str, Any]:
        """A fresh signature of a draft by this person's passkey."""
        options = (await self.post(f"/drafts/{draft_id}/challenge")).json()
        return {"credential": self.key.get(options["publicKey"])}

    async def send(
        self, echo: dict[str, Any], how: str = "send", **more: Any
    ) -> httpx.Response:
        """Confirm what was echoed, typed and signed where it has to be."""
        body = {"confirm": echo["confirm"], "digest": echo["digest"]}
        if echo["needs_typing"]:
            body["typed"] = str(echo["people"])
        if echo["needs_two"] and "proof" not in more:
            body["proof"] = await self.proof(echo["draft_id"])
        return await self.post(f"/drafts/{echo['draft_id']}/{how}", **{**body, **more})

    async def approve(self, echo: dict[str, Any], **more: Any) -> httpx.Response:
        return await self.send(echo, "approve", **more)
