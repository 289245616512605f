"""How many subscriptions one caller, and one tenant, may have open over all connections."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from api.kit.execution.limits import Limits
from api.kit.http.quota import Quota
from tests.api.test_fanout import settled, until
from tests.api.test_sse import STREAM, events
from tests.api.test_ws import Client, begun
from tests.api.toy import BEARER, TOKEN, Served, served

TWO = Limits(subscriptions_each=2)
LIVE = "subscription { ticks { value } }"
MINE, COMPANY = (
    "You have 2 subscriptions open, the most you may have at a time.",
    "Your company has 2 subscriptions open, the most it may have at a time.",
)


async def _opened(client: Client, *ids: str) -> None:
    for id in ids:
        await client.subscribe(id, LIVE)
        await client.send({"type": "ping"})
        # What is refused is told at once.
        assert await client.receive() == {"type": "pong"}


async def _refused(client: Client, id: str = "more") -> Any:
    await client.subscribe(id, LIVE)
    answer = await client.receive()
    assert (answer["id"], answer["type"]) == (id, "error")
    (error,) = answer["payload"]
    assert error["extensions"] == {"code": "TOO_MANY_SUBSCRIPTIONS"}
    return error["message"]


async def test_counts_over_all_connections_of_a_caller() -> None:
    async with served(TWO) as server, begun(server) as first, begun(server) as second:
        await _opened(first, "1")
        await _opened(second, "1")
        assert await _refused(first) == MINE
        assert await _refused(second) == MINE


async def test_what_is_held_for_them_is_bounded_whether_or_not_it_is_declared() -> None:
    async with served(Limits(caller_bytes=20_000)) as server, begun(server) as ann, begun(server) as again:
        for client in (ann, again):
            await client.subscribe("1", LIVE, unread="x" * 1_000)
            await settled(client)
        message = "The documents and variables of your open subscriptions are too large together."
        await ann.subscribe("2", LIVE, unread="x" * 1_000)
        answer = await ann.receive()
        assert (answer["type"], answer["payload"][0]["message"]) == ("error", message)
        await again.send({"type": "complete", "id": "1"})
        await settled(again)
        await ann.subscribe("2", LIVE, unread="x" * 1_000)
        await settled(ann)
        assert server.toy.sources_open == 1


async def test_another_caller_has_a_quota_of_their_own() -> None:
    async with served(TWO) as server, begun(server) as ann, begun(server, "bob") as bob:
        await _opened(ann, "1", "2")
        await _opened(bob, "1", "2")
        assert await _refused(bob) == MINE


async def test_a_tenant_has_one_for_all_its_callers() -> None:
    limits = Limits(subscriptions_tenant=2)
    async with served(limits) as server, begun(server) as ann, begun(server, "bob") as bob:
        await _opened(ann, "1")
        await _opened(bob, "1")
        assert await _refused(ann) == COMPANY


async def test_queries_and_mutations_need_no_place() -> None:
    async with served(TWO) as server, begun(server) as client:
        await _opened(client, "1", "2")
        await client.subscribe("3", "{ hello }")
        assert (await client.receive())["payload"] == {"data": {"hello": "Hello you"}}


async def test_streams_of_events_count_too_and_are_refused_before_they_begin() -> None:
    async with (
        served(TWO) as server,
        begun(server) as client,
        httpx.AsyncClient(base_url=server.url, headers=BEARER, timeout=120) as http,
    ):
        await _opened(client, "1")
        body = {"query": LIVE}
        async with http.stream("POST", "/graphql", json=body, headers=STREAM):
            assert await _refused(client) == MINE
            answer = await http.post("/graphql", json=body, headers=STREAM)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
        assert answer.json()["errors"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"


async def _told(client: Client, server: Served) -> None:
    await client.send({"type": "complete", "id": "1"}, {"type": "complete", "id": "2"})


async def _source_ends(client: Client, server: Served) -> None:
    server.toy.publish(None)


async def _source_fails(client: Client, server: Served) -> None:
    server.toy.publish(ValueError("inside"))


async def _left(client: Client, server: Served) -> None:
    await client.connection.close()


async def _died(client: Client, server: Served) -> None:
    client.connection.transport.abort()


@pytest.mark.parametrize("ending", [_told, _source_ends, _source_fails, _left, _died])
async def test_the_place_is_free_again_whichever_way_it_ends(
    ending: Callable[[Client, Served], Awaitable[None]],
) -> None:
    async with served(TWO) as server, contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(begun(server))
        await _opened(first, "1", "2")
        second = await stack.enter_async_context(begun(server))
        assert await _refused(second) == MINE
        await ending(first, server)
        await until(lambda: server.toy.sources_open == 0, lambda: settled(second))
        await _opened(second, "1", "2")
        assert await _refused(second) == MINE


async def test_the_place_of_a_stream_of_events_is_free_again_when_its_client_leaves() -> None:
    async with served(Limits(subscriptions_each=1)) as server, begun(server) as client:
        async with (
            httpx.AsyncClient(base_url=server.url, headers=BEARER, timeout=120) as http,
            http.stream("POST", "/graphql", json={"query": LIVE}, headers=STREAM),
        ):
            await client.subscribe("1", LIVE)
            assert (await client.receive())["type"] == "error"
        await until(lambda: server.toy.sources_open == 0, lambda: settled(client))
        await _opened(client, "1")
        server.toy.publish(7)
        assert (await client.receive())["payload"] == {"data": {"ticks": {"value": 7}}}


async def test_a_refused_document_keeps_no_place() -> None:
    query = "subscription T($topic: String!) { ticks(topic: $topic) { value } }"
    async with served(TWO) as server, begun(server) as client:
        for number in range(5):
            await client.subscribe(str(number), query)
            assert (await client.receive())["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        await _opened(client, "1", "2")


async def test_a_stream_that_ends_at_once_keeps_no_place() -> None:
    headers = {"authorization": f"Bearer {TOKEN} as bob", **STREAM}
    body = {"query": "subscription { countdown(start: 1) }"}
    async with (
        served(TWO) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=120) as http,
    ):
        for _ in range(5):
            async with http.stream("POST", "/graphql", json=body) as response:
                assert [name async for name, _ in events(response)] == ["next", "complete"]


def test_a_place_is_given_back_once_and_nothing_is_kept_of_who_left() -> None:
    quota = Quota(2, 3, 10)
    places = [quota.take("tenant", "ann", 5), quota.take("tenant", "bob", 5)]
    for give_back in places * 2:
        give_back()
    assert len(quota) == 0
