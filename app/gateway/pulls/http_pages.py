"""Pages of outside systems over HTTP: JSON that holds items, and says where the next page is."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from domain.gateway.bodies import NotEvents, TooManyValues, read_json, value_at
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.terms import LONGEST_CURSOR, Pagination
from domain.gateway.outcomes import DEEPEST
from domain.gateway.webhook_signature import SecretUnreadable, WebhookSecrets
from domain.kit.clock import Clock
from domain.kit.imports.json_objects import BRACKETS
from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.process.http_client import HttpAnswer, HttpClient, HttpRequest, NoHttpAnswer, pause_of
from domain.kit.process.web_address import read_web_address

LARGEST = 4 * 1024 * 1024
"""Bytes of a page."""
MOST_IN_PAGE = 5_000
"""Items of a page."""
_SECONDS = 30.0
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel=(?:"(?:[^"]* )?next(?: [^"]*)?"|next\b)', re.IGNORECASE)
_DEEPEST = 2 * DEEPEST
"""What lies deeper in a page lies deeper than `DEEPEST` in an item."""
_AGAIN = (408, 425, 429)

# JSON of any shape, hence Any.
Json = Any


@dataclass(frozen=True, slots=True)
class HttpPage:
    """A page of an outside system."""

    items: list[Json]
    next: str | None
    """The cursor of the page behind it; of the last one, where the next pull begins if that is known."""
    over: bool
    """Whether it is the last."""


class PageReader(Protocol):
    """Reads pages of outside systems."""

    async def read(self, connector: Connector, cursor: str | None) -> HttpPage:
        """The page at a cursor. Raises EffectRefused and EffectFailed, each with a word."""
        ...


class HttpPages(PageReader):
    """Asks for pages as connectors say, of public addresses alone."""

    def __init__(self, http: HttpClient, secrets: WebhookSecrets, clock: Clock, tools: PageReader) -> None:
        """``http`` reads answers of more than `LARGEST` bytes; ``tools``: the pages of tools that are known."""
        self._http, self._secrets, self._clock, self._tools = http, secrets, clock, tools

    async def read(self, connector: Connector, cursor: str | None) -> HttpPage:
        if connector.tool is not None:
            return await self._tools.read(connector, cursor)
        url = _address(connector, cursor)
        request = HttpRequest(
            url=url, method="GET", headers={**self._header(connector), "Accept": "application/json"}
        )
        try:
            answer = await self._http.send(request, seconds=_SECONDS)
        except NoHttpAnswer as none:
            raise EffectFailed(none.failure.value) from None
        require_good(answer, self._clock, largest=LARGEST)
        # Others have their turn.
        body = await asyncio.to_thread(read_page, partial(json_in, answer.body))
        items = listed(value_at(body, connector.items_path), most=MOST_IN_PAGE)
        following = _storable(_next(connector, url, cursor, body, answer, items))
        return HttpPage(items, following, over=not items or following in (None, cursor))

    def _header(self, connector: Connector) -> dict[str, str]:
        if connector.header is None:
            return {}
        name, _, value = opened_secret(self._secrets, connector).partition(":")
        return {name.strip(): value.strip()}


def opened_secret(secrets: WebhookSecrets, connector: Connector) -> str:
    """What lets a connector in. Raises EffectFailed, as operators may set the former key again."""
    try:
        return secrets.open(connector.id, connector.header or "")
    except SecretUnreadable:
        raise EffectFailed("secret_unreadable") from None


def require_good(answer: HttpAnswer, clock: Clock, *, largest: int) -> None:
    """Raise EffectFailed for what another try may put right, and EffectRefused for what else is no page."""
    if answer.status in _AGAIN or answer.status >= 500:
        raise EffectFailed(f"http_{answer.status}", after=pause_of(answer, clock.now()))
    if not 200 <= answer.status < 300:
        raise EffectRefused(f"http_{answer.status}")
    if len(answer.body) > largest:
        raise EffectRefused("page_too_large")


def json_in(body: bytes) -> Json:
    """What a body says; of what is nested too deeply to be read, as much as makes an event too deep. Raises
    NotEvents, UnicodeDecodeError and TooManyValues."""
    text = body.decode("utf-8-sig")
    try:
        return read_json(text)
    except NotEvents:
        return read_json(_emptied(text))


def _emptied(text: str) -> str:
    """The same JSON with nothing in what is nested so deeply that it is in no event."""
    kept, depth, at = list[str](), 0, 0
    for found in BRACKETS.finditer(text):
        if found.group() in ("{", "["):
            depth += 1
            if depth == _DEEPEST:
                kept.append(text[at : found.end()])
        elif found.group() in ("}", "]"):
            if depth == _DEEPEST:
                at = found.start()
            depth -= 1
    return "".join((*kept, text[at:]))


def read_page(read: Callable[[], Json]) -> Json:
    """What is read. Raises EffectFailed for what is no JSON: it may have been cut off on its way; and
    EffectRefused for what holds more than is read."""
    try:
        return read()
    except TooManyValues:
        raise EffectRefused("page_too_large") from None
    except (NotEvents, UnicodeDecodeError):
        raise EffectFailed("not_json") from None


def listed(items: Json, *, most: int) -> list[Json]:
    """The items of a page. Raises EffectRefused for what is no list of them, or too long a one."""
    if not isinstance(items, list):
        raise EffectRefused("no_items")
    if len(items) > most:
        raise EffectRefused("page_too_large")
    return items


def as_text(value: Json) -> str | None:
    """An id or a cursor as text; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    return text if text and text.isprintable() else None


def _address(connector: Connector, cursor: str | None) -> str:
    if cursor is None or connector.parameter is None:
        return cursor or connector.url
    parts = urlsplit(connector.url)
    query = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != connector.parameter
    ]
    return parts._replace(query=urlencode([*query, (connector.parameter, cursor)])).geturl()


def _next(
    connector: Connector, url: str, cursor: str | None, body: Json, answer: HttpAnswer, items: list[Json]
) -> str | None:
    match connector.pagination:
        case Pagination.CURSOR:
            return as_text(value_at(body, connector.cursor_path))
        case Pagination.LAST_ITEM:
            return as_text(value_at(items[-1], connector.cursor_path)) if items else None
        case Pagination.PAGE:
            return str(int(cursor or "1") + 1) if items else None
        case Pagination.LINK:
            link = _NEXT.search(answer.headers.get("link", ""))
            if link is None:
                return None
            return linked_page(connector.url, url, str(link[1]))


def linked_page(first: str, page: str, link: str) -> str:
    """The address that a link of a page leads to. Raises EffectRefused unless it is at the same host as the first
    page, read as the client reads it: the header that lets us in is for that host alone."""
    try:
        own, other = read_web_address(first), read_web_address(urljoin(page, link))
    except ValueError:
        raise EffectRefused("link_elsewhere") from None
    if (own.scheme, own.host, own.port) != (other.scheme, other.host, other.port):
        raise EffectRefused("link_elsewhere")
    return str(other)


def _storable(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    if len(cursor) > LONGEST_CURSOR or not cursor.isprintable():
        raise EffectRefused("cursor_unsuitable")
    return cursor
