"""The built-in page at ``/``, to ask and to see whether it works and how fast, without Grafana.

It has three static files. The policy allows only scripts, styles and connections of this server.
"""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

_FOLDER = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def router() -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def page() -> Response:
        return FileResponse(_FOLDER / "index.html", headers=_HEADERS)

    @routes.get("/page/page.css")
    async def style() -> Response:
        return FileResponse(_FOLDER / "page.css", headers=_HEADERS)

    @routes.get("/page/page.js")
    async def script() -> Response:
        return FileResponse(_FOLDER / "page.js", headers=_HEADERS)

    return routes
