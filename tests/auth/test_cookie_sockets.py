"""WebSockets that a session in cookies opens: for pages that may call, and that show its token."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from app.settings import Settings
from tests.auth.people import Json, Person, registered
from tests.auth.test_cookie_sessions import APP, EVIL, ME, REFRESH, Browser, browser
from tests.kit.product import Product, produced


@pytest.fixture(scope="module")
async def product(settings: Settings) -> AsyncIterator[Product]:
    async with produced(settings, allowed_origins=APP) as running:
        yield running


@pytest.fixture(scope="module")
async def ada(product: Product) -> Person:
    return await registered(product)


def _socket(product: Product, page: Browser, origin: str | None) -> connect:
    url = f"{str(product.http.base_url).replace('http', 'ws', 1).rstrip('/')}/graphql"
    cookies = "; ".join(f"{name}={value}" for name, value in page.http.cookies.items())
    return connect(
        url,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers={"cookie": cookies},
        origin=None if origin is None else Origin(origin),
    )


async def _asked(socket: Any, query: str, csrf: str) -> Json:
    await socket.send(json.dumps({"type": "connection_init", "payload": {"csrfToken": csrf}}))
    acknowledged = json.loads(await socket.recv())
    assert acknowledged["type"] == "connection_ack", acknowledged
    await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": query}}))
    answer: Json = json.loads(await socket.recv())
    return answer


async def test_a_socket_is_opened_by_the_cookie_for_pages_that_may_call(
    product: Product, ada: Person
) -> None:
    own = str(product.http.base_url).rstrip("/")
    async with browser(product, ada) as page:
        for origin in (own, APP):
            async with _socket(product, page, origin) as socket:
                answer = await _asked(socket, ME, page.csrf)
                assert answer["payload"]["data"]["me"]["id"] == str(ada.id), answer
        for origin in (EVIL, "null"):
            async with _socket(product, page, origin) as socket:
                assert await _closed(socket, page.csrf) == (
                    4403,
                    "Forbidden: The session's cookie does not count for pages of this origin.",
                )


async def test_a_socket_shows_the_sessions_own_token_in_its_first_message(
    product: Product, ada: Person
) -> None:
    async with browser(product, ada) as page, browser(product, ada) as another:
        for shown in ("", "made-up", another.csrf):
            async with _socket(product, page, str(product.http.base_url).rstrip("/")) as socket:
                code, reason = await _closed(socket, shown)
                assert (code, "csrfToken" in reason) == (4403, True)


async def _closed(socket: Any, csrf: str) -> tuple[int, str]:
    """With what a connection is closed that shows this."""
    await socket.send(json.dumps({"type": "connection_init", "payload": {"csrfToken": csrf}}))
    with pytest.raises(ConnectionClosed) as closed:
        await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


async def test_no_token_leaves_the_cookies_by_a_stream(product: Product, ada: Person) -> None:
    async with browser(product, ada) as page:
        async with _socket(product, page, None) as socket:
            answer = await _asked(socket, REFRESH, page.csrf)
            assert "POST" in json.dumps(answer)
            assert "hw_refresh" not in json.dumps(answer)
        assert (await page.ask(REFRESH))["refreshSession"]["csrfToken"] == page.csrf
        headers = {"x-csrf-token": page.csrf, "accept": "text/event-stream"}
        streamed = await page.http.post("/graphql", json={"query": REFRESH}, headers=headers)
        assert "POST" in streamed.text
        assert (await page.ask(REFRESH))["refreshSession"]["csrfToken"] == page.csrf
