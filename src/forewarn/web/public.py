"""The public API: zone, state, time, text, state of the service. Nothing else."""

import gzip
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from forewarn.web.board import Board
from forewarn.web.documents import documented
from forewarn.web.hub import compact
from forewarn.web.limits import SmallBodies
from forewarn.web.models import FeatureCollection, State, Status
from forewarn.web.places import places
from forewarn.web.push import PushDesk, push_routes
from forewarn.web.refusal import RefusedError, Why
from forewarn.web.socket import socket_routes
from forewarn.web.stream import EventStream, greeting, heartbeat
from forewarn.web.wish import Wish

PLACES_MAX = 50  # zones one reader may ask for by name

CAP_NAME = re.compile(r"[A-Za-z0-9-]{1,128}\.xml")
CAP_LISTS = ("feed.atom", "messages.jsonl", "drill.atom")
CAP_TYPES = {
    "xml": "application/cap+xml",
    "atom": "application/atom+xml",
    "jsonl": "application/jsonl",
}
NONE: dict[int | str, dict[str, Any]] = {
    404: {"content": {"application/json": {"schema": Why.model_json_schema()}}}
}


class GeoJson(JSONResponse):
    """Outlines on a map, written already."""

    media_type = "application/geo+json"

    def render(self, content: bytes) -> bytes:
        return content


class CapFile(FileResponse):
    """A CAP message, or a list of them."""

    media_type = CAP_TYPES["xml"]


def public_api(
    board: Board,
    cap_folder: Path | None,
    desk: Callable[[], PushDesk | None] = lambda: None,
    ring_file: Path | None = None,
) -> FastAPI:
    """An application of its own, so that its document never names the operators'.

    desk      : where people subscribe to push messages, once it is open
    ring_file : the keys that signatures may be checked with
    """
    api = documented(
        "Forewarn public API",
        description="Which zones are warned, what their people are told, and until when.",
    )
    api.add_middleware(SmallBodies)
    outlines = Outlines(board)

    def asked(
        zone: Annotated[
            list[str] | None,
            Query(max_length=PLACES_MAX, description="alerts of these zones; empty: none"),
        ] = None,
        language: Annotated[str, Query(description="texts in this language alone")] = "",
        others: Annotated[bool, Query(description="in brief, other warned zones")] = False,
    ) -> Wish:
        zone_ids = None if zone is None else frozenset(zone) - {""}
        return Wish(zone_ids, language, others)

    @api.get("/v1/status", response_model=Status)
    def status() -> dict[str, Any]:
        """State of the service."""
        return board.status()

    @api.get("/v1/heartbeat")
    def sign_of_life() -> Response:
        """The newest signed sign of life; past its `expires_s`, take silence for danger."""
        return Response(board.heartbeat, media_type="application/json")

    @api.get("/v1/keys", responses=NONE)
    def keys() -> Response:
        """The key ring: which keys sign, from when to when; which are revoked."""
        if ring_file is None or not ring_file.is_file():
            raise RefusedError(404, "there are no keys here")
        headers = {"Cache-Control": "no-cache"}
        return Response(ring_file.read_bytes(), 200, headers, "application/json")

    @api.get("/v1/zones", response_class=GeoJson, response_model=FeatureCollection)
    def zones(request: Request) -> Response:
        """Zones as GeoJSON: outline, name, seconds to shelter, people."""
        tag = f'"{board.zones_version}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        return GeoJson(board.zones, headers={"ETag": tag})

    @api.get("/v1/places")
    def names_and_outlines(request: Request) -> Response:
        """Names and outlines of all zones, small enough for a phone to search."""
        return outlines.answer(request)

    @api.get("/v1/state", response_model=State)
    def state(wish: Annotated[Wish, Depends(asked)]) -> dict[str, Any]:
        """Live alerts, and the all-clears of the last ten minutes."""
        return board.state(wish)

    @api.get("/v1/alerts.geojson", response_class=GeoJson, response_model=FeatureCollection)
    def alerts() -> Response:
        """Live alerts with the outlines of their zones."""
        wanted = board.alerts
        features = [
            {**feature, "properties": wanted[feature["properties"]["zone_id"]]}
            for feature in (json.loads(board.zones)["features"] if wanted else [])
            if feature["properties"]["zone_id"] in wanted
        ]
        body = {"type": "FeatureCollection", "features": features}
        return GeoJson(compact(body).encode())

    @api.get("/v1/cap/{name}", response_class=CapFile, responses=NONE)
    def cap(name: str) -> FileResponse:
        """A CAP 1.2 message, IDENTIFIER.xml; `feed.atom`; `messages.jsonl`, all of them.

        Self-drills, of status Test, stand in `drill.atom` alone.
        """
        listed = name in CAP_LISTS or CAP_NAME.fullmatch(name)
        path = cap_folder / name if cap_folder and listed else None
        if path is None or not path.is_file():
            raise RefusedError(404, "no such message")
        return FileResponse(path, media_type=CAP_TYPES[name.rpartition(".")[2]])

    @api.get("/v1/stream")
    async def stream(
        wish: Annotated[Wish, Depends(asked)],
        after: Annotated[str, Query(description="id of the last message heard")] = "",
        last_event_id: Annotated[str, Header()] = "",
    ) -> EventStream:
        """Server-sent events: `state` at once, `alerts` on change, `heartbeat`.

        Who names the last message it heard is told what it missed (`alerts`) instead of
        the whole `state`, while that is still known.
        """

        heard = last_event_id or after
        return EventStream(
            board.public.read(
                lambda: greeting(board, wish, heard), wish, lambda: heartbeat(board)
            )
        )

    api.include_router(push_routes(desk))
    api.include_router(socket_routes(board, asked))
    return api


class Outlines:
    """Names and outlines, made and packed once for each version of the zones."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._version = ""
        self._body = b""
        self._making = threading.Lock()

    def answer(self, request: Request) -> Response:
        """Packed; whoever names the version it is for may keep it for good."""
        version = self._board.zones_version
        if not version:
            raise RefusedError(503, "zones are not loaded yet")
        tag = f'"{version}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        with self._making:
            if version != self._version:
                self._body = gzip.compress(places(self._board.zones, version))
                self._version = version
        named = request.query_params.get("version") == version
        keep = "public, max-age=31536000, immutable" if named else "no-cache"
        headers = {"ETag": tag, "Cache-Control": keep, "Vary": "Accept-Encoding"}
        body = self._body
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            body = gzip.decompress(body)
        return Response(body, media_type="application/json", headers=headers)
