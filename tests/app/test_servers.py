"""The servers that tests run on are the real ones, each answering."""

import asyncpg
import httpx
from redis.asyncio import Redis


async def test_postgres_is_version_18(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("show server_version_num") >= "180000"
    finally:
        await connection.close()


async def test_valkey_answers(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        await client.set("key", "value")
        assert await client.get("key") == b"value"


async def test_search_makes_an_index(search_url: str, index_prefix: str) -> None:
    async with httpx.AsyncClient(base_url=search_url, timeout=120) as client:
        assert (await client.put(f"/{index_prefix}things", json={})).status_code == 200


async def test_opensearch_makes_no_index_by_itself(opensearch_url: str, index_prefix: str) -> None:
    async with httpx.AsyncClient(base_url=opensearch_url, timeout=120) as client:
        answer = await client.post(f"/{index_prefix}missing/_doc", json={"a": 1})
    assert answer.status_code == 404
