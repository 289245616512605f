"""Sends operations over every transport, and tells all that came back; what hangs or is cut off is an error."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.hostile.operations import Operation
from tests.hostile.values import PLACEHOLDER
from tests.tenancy.actors import Actor

LONGEST = 90
"""Seconds until an operation counts as hanging: more than the product gives any of them."""
_LONGEST_URL = 60_000
_PLAIN = '{"query": "{ __typename }"}'


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    answers: list[Any]
    """Answers of GraphQL; several of a subscription."""
    sent: str
    """The request as it was sent, with what the placeholders stand for."""


@dataclass
class Caller:
    """Somebody who sends operations; their socket stays open from one to the next, so that none may harm it."""

    actor: Actor
    known: Mapping[str, list[str]]
    """What the placeholders stand for."""
    _socket: ClientConnection | None = None
    _sent: int = field(default=0)

    async def send(self, operation: Operation) -> Answered:
        """Send it and wait for all of its answer, of a subscription until something sent after it is answered."""
        body = PLACEHOLDER.sub(self._meant, json.dumps(operation.payload))
        async with asyncio.timeout(LONGEST):
            if operation.transport == "WebSocket":
                return await self._over_socket(operation, body)
            if operation.transport == "SSE":
                return await self._as_events(operation, body)
            if operation.transport == "GET" and isinstance(payload := json.loads(body), dict):
                query = _query(payload)
                if len(query) < _LONGEST_URL:
                    headers = {
                        **self.actor.headers,
                        "accept": "application/graphql-response+json, text/event-stream",
                    }
                    return await self._answered(operation, "GET", f"/graphql?{query}", body, headers)
            return await self._answered(operation, "POST", "/graphql", body, self._posting)

    async def leave(self) -> None:
        """Close the socket, if there is one."""
        if self._socket is not None:
            await self._socket.close()

    @property
    def _posting(self) -> dict[str, str]:
        return {**self.actor.headers, "content-type": "application/json"}

    def _meant(self, match: "Any") -> str:
        known = self.known[match[1]]
        return known[int(match[2]) % len(known)]

    async def _as_events(self, operation: Operation, body: str) -> Answered:
        headers = {**self._posting, "accept": "text/event-stream"}
        return await self._answered(operation, "POST", "/graphql", body, headers)

    async def _answered(
        self, operation: Operation, method: str, url: str, body: str, headers: dict[str, str]
    ) -> Answered:
        content = None if method == "GET" else body.encode()
        request = self.actor.http.build_request(method, url, content=content, headers=headers)
        response = await self.actor.http.send(request, stream=True)
        try:
            if not response.headers["content-type"].startswith("text/event-stream"):
                await response.aread()
                return Answered(response.status_code, [response.json()], body)
            answers: list[Any] = []
            reading = asyncio.create_task(_events(response, answers))
            if operation.kind == "subscription":
                passed = asyncio.create_task(
                    self.actor.http.post("/graphql", content=_PLAIN, headers=self._posting)
                )
                await asyncio.wait({reading, passed}, return_when=asyncio.FIRST_COMPLETED)
                await passed
                reading.cancel()
                await asyncio.wait({reading})
            else:
                await reading
            return Answered(response.status_code, answers, body)
        finally:
            await response.aclose()

    async def _over_socket(self, operation: Operation, body: str) -> Answered:
        if self._socket is None:
            self._socket = await self._connected()
        self._sent += 1
        socket, id, after = self._socket, f"{self._sent}", f"{self._sent} after"
        answers: list[Any] = []
        try:
            await socket.send(f'{{"id": "{id}", "type": "subscribe", "payload": {body}}}')
            if operation.kind != "subscription":
                await _until(socket, id, answers)
            else:
                await socket.send(f'{{"id": "{after}", "type": "subscribe", "payload": {_PLAIN}}}')
                await _until(socket, after, answers)
                await socket.send(f'{{"id": "{id}", "type": "complete"}}')
        except ConnectionClosed:
            self._socket = None
            raise
        return Answered(200, answers, body)

    async def _connected(self) -> ClientConnection:
        url = f"{str(self.actor.http.base_url).replace('http', 'ws', 1).rstrip('/')}/graphql"
        protocol = Subprotocol("graphql-transport-ws")
        socket = await connect(url, subprotocols=[protocol], compression=None, max_size=None)
        given = {"token": self.actor.token} if self.actor.token else {}
        await socket.send(json.dumps({"type": "connection_init", "payload": given}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        return socket


@asynccontextmanager
async def calling(actor: Actor, known: Mapping[str, list[str]]) -> AsyncIterator[Caller]:
    """Somebody who sends operations, until the end."""
    caller = Caller(actor, known)
    yield caller
    await caller.leave()


def _query(payload: Mapping[str, Any]) -> str:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in payload.items()}
    return urlencode(texts, errors="surrogatepass")


async def _events(response: httpx.Response, answers: list[Any]) -> None:
    # Lines end with a line feed alone; httpx would break them at others, which a text may hold.
    rest = b""
    async for part in response.aiter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        answers += [
            json.loads(data)
            for line in lines
            if line.startswith(b"data:") and (data := line.removeprefix(b"data:").strip())
        ]


async def _until(socket: ClientConnection, id: str, answers: list[Any]) -> None:
    """Read messages until an operation has ended; what belongs to others before it counts as well."""
    while True:
        message = json.loads(await socket.recv())
        if message["type"] == "next":
            answers.append(message["payload"])
        elif message["type"] == "error":
            answers.append({"errors": message["payload"]})
        if message.get("id") == id and message["type"] in ("error", "complete"):
            return
