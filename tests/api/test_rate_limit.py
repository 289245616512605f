"""How fast messages are taken: nobody keeps the event loop to themselves, and one caller's rate has a bound."""

import asyncio
import itertools
import json
from typing import Any

import pytest
from starlette.routing import WebSocketRoute

from api.kit.execution.limits import Limits
from api.kit.http.endpoint import GraphQLEndpoint
from api.kit.http.rate_limit import RateLimit, RateLimits
from app.entry.asgi import create_app
from app.settings import Settings
from tests.api.test_ws import INIT, PROTOCOL, begun
from tests.api.toy import served, toy_app

FLOOD = 200
SHOUT = "mutation($text: String!) { shout(text: $text) }"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "pong"},
        {"type": "complete", "id": "1"},
        {"type": "subscribe", "id": "1", "payload": {"query": "{ nope }"}},
    ],
    ids=["pong", "complete", "subscribe"],
)
async def test_a_connection_that_always_has_something_to_be_read_lets_others_work(
    message: dict[str, object],
) -> None:
    messages: list[dict[str, Any]] = [{"type": "websocket.disconnect", "code": 1000}]
    messages += [{"type": "websocket.receive", "text": json.dumps(message)}] * FLOOD
    messages += [{"type": "websocket.receive", "text": json.dumps(INIT)}, {"type": "websocket.connect"}]
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [],
        "query_string": b"",
        "client": ("127.0.0.1", 1),
        "subprotocols": [PROTOCOL],
    }

    async def receive() -> dict[str, Any]:
        return messages.pop()

    async def send(message: object) -> None:
        pass

    seen = list[int]()

    async def other() -> None:
        while messages:
            seen.append(len(messages))
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(toy_app(Limits(operations_per_connection=FLOOD))(scope, receive, send))
        group.create_task(other())
    # Between two of its turns at most a few messages were taken.
    assert max(before - after for before, after in itertools.pairwise(seen)) <= 3


async def test_who_goes_faster_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waits = asyncio.get_running_loop().time(), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds, 3))

    monkeypatch.setattr("api.kit.http.rate_limit.asyncio.sleep", sleep)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    rate_limit = RateLimit(rate=10, burst=3)
    for _ in range(5):
        await rate_limit.step()
    assert waits == [0, 0, 0, 0.1, 0.2]
    now += 0.2
    await rate_limit.step()
    now += 60
    for _ in range(4):
        await rate_limit.step()
    assert waits[5:] == [0.1, 0, 0, 0, 0.1]


async def test_a_caller_has_one_rate_limit_over_all_connections_and_others_have_their_own() -> None:
    limits = Limits(messages_per_second=1 / 3_600, messages_at_once=4)
    async with (
        served(limits) as server,
        # Those who wait for their turn are not heard when they say goodbye.
        begun(server, patience=0.1) as first,
        begun(server, patience=0.1) as second,
        begun(server, "bob") as bob,
    ):
        await first.subscribe("1", SHOUT, text="first")
        await second.subscribe("1", SHOUT, text="second")
        await second.subscribe("2", SHOUT, text="third")
        for _ in range(2):
            assert (await second.receive())["type"] == "next"
            assert (await second.receive())["type"] == "complete"
        await first.subscribe("2", SHOUT, text="fourth")
        await first.subscribe("3", SHOUT, text="fifth")
        for number in range(3):
            await bob.subscribe(str(number), SHOUT, text="of bob")
            assert (await bob.receive())["type"] == "next"
            assert (await bob.receive())["type"] == "complete"
        assert {"first", "second", "third", "of bob"} <= set(server.toy.mutations)
        assert "fifth" not in server.toy.mutations


async def test_a_machine_that_has_just_started_makes_nobody_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("api.kit.http.rate_limit.asyncio.sleep", sleep)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 1.0)
    rate_limit = RateLimit(rate=1 / 3_600, burst=3)
    for _ in range(3):
        await rate_limit.step()
    assert waits == [0, 0, 0]


def test_strangers_of_one_network_have_one_rate_limit(settings: Settings) -> None:
    routes = create_app(settings).routes
    (endpoint,) = [route.app for route in routes if isinstance(route, WebSocketRoute)]
    assert isinstance(endpoint, GraphQLEndpoint)
    one = endpoint.rates.of_stranger("2001:db8::1")
    assert endpoint.rates.of_stranger("2001:db8::2") is one
    assert endpoint.rates.of_stranger("2001:db8:0:1::1") is not one


def test_nothing_is_kept_of_who_left() -> None:
    rates = RateLimits(1, 1)
    rate_limit = rates.of("ann")
    assert rates.of("ann") is rate_limit
    assert rates.of(None) is not rates.of(None)
    del rate_limit
    assert len(rates) == 0
