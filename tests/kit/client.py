"""A client of the product: sends the published documents, by name, over HTTP, WebSocket and SSE."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.kit.documents import operations

# Answers are JSON of the operation's own shape.
Answer = dict[str, Any]


@dataclass
class Client:
    """Somebody with a token. Ids are texts, as in JSON."""

    http: httpx.AsyncClient
    token: str
    tenant: UUID = field(default_factory=uuid4)
    user: UUID = field(default_factory=uuid4)

    @property
    def me(self) -> str:
        """The user's id as the API writes it."""
        return str(self.user)

    async def post(self, query: str, variables: Mapping[str, object] | None = None) -> httpx.Response:
        """The response to a document of the test's own."""
        body = {"query": query, "variables": variables or {}}
        return await self.http.post("/graphql", json=body, headers=self._headers())

    async def answer(self, operation: str, **variables: object) -> Answer:
        """The whole answer to a published operation; its status is 200."""
        response = await self.post(operations()[operation], variables)
        assert response.status_code == 200, response.text
        answer: Answer = response.json()
        return answer

    async def send(self, operation: str, **variables: object) -> Any:
        """What the operation's one root field answers; errors fail the test."""
        answer = await self.answer(operation, **variables)
        assert "errors" not in answer, answer
        (value,) = answer["data"].values()
        return value

    async def error(self, operation: str, **variables: object) -> tuple[str, str]:
        """Code and message of the one error that the operation is answered with."""
        answer = (await self.post(operations()[operation], variables)).json()
        (error,) = answer["errors"]
        return error["extensions"]["code"], error["message"]

    @asynccontextmanager
    async def watching(self, operation: str, **variables: object) -> AsyncIterator[AsyncGenerator[Any, None]]:
        """The messages of a subscription over graphql-transport-ws, each the root field's value."""
        async with self.socket() as socket:
            await socket.send(subscribe("1", operation, variables))
            messages = _messages(socket)
            yield messages
            await messages.aclose()

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[ClientConnection]:
        """An open connection of graphql-transport-ws."""
        url = f"{str(self.http.base_url).replace('http', 'ws', 1).rstrip('/')}/graphql"
        protocol = Subprotocol("graphql-transport-ws")
        async with connect(url, subprotocols=[protocol], compression=None) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": {"token": self.token}}))
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
            yield socket

    @asynccontextmanager
    async def streaming(
        self, operation: str, **variables: object
    ) -> AsyncIterator[AsyncGenerator[Any, None]]:
        """The messages of a subscription over SSE, each the root field's value; at last why it was broken off."""
        body = {"query": operations()[operation], "variables": variables}
        headers = self._headers() | {"accept": "text/event-stream"}
        async with self.http.stream("POST", "/graphql", json=body, headers=headers) as response:
            assert response.status_code == 200
            messages = _events(response)
            yield messages
            await messages.aclose()

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


def subscribe(id: str, operation: str, variables: Mapping[str, object]) -> str:
    """The message that starts a published operation on a socket."""
    payload = {"query": operations()[operation], "variables": variables}
    return json.dumps({"id": id, "type": "subscribe", "payload": payload})


async def _messages(socket: ClientConnection) -> AsyncGenerator[Any, None]:
    async for text in socket:
        message = json.loads(text)
        if message["type"] == "ping":
            continue
        if message["type"] == "complete":
            return
        yield _value(message["payload"]) if message["type"] == "next" else {"errors": message["payload"]}


async def _events(response: httpx.Response) -> AsyncGenerator[Any, None]:
    async for line in response.aiter_lines():
        if line.startswith(": "):
            yield {"broken off": line.removeprefix(": ")}
        if line.startswith("data:") and (data := line.removeprefix("data:").strip()):
            yield _value(json.loads(data))


def _value(answer: Answer) -> Any:
    if answer.get("errors"):
        return {"errors": answer["errors"]}
    (value,) = answer["data"].values()
    return value
