"""Search through the API: in OpenSearch, in Postgres when that is away, and through losses of either store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

import api.kit.schema.lists.search as searching_module
from app.contexts import VIEWS
from projections.kit.declare.redis import RedisView
from projections.kit.read.highlights import highlighted
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product, running
from tests.work.api import created, project

NOWHERE = {"opensearch": "http://127.0.0.1:1", "redis": "unix:///nowhere/valkey.sock"}


@asynccontextmanager
async def without(product: Product, client: Client, **settings: Any) -> AsyncIterator[Client]:
    """The client at another API on the same stores, but for those that the settings change."""
    async with (
        running(replace(product.settings, **settings)) as url,
        httpx.AsyncClient(base_url=url, timeout=120) as http,
    ):
        yield replace(client, http=http)


@pytest.fixture(scope="module")
async def gardener(searching: Product) -> Client:
    """Somebody with four tasks, found by OpenSearch."""
    client = await searching.newcomer()
    garden = await project(client)
    await created(
        client, "Water <b>roses</b>", description="Roses need water.", tags=["green"], projectId=garden
    )
    await created(client, "Prune the rose", priority="HIGH", tags=["green", "sharp"])
    done = await created(client, "Plant roses", dueDate="2030-01-01T00:00:00Z")
    await client.send("CompleteTask", input={"id": done["id"]})
    await created(client, "Mow the lawn")

    async def indexed() -> bool:
        found = await client.send("SearchTasks", text="rose", filter={"status": {"in": ["COMPLETED"]}})
        return bool(found["source"] == "OPENSEARCH" and found["totalCount"] == 1)

    await until(indexed)
    return client


async def test_finds_words_in_opensearch_with_highlights_and_facets(gardener: Client) -> None:
    found = await gardener.send("SearchTasks", text="rose")
    # How well something matches is the engine's affair.
    hits = {hit["node"]["title"]: hit for hit in found["edges"]}
    assert {title: hit["highlights"] for title, hit in hits.items()} == {
        "Water <b>roses</b>": [
            {"field": "title", "fragments": ["Water &lt;b&gt;<mark>roses</mark>&lt;/b&gt;"]},
            {"field": "description", "fragments": ["<mark>Roses</mark> need water."]},
        ],
        "Prune the rose": [{"field": "title", "fragments": ["Prune the <mark>rose</mark>"]}],
        "Plant roses": [{"field": "title", "fragments": ["Plant <mark>roses</mark>"]}],
    }
    assert all(hit["score"] > 0 for hit in found["edges"])
    assert hits["Prune the rose"]["node"] == await gardener.send(
        "Task", id=hits["Prune the rose"]["node"]["id"]
    )
    assert {name: found[name] for name in ("source", "totalCount", "totalIsExact", "facets")} == {
        "source": "OPENSEARCH",
        "totalCount": 3,
        "totalIsExact": True,
        "facets": FACETS,
    }


FACETS = {
    "status": [{"value": "TODO", "count": 2}, {"value": "COMPLETED", "count": 1}],
    "priority": [{"value": "MEDIUM", "count": 2}, {"value": "HIGH", "count": 1}],
    "tags": [{"value": "green", "count": 2}, {"value": "sharp", "count": 1}],
}


@pytest.mark.parametrize("url", ["", NOWHERE["opensearch"]], ids=["absent", "down"])
async def test_postgres_finds_the_same_while_opensearch_is_away(
    searching: Product, gardener: Client, url: str
) -> None:
    async with without(searching, gardener, opensearch_url=url) as client:
        # Of another length than those before, whose answers from OpenSearch are in Redis.
        found = await client.send("SearchTasks", text="rose", first=19)
        assert {hit["node"]["title"] for hit in found["edges"]} == {
            "Water <b>roses</b>",
            "Prune the rose",
            "Plant roses",
        }
        assert {name: found[name] for name in ("source", "totalCount", "totalIsExact", "facets")} == {
            "source": "POSTGRES",
            "totalCount": 3,
            "totalIsExact": True,
            "facets": FACETS,
        }
        marked = {hit["node"]["title"]: hit["highlights"] for hit in found["edges"]}
        assert marked["Prune the rose"] == [{"field": "title", "fragments": ["Prune the <mark>rose</mark>"]}]


async def test_filters_and_pages_are_the_same_in_both_stores(searching: Product, gardener: Client) -> None:
    filters: dict[str, dict[str, Any]] = {
        "Plant roses": {"status": {"in": ["COMPLETED"]}},
        "Prune the rose": {"priority": {"in": ["HIGH", "CRITICAL"]}},
        "Prune the rose ": {"tags": {"contains": ["sharp"]}},
        "Plant roses ": {"dueDate": {"gte": "2029-12-31T00:00:00Z", "lt": "2030-01-02T00:00:00Z"}},
        "": {"assignedTo": {"eq": gardener.me}},
    }
    async with without(searching, gardener, opensearch_url="") as fallback:
        for client, source in ((gardener, "OPENSEARCH"), (fallback, "POSTGRES")):
            for title, filter in filters.items():
                found = await client.send("SearchTasks", text="roses", filter=filter)
                titles = [hit["node"]["title"] for hit in found["edges"]]
                assert (titles, found["source"]) == ([title.strip()] if title else [], source)
            seen: list[str] = []
            cursor = None
            for _ in range(4):
                page = await client.send("SearchTasks", text="", first=1, after=cursor)
                assert (len(page["edges"]), page["totalCount"], page["source"]) == (1, 4, source)
                seen += [page["edges"][0]["node"]["title"]]
                cursor = page["edges"][0]["cursor"]
            assert sorted(seen) == ["Mow the lawn", "Plant roses", "Prune the rose", "Water <b>roses</b>"]
            last = await client.send("SearchTasks", text="", first=1, after=cursor)
            assert last["edges"] == []


async def test_what_cannot_be_searched_is_said(searching: Product, gardener: Client) -> None:
    async with without(searching, gardener, opensearch_url="") as fallback:
        for client in (gardener, fallback):
            wrong: list[dict[str, Any]] = [
                {"text": "rose", "first": 101},
                {"text": "rose", "first": -1},
                {"text": "x" * 100_000},
            ]
            codes = [(await client.error("SearchTasks", **variables))[0] for variables in wrong]
            assert codes == ["BAD_USER_INPUT"] * 3


@pytest.mark.parametrize(
    "text", ['"', "'", "rose AND (", "*", "a:b", "\\", "<", "rose\ttree", "é", "!" * 99, "🌹"]
)
async def test_any_text_may_be_searched(searching: Product, gardener: Client, text: str) -> None:
    async with without(searching, gardener, opensearch_url="") as fallback:
        for client in (gardener, fallback):
            await client.send("SearchTasks", text=text)
            await client.send("Tasks", filter={"text": text})


async def test_projects_are_found(gardener: Client) -> None:
    async def indexed() -> bool:
        found = await gardener.send("SearchProjects", text="gardens")
        return bool(found["source"] == "OPENSEARCH" and found["totalCount"] == 1)

    await until(indexed)
    found = await gardener.send("SearchProjects", text="gardens")
    assert [hit["node"]["name"] for hit in found["edges"]] == ["Garden"]


async def test_everything_works_without_redis(searching: Product, gardener: Client) -> None:
    async with without(searching, gardener, redis_url=NOWHERE["redis"]) as client:
        task = await created(client, "Rake", assignedTo=client.me)
        receipt = await client.send("CompleteTask", input={"id": task["id"]})
        position = receipt["position"]
        stats = await client.send("TaskStats", afterPosition=position)
        pages = await client.send("UserTasks", afterPosition=position)
        projects = await client.send("Projects", afterPosition=position)

        async def indexed() -> bool:
            found = await client.send("SearchTasks", text="rose")
            assert found["totalCount"] == 3
            # Postgres answers until it is known what the index shows.
            return bool(found["source"] == "OPENSEARCH")

        await until(indexed)
        await client.send("UnassignTask", input={"id": task["id"]})
        await client.send("ReopenTask", input={"id": task["id"]})
        receipt = await client.send("UnassignTask", input={"id": task["id"]})
    assert (stats["completed"], [node["title"] for node in pages["nodes"]]) == (1, ["Rake"])
    assert [edge["node"]["name"] for edge in projects["edges"]] == ["Garden"]
    # Those with Redis hear of it as well.
    pages = await gardener.send("UserTasks", afterPosition=receipt["position"])
    assert pages["nodes"] == []


REDIS_VIEWS = [view for view in VIEWS if issubclass(view, RedisView)]


async def test_a_flushed_redis_is_filled_again_by_itself(searching: Product, gardener: Client) -> None:
    before = await gardener.send("Projects")
    id = before["edges"][0]["node"]["id"]
    shown = await gardener.send("Project", id=id)
    async with Redis.from_url(searching.settings.redis_url) as redis:

        async def filled() -> bool:
            marks = [str(await redis.get(key)) for key in await redis.keys("hw:*mark")]
            return len(marks) == len(REDIS_VIEWS) and all(mark.split(":")[1] == "1" for mark in marks)

        await until(filled)
        await redis.flushdb()
        assert await gardener.send("Project", id=id) == shown
        await until(filled)
        keys = [key for key in await redis.keys("*") if id.encode() in key]
        assert len(keys) >= 2
        # No key lives for ever.
        assert [key for key in await redis.keys("*") if await redis.ttl(key) < 0] == []
    searching.statements.clear()
    assert await gardener.send("Project", id=id) == shown
    assert [statement for statement in searching.statements if '"tasks_g1"."projects"' in statement] == []


async def test_a_deleted_index_is_filled_again_by_itself(searching: Product, gardener: Client) -> None:
    async def found() -> Any:
        answer = await gardener.send("SearchTasks", text="rose", first=7)
        return answer["source"], {hit["node"]["title"] for hit in answer["edges"]}

    expected = {"Water <b>roses</b>", "Prune the rose", "Plant roses"}
    async with AsyncOpenSearch(searching.settings.opensearch_url) as server:
        await server.indices.delete(index=f"{searching.settings.index_prefix}*")
    assert await found() == ("POSTGRES", expected)

    async def back() -> bool:
        source, titles = await found()
        # Postgres goes on answering while the index is filled, so nothing is missing at any time.
        assert titles == expected
        return bool(source == "OPENSEARCH")

    await until(back)


async def test_a_search_reads_its_own_write(gardener: Client) -> None:
    receipt = await gardener.send("CreateTask", input={"title": "Hoe the beanrows"})
    found = await gardener.send("SearchTasks", text="beanrows", afterPosition=receipt["position"])
    assert [hit["node"]["id"] for hit in found["edges"]] == [receipt["task"]["id"]]


async def test_a_cursor_is_good_only_for_the_search_that_gave_it_out(
    searching: Product, gardener: Client
) -> None:
    """Nobody makes up the cursor that has Postgres search, nor takes it to another search or tenant."""
    async with without(searching, gardener, opensearch_url="") as fallback:
        given = (await fallback.send("SearchTasks", text="rose", first=1))["edges"][0]["cursor"]
    # In the same search it goes on in Postgres, where its place is.
    assert (await gardener.send("SearchTasks", text="rose", after=given))["source"] == "POSTGRES"
    elsewhere = await searching.newcomer()
    wrong: list[tuple[Client, dict[str, Any]]] = [
        *(
            (gardener, {"text": "rose", "after": made_up})
            for made_up in ("p0", "p1", "", "x", "p99999999999")
        ),
        (gardener, {"text": "roses", "after": given}),
        (gardener, {"text": "rose", "after": given, "filter": {"status": {"in": ["TODO"]}}}),
        (elsewhere, {"text": "rose", "after": given}),
    ]
    for client, variables in wrong:
        assert (await client.error("SearchTasks", **variables))[0] == "BAD_CURSOR", variables


async def test_highlights_are_read_only_for_who_asks(
    searching: Product, gardener: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    look = highlighted

    def watched(text: str, words: Any, *, whole: bool) -> list[str]:
        looked.append(text)
        return look(text, words, whole=whole)

    monkeypatch.setattr(searching_module, "highlighted", watched)
    counts = []
    for selection in ("score", "highlights { field }"):
        response = await gardener.post(f'{{ searchTasks(text: "rose") {{ edges {{ {selection} }} }} }}')
        assert "errors" not in response.json()
        counts.append(len(looked))
    assert counts == [0, 6]
