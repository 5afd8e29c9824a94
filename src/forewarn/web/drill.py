"""Routes of the self-drill: every channel tested now, and devices that its push goes to."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from forewarn.errors import DeliveryError
from forewarn.web.push import PushDesk, PushSubscription
from forewarn.web.refusal import RefusedError, Why, WrongFields
from forewarn.web.signin.gate import session_of

_MAY: dict[int | str, dict[str, Any]] = {
    code: {"model": WrongFields if code == 422 else Why}
    for code in (400, 401, 403, 404, 409, 413, 422, 503)
}


class DrillLine(BaseModel):
    """What came of one channel. `state`: `well`, `failed`, or `none`: not tested, says why.

    `delay_s`: from sending to having it back, as far as `said` says.
    """

    channel: str
    time_s: float
    state: str
    said: str
    delay_s: float


def drill_routes(
    drill: Callable[[str], Awaitable[list[dict[str, Any]]]],
    desk: Callable[[], PushDesk | None],
) -> APIRouter:
    """drill: tests all channels for somebody; desk: of push messages, once it is open."""
    routes = APIRouter(prefix="/v1", responses=_MAY, tags=["self-drill"])

    @routes.post("/drills", response_model=list[DrillLine])
    async def drill_now(asked: Request) -> Any:
        """Test every channel, on test identifiers, past the public; answers when done."""
        return await drill(session_of(asked).account_id)

    @routes.post("/drills/push", status_code=204)
    def device(subscription: PushSubscription) -> Response:
        """From now on self-drills are pushed to this device of an operator, too."""
        at = desk()
        if at is None:
            raise RefusedError(404, "no push messages here")
        keys = subscription.keys.p256dh, subscription.keys.auth
        try:
            at.subscribe_to_drills(subscription.endpoint, keys)
        except ValueError as error:
            raise RefusedError(400, str(error)) from None
        except DeliveryError as error:
            raise RefusedError(503, str(error)) from None
        return Response(status_code=204)

    return routes
