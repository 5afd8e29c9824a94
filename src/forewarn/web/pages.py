"""The web application: three pages, two APIs, strict headers."""

from collections.abc import Mapping
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
# no script, style or handler that is written into a page runs; maplibre works in a worker
# made from a blob
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self' blob:; "
    "child-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}


class Guarded:
    """Puts strict headers on every answer; what operators see is kept by no cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope["path"].startswith("/api/operators/"):
                    headers["Cache-Control"] = "no-store"
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await self._app(scope, receive, send_guarded)


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

    @app.get("/signin")
    def signin_page() -> Response:
        return _page("signin.html")

    if STATIC.is_dir():
        app.mount("/", StaticFiles(directory=STATIC), name="static")
    return app


def _page(name: str) -> Response:
    path = STATIC / name
    if not path.is_file():
        return HTMLResponse(UNBUILT)
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
