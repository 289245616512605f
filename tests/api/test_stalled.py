"""A client that takes nothing of what is sent to it is left, whichever way it is connected."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from api.kit.execution.limits import Limits
from tests.api.test_ws import INIT, PROTOCOL
from tests.api.toy import TOKEN, toy_app

SOON = Limits(stall_seconds=0.05)
QUERY = json.dumps({"query": "{ hello }"})


async def _left(scope: dict[str, Any], messages: Sequence[dict[str, Any]], stuck: str) -> None:
    """Return once the application has given up a client that stops taking at the first piece with this word."""
    given, never = list(messages), asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not given:
            await never.wait()
        return given.pop(0)

    async def send(message: Any) -> None:
        if stuck in str(message):
            await never.wait()

    headers = [(b"authorization", f"Bearer {TOKEN}".encode()), *scope.pop("headers", [])]
    whole = {"path": "/graphql", "query_string": b"", "client": ("127.0.0.1", 1), "headers": headers, **scope}
    async with asyncio.timeout(30):
        await toy_app(SOON)(whole, receive, send)


async def test_a_websocket() -> None:
    subscribe = {"type": "subscribe", "id": "1", "payload": {"query": "{ hello }"}}
    messages = [{"type": "websocket.receive", "text": json.dumps(message)} for message in (INIT, subscribe)]
    scope = {"type": "websocket", "subprotocols": [PROTOCOL]}
    await _left(scope, [{"type": "websocket.connect"}, *messages], stuck="Hello")


async def test_a_stream_of_events() -> None:
    headers = [(b"accept", b"text/event-stream"), (b"content-type", b"application/json")]
    body = {"type": "http.request", "body": QUERY.encode(), "more_body": False}
    await _left({"type": "http", "method": "POST", "headers": headers}, [body], stuck="Hello")


async def test_an_answer() -> None:
    headers = [(b"content-type", b"application/json")]
    body = {"type": "http.request", "body": QUERY.encode(), "more_body": False}
    await _left({"type": "http", "method": "POST", "headers": headers}, [body], stuck="Hello")
