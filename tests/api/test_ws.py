"""graphql-transport-ws: handshake, operations, and every way a client can break the protocol."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api.kit.execution.limits import Limits
from tests.api.toy import BEARER, TOKEN, Served, served

PROTOCOL = Subprotocol("graphql-transport-ws")
TICKS = {"type": "subscribe", "id": "1", "payload": {"query": "subscription { ticks { value } }"}}
INIT = {"type": "connection_init", "payload": {"authorization": f"Bearer {TOKEN}"}}


class Client:
    """A connection that speaks JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, *messages: object) -> None:
        for message in messages:
            await self.connection.send(message if isinstance(message, str) else json.dumps(message))

    async def receive(self, *, pings: bool = False) -> Any:
        """The next message, other than a ping, which a slow machine may make due at any time."""
        while True:
            message = json.loads(await self.connection.recv())
            if pings or message["type"] != "ping":
                return message

    async def subscribe(self, id: str, query: str, **variables: object) -> None:
        await self.send({"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}})

    async def closed(self) -> tuple[int, str]:
        """Read to the end and give the close code and reason."""
        with suppress(ConnectionClosed):
            while True:
                await self.connection.recv()
        return self.connection.close_code or 0, self.connection.close_reason or ""


@asynccontextmanager
async def opened(server: Served, *messages: object, patience: float = 10) -> AsyncIterator[Client]:
    """A connection; ``patience`` is how many seconds the server gets to say goodbye."""
    async with connect(
        server.ws, subprotocols=[PROTOCOL], compression=None, close_timeout=patience
    ) as connection:
        client = Client(connection)
        await client.send(*messages)
        yield client


@asynccontextmanager
async def begun(server: Served, identity: str = "ann", patience: float = 10) -> AsyncIterator[Client]:
    init = {"type": "connection_init", "payload": {"token": f"{TOKEN} as {identity}"}}
    async with opened(server, init, patience=patience) as client:
        assert await client.receive() == {"type": "connection_ack"}
        yield client


async def test_runs_a_query(server: Served) -> None:
    async with begun(server, "bob") as client:
        await client.subscribe("1", "{ me stale }")
        assert await client.receive() == {
            "id": "1",
            "type": "next",
            "payload": {"data": {"me": "bob", "stale": 42}, "extensions": {"stale": True, "position": 42}},
        }
        assert await client.receive() == {"id": "1", "type": "complete"}


async def test_runs_a_subscription_to_its_end(server: Served) -> None:
    async with begun(server) as client:
        await client.subscribe('"', "subscription { countdown(start: 2) }")
        answers = [await client.receive() for _ in range(3)]
    assert [answer.get("payload") for answer in answers] == [
        {"data": {"countdown": 2}},
        {"data": {"countdown": 1}},
        None,
    ]
    assert [answer["type"] for answer in answers] == ["next", "next", "complete"]
    assert {answer["id"] for answer in answers} == {'"'}


@pytest.mark.parametrize(
    "payload", [{"authorization": f"Bearer {TOKEN}"}, {"Authorization": f"Bearer {TOKEN}"}, {"token": TOKEN}]
)
async def test_the_token_comes_with_the_first_message(server: Served, payload: dict[str, str]) -> None:
    async with opened(server, {"type": "connection_init", "payload": payload}) as client:
        assert await client.receive() == {"type": "connection_ack"}


async def test_the_token_may_come_with_the_handshake() -> None:
    async with served() as server:
        async with connect(server.ws, subprotocols=[PROTOCOL], additional_headers=BEARER) as connection:
            client = Client(connection)
            await client.send({"type": "connection_init"})
            assert await client.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize(
    "payload",
    [
        {"authorization": 5},
        {"Authorization": None},
        {"authorization": [f"Bearer {TOKEN}"]},
        {"token": {"value": TOKEN}},
        {"authorization": f"Bearer {TOKEN}", "Authorization": f"Bearer {TOKEN} as bob"},
    ],
)
async def test_what_should_tell_who_connects_and_does_not_is_refused_beside_a_good_handshake_too(
    server: Served, payload: object
) -> None:
    (name,) = {key.lower() for key in payload} if isinstance(payload, dict) else {""}
    refused = (4400, f"The payload of connection_init must say {name} once, as a string")
    begin = {"type": "connection_init", "payload": payload}
    async with opened(server, begin) as client:
        assert await client.closed() == refused
    async with connect(server.ws, subprotocols=[PROTOCOL], additional_headers=BEARER) as connection:
        client = Client(connection)
        await client.send(begin)
        assert await client.closed() == refused


@pytest.mark.parametrize("payload", [None, {}, {"token": "wrong"}, {"cookie": f"Bearer {TOKEN}"}])
async def test_strangers_are_closed(server: Served, payload: object) -> None:
    async with opened(server, {"type": "connection_init", "payload": payload}) as client:
        assert await client.closed() == (4403, "Forbidden: Say who you are.")


async def test_refused_operations_get_an_error_with_a_code(server: Served) -> None:
    async with begun(server) as client:
        for query, code in [("{", "GRAPHQL_PARSE_FAILED"), ("{ x }", "GRAPHQL_VALIDATION_FAILED")]:
            await client.subscribe("1", query)
            answer = await client.receive()
            assert (answer["id"], answer["type"]) == ("1", "error")
            assert answer["payload"][0]["extensions"]["code"] == code
        await client.subscribe("1", "subscription($v: Int!) { countdown(start: $v) }", v="x")
        assert (await client.receive())["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_failing_source_ends_with_a_masked_error(server: Served) -> None:
    async with begun(server) as client:
        await client.subscribe("1", "subscription { ticks { value } }")
        await client.subscribe("2", "{ hello }")
        assert (await client.receive())["id"] == "2"
        server.toy.publish(ValueError("the secret of the inside"))
        answers = [await client.receive() for _ in range(3)]
        answers = [answer for answer in answers if answer["id"] == "1"]
    assert answers[0]["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(answers)
    assert answers[1] == {"id": "1", "type": "complete"}


async def test_an_id_is_free_again_once_complete(server: Served) -> None:
    async with begun(server) as client:
        for _ in range(3):
            await client.subscribe("1", "{ hello }")
            assert [(await client.receive())["type"] for _ in range(2)] == ["next", "complete"]
        for _ in range(3):
            await client.subscribe("1", "subscription { ticks { value } }")
            await client.send({"type": "complete", "id": "1"})
        await client.send({"type": "ping"})
        assert await client.receive() == {"type": "pong"}


BROKEN: dict[str, tuple[list[object], int]] = {
    "no JSON": (["{"], 4400),
    "a lone surrogate": (['{"type": "\\ud800"}'], 4400),
    "an array": (["[]"], 4400),
    "a number": (["5"], 4400),
    "null": (["null"], 4400),
    "no type": ([{}], 4400),
    "a type that is no string": ([{"type": ["ping"]}], 4400),
    "an unknown type": ([{"type": "start"}], 4400),
    "deep JSON": (["[" * 100_000], 4400),
    "a large message": (['{"type":"ping","payload":"' + "x" * 1_000_001 + '"}'], 1009),
    "a payload that is no object": ([{"type": "connection_init", "payload": []}], 4400),
    "two beginnings": ([INIT, INIT], 4429),
    "no beginning": ([{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }"}}], 4401),
    "no id": ([INIT, {"type": "subscribe", "payload": {"query": "{ hello }"}}], 4400),
    "an id that is no string": ([INIT, TICKS | {"id": 1}], 4400),
    "an endless id": ([INIT, TICKS | {"id": "x" * 300}], 4400),
    "an unreadable message before the beginning": (['{"id":"1","type":"subscribe",'], 4400),
    "two ids": ([INIT, '{"id":"1","id":"2","type":"subscribe","payload":{"query":"{ hello }"}}'], 4400),
    "an id that is half an emoji": ([INIT, '{"id":"\\ud83d","type":"subscribe"}'], 4400),
    "an unreadable end of an operation": ([INIT, '{"id":"1","type":"complete",'], 4400),
    "an id that stands inside": ([INIT, '{"type":"subscribe","payload":{"id":"1"'], 4400),
    "an id in use": ([INIT, TICKS, TICKS], 4409),
}


@pytest.mark.parametrize(("messages", "code"), BROKEN.values(), ids=BROKEN.keys())
async def test_broken_protocol_is_closed_with_a_code(
    server: Served, messages: list[object], code: int
) -> None:
    async with opened(server, *messages) as client:
        assert (await client.closed())[0] == code


async def test_binary_messages_are_closed(server: Served) -> None:
    async with opened(server) as client:
        await client.connection.send(b"{}")
        assert (await client.closed())[0] == 4400


async def test_other_protocols_are_closed(server: Served) -> None:
    for protocols in [None, [Subprotocol("graphql-ws")]]:
        async with connect(server.ws, subprotocols=protocols) as connection:
            assert (await Client(connection).closed())[0] == 4406


async def test_who_does_not_begin_in_time_is_closed() -> None:
    async with served(Limits(connection_init_seconds=0.05)) as server:
        async with opened(server) as client:
            assert await client.closed() == (4408, "Connection initialisation timeout")


async def test_operations_on_one_connection_are_limited() -> None:
    async with served(Limits(operations_per_connection=2)) as server, begun(server) as client:
        for id in "123":
            await client.subscribe(id, "subscription { ticks { value } }")
        refused = await client.receive()
        assert (refused["id"], refused["type"]) == ("3", "error")
        assert refused["payload"][0]["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": 2}
        await client.send({"type": "complete", "id": "1"})
        await client.subscribe("4", "{ hello }")
        assert (await client.receive())["type"] == "next"


async def test_a_quiet_connection_is_kept_alive() -> None:
    async with served(Limits(keepalive_seconds=0.05)) as server, begun(server) as client:
        assert await client.receive(pings=True) == {"type": "ping"}
        await client.send({"type": "pong"})
        assert await client.receive(pings=True) == {"type": "ping"}


async def test_a_connection_ends_with_its_token(server: Served) -> None:
    async with begun(server, "mayfly") as client:
        assert await client.closed() == (4403, "The token has expired: connect again with another one")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=6,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["subscribe", "complete", "ping", "pong"]) | JSON_VALUES},
        optional={
            "id": st.sampled_from(["1", "2", ""]) | JSON_VALUES,
            "payload": st.fixed_dictionaries(
                {
                    "query": st.sampled_from(
                        ["{ hello }", "subscription { countdown }", "subscription { ticks { value } }"]
                    )
                    | JSON_VALUES
                },
                optional={"variables": JSON_VALUES, "operationName": JSON_VALUES},
            )
            | JSON_VALUES,
        },
    )
    | JSON_VALUES,
    max_size=6,
)


@given(messages=MESSAGES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_messages_get_an_answer_or_a_close_with_a_reason(
    server: Served, caplog: pytest.LogCaptureFixture, messages: list[object]
) -> None:
    async with opened(server, INIT) as client:
        with suppress(ConnectionClosed):
            await client.send(*(json.dumps(message) for message in messages), '{"type": "subscribe"}')
        code, reason = await client.closed()
    assert 4400 <= code < 4500
    assert reason
    assert not caplog.records
