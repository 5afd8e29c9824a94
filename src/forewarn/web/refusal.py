"""What a request is refused with: a status and a reason that a person can act on."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel


class RefusedError(Exception):
    """A request that is not carried out; `detail` says why and what to do."""

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers

    def response(self) -> Response:
        """As the client gets it."""
        return plain_json({"detail": self.detail}, self.status, self.headers)


class Why(BaseModel):
    """Why a request was refused."""

    detail: str


class WrongField(BaseModel):
    """A field of a body that cannot be used."""

    loc: list[str | int]
    msg: str
    type: str


class WrongFields(BaseModel):
    """What is wrong with a body. What was sent is not sent back."""

    detail: list[WrongField]


def plain_json(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """JSON in ASCII: whatever text is in it, it can be written and is no markup."""
    text = json.dumps(body).replace("<", "\\u003c").replace(">", "\\u003e")
    return Response(text, status, headers, media_type="application/json")


def answer_refusals(api: FastAPI) -> None:
    """Let an application answer both kinds of refusal."""

    @api.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        return error.response()

    @api.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> Response:
        told = ("loc", "msg", "type")
        found = [{name: one[name] for name in told} for one in error.errors()]
        return plain_json({"detail": found}, 422)
