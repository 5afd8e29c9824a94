"""The web application: two pages, two APIs, strict headers."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

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


def web_application(public: ASGIApp, operators: ASGIApp, health: APIRouter) -> FastAPI:
    """`/` for everyone, `/console` for operators, the APIs below /api, signs of health."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guard(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        if not request.url.path.endswith("/docs"):
            response.headers["Content-Security-Policy"] = POLICY
        return response

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
