"""graphql-sse: one connection for each operation."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.types import Message

from api.kit.execution.limits import Limits
from api.kit.http.sse import EventStream
from api.kit.http.streams import MOVED, Streams
from tests.api.toy import BEARER, Served, served

STREAM = {"accept": "text/event-stream"}


async def events(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """The events of a stream as they come: name and decoded data; of a comment that says something its text."""
    name = ""
    async for line in response.aiter_lines():
        if line.startswith(": "):
            yield "broken off", line.removeprefix(": ")
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data:"):
            data = line.removeprefix("data:")
            yield name, json.loads(data) if data else None


async def _all(client: httpx.AsyncClient, query: str, **variables: object) -> list[tuple[str, Any]]:
    body = {"query": query, "variables": variables}
    async with client.stream("POST", "/graphql", json=body, headers=STREAM) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        return [event async for event in events(response)]


async def test_streams_a_subscription_to_its_end(client: httpx.AsyncClient) -> None:
    assert await _all(client, "subscription { countdown(start: 2) }") == [
        ("next", {"data": {"countdown": 2}}),
        ("next", {"data": {"countdown": 1}}),
        ("complete", None),
    ]


async def test_streams_by_get_too(client: httpx.AsyncClient) -> None:
    params = {"query": "subscription { countdown(start: 1) }"}
    async with client.stream("GET", "/graphql", params=params, headers=STREAM) as response:
        assert [name async for name, _ in events(response)] == ["next", "complete"]


async def test_gives_a_query_as_one_event(client: httpx.AsyncClient) -> None:
    assert await _all(client, "{ hello }") == [("next", {"data": {"hello": "Hello you"}}), ("complete", None)]


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($v: Int!) { countdown(start: $v) }", {"v": "x"}, "BAD_USER_INPUT"),
    ],
)
async def test_refused_documents_are_told_in_the_stream(
    client: httpx.AsyncClient, query: str, variables: dict[str, object], code: str
) -> None:
    (first, answer), (last, _) = await _all(client, query, **variables)
    assert (first, last) == ("next", "complete")
    assert answer["errors"][0]["extensions"]["code"] == code


async def test_malformed_requests_are_refused_by_status(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql", content=b"{", headers=STREAM | {"content-type": "application/json"}
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_JSON"


async def test_a_client_that_leaves_closes_its_source(client: httpx.AsyncClient, server: Served) -> None:
    body = {"query": "subscription { ticks { value } }"}
    async with client.stream("POST", "/graphql", json=body, headers=STREAM) as response:
        stream = events(response)
        while not server.toy.topics:
            await client.post("/graphql", json={"query": "{ hello }"})
        server.toy.publish(7)
        assert await anext(stream) == ("next", {"data": {"ticks": {"value": 7}}})
    while server.toy.sources_open:
        await client.post("/graphql", json={"query": "{ hello }"})


async def test_a_quiet_stream_is_kept_alive() -> None:
    async with (
        served(Limits(keepalive_seconds=0.05)) as server,
        httpx.AsyncClient(headers=BEARER | STREAM, timeout=120) as client,
    ):
        body = {"query": "subscription { ticks { value } }"}
        async with client.stream("POST", server.http, json=body) as response:
            lines = response.aiter_lines()
            comments = [line async for line in _take(lines, 7)]
    assert comments[2:] == ["", ":", "", ":", ""]


async def test_a_stream_ends_with_its_token(client: httpx.AsyncClient) -> None:
    headers = STREAM | {"authorization": "Bearer let-me-in as mayfly"}
    body = {"query": "subscription { ticks { value } }"}
    async with client.stream("POST", "/graphql", json=body, headers=headers) as response:
        received = [event async for event in events(response)]
    # Neither an error nor `complete`: clients would take either for the end, and not ask for another token.
    assert received == [
        ("broken off", "UNAUTHENTICATED The token has expired: connect again with another one")
    ]


IN_FRAGMENTS = """
subscription T($from: String) { ...Root }
fragment Root on Subscription { ... on Subscription { ...Inner all: ticks(resumeFrom: $from) { text(size: 1) } } }
fragment Inner on Subscription { all: ticks(resumeFrom: $from) { value } }
"""


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("subscription { all: ticks { value } }", {}),
        ('subscription { all: ticks(topic: "all", resumeFrom: "1") { value } }', {}),
        (IN_FRAGMENTS, {"from": "1"}),
    ],
    ids=["from now", "from somewhere else", "in fragments"],
)
async def test_each_message_has_an_id_after_which_a_client_goes_on(
    client: httpx.AsyncClient, method: str, query: str, variables: dict[str, str]
) -> None:
    headers = STREAM | {"last-event-id": "3"}
    body = {"query": query, "variables": variables}
    params = {"query": query, "variables": json.dumps(variables)}
    asked = (
        client.stream("GET", "/graphql", headers=headers, params=params)
        if method == "GET"
        else client.stream("POST", "/graphql", headers=headers, json=body)
    )
    async with asked as response:
        lines = [line async for line in _take(response.aiter_lines(), 15)]
    comment, retry, _, *told = lines
    assert comment == ":"
    assert 500 <= int(retry.removeprefix("retry: ")) <= 2_500
    # What comes before the id again is how the toy goes on from it.
    assert [line for line in told if line.startswith("id: ")] == ["id: 0", "id: 1", "id: 2"]
    assert told[0] == "event: next"


async def test_what_cannot_be_resumed_has_no_id_and_takes_no_notice_of_one(client: httpx.AsyncClient) -> None:
    body = {"query": "subscription { countdown(start: 1) }"}
    headers = STREAM | {"last-event-id": "3"}
    async with client.stream("POST", "/graphql", json=body, headers=headers) as response:
        lines = [line async for line in response.aiter_lines()]
    assert lines[3:6] == ["event: next", 'data: {"data":{"countdown":1}}', ""]
    response = await client.post("/graphql", json={"query": "{ hello }"}, headers={"last-event-id": "3"})
    assert response.json() == {"data": {"hello": "Hello you"}}


async def test_whose_tenant_has_moved_to_another_log_forgets_the_last_id() -> None:
    sent, stream = list[Message](), EventStream(Limits())

    def start(stream: EventStream) -> Callable[[], None]:
        stream.next("{}", "12")
        stream.outbox.end(MOVED)
        return lambda: None

    async def receive() -> Message:
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    await stream.serve(start, Streams(), {}, receive, send)
    text = b"".join(message.get("body", b"") for message in sent).decode()
    assert "id: 12\ndata: {}\n\nid:\n: TENANT_MOVED " in text
    assert text.endswith("\n\n")


async def test_a_position_that_is_told_twice_is_refused(client: httpx.AsyncClient) -> None:
    twice = [("accept", "text/event-stream"), ("last-event-id", "1"), ("last-event-id", "2")]
    body = {"query": "subscription { ticks { value } }"}
    response = await client.post("/graphql", json=body, headers=twice)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def _take(lines: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    for _ in range(count):
        yield await anext(lines)
