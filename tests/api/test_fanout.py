"""Many subscribers, one source: who shares, who is cut off, and how all end."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from api.kit.execution.limits import Limits
from tests.api.test_sse import STREAM, events
from tests.api.test_ws import PROTOCOL, Client, begun
from tests.api.toy import BEARER, TOKEN, Served, served

TICKS = """subscription T($topic: String! = "all", $resumeFrom: String, $size: Int! = 10) {
  ticks(topic: $topic, resumeFrom: $resumeFrom) { value text(size: $size) }
}"""


async def until(
    condition: Callable[[], bool], poke: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)
) -> None:
    """Let the server work until the condition holds."""
    while not condition():
        await poke()


async def settled(client: Client) -> None:
    """Return once the server has handled everything the client sent."""
    await client.send({"type": "ping"})
    while (await client.receive())["type"] != "pong":
        pass


def _values(answers: list[Any]) -> list[int]:
    return [answer["payload"]["data"]["ticks"]["value"] for answer in answers]


async def test_those_who_ask_the_same_share_one_source_and_one_execution() -> None:
    async with served() as server, contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(begun(server, f"user {i}")) for i in range(50)]
        for i, client in enumerate(clients):
            await client.subscribe(f"id {i}", TICKS, topic="same")
            await settled(client)
        server.toy.publish(1)
        server.toy.publish(2)
        answers = [[await client.receive() for _ in range(2)] for client in clients]
        assert server.toy.sources_started == 1
        assert server.toy.executions == 2
    for i, received in enumerate(answers):
        assert [answer["id"] for answer in received] == [f"id {i}"] * 2
        assert _values(received) == [1, 2]
        assert [answer["payload"]["extensions"] for answer in received] == [{"cursor": "1"}, {"cursor": "2"}]


@pytest.mark.parametrize(
    ("identity", "query", "variables", "sources"),
    [
        ("bob", TICKS, {"topic": "a"}, 1),
        ("bob", TICKS, {"topic": "b"}, 2),
        ("bob", TICKS + " ", {"topic": "a"}, 2),
        ("lonely", TICKS, {"topic": "a"}, 2),
        ("bob", TICKS, {"topic": "a", "resumeFrom": "0"}, 2),
        ("bob", TICKS, {"topic": "a", "resumeFrom": None}, 2),
    ],
    ids=["the same", "other variables", "another document", "another scope", "resumed", "spelled otherwise"],
)
async def test_who_shares_with_ann(
    identity: str, query: str, variables: dict[str, object], sources: int
) -> None:
    async with served() as server, begun(server) as ann, begun(server, identity) as other:
        await ann.subscribe("1", TICKS, topic="a")
        await settled(ann)
        await other.subscribe("1", query, **variables)
        await settled(other)
        assert server.toy.sources_started == sources


@pytest.mark.parametrize(
    ("head", "argument", "variables"),
    [
        ("subscription", '"2"', {}),
        ("subscription($from: String)", "$from", {"from": "2"}),
        ('subscription($from: String = "2")', "$from", {}),
    ],
    ids=["literal", "variable", "default"],
)
async def test_who_resumes_hears_the_past(head: str, argument: str, variables: dict[str, object]) -> None:
    query = f"{head} {{ ...T }} fragment T on Subscription {{ ticks(resumeFrom: {argument}) {{ value }} }}"
    async with served() as server, begun(server) as first, begun(server) as second:
        for client in (first, second):
            await client.subscribe("1", query, **variables)
            assert _values([await client.receive(), await client.receive()]) == [0, 1]
        assert server.toy.sources_started == 2


async def test_a_late_member_starts_now(server: Served) -> None:
    async with begun(server) as early, begun(server) as late:
        await early.subscribe("1", TICKS, topic="late")
        await settled(early)
        server.toy.publish(1)
        assert _values([await early.receive()]) == [1]
        await late.subscribe("1", TICKS, topic="late")
        await settled(late)
        server.toy.publish(2)
        assert _values([await early.receive(), await late.receive()]) == [2, 2]


async def test_the_last_to_leave_closes_the_source() -> None:
    async with served() as server, begun(server) as first, begun(server) as last:
        for client in (first, last):
            await client.subscribe("1", TICKS)
            await settled(client)
        await first.send({"type": "complete", "id": "1"})
        await settled(first)
        assert server.toy.sources_open == 1
        server.toy.publish(1)
        assert _values([await last.receive()]) == [1]
        await last.connection.close()
        await until(lambda: server.toy.sources_open == 0)
        await first.subscribe("2", TICKS)
        await settled(first)
        assert server.toy.sources_started == 2


@pytest.mark.parametrize("ends", ["by its client", "by its source", "with its connection"])
async def test_what_it_was_asked_with_is_let_go_of_when_it_ends(ends: str) -> None:
    def held() -> int:
        """How many tuples and dicts hold the variables, as JSON or as they were read."""
        # Proxies of what is gone do not even say what they are an instance of.
        holders = [each for each in gc.get_objects() if type(each) in (tuple, dict)]
        parts = [part for each in holders for part in gc.get_referents(each) if type(part) in (str, bytes)]
        return sum(mark in repr(part) for part in parts if len(part) > 1_000)

    mark = f"mark {ends} "
    async with served() as server, contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(begun(server))
        # Cycles are looked for seldom, and hardly ever among what has lived for a while.
        gc.disable()
        stack.callback(gc.enable)
        await client.subscribe("1", TICKS, topic="held", unread=mark * 100)
        await settled(client)
        assert held() > 0
        if ends == "by its client":
            await client.send({"type": "complete", "id": "1"})
            await settled(client)
        elif ends == "by its source":
            server.toy.publish(None)
            assert await client.receive() == {"id": "1", "type": "complete"}
        else:
            await client.connection.close()
        await until(lambda: server.toy.sources_open == 0)
        await until(lambda: not held(), poke=lambda: asyncio.sleep(0.05))


async def test_all_members_hear_that_the_source_ended(server: Served) -> None:
    async with begun(server) as first, begun(server) as second:
        for client in (first, second):
            await client.subscribe("1", TICKS, topic="end")
            await settled(client)
        server.toy.publish(None)
        assert [await client.receive() for client in (first, second)] == [{"id": "1", "type": "complete"}] * 2


async def test_a_slow_client_is_closed_with_a_reason_and_the_others_miss_nothing() -> None:
    async with served(Limits(queued_messages=20)) as server, begun(server) as healthy:
        async with connect(server.ws, subprotocols=[PROTOCOL], compression=None, max_queue=1) as connection:
            slow = Client(connection)
            await slow.send({"type": "connection_init", "payload": {"token": TOKEN}})
            await slow.subscribe("1", TICKS, size=100_000)
            await healthy.subscribe("1", TICKS, size=100_000)
            await until(lambda: server.toy.sources_started == 1)
            await settled(healthy)
            for value in range(400):
                server.toy.publish(value)
                assert _values([await healthy.receive()]) == [value]
            assert await slow.closed() == (1013, "Slow client: too much was waiting to be read")


async def test_a_slow_event_stream_is_broken_off_with_a_reason() -> None:
    async with served(Limits(queued_messages=20)) as server, begun(server) as healthy:
        async with httpx.AsyncClient(headers=BEARER | STREAM, timeout=120) as client:
            body = {"query": TICKS, "variables": {"size": 100_000}}
            async with client.stream("POST", server.http, json=body) as response:
                await healthy.subscribe("1", TICKS, size=100_000)
                await settled(healthy)
                for value in range(400):
                    server.toy.publish(value)
                    assert _values([await healthy.receive()]) == [value]
                received = [event async for event in events(response)]
    assert len(received) < 400
    assert received[-1] == ("broken off", "SLOW_CLIENT Slow client: too much was waiting to be read")


async def test_a_backlog_is_no_sign_of_a_slow_client() -> None:
    async with served(Limits(queued_messages=5)) as server, begun(server) as client:
        await client.subscribe("1", TICKS, resumeFrom="2000", size=1_000)
        assert _values([await client.receive() for _ in range(2_000)]) == list(range(2_000))


async def test_a_client_that_takes_nothing_of_its_backlog_is_cut_off() -> None:
    async with served(Limits(queued_messages=5, slow_client_seconds=0.1)) as server:
        async with connect(
            server.ws, subprotocols=[PROTOCOL], compression=None, max_queue=1, close_timeout=0.1
        ) as connection:
            slow = Client(connection)
            await slow.send({"type": "connection_init", "payload": {"token": TOKEN}})
            await slow.subscribe("1", TICKS, resumeFrom="1000", size=100_000)
            await until(lambda: server.toy.sources_started == 1)
            await until(lambda: server.toy.sources_open == 0)


async def test_a_mutation_goes_on_when_its_client_leaves() -> None:
    async with served() as server:
        async with begun(server) as client:
            await client.subscribe("1", 'mutation { waitAndShout(text: "done") }')
            await settled(client)
            await client.send({"type": "complete", "id": "1"})
            await settled(client)
        server.toy.gate.set()
        await until(lambda: server.toy.mutations == ["waiting", "done"])


async def test_a_server_that_stops_under_load_says_so_to_everybody() -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with served() as server:
            sockets = [await stack.enter_async_context(begun(server)) for _ in range(100)]
            for client in sockets:
                await client.subscribe("1", TICKS, size=1_000)
                await settled(client)
            browser = await stack.enter_async_context(httpx.AsyncClient(headers=BEARER | STREAM, timeout=120))
            stream = browser.stream("POST", server.http, json={"query": TICKS, "variables": {"size": 1_000}})
            received = events(await stack.enter_async_context(stream))
            load = asyncio.create_task(_publish_forever(server))
            assert (await anext(received))[0] == "next"
            endings = [asyncio.create_task(client.closed()) for client in sockets]
            streamed = asyncio.create_task(_all(received))
        load.cancel()
        assert (await streamed)[-1] == ("broken off", "GOING_AWAY The server is going away")
        assert set(await asyncio.gather(*endings)) == {(1001, "The server is going away")}
        assert len(server.streams) == 0


async def _all(received: AsyncIterator[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [event async for event in received]


async def _publish_forever(server: Served) -> None:
    value = 0
    while True:
        value += 1
        server.toy.publish(value)
        await asyncio.sleep(0.001)
