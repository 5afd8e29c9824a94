"""Routes for sending by hand: draft, echo, send, approve, correct."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request

from forewarn.records import CommandAction, IntArray
from forewarn.signing import Matter, World
from forewarn.signing import Signer as KeySigner
from forewarn.web.board import Board
from forewarn.web.orders.desk import Confirmed, Desk, Draft, State
from forewarn.web.orders.models import (
    CorrectionBody,
    DraftBody,
    DraftLine,
    Echo,
    EchoText,
    Proof,
    SendBody,
)
from forewarn.web.orders.order import Order, Signed
from forewarn.web.refusal import RefusedError, Why
from forewarn.web.signin.gate import session_of
from forewarn.web.signin.keys import bare_credential, request_options, text_of
from forewarn.web.signin.models import Options
from forewarn.web.signin.routes import SignIn

_MAY = {code: {"model": Why} for code in (400, 401, 403, 404, 409, 413, 429, 503)}


def order_routes(desk: Desk, board: Board, signin: SignIn) -> APIRouter:
    """Routes below /v1 that lead to people being told something."""
    routes = APIRouter(prefix="/v1", responses=_MAY, tags=["sending"])  # type: ignore[arg-type]
    _drafting(routes, desk, board)
    _sending(routes, desk, board, signin)
    _correcting(routes, desk, board)
    return routes


def _drafting(routes: APIRouter, desk: Desk, board: Board) -> None:
    """Nothing of this sends anything."""

    def echo(draft: Draft) -> dict[str, Any]:
        return echo_of(desk, board, draft)

    @routes.get("/drafts", response_model=list[DraftLine])
    async def drafts() -> Any:
        """Drafts, newest first."""
        return [_line(desk.find(draft_id)) for draft_id in reversed(list(desk.drafts))]

    @routes.post("/drafts", response_model=Echo, status_code=201)
    async def draft(body: DraftBody, asked: Request) -> Any:
        """Make a draft; its echo says whom it would tell what. Nothing is sent."""
        action = CommandAction(body.action)
        rows = _rows(desk, body)
        if action in (CommandAction.EXTEND, CommandAction.ALL_CLEAR):
            _some_live(desk, board, rows)
        made = desk.draft(session_of(asked).account_id, action, body.threat, rows)
        return echo(made)

    @routes.get("/drafts/{draft_id}", response_model=Echo)
    async def one(draft_id: str) -> Any:
        """A draft's echo."""
        return echo(desk.find(draft_id))

    @routes.get("/drafts/{draft_id}/texts/{zone_id}", response_model=list[EchoText])
    async def texts(draft_id: str, zone_id: str) -> Any:
        """The texts of a draft for one of its zones."""
        order = desk.find(draft_id).order
        if zone_id not in order.zone_ids:
            raise RefusedError(404, "that zone is not in this draft")
        zones, _ = desk.zones()
        row = zones.row(zone_id)
        names = {lang: zones.name(row, lang) for lang in desk.mouth.languages}
        action = CommandAction(order.action)
        return [
            asdict(text)
            for text in desk.mouth.texts(action, order.threat, names, order.made_s)
        ]


def _sending(routes: APIRouter, desk: Desk, board: Board, signin: SignIn) -> None:
    """From a draft to what people are told."""

    def echo(draft: Draft) -> dict[str, Any]:
        return echo_of(desk, board, draft)

    @routes.post("/drafts/{draft_id}/challenge", response_model=Options)
    async def challenge(draft_id: str, asked: Request) -> Any:
        """For a passkey to sign this very draft."""
        found = desk.find(draft_id)
        who = session_of(asked).account_id
        account = signin.accounts().all()[who]
        if not account.passkeys:
            raise RefusedError(409, f"{who} has no passkey: sign with the password")
        options = request_options(
            signin.gate.place, found.order.challenge(), account.passkeys
        )
        return {"account_id": who, "publicKey": options}

    @routes.post("/drafts/{draft_id}/send", response_model=Echo)
    async def send(draft_id: str, body: SendBody, asked: Request) -> Any:
        """Send it; `take cover` is signed, and then waits for a second person."""
        found = desk.find(draft_id)
        async with found.lock:
            if found.state in (State.SENT, State.WAITING):
                return echo(found)
            _must(found, State.DRAFTED)
            desk.check(found, Confirmed(body.confirm, body.digest, body.typed))
            signed = Signed(session_of(asked).account_id, "session")
            if desk.needs_two(found):
                signed = await _signed(signin, asked, found.order, body.proof)
            _must(desk.find(draft_id), State.DRAFTED)
            await desk.send(found, signed)
        return echo(found)

    @routes.post("/drafts/{draft_id}/approve", response_model=Echo)
    async def approve(draft_id: str, body: SendBody, asked: Request) -> Any:
        """The second person signs, and it is sent."""
        found = desk.find(draft_id)
        async with found.lock:
            if found.state is State.SENT:
                return echo(found)
            _must(found, State.WAITING)
            desk.check(found, Confirmed(body.confirm, body.digest, body.typed))
            signed = await _signed(signin, asked, found.order, body.proof)
            _must(desk.find(draft_id), State.WAITING)
            await desk.approve(found, signed)
        return echo(found)

    @routes.post("/drafts/{draft_id}/withdraw", response_model=Echo)
    async def withdraw(draft_id: str, asked: Request) -> Any:
        """Never send it."""
        found = desk.find(draft_id)
        async with found.lock:
            desk.withdraw(session_of(asked).account_id, found)
        return echo(found)


def _correcting(routes: APIRouter, desk: Desk, board: Board) -> None:
    """The way back."""

    @routes.post("/corrections", response_model=Echo)
    async def correct(body: CorrectionBody, asked: Request) -> Any:
        """Take alerts back as a mistake: one person, prepared texts, on every channel.

        By draft: what it raised by hand; where sensors see a threat, the alert stays. By
        zones: their alerts, whatever raised them; what is seen there by now counts no more.
        """
        if (body.draft_id is None) == (body.zone_ids is None):
            raise RefusedError(400, "expected either draft_id or zone_ids; nothing sent")
        zones, _ = desk.zones()
        if body.draft_id is not None:
            found = desk.find(body.draft_id)
            _must(found, State.SENT)
            if found.order.action not in ("prepare", "take_cover"):
                raise RefusedError(409, f"{found.order.action} raised no alert")
            rows = zones.by_id(found.order.zone_ids)
            mistake: tuple[str, ...] = ("draft", body.draft_id)
        else:
            rows = zones.by_id(body.zone_ids or [])
            mistake = _some_live(desk, board, rows)
        who = session_of(asked).account_id
        return echo_of(desk, board, await desk.correct(who, rows, body.confirm, mistake))


def echo_of(desk: Desk, board: Board, draft: Draft) -> dict[str, Any]:
    """A draft as whoever is to send it sees it."""
    zones, _ = desk.zones()
    order = draft.order
    state = [board.alerts.get(zone_id, {}).get("state", "") for zone_id in order.zone_ids]
    return {
        "draft_id": order.order_id,
        "state": str(draft.state),
        "world": order.world,
        "action": order.action,
        "threat": order.threat,
        "zones": [
            {
                "zone_id": zone_id,
                "name": zones.name(int(row), ""),
                "people": round(float(zones.people[row])),
                "state": now,
            }
            for zone_id, row, now in zip(order.zone_ids, draft.rows, state, strict=True)
        ],
        "people": order.people,
        "area_km2": round(draft.area_km2, 3),
        "share": round(draft.share, 4),
        "text_zone_id": zones.zone_id[draft.example],
        "texts": [asdict(text) for text in draft.texts],
        "needs_two": desk.needs_two(draft),
        "needs_typing": desk.needs_typing(draft),
        "confirm": desk.confirm(order),
        "digest": order.challenge().hex(),
        "signed": [{"account_id": s.account_id, "how": s.how} for s in draft.signed],
        "made_by": order.made_by,
        "made_s": order.made_s,
        "expires_s": draft.expires_s,
        "notes": _notes(order, state),
    }


def _notes(order: Order, state: Sequence[str]) -> list[str]:
    """What whoever sends it may not expect."""
    quiet = sum(now in ("", "all_clear") for now in state)
    covered = sum(now in ("take_cover", "stay") for now in state)
    notes = []
    if order.action in ("extend", "all_clear") and quiet:
        notes.append(f"{quiet} of these zones are under no alert: nothing happens there")
    if order.action == "extend":
        notes.append("nobody is told anything new: the alert by hand stays longer")
    if order.action == "prepare" and covered:
        notes.append(f"{covered} of these zones are under cover: told to stay there")
    if order.action == "take_cover" and covered:
        notes.append(f"{covered} of these zones are told so already, and not told again")
    return notes


def _rows(desk: Desk, body: DraftBody) -> IntArray:
    """The zones meant; none given is refused, never taken for all."""
    if (body.area is None) == (body.zone_ids is None):
        raise RefusedError(400, "expected either zone_ids or area: nothing was drafted")
    zones, _ = desk.zones()
    if body.area is not None:
        return zones.by_area(body.area.model_dump())
    if not body.zone_ids:
        raise RefusedError(400, "zone_ids is empty: nothing was drafted")
    return zones.by_id(body.zone_ids)


def _some_live(desk: Desk, board: Board, rows: IntArray) -> tuple[str, ...]:
    """The alerts in these zones; none is refused."""
    zones, _ = desk.zones()
    found = (board.alerts.get(zone_id) for zone_id in zones.ids(rows))
    live = tuple(str(alert["alert_id"]) for alert in found if alert)
    if not live:
        raise RefusedError(409, "none of these zones is under alert")
    return live


def _must(draft: Draft, state: State) -> None:
    if draft.state is not state:
        raise RefusedError(409, f"this draft is {draft.state}, not {state}")


def _line(draft: Draft) -> dict[str, Any]:
    order = draft.order
    return {
        "draft_id": order.order_id,
        "state": str(draft.state),
        "action": order.action,
        "threat": order.threat,
        "zones": len(order.zone_ids),
        "people": order.people,
        "made_by": order.made_by,
        "expires_s": draft.expires_s,
    }


async def _signed(
    signin: SignIn, asked: Request, order: Order, proof: Proof | None
) -> Signed:
    """The fresh signature of whoever is signed in here, by a key of their own."""
    who = session_of(asked).account_id
    account = signin.accounts().all()[who]
    if proof is not None and proof.credential is not None:
        for passkey in account.passkeys:
            if passkey.credential_id == proof.credential.get("id"):
                told = bare_credential(proof.credential)
                signin.use(asked, account, passkey, order.challenge(), told)
                return Signed(who, "passkey", passkey.public_key, told)
        raise RefusedError(401, f"this is no passkey of {who}")
    if proof is not None and proof.password is not None:
        key = await signin.by_password(asked, who, proof.password)
        signer = KeySigner(key, World(order.world))
        signature = text_of(signer.sign(Matter.ORDER, order.body()))
        return Signed(who, "password", text_of(signer.public), signature)
    raise RefusedError(401, "proof: take cover is signed with a passkey or a password")
