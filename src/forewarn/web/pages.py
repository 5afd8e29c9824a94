"""The web application: two pages, two APIs, strict headers."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
UNBUILT = (
    "<!doctype html><meta charset=utf-8><title>Forewarn</title><p>The service runs; its "
    "pages are not built. Run <code>make setup</code>."
)
# maplibre draws with styles set from script, and works in a worker made from a blob
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; "
    "child-src 'self' blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)


class Guarded:
    """Strict headers on every answer; no stream is held up for them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                if not scope["path"].endswith("/docs"):
                    headers["Content-Security-Policy"] = POLICY
            await send(message)

        await self._app(scope, receive, guarded)


def web_application(public: ASGIApp, operators: ASGIApp, health: APIRouter) -> FastAPI:
    """`/` for everyone, `/console` for operators, the APIs below /api, signs of health."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guarded)
    app.mount("/api/public", public)
    app.mount("/api/operators", operators)
    app.include_router(health)

    @app.get("/")
    def public_page() -> Response:
        return _page("index.html")

    @app.get("/console")
    def console_page() -> Response:
        return _page("console.html")

    if STATIC.is_dir():
        app.mount("/", StaticFiles(directory=STATIC), name="static")
    return app


def _page(name: str) -> Response:
    path = STATIC / name
    if not path.is_file():
        return HTMLResponse(UNBUILT)
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
