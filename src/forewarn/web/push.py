"""Where browsers subscribe to push messages about their zones, and leave again."""

from collections.abc import Callable
from typing import Annotated, Any, Protocol, runtime_checkable

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, Field

from forewarn.errors import DeliveryError
from forewarn.web.limits import Pace
from forewarn.web.refusal import Why

BURST, EVERY_S = 20, 3.0  # of one household: a family's phones, then one in three seconds

Text = Annotated[str, Field(min_length=1, max_length=1024)]
Short = Annotated[str, Field(min_length=1, max_length=128)]


@runtime_checkable
class PushDesk(Protocol):
    """A channel that people subscribe to. What it refuses is a ValueError that says why."""

    @property
    def push_key(self) -> str: ...

    def subscribe(
        self, endpoint: str, keys: tuple[str, str], zone_ids: tuple[str, ...], language: str
    ) -> None: ...

    def unsubscribe(self, endpoint: str) -> None: ...

    def subscribe_to_drills(self, endpoint: str, keys: tuple[str, str]) -> None: ...


class PushKeys(BaseModel):
    """Keys of a subscription, base64url."""

    p256dh: Short
    auth: Short


class PushSubscription(BaseModel):
    """What `PushManager.subscribe()` gives a page, as JSON."""

    endpoint: Text
    keys: PushKeys


class PushWish(BaseModel):
    """A subscription, and of which zones it is to hear in which language."""

    subscription: PushSubscription
    zone_ids: Annotated[list[Short], Field(min_length=1, max_length=50)]
    language: Short


class PushLeave(BaseModel):
    """A subscription that is to end."""

    endpoint: Text


class PushKey(BaseModel):
    """`applicationServerKey` for `PushManager.subscribe()`, base64url."""

    key: str


_MAY: dict[int | str, dict[str, Any]] = {
    code: {"model": Why} for code in (404, 413, 429, 503)
}


def push_routes(desk: Callable[[], PushDesk | None]) -> APIRouter:
    """desk: the channel, once it is open; None = this site does not push."""
    api = APIRouter(responses=_MAY)
    pace = Pace(BURST, EVERY_S)

    def open_desk() -> PushDesk:
        found = desk()
        if found is None:
            raise HTTPException(404, "no push messages here")
        return found

    def in_pace(request: Request) -> None:
        caller = request.client.host if request.client else ""
        if not pace.allows(caller):
            raise HTTPException(429, "too often", {"Retry-After": str(round(EVERY_S))})

    Desk = Annotated[PushDesk, Depends(open_desk)]  # noqa: N806
    unpaced = [Depends(in_pace)]

    @api.get("/v1/push/key", response_model=PushKey)
    def key(at: Desk) -> PushKey:
        """The key that browsers subscribe with."""
        return PushKey(key=at.push_key)

    @api.post("/v1/push", status_code=204, dependencies=unpaced)
    def subscribe(wish: PushWish, at: Desk) -> Response:
        """Hear of some zones from now on; the same endpoint again replaces its zones."""
        one = wish.subscription
        keys = one.keys.p256dh, one.keys.auth
        try:
            at.subscribe(one.endpoint, keys, tuple(wish.zone_ids), wish.language)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        except DeliveryError as error:
            raise HTTPException(503, str(error)) from None
        return Response(status_code=204)

    @api.delete("/v1/push", status_code=204, dependencies=unpaced)
    def leave(wish: PushLeave, at: Desk) -> Response:
        """Hear no more. An endpoint that is not known is forgotten just as well."""
        at.unsubscribe(wish.endpoint)
        return Response(status_code=204)

    return api
