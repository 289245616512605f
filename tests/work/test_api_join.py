"""An answer is joined to its changes: a subscription from the position that it says misses nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created

CREATE = """mutation ($input: CreateTaskInput!) {
  createTask(input: $input) { ... on TaskReceipt { position task { title } } }
}"""
LIST = "query { tasks(first: 100) { nodes { id title } totalCount } }"


@pytest.fixture
async def without_worker(product: Product) -> AsyncIterator[None]:
    await product.worker.pause()
    yield
    await product.worker.start()


async def _listed(client: Client) -> tuple[dict[str, str], str]:
    answer = (await client.post(LIST)).json()
    rows = answer["data"]["tasks"]["nodes"]
    return {row["id"]: row["title"] for row in rows}, answer["extensions"]["position"]


async def _wrote(client: Client, ids: list[str], end: asyncio.Event) -> str:
    position = ""
    while not end.is_set():
        ids.append((await created(client, "new"))["id"])
        for id in ids:
            input = {"id": id, "title": f"{id} {position}"}
            position = (await client.send("RenameTask", input=input))["position"]
    return position


async def test_nothing_is_missed_between_a_list_and_its_changes_while_others_write(client: Client) -> None:
    end, snapshots = asyncio.Event(), list[tuple[dict[str, str], str]]()
    ids = [(await created(client, "first"))["id"]]
    writing = asyncio.create_task(_wrote(client, ids, end))
    while len(ids) < 12:
        snapshots.append(await _listed(client))
    end.set()
    last = await writing
    final, _ = await _listed(client)
    assert len(snapshots) > 10
    for shown, position in snapshots[:: len(snapshots) // 8]:
        assert int(position) <= int(last)
        async with asyncio.timeout(120), client.watching("TaskChanged", resumeFrom=position) as messages:
            async for message in messages:
                shown[message["node"]["id"]] = message["node"]["title"]
                if message["cursor"] == last:
                    break
        assert shown == final


async def test_what_a_view_that_is_behind_lacks_comes_by_its_changes(
    client: Client, product: Product
) -> None:
    await created(client, "one", assignedTo=client.me)
    before = await client.answer("TaskStats", afterPosition=await _position(client))
    assert before["data"]["taskStats"]["todo"] == 1
    await product.worker.pause()
    try:
        for _ in range(3):
            await created(client, "more", assignedTo=client.me)
        behind = await client.answer("TaskStats")
        assert behind["data"]["taskStats"]["todo"] == 1
    finally:
        await product.worker.start()
    position = behind["extensions"]["position"]
    async with asyncio.timeout(120), client.watching("TaskStatsChanged", resumeFrom=position) as messages:
        while (await anext(messages))["node"]["todo"] != 4:
            pass


async def test_a_query_of_several_views_says_the_position_of_the_one_that_is_furthest_behind(
    client: Client, product: Product, without_worker: None
) -> None:
    query = "query { tasks { totalCount } users { totalCount } }"
    at = (await client.post(query)).json()["extensions"]["position"]
    task = await client.send("CreateTask", input={"title": "one"})
    assert int(task["position"]) > int(at)
    after = (await client.post(query)).json()
    assert (after["data"]["tasks"]["totalCount"], after["extensions"]["position"]) == (1, at)


async def test_a_mutation_says_the_position_of_its_receipt(client: Client) -> None:
    for number in range(3):
        input = {"title": f"{number}"}
        answer = (await client.post(CREATE, {"input": input})).json()
        assert answer["extensions"] == {"position": answer["data"]["createTask"]["position"]}


async def test_a_mutation_that_shows_what_is_behind_says_that_position(
    client: Client, without_worker: None
) -> None:
    before = (await client.post("{ users { totalCount } }")).json()["extensions"]["position"]
    # It shows who created the task, as the view of people knows them.
    answer = await client.answer("CreateTask", input={"title": "one"})
    assert answer["extensions"] == {"position": before}
    assert int(answer["data"]["createTask"]["position"]) > int(before)


async def test_a_schema_query_and_a_stranger_hear_no_position(client: Client, product: Product) -> None:
    assert "extensions" not in (await client.post("{ __schema { queryType { name } } }")).json()
    stranger = await product.http.post("/graphql", json={"query": "{ __typename }"})
    assert "extensions" not in stranger.json()


async def test_an_answer_that_a_client_keeps_is_good_though_others_wrote(client: Client) -> None:
    request: dict[str, Any] = {
        "params": {"query": "{ tasks { totalCount } }"},
        "headers": {"authorization": f"Bearer {client.token}"},
    }
    first = await client.http.get("/graphql", **request)
    await client.send("CreateProject", input={"name": "Garden"})
    request["headers"]["if-none-match"] = first.headers["etag"]
    assert (await client.http.get("/graphql", **request)).status_code == 304


async def _position(client: Client) -> str:
    return str((await client.send("CreateProject", input={"name": "Garden"}))["position"])
