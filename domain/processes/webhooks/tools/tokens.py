"""Tokens of tools: asked for with credentials, and kept in memory until they end."""

import re
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from cachetools import LRUCache

from domain.kit.process.http_client import HttpAnswer, HttpClient, HttpRequest
from domain.processes.webhooks.tools.protocol import Target, decoded

_TOKENS = 1_000
_TOKEN = re.compile("[!-~]{1,16384}")
"""What a header can say; so many of them are kept."""
_UNAUTHORIZED = 401


class NoToken(Exception):
    """No token is given for these credentials; ``answer`` says what was said instead."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__("sign_in_refused")
        self.answer = answer


class SignIn(Protocol):
    """A tool that gives tokens, which end, for credentials."""

    def sign_in(self, to: Target) -> HttpRequest:
        """What asks for a token."""
        ...


class TokenCaller:
    """Calls tools with tokens, which are kept while address and credentials stay the same."""

    def __init__(self, http: HttpClient, seconds: float) -> None:
        self._http, self._seconds = http, seconds
        self._tokens: LRUCache[tuple[UUID, str, str], str] = LRUCache(_TOKENS)

    async def send(
        self, tool: SignIn, key: tuple[UUID, str, str], to: Target, request: HttpRequest
    ) -> HttpAnswer:
        """Send a request with a token; instead of one that has ended another is asked for, once. ``key``: whose
        token it is, for which address and sealed credentials. Raises NoHttpAnswer and NoToken.
        """
        if kept := self._tokens.get(key):
            answer = await self._send(request, kept)
            if answer.status != _UNAUTHORIZED:
                return answer
        answer = await self._http.send(tool.sign_in(to), seconds=self._seconds)
        if (token := _token(answer)) is None:
            raise NoToken(answer)
        self._tokens[key] = token
        return await self._send(request, token)

    async def _send(self, request: HttpRequest, token: str) -> HttpAnswer:
        let_in = replace(request, headers={**request.headers, "Authorization": f"Bearer {token}"})
        return await self._http.send(let_in, seconds=self._seconds)


def _token(answer: HttpAnswer) -> str | None:
    said = decoded(answer)
    found = said.get("access_token") if answer.status == 200 and isinstance(said, dict) else None
    return found if isinstance(found, str) and _TOKEN.fullmatch(found) else None
