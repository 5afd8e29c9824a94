"""The public API: zone, state, time, text, state of the service. Nothing else."""

import json
import re
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from sse_starlette import EventSourceResponse

from forewarn.web.board import Board
from forewarn.web.documents import documented
from forewarn.web.hub import compact
from forewarn.web.models import FeatureCollection, State, Status
from forewarn.web.refusal import RefusedError, Why

_NONE: dict[int | str, dict[str, Any]] = {
    404: {"content": {"application/json": {"schema": Why.model_json_schema()}}}
}
_CAP_NAME = re.compile(r"[A-Za-z0-9-]{1,128}\.xml")


class GeoJson(JSONResponse):
    """Outlines on a map, written already."""

    media_type = "application/geo+json"

    def render(self, content: bytes) -> bytes:
        return content


class CapFile(FileResponse):
    """A CAP message."""

    media_type = "application/cap+xml"


CAP_LISTS = ("feed.atom", "messages.jsonl")
CAP_TYPES = {
    "xml": "application/cap+xml",
    "atom": "application/atom+xml",
    "jsonl": "application/jsonl",
}


def public_api(board: Board, cap_folder: Path | None) -> FastAPI:
    """An application of its own, so that its document never names the operators'."""
    api = documented(
        "Forewarn public API",
        description="Which zones are warned, what their people are told, and until when.",
    )

    @api.get("/v1/status", response_model=Status)
    def status() -> dict[str, Any]:
        """State of the service."""
        return board.status()

    @api.get("/v1/heartbeat")
    def heartbeat() -> Response:
        """The newest signed sign of life; past its `expires_s`, take silence for danger."""
        return Response(board.heartbeat, media_type="application/json")

    @api.get("/v1/zones", response_class=GeoJson, response_model=FeatureCollection)
    def zones(request: Request) -> Response:
        """Zones as GeoJSON: outline, name, seconds to shelter, people."""
        tag = f'"{board.zones_version}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        return GeoJson(board.zones, headers={"ETag": tag})

    @api.get("/v1/state", response_model=State)
    def state() -> dict[str, Any]:
        """All live alerts."""
        return board.state()

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

    @api.get("/v1/cap/{name}", response_class=CapFile, responses=_NONE)
    def cap(name: str) -> FileResponse:
        """A CAP 1.2 message, IDENTIFIER.xml; or `feed.atom`; or `messages.jsonl`, all."""
        listed = name in CAP_LISTS or _CAP_NAME.fullmatch(name)
        path = cap_folder / name if cap_folder and listed else None
        if path is None or not path.is_file():
            raise RefusedError(404, "no such message")
        return FileResponse(path, media_type=CAP_TYPES[name.rpartition(".")[2]])

    @api.get("/v1/stream")
    async def stream() -> EventSourceResponse:
        """Server-sent events: `state` at once, `alerts` on change, `heartbeat`."""
        first = [
            {"event": "heartbeat", "data": compact(board.status())},
            {"event": "state", "data": compact(board.state()), "id": str(board.seq)},
        ]
        return EventSourceResponse(board.public.read(first))

    return api
