"""All rows of a view as its store holds them, read past the stores' own code; as of a quiet moment."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import asyncpg
import httpx
import msgspec
from redis.asyncio import Redis

from app.settings import Settings
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import FullKey, View
from projections.kit.store.index_mapping import TENANT, DocumentMapping, IndexNames, camel
from projections.kit.store.keys import KeySpace, Mark
from projections.kit.store.redis_scripts import READ
from projections.kit.store.tables import table_shape

_PAGE = 1000

Decode = Callable[[str | bytes], Any]


# Rows differ in type from view to view, hence Any.
async def stored(
    view: View[Any], generation: int, settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]"
) -> dict[FullKey, Any]:
    """The rows of one generation of a view; ``connection`` is the owner's."""
    if isinstance(view, PostgresView):
        found = await _in_postgres(view, generation, connection)
    elif isinstance(view, RedisView):
        found = await _in_redis(view, generation, settings)
    else:
        found = await _in_search(cast(SearchView[Any], view), generation, settings)
    rows: dict[FullKey, Any] = {}
    for tenant, row in found:
        full = (tenant, tuple(getattr(row, name) for name in view.key))
        assert full not in rows, f"{view.name} holds {full} twice"
        rows[full] = row
    return rows


async def _in_postgres(
    view: PostgresView[Any], generation: int, connection: "asyncpg.Connection[asyncpg.Record]"
) -> list[tuple[UUID, Any]]:
    decode: Decode = msgspec.json.Decoder(view.row).decode
    table = table_shape(type(view), generation).name
    rows = await connection.fetch(f"select tenant_id, to_json(t)::text as row from {table} t")
    return [(row["tenant_id"], decode(row["row"])) for row in rows]


async def _in_redis(view: RedisView[Any], generation: int, settings: Settings) -> list[tuple[UUID, Any]]:
    keys = KeySpace(view, pattern=view.pattern, generation=generation, prefix="hw")
    decode: Decode = msgspec.json.Decoder(view.row).decode
    async with Redis.from_url(settings.redis_url) as redis:
        mark = await redis.get(keys.mark)
        if mark is None:
            raise LookupError(f"{view.name} has no mark in Valkey")
        start = f"{keys.root}{Mark.read(mark).epoch}:t:"
        names = sorted({key.decode() async for key in redis.scan_iter(match=f"{start}*", count=_PAGE)})
        values = await redis.mget(names) if names else []
        named = {f"{start}{member.decode()}" async for member in redis.sscan_iter(keys.roster, count=_PAGE)}
        if lost := sorted(named - set(names)):
            # Whoever reads one notices it; nobody has, so this is the first.
            ask = redis.register_script(READ)
            await ask(keys=[keys.mark, keys.roster, *lost], args=[Mark.read(mark).epoch, len(start), 0])
            raise LookupError(f"{view.name} lacks {len(lost)} rows in Valkey")
    pairs = zip(names, values, strict=True)
    return [(UUID(name[len(start) :][:36]), decode(value)) for name, value in pairs if value is not None]


async def _in_search(view: SearchView[Any], generation: int, settings: Settings) -> list[tuple[UUID, Any]]:
    documents = DocumentMapping(view)
    index = IndexNames(view, generation=generation, prefix=settings.index_prefix).index
    body: dict[str, Any] = {
        "query": {"exists": {"field": TENANT}},
        "sort": [{column: "asc"} for column in (TENANT, *map(camel, view.key))],
        "size": _PAGE,
    }
    found: list[tuple[UUID, Any]] = []
    async with httpx.AsyncClient(base_url=settings.opensearch_url, timeout=30, trust_env=False) as http:
        (await http.post(f"/{index}/_refresh")).raise_for_status()
        while True:
            answer = await http.post(f"/{index}/_search", json=body)
            answer.raise_for_status()
            hits = answer.json()["hits"]["hits"]
            sources = [hit["_source"] for hit in hits]
            found += [(UUID(source[TENANT]), documents.read(source)) for source in sources]
            if len(hits) < _PAGE:
                return found
            body["search_after"] = hits[-1]["sort"]
