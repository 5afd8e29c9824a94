"""Signing in and out, and taking up an invitation."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import APIRouter, Request, Response

from forewarn.web.refusal import RefusedError, Why, plain_json
from forewarn.web.signin.accounts import Account, Accounts, Passkey, invited
from forewarn.web.signin.challenges import Challenges
from forewarn.web.signin.gate import Gate, cookie_header, session_of
from forewarn.web.signin.keys import (
    answered,
    challenge_in,
    opened_key,
    registered,
    registration_options,
    request_options,
    sealed_key,
)
from forewarn.web.signin.limits import Limits
from forewarn.web.signin.models import (
    AccountLine,
    CredentialBody,
    InvitationBody,
    NewPasskeyBody,
    NewPasswordBody,
    Options,
    PasswordBody,
    WhoAmI,
)
from forewarn.web.signin.roles import RIGHTS
from forewarn.web.signin.sessions import Session

AT_ONCE = 2  # passwords tried at the same time: each takes 64 MiB
WAITING = 20  # that may wait for it; a flood beyond that is sent away


@dataclass(slots=True)
class SignIn:
    """What signing in needs. note(who, act, detail) puts it on record."""

    gate: Gate
    note: Callable[[str, str, str], None]
    challenges: Challenges = field(default_factory=Challenges)
    limits: Limits = field(default_factory=Limits)
    _trying: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _waiting: int = 0

    def accounts(self) -> Accounts:
        """The file, where there is one."""
        if self.gate.accounts is None:
            raise RefusedError(409, "this site has no accounts: nobody signs in")
        return self.gate.accounts

    def origin(self, asked: Request) -> str:
        """Of our own pages; the gate saw to it that the request comes from one."""
        return self.gate.place.origin(asked.headers["host"])

    def by_passkey(self, asked: Request, credential: dict[str, Any]) -> Account:
        """Whose passkey signed our challenge."""
        challenge = challenge_in(credential)
        self.challenges.check(challenge, "signin")
        for account in self.accounts().all().values():
            for passkey in account.passkeys:
                if passkey.credential_id == credential.get("id"):
                    self.use(asked, account, passkey, challenge, credential)
                    self.challenges.used(challenge)
                    return account
        raise RefusedError(401, "this passkey is not accepted here")

    def use(
        self,
        asked: Request,
        account: Account,
        passkey: Passkey,
        challenge: bytes,
        credential: dict[str, Any],
    ) -> None:
        """Check a passkey's signature, and count it."""
        rp_id = self.gate.place.rp_id
        counted = answered(rp_id, self.origin(asked), challenge, credential, passkey)
        if counted != passkey:
            self.accounts().change(
                account.account_id, lambda now: now and _counted(now, counted)
            )

    async def by_password(self, asked: Request, account_id: str, password: str) -> Any:
        """The key that a password opens, or waiting, or refusal."""
        address = asked.client.host if asked.client else ""
        now_s = self.gate.clock()
        wait_s = self.limits.wait_s(account_id, address, now_s)
        if wait_s > 0:
            raise RefusedError(
                429,
                f"too many wrong passwords: wait {wait_s:.0f} s, or use a passkey",
                {"Retry-After": str(int(wait_s) + 1)},
            )
        if self._waiting >= WAITING:
            raise RefusedError(429, "too many passwords at once: use a passkey")
        account = self.accounts().all().get(account_id)
        # counted before it is tried: many at once are many tries
        self.limits.failed(account_id, address, now_s)
        self._waiting += 1
        try:
            async with self._trying:
                kept = account.password if account else None
                key = await asyncio.to_thread(opened_key, kept, password)
        finally:
            self._waiting -= 1
        if key is None:
            if account is not None:
                self.note(account_id, "was refused", "wrong password")
            raise RefusedError(401, "account or password is wrong")
        self.limits.came_in(account_id, address)
        return key

    def invited(self, token: str) -> Account:
        """Whose invitation it is."""
        account = invited(self.accounts().all(), token, time.time())
        if account is None:
            raise RefusedError(401, "this invitation is used, too old, or none of ours")
        return account

    def take_up(self, token: str, **keys: Any) -> None:
        """Add keys to the account and use up its invitation, both or neither."""

        def edit(account: Account | None) -> Account | None:
            if account is None or invited({"": account}, token, time.time()) is None:
                raise RefusedError(401, "this invitation was used already")
            more = {name: make(account) for name, make in keys.items()}
            return replace(account, invitation=None, **more)

        account_id = self.invited(token).account_id
        self.accounts().change(account_id, edit)
        self.note(account_id, "took up an invitation", ", ".join(keys))

    def enter(self, account: Account, how: str) -> Response:
        """Begin a session."""
        token, session = self.gate.sessions.begin(
            account.account_id, account.role, self.gate.clock()
        )
        self.note(account.account_id, "signed in", how)
        response = plain_json(self.told(session))
        response.headers["Set-Cookie"] = cookie_header(self.gate, token)
        return response

    def told(self, session: Session) -> dict[str, Any]:
        """A session as its page is told."""
        gone_s = self.gate.clock() - session.began_s
        signed_in = self.gate.accounts is not None
        return {
            "account_id": session.account_id,
            "role": str(session.role),
            "rights": sorted(str(right) for right in RIGHTS[session.role]),
            "csrf": session.csrf,
            "exercise": self.gate.exercise,
            "signed_in": signed_in,
            "ends_in_s": max(0.0, self.gate.sessions.most_s - gone_s) if signed_in else 0.0,
        }


def _counted(account: Account, counted: Passkey) -> Account:
    same = counted.credential_id
    passkeys = (counted if k.credential_id == same else k for k in account.passkeys)
    return replace(account, passkeys=tuple(passkeys))


_MAY = {code: {"model": Why} for code in (400, 401, 403, 404, 409, 413, 429, 503)}


def signin_routes(signin: SignIn) -> APIRouter:
    """Routes below /v1 that have to do with who somebody is."""
    routes = APIRouter(prefix="/v1", responses=_MAY, tags=["signing in"])  # type: ignore[arg-type]
    _entering(routes, signin)
    _inviting(routes, signin)
    _managing(routes, signin)
    return routes


def _entering(routes: APIRouter, signin: SignIn) -> None:
    """In, and out again."""

    @routes.post("/signin/options", response_model=Options)
    async def options() -> Any:
        """A challenge for any passkey of ours that the device holds."""
        signin.accounts()
        challenge = signin.challenges.new("signin")
        return {
            "account_id": "",
            "publicKey": request_options(signin.gate.place, challenge, ()),
        }

    @routes.post("/signin/passkey", response_model=WhoAmI)
    async def passkey(body: CredentialBody, asked: Request) -> Any:
        """Sign in with a passkey."""
        return signin.enter(signin.by_passkey(asked, body.credential), "passkey")

    @routes.post("/signin/password", response_model=WhoAmI)
    async def password(body: PasswordBody, asked: Request) -> Any:
        """Sign in with a password."""
        await signin.by_password(asked, body.account_id, body.password)
        return signin.enter(signin.accounts().all()[body.account_id], "password")

    @routes.get("/session", response_model=WhoAmI)
    async def session(asked: Request) -> Any:
        """Who is signed in here."""
        return signin.told(session_of(asked))

    @routes.post("/signout", status_code=204)
    async def signout(asked: Request) -> Response:
        """End this session."""
        signin.gate.sessions.end(asked.cookies.get(signin.gate.cookie, ""))
        signin.note(session_of(asked).account_id, "signed out", "")
        return Response(
            status_code=204, headers={"Set-Cookie": cookie_header(signin.gate, "")}
        )


def _inviting(routes: APIRouter, signin: SignIn) -> None:
    """Keys made with an invitation."""
    place = signin.gate.place

    @routes.post("/invitation/options", response_model=Options)
    async def invitation(body: InvitationBody) -> Any:
        """Whose invitation it is, and what a browser needs to make a passkey."""
        account = signin.invited(body.token)
        challenge = signin.challenges.new(f"invitation-{account.account_id}")
        options = registration_options(place, account, challenge)
        return {"account_id": account.account_id, "publicKey": options}

    @routes.post("/invitation/passkey", status_code=204)
    async def new_passkey(body: NewPasskeyBody, asked: Request) -> None:
        """Keep the passkey; the invitation is used up."""
        account = signin.invited(body.token)
        challenge = challenge_in(body.credential)
        signin.challenges.check(challenge, f"invitation-{account.account_id}")
        origin = signin.origin(asked)
        made = registered(place, origin, challenge, body.credential, time.time())
        signin.take_up(body.token, passkeys=lambda now: (*now.passkeys, made))

    @routes.post("/invitation/password", status_code=204)
    async def new_password(body: NewPasswordBody) -> None:
        """Keep a password; the invitation is used up."""
        signin.invited(body.token)
        made = await asyncio.to_thread(sealed_key, body.password)
        signin.take_up(body.token, password=lambda now: made)


def _managing(routes: APIRouter, signin: SignIn) -> None:
    """What an admin sees and ends."""

    @routes.get("/accounts", response_model=list[AccountLine])
    async def accounts() -> Any:
        """Who may sign in, and who is."""
        return [
            {
                "account_id": one.account_id,
                "role": str(one.role),
                "passkeys": len(one.passkeys),
                "password": one.password is not None,
                "invited": one.invitation is not None,
                "sessions": signin.gate.sessions.count(one.account_id),
            }
            for one in signin.accounts().all().values()
        ]

    @routes.post("/accounts/{account_id}/signout", status_code=204)
    async def throw_out(account_id: str, asked: Request) -> None:
        """End every session of a person, at once."""
        if account_id not in signin.accounts().all():
            raise RefusedError(404, "there is no such account")
        ended = signin.gate.sessions.end_all(account_id)
        who = session_of(asked).account_id
        signin.note(who, "ended sessions", f"{account_id}: {ended}")
