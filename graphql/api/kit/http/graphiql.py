"""GraphiQL, the in-browser editor, from assets that a Python package ships."""

import html
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

_HERE = Path(__file__).parent
# Only its static files are used: the package has no dependencies and none of its code runs.
_PACKAGE = ("graphene_django_graphiql_static", "static/graphene_django_graphiql_static")
_SCRIPTS = {"start.js": "graphiql.js", "door.js": "graphiql_door.js"}
_HEADERS = {
    # GraphiQL writes style attributes, and its style sheet embeds its fonts. Nothing is of another origin.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def graphiql_routes(endpoint: str, title: str, door: str = "") -> list[BaseRoute]:
    """The editor at `/` for the GraphQL endpoint at this path, and what it loads.

    With ``door``, the path below which people sign in, the page has a form for that; an address that ends in
    `#email=...&password=...` fills it in, and its fragment is never sent to a server.
    """
    page = (_HERE / "graphiql.html").read_text()
    page = page.replace("{title}", html.escape(title)).replace("{endpoint}", html.escape(endpoint))
    page = page.replace("{door}", html.escape(door))
    scripts = {name: (_HERE / file).read_text() for name, file in _SCRIPTS.items()}

    async def show(_: Request) -> Response:
        return HTMLResponse(page, headers=_HEADERS)

    return [
        Route("/", show),
        *(Route(f"/graphiql/{name}", _script(text)) for name, text in scripts.items()),
        Mount("/graphiql/assets", StaticFiles(packages=[_PACKAGE])),
    ]


def _script(text: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return Response(text, media_type="text/javascript", headers={"cache-control": "no-cache"})

    return answer
