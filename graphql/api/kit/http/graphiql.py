"""GraphiQL, the in-browser editor, from assets that a Python package ships."""

import html
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

_HERE = Path(__file__).parent
# Only its static files are used: the package has no dependencies and none of its code runs.
_PACKAGE = ("graphene_django_graphiql_static", "static/graphene_django_graphiql_static")
DOOR = (_HERE / "graphiql_door.html").read_text()
"""The form of the page, which `graphiql/door.js` makes work on any page of this server."""
_SCRIPTS = {"start.js": "graphiql.js", "door.js": "graphiql_door.js"}
_HEADERS = {
    # GraphiQL writes style attributes, and its style sheet embeds its fonts. Nothing is of another origin.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, kw_only=True)
class EditorTab:
    """A document that a new visitor finds in a tab, with an example of its variables."""

    document: str
    # JSON of any shape.
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EditorVisitor:
    """Somebody as whom a visitor may sign in."""

    email: str
    what: str
    """What they are, as ``owner of Brightside Goods``."""


async def _nobody() -> Sequence[EditorVisitor]:
    return ()


@dataclass(frozen=True, kw_only=True)
class EditorPage:
    """What the page shows besides the editor.

    With ``door``, the path below which people sign in, the page has a form for that; an address that ends in
    `#email=...&password=...` fills it in, and its fragment is never sent to a server.
    """

    title: str = "GraphiQL"
    door: str = ""
    about: str = ""
    """What this is, in a sentence or two."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Where to read on: addresses by what they are called."""
    tabs: Sequence[EditorTab] = ()
    visitors: Callable[[], Awaitable[Sequence[EditorVisitor]]] = _nobody
    """Asked at each visit; who may be told to anybody."""
    password: str = ""
    """Where visitors find the password of these, in a sentence."""


def graphiql_routes(endpoint: str, shown: EditorPage) -> list[BaseRoute]:
    """The editor at `/` for the GraphQL endpoint at this path, and what it loads."""
    page = (_HERE / "graphiql.html").read_text()
    tabs = [
        {"query": tab.document, "variables": orjson.dumps(tab.variables, option=orjson.OPT_INDENT_2).decode()}
        for tab in shown.tabs
    ]
    for name, text in {
        "title": shown.title,
        "endpoint": endpoint,
        "door": shown.door,
        "tabs": orjson.dumps(tabs).decode(),
    }.items():
        page = page.replace(f"{{{name}}}", html.escape(text), 1)
    before, _, after = page.replace("{form}", DOOR, 1).partition("{intro}")
    scripts = {name: (_HERE / file).read_text() for name, file in _SCRIPTS.items()}

    async def show(_: Request) -> Response:
        intro = _intro(shown, await shown.visitors())
        return HTMLResponse(f"{before}{intro}{after}", headers=_HEADERS)

    return [
        Route("/", show),
        *(Route(f"/graphiql/{name}", _script(text)) for name, text in scripts.items()),
        Mount("/graphiql/assets", StaticFiles(packages=[_PACKAGE])),
    ]


def _intro(shown: EditorPage, visitors: Sequence[EditorVisitor]) -> str:
    links = " ".join(
        f'<a href="{html.escape(address)}">{html.escape(name)}</a>' for name, address in shown.links.items()
    )
    people = "".join(
        f'<li><button type="button" data-email="{html.escape(visitor.email)}">{html.escape(visitor.email)}'
        f"</button> {html.escape(visitor.what)}</li>"
        for visitor in visitors
    )
    listed = (
        f'<details id="people"><summary>Demo accounts</summary><p>{html.escape(shown.password)}</p>'
        f"<ul>{people}</ul></details>"
    )
    return f"<p>{html.escape(shown.about)} {links}</p>{listed if people else ''}"


def _script(text: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return Response(text, media_type="text/javascript", headers={"cache-control": "no-cache"})

    return answer
