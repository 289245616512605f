"""Reads all that four stores hold, with code of its own: what a test finds must not depend on what it tests."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
from redis.asyncio import Redis

from domain.kit.caller import ACCOUNTS
from domain.kit.sealed import Opening
from tests.privacy.estate import Estate

_TOKEN = re.compile(r"hw1\.[0-9a-f]{32}\.[0-9]+\.(?:[0-9a-f]+|-)\.[\w-]+\.[\w-]+")


async def everything(estate: Estate) -> AsyncIterator[tuple[str, str]]:
    """Where something stands, and its text: each row, key, document and file, of whatever tenant."""
    connection = await estate.database.owner()
    try:
        tables = await connection.fetch(
            "select schemaname || '.\"' || tablename || '\"' as name from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        )
        for table in tables:
            for row in await connection.fetch(f"select to_jsonb(t)::text as text from {table['name']} t"):
                yield table["name"], row["text"]
    finally:
        await connection.close()
    redis: Any = Redis.from_url(estate.settings.redis_url)
    async with redis:
        for key in await redis.keys("*"):
            yield f"redis {key!r}", f"{key!r} {await redis.dump(key)!r}"
    assert estate.settings.opensearch_url is not None
    async with httpx.AsyncClient(base_url=estate.settings.opensearch_url, timeout=120) as http:
        answer = await http.get(f"/{estate.settings.index_prefix}*/_search", params={"size": 10_000})
        for hit in answer.raise_for_status().json()["hits"]["hits"]:
            yield f"index {hit['_index']}", json.dumps(hit["_source"])
    for path in estate.settings.data_dir.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes().decode(errors="replace")


async def readable(estate: Estate, tenant: UUID, *texts: str) -> list[str]:
    """Where one of these texts stands in plain, or in a sealed text of the tenant or of accounts that opens."""
    found: list[str] = []
    sealed: dict[str, str] = {}
    wanted = [text.casefold() for text in texts]
    async for place, text in everything(estate):
        found += [f"{place} in plain" for word in wanted if word in text.casefold()]
        sealed |= dict.fromkeys(_TOKEN.findall(text), place)
    for token, place in sealed.items():
        for scope in (tenant, ACCOUNTS):
            opened = (await _opened(estate.ring, scope, token)).casefold()
            if any(word in opened for word in wanted):
                found.append(f"{place} sealed")
    return sorted(set(found))


async def _opened(ring: Opening, tenant: UUID, token: str) -> str:
    try:
        return (await ring.open(tenant, [token]))[0]
    except ValueError:
        return ""  # It is another tenant's.
