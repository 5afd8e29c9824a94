"""The web application: three pages, two APIs, strict headers."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
UNBUILT = (
    "<!doctype html><meta charset=utf-8><title>Forewarn</title><p>The service runs; its "
    "pages are not built. Run <code>make setup</code>."
)
# maplibre works in a worker; styles that scripts set one by one need no 'unsafe-inline'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; manifest-src 'self'; "
    "worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
STRICT = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
}


class Guarded:
    """Strict headers on every answer; what operators see is kept by no cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(STRICT)
                if scope["path"].startswith("/api/operators/"):
                    headers["Cache-Control"] = "no-store"
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await self._app(scope, receive, guarded)


class Packed(StaticFiles):
    """Files as they were packed when built, NAME.gz beside NAME, to whoever takes that.

    Names below `assets/` carry a hash of what is in them: they may be kept for good.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, packed if possible."""
        takes = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        gzipped = takes and self.lookup_path(path + ".gz")[1] is not None
        response = await super().get_response(path + ".gz" if gzipped else path, scope)
        if gzipped:
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Type"] = TYPES[Path(path).suffix]
        response.headers["Vary"] = "Accept-Encoding"
        hashed = path.startswith("assets/") and response.status_code == 200
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if hashed else "no-cache"
        )
        return response


TYPES = {  # of what the build packs
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


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
        app.mount("/", Packed(directory=STATIC), name="static")
    return app


def _page(name: str) -> Response:
    path = STATIC / name
    if not path.is_file():
        return HTMLResponse(UNBUILT)
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
