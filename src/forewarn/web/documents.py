"""An API's own document, with a page to try it that runs no script written into it."""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from fastapi_offline import FastAPIOffline

from forewarn.web.refusal import answer_refusals

_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    '<link rel="icon" href="data:,">'
    '<link rel="stylesheet" href="static-docs/swagger-ui.css"><div id="swagger-ui"></div>'
    '<script src="static-docs/swagger-ui-bundle.js"></script>'
    '<script src="docs.js"></script>'
)
_SCRIPT = (
    'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, '
    "presets: [SwaggerUIBundle.presets.apis]});"
)


def documented(title: str, **more: Any) -> FastAPI:
    """An application of its own, its document at /openapi.json, a page for it at /docs."""
    api: FastAPI = FastAPIOffline(
        docs_url=None, redoc_url=None, title=title, version="1", static_url="/static-docs",
        **more,
    )  # fmt: skip
    answer_refusals(api)

    @api.get("/docs", include_in_schema=False)
    def page() -> Response:
        return HTMLResponse(_PAGE.format(title=title))

    @api.get("/docs.js", include_in_schema=False)
    def script() -> Response:
        return Response(_SCRIPT, media_type="text/javascript")

    return api
