"""The documentation that came with the code, as pages: what the links of the page for developers lead to."""

import base64
import hashlib
import posixpath
import re
from collections.abc import Mapping, MutableMapping, Sequence
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from api.kit.http.problems import problem

_ROOT = Path(__file__).parents[2]
_STYLE = (
    "body{font:1rem/1.6 system-ui,sans-serif;max-width:54rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "pre{overflow:auto;padding:1rem;background:#f6f8fa}code{font-size:.9em}table{border-collapse:collapse}"
    "td,th{border:1px solid #d0d7de;padding:.3rem .6rem;text-align:left;vertical-align:top}a{color:#0550ae}"
)
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
_CODE = re.compile(r"<tr>\n<td><code>(\w+)</code></td>")
"""The first cell of a row about a code, such as that of an error, to which a link may lead."""


def documentation() -> dict[str, Path]:
    """The pages of the documentation that came with the code, by their addresses."""
    docs = _ROOT / "docs"
    found = {f"/docs/{path.relative_to(docs).as_posix()}": path for path in sorted(docs.rglob("*.md"))}
    # An image has this one alone.
    return {"/docs/README.md": _ROOT / "README.md", **found}


def documentation_routes() -> list[BaseRoute]:
    """The documentation as pages, with the links alone that lead to another of them, or elsewhere."""
    pages = documentation()

    async def show(request: Request) -> Response:
        page = pages.get(request.url.path)
        if page is None:
            return problem(404, "not_found", "There is nothing at this path.")
        return HTMLResponse(_shown(page), headers=_HEADERS)

    return [Route("/docs/{path:path}", show)]


@cache
def _shown(page: Path) -> str:
    text = page.read_text()
    # What is written as HTML is shown as text.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    addresses = {path: address for address, path in documentation().items()}
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            before.attrSet("id", _anchor(token.content))
        if token.children is not None:
            token.children = _followed(token.children, page, addresses)
    environment: MutableMapping[str, object] = {}
    written = str(markdown.renderer.render(tokens, markdown.options, environment))
    body = _CODE.sub(r'<tr id="\1"><td><code>\1</code></td>', written)
    title = escape(text.partition("\n")[0].lstrip("# "))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<p><a href="/">Headwater</a> · <a href="/docs/README.md">Documentation</a></p>{body}</body></html>'
    )


def _followed(tokens: Sequence[Token], page: Path, addresses: Mapping[Path, str]) -> list[Token]:
    """The same without links to what is not served; their words stay."""
    kept: list[Token] = []
    open_links: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            target = _target(str(token.attrGet("href")), page, addresses)
            open_links.append(target is not None)
            if target is None:
                continue
            token.attrSet("href", target)
        elif token.type == "link_close" and not open_links.pop():
            continue
        kept.append(token)
    return kept


def _target(href: str, page: Path, addresses: Mapping[Path, str]) -> str | None:
    parts = urlsplit(href)
    if parts.scheme or not parts.path:
        return href
    file = Path(posixpath.normpath(page.parent / parts.path))
    address = addresses.get(file)
    return None if address is None else address + (f"#{parts.fragment}" if parts.fragment else "")


def _anchor(heading: str) -> str:
    """The name of a heading, as repositories on the web have it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
