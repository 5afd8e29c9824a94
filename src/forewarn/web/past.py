"""Routes for looking back: a stretch played again, counted, reported, taken away."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from forewarn.web.refusal import RefusedError, Why, WrongFields
from forewarn.web.signin.gate import session_of, while_let_in

What = Literal["film", "period", "report", "recording"]
SPAN_MAX_S = {"film": 6 * 3600.0, "period": 31 * 86_400.0}
Moment = Annotated[float, Query(ge=0.0, le=4e9, allow_inf_nan=False)]
KINDS: dict[What, str] = {
    "film": "application/x-ndjson",
    "period": "application/json",
    "report": "text/html; charset=utf-8",
    "recording": "application/zip",
}
FILES: dict[What, str] = {"report": "html", "recording": "zip"}
_MAY: dict[int | str, dict[str, Any]] = {
    **{code: {"model": Why} for code in (400, 401, 403, 409, 503)},
    422: {"model": WrongFields},
}


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody wants to know of [from, to), UTC seconds."""

    what: What
    span_s: tuple[float, float]

    def holds(self, time_s: float) -> bool:
        """Whether a moment lies in it."""
        from_s, to_s = self.span_s
        return from_s <= time_s < to_s


Past = Callable[[Look], AsyncGenerator[bytes]]


def past_routes(past: Past, note: Callable[[str, str, str], None]) -> APIRouter:
    """Routes below /v1/past. note: who took what away is on record."""
    routes = APIRouter(prefix="/v1/past", responses=_MAY, tags=["past"])

    async def answer(
        asked: Request, what: What, span_s: tuple[float, float]
    ) -> StreamingResponse:
        from_s, to_s = span_s
        most_s = SPAN_MAX_S.get(what, SPAN_MAX_S["period"])
        if not 0 < to_s - from_s <= most_s:
            raise RefusedError(
                400, f"to_s: expected up to {most_s / 3600:g} h after from_s"
            )
        found = while_let_in(asked, past(Look(what, span_s)))
        try:
            first = await anext(found)  # what is wrong is said before the answer begins
        except StopAsyncIteration:
            raise RefusedError(409, "nothing is on record of that time") from None
        headers = {}
        if what in FILES:
            when = datetime.fromtimestamp(from_s, UTC).strftime("%Y%m%dT%H%M%SZ")
            name = f"forewarn-{when}.{FILES[what]}"
            headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return StreamingResponse(
            _from(first, found), media_type=KINDS[what], headers=headers
        )

    @routes.get("/film")
    async def film(from_s: Moment, to_s: Moment, asked: Request) -> StreamingResponse:
        """The pictures of the operators' stream again, a line of JSON each, in order.

        Alerts as people were told them; tracks and areas made again from the plots.
        """
        return await answer(asked, "film", (from_s, to_s))

    @routes.get("/period")
    async def period(from_s: Moment, to_s: Moment, asked: Request) -> StreamingResponse:
        """What people were told, person-minutes of each stage, delays of channels."""
        return await answer(asked, "period", (from_s, to_s))

    @routes.get("/report.html")
    async def report(from_s: Moment, to_s: Moment, asked: Request) -> StreamingResponse:
        """The same as a file to read and to print."""
        return await answer(asked, "report", (from_s, to_s))

    @routes.get("/recording.zip")
    async def recording(from_s: Moment, to_s: Moment, asked: Request) -> StreamingResponse:
        """What was seen and told, as `forewarn export` writes it. It is put on record."""
        told = await answer(asked, "recording", (from_s, to_s))
        when = datetime.fromtimestamp(from_s, UTC).isoformat(timespec="seconds")
        who = session_of(asked).account_id
        note(who, "took away", f"recording from {when}, {to_s - from_s:.0f} s")
        return told

    return routes


async def _from(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """All parts. What is refused in between breaks off: nobody is to take it for whole."""
    try:
        yield first
        async for part in rest:
            yield part
    finally:
        await rest.aclose()
