"""The first search of a process that has just begun, while the index still changes."""

from dataclasses import replace

import asyncpg
import httpx

from tests.kit.processes import until
from tests.kit.product import Product, running

ASK = "query($text: String!) { searchTasks(text: $text) { totalCount source } }"


async def test_says_where_it_was_read(searching: Product) -> None:
    client = await searching.newcomer()
    await client.send("CreateTask", input={"title": "Rake leaves"})
    lanes = """select min(position) from ops.lanes
                where view in ('work.task_search', 'tasks.tasks') and phase <> 'dropped'"""
    async with (
        asyncpg.create_pool(searching.settings.database_url, min_size=1, max_size=1) as pool,
        running(searching.settings) as url,
        httpx.AsyncClient(base_url=url, timeout=120) as http,
    ):
        fresh = replace(client, http=http)
        receipt = await client.send("CreateTask", input={"title": "Burn leaves"})

        async def folded() -> bool:
            return bool(await pool.fetchval(lanes) >= int(receipt["position"]))

        await until(folded)
        answer = (await fresh.post(ASK, {"text": "leaves"})).json()
    assert answer["data"]["searchTasks"]["totalCount"] == 2
    assert int(answer["extensions"]["position"]) > 0
