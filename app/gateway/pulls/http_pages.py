"""Pages of outside systems over HTTP: JSON that holds items, and says where the next page is."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from domain.gateway.bodies import NotEvents, read_json, value_at
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.terms import LONGEST_CURSOR, Pagination
from domain.gateway.webhook_signature import SecretUnreadable, WebhookSecrets
from domain.kit.clock import Clock
from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.process.http_client import HttpAnswer, HttpClient, HttpRequest, NoHttpAnswer, pause_of
from domain.kit.process.web_address import read_web_address

LARGEST = 4 * 1024 * 1024
"""Bytes of a page."""
MOST_IN_PAGE = 5_000
"""Items of a page."""
_SECONDS = 30.0
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel=(?:"(?:[^"]* )?next(?: [^"]*)?"|next\b)', re.IGNORECASE)
_AGAIN = (408, 425, 429)

# JSON of any shape, hence Any.
Json = Any


@dataclass(frozen=True, slots=True)
class HttpPage:
    """A page of an outside system."""

    items: list[Json]
    next: str | None
    """The cursor of the page behind it; None: it is the last."""


class HttpPages:
    """Asks for pages as connectors say, of public addresses alone."""

    def __init__(self, http: HttpClient, secrets: WebhookSecrets, clock: Clock) -> None:
        """``http`` reads answers of more than `LARGEST` bytes."""
        self._http, self._secrets, self._clock = http, secrets, clock

    async def read(self, connector: Connector, cursor: str | None) -> HttpPage:
        """The page at a cursor. Raises EffectRefused and EffectFailed, each with a word."""
        url = _address(connector, cursor)
        request = HttpRequest(
            url=url, method="GET", headers={**self._header(connector), "Accept": "application/json"}
        )
        try:
            answer = await self._http.send(request, seconds=_SECONDS)
        except NoHttpAnswer as none:
            raise EffectFailed(none.failure.value) from None
        if answer.status in _AGAIN or answer.status >= 500:
            raise EffectFailed(f"http_{answer.status}", after=pause_of(answer, self._clock.now()))
        if not 200 <= answer.status < 300:
            raise EffectRefused(f"http_{answer.status}")
        if len(answer.body) > LARGEST:
            raise EffectRefused("page_too_large")
        try:
            # Others have their turn.
            body = await asyncio.to_thread(_read, answer.body)
        except (NotEvents, UnicodeDecodeError):
            # It may have been cut off on its way.
            raise EffectFailed("not_json") from None
        items = value_at(body, connector.items_path)
        if not isinstance(items, list):
            raise EffectRefused("no_items")
        if len(items) > MOST_IN_PAGE:
            raise EffectRefused("page_too_large")
        return HttpPage(items, _storable(_next(connector, url, cursor, body, answer, items)))

    def _header(self, connector: Connector) -> dict[str, str]:
        if connector.header is None:
            return {}
        try:
            name, _, value = self._secrets.open(connector.id, connector.header).partition(":")
        except SecretUnreadable:
            # Operators may set the former key again.
            raise EffectFailed("secret_unreadable") from None
        return {name.strip(): value.strip()}


def _read(body: bytes) -> Json:
    """What a body says. Raises NotEvents and UnicodeDecodeError."""
    return read_json(body.decode())


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
