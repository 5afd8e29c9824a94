"""The public API: zone, state, time, text, state of the service. Nothing else."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse
from fastapi_offline import FastAPIOffline

from forewarn.web.board import Board
from forewarn.web.hub import compact, sent
from forewarn.web.models import State, Status
from forewarn.web.stream import EventStream


def public_api(board: Board, cap_folder: Path | None) -> FastAPI:
    """An application of its own, so that its document never names the operators'."""
    api: FastAPI = FastAPIOffline(
        title="Forewarn public API",
        version="1",
        description="Which zones are warned, what their people are told, and until when.",
        static_url="/static-docs",
    )

    @api.get("/v1/status", response_model=Status)
    def status() -> dict[str, Any]:
        """State of the service."""
        return board.status()

    @api.get("/v1/heartbeat")
    def heartbeat() -> Response:
        """The newest signed sign of life; past its `expires_s`, take silence for danger."""
        return Response(board.heartbeat, media_type="application/json")

    @api.get("/v1/zones")
    def zones(request: Request) -> Response:
        """Zones as GeoJSON: outline, name, seconds to shelter, people."""
        tag = f'"{board.zones_version}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        return Response(
            board.zones, media_type="application/geo+json", headers={"ETag": tag}
        )

    @api.get("/v1/state", response_model=State)
    def state() -> dict[str, Any]:
        """All live alerts."""
        return board.state()

    @api.get("/v1/alerts.geojson")
    def alerts() -> Response:
        """Live alerts with the outlines of their zones."""
        wanted = board.alerts
        features = [
            {**feature, "properties": wanted[feature["properties"]["zone_id"]]}
            for feature in (json.loads(board.zones)["features"] if wanted else [])
            if feature["properties"]["zone_id"] in wanted
        ]
        body = {"type": "FeatureCollection", "features": features}
        return Response(compact(body), media_type="application/geo+json")

    @api.get("/v1/cap/{name}.xml")
    def cap(name: str) -> FileResponse:
        """The CAP 1.2 message of one step: ALERT_ID-STEP.xml."""
        plain = name.replace("-", "").isalnum()
        path = cap_folder / f"{name}.xml" if cap_folder and plain else None
        if path is None or not path.is_file():
            raise HTTPException(404, "no such message")
        return FileResponse(path, media_type="application/cap+xml")

    @api.get("/v1/stream")
    async def stream() -> EventStream:
        """Server-sent events: `state` at once, `alerts` on change, `heartbeat`."""
        first = [
            sent("heartbeat", board.status()),
            sent("state", board.state(), board.seq),
        ]
        return EventStream(board.public.read(first))

    return api
