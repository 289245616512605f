"""Words as people type them find the same in OpenSearch, in osmem, in Postgres and in lists."""

import unicodedata
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product, produced, running
from tests.tenants.companies import companies_of
from tests.work.api import created
from tests.work.spelling import FOUND


@pytest.fixture(scope="module")
async def both(settings: Settings, search_url: str, index_prefix: str) -> AsyncIterator[Product]:
    """The product with OpenSearch, then with osmem."""
    async with produced(settings, opensearch_url=search_url, index_prefix=index_prefix) as product:
        yield product


@pytest.fixture(scope="module")
async def fallback(both: Product) -> AsyncIterator[httpx.AsyncClient]:
    """The same product where no search server is known."""
    async with (
        running(replace(both.settings, opensearch_url="")) as url,
        httpx.AsyncClient(base_url=url, timeout=120) as http,
    ):
        yield http


async def wrote(product: Product, *texts: str, language: str = "en", **input: Any) -> Client:
    """Somebody whose company has a task for each text, all of which the search server shows."""
    async with companies_of(product) as companies:
        client = await companies.founded(settings={"searchLanguage": language})
    for text in texts:
        await created(client, text, **input)

    async def indexed() -> bool:
        found = await client.send("SearchTasks", text="", first=0)
        return bool(found["source"] == "OPENSEARCH" and found["totalCount"] == len(texts))

    await until(indexed)
    return client


async def found_in(client: Client, http: httpx.AsyncClient, query: str) -> dict[str, set[str]]:
    """The titles that a query finds, by who found them."""
    found: dict[str, set[str]] = {}
    for caller in (client, replace(client, http=http)):
        answer = await caller.send("SearchTasks", text=query, first=100)
        found[answer["source"]] = {hit["node"]["title"] for hit in answer["edges"]}
        assert answer["totalCount"] == len(answer["edges"])
    listed = await client.send("Tasks", filter={"text": query}, first=100)
    found["list"] = {edge["node"]["title"] for edge in listed["edges"]}
    return found


@pytest.mark.parametrize("language", sorted({language for _, _, _, language in FOUND}))
async def test_every_store_finds_what_people_type(
    both: Product, fallback: httpx.AsyncClient, language: str
) -> None:
    lines = [line for line in FOUND if line[3] == language]
    texts = sorted({unicodedata.normalize("NFC", text) for text, _, _, _ in lines})
    groups = [texts[at : at + 90] for at in range(0, len(texts), 90)]
    wrong: list[object] = []
    for group in groups:
        client = await wrote(both, *group, language=language)
        for query in sorted({query for _, query, _, _ in lines}):
            found = await found_in(client, fallback, query)
            for text, _, expected, _ in (line for line in lines if line[1] == query):
                typed = unicodedata.normalize("NFC", text)
                if typed in group:
                    wrong += [
                        (store, text, query) for store, all in found.items() if (typed in all) != expected
                    ]
    assert wrong == []


async def test_tags_are_one_whatever_their_case(both: Product, fallback: httpx.AsyncClient) -> None:
    client = await wrote(both, "First", tags=["Urgent", "café"])
    await created(client, "Second", tags=["urgent", "CAFE\u0301", "URGENT"])

    async def indexed() -> bool:
        found = await client.send("SearchTasks", text="", first=0)
        return bool(found["source"] == "OPENSEARCH" and found["totalCount"] == 2)

    await until(indexed)
    for tag in ("urgent", "Urgent", "URGENT", "Café"):
        listed = await client.send("Tasks", filter={"tags": {"contains": [tag]}})
        assert len(listed["edges"]) == 2, tag
        for caller in (client, replace(client, http=fallback)):
            found = await caller.send("SearchTasks", text="", filter={"tags": {"contains": [tag]}})
            assert found["totalCount"] == 2, (found["source"], tag)
            counts = [{"value": "café", "count": 2}, {"value": "urgent", "count": 2}]
            assert found["facets"]["tags"] == counts, found["source"]
