"""Event streams have ids, after which whoever comes back with `Last-Event-ID` goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.kit.client import Client
from tests.kit.product import Product, running
from tests.work.api import created, head

CHANGES = """subscription ($initial: Boolean! = false, $resumeFrom: Position) {
  taskChanged(initial: $initial, resumeFrom: $resumeFrom) {
    __typename
    ... on TaskState { cursor complete nodes { title } }
    ... on TaskChange { cursor node { title } }
    ... on Discontinuity { cursor code }
  }
}"""
MOST = 6
"""Events over which a subscription goes on, here."""

Message = tuple[str, dict[str, Any]]
"""The id of an event, and what it tells."""


@pytest.fixture(scope="module")
async def http(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    """The product, with an API that goes on over few events."""
    settings = replace(product.settings, resume_events=MOST)
    async with running(settings) as url, httpx.AsyncClient(base_url=url, timeout=120) as http:
        yield http


async def _heard(
    http: httpx.AsyncClient,
    client: Client,
    count: int,
    last: str = "",
    method: str = "POST",
    query: str = CHANGES,
    **variables: object,
) -> list[Message]:
    """The first messages of a stream."""
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {client.token}"}
    headers |= {"last-event-id": last} if last else {}
    asked: dict[str, Any] = {"query": query, "variables": variables}
    if method == "GET":
        given: dict[str, Any] = {"params": asked | {"variables": json.dumps(variables)}}
    else:
        given = {"json": asked}
    found, id = list[Message](), ""
    async with asyncio.timeout(120), http.stream(method, "/graphql", headers=headers, **given) as response:
        assert response.status_code == 200
        async for line in response.aiter_lines():
            if line.startswith("id: "):
                id = line.removeprefix("id: ")
            if line.startswith("data: "):
                found.append((id, next(iter(json.loads(line.removeprefix("data: "))["data"].values()))))
                if len(found) == count:
                    break
    return found


def _titles(heard: list[Message]) -> list[str]:
    return [message["node"]["title"] for _, message in heard]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_whoever_comes_back_hears_what_came_after_and_nothing_twice(
    client: Client, http: httpx.AsyncClient, method: str
) -> None:
    start = await head(client, await created(client, "Before"))
    for title in "abc":
        await created(client, title)
    first = await _heard(http, client, 1, method=method, resumeFrom=start)
    again = await _heard(http, client, 2, first[-1][0], method, resumeFrom=start)
    assert _titles([*first, *again]) == ["a", "b", "c"]
    assert all(id == message["cursor"] for id, message in [*first, *again])


async def test_whoever_has_the_state_is_not_sent_it_again(client: Client, http: httpx.AsyncClient) -> None:
    await created(client, "Before")
    ((id, state),) = await _heard(http, client, 1, initial=True)
    assert state == {
        "__typename": "TaskState",
        "cursor": id,
        "complete": True,
        "nodes": [{"title": "Before"}],
    }
    await created(client, "After")
    (after,) = await _heard(http, client, 1, id, initial=True)
    assert _titles([after]) == ["After"]


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ("1", "TOO_FAR_BACK"),
        (str(2**62), "POSITION_IN_FUTURE"),
        (str(2**63), "POSITION_IN_FUTURE"),
        ("-1", "POSITION_IN_FUTURE"),
        ("no position", "POSITION_IN_FUTURE"),
        ("1" * 5_000, "POSITION_IN_FUTURE"),
    ],
)
async def test_an_id_from_which_nobody_can_go_on_is_told_as_a_gap(
    client: Client, http: httpx.AsyncClient, last: str, code: str
) -> None:
    for number in range(MOST + 1):
        await created(client, str(number))
    ((id, gap), (_, state)) = await _heard(http, client, 2, last, initial=True)
    assert (gap["__typename"], gap["code"], gap["cursor"]) == ("Discontinuity", code, id)
    assert [state["__typename"], state["complete"], len(state["nodes"])] == ["TaskState", True, MOST + 1]


async def test_every_event_of_the_log_is_one_to_go_on_after(
    product: Product, client: Client, http: httpx.AsyncClient
) -> None:
    query = "subscription { events { ... on LogEvent { cursor type } ... on Discontinuity { cursor code } } }"
    start = await head(client, await created(client, "Before"))
    await created(client, "After")
    auditor = product.client(client.tenant, client.user, ["audit:read"])
    ((id, event),) = await _heard(http, auditor, 1, start, query=query)
    assert (event["type"], event["cursor"]) == ("work.task.created", id)


async def test_an_id_shows_nobody_more_than_a_position_does(
    product: Product, client: Client, http: httpx.AsyncClient
) -> None:
    other = await product.newcomer()
    start = await head(client, await created(client, "Mine"))
    await created(other, "Theirs")
    await created(client, "Mine as well")
    assert _titles(await _heard(http, client, 1, start)) == ["Mine as well"]
