"""A client that takes nothing of what is sent to it is left, whichever way it is connected."""

import asyncio
import json
import logging
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from api.kit.execution.limits import Limits
from app.http.connections import Crowd, Patience
from app.proxies import Proxies
from tests.api.test_fanout import TICKS
from tests.api.test_ws import INIT, PROTOCOL
from tests.api.toy import TOKEN, served, toy_app
from tests.kit.processes import until

SOON = Limits(stall_seconds=0.05)
QUERY = json.dumps({"query": "{ hello }"})


@pytest.fixture(autouse=True)
def plain_line(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What is said of it is one line, and no error."""
    caplog.set_level(logging.INFO)
    yield
    assert [(record.levelname, record.exc_info) for record in caplog.get_records("call")] == [("INFO", None)]


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
    async with asyncio.timeout(120):
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


async def test_the_server_finds_nothing_wrong_with_that(caplog: pytest.LogCaptureFixture) -> None:
    patience = Patience(connections=10, each=10, request_seconds=60, answer_seconds=60)
    body = json.dumps({"query": TICKS, "variables": {"size": 300_000}})
    head = (
        "POST /graphql HTTP/1.1",
        "host: toy",
        f"authorization: Bearer {TOKEN}",
        "accept: text/event-stream",
        "content-type: application/json",
        f"content-length: {len(body)}",
    )
    async with served(Limits(stall_seconds=0.5), Crowd(patience, Proxies(""))) as server:
        logging.getLogger("uvicorn.error").addHandler(caplog.handler)
        port = int(server.http.rpartition(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall("\r\n".join([*head, "", body]).encode())
            await until(lambda: server.toy.sources_open == 1)
            for value in range(30):
                server.toy.publish(value)
            await until(lambda: server.toy.sources_open == 0)
            await until(lambda: bool(caplog.records))
            await asyncio.sleep(0.1)
        logging.getLogger("uvicorn.error").removeHandler(caplog.handler)
