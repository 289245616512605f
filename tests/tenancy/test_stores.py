"""No store gives one tenant's rows to another: every table, key and document there is, listed from the stores."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.contexts import VIEWS
from app.storage.database import Database
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import Row
from projections.kit.declare.search import SearchView
from projections.kit.read.live_generations import pointers
from projections.kit.read.search_query import Query
from projections.kit.read.search_reader import SearchReader
from projections.kit.store.tables import table_shape
from tests.tenancy.marks import hexes
from tests.tenancy.relations import Relation, definers, readable, reader
from tests.tenancy.scene import WORD, Scene

OF_NO_TENANT = {
    "audit.retention": "which months were dropped",
    "ops.lanes": "how far views have come",
    "ops.views": "which views there are",
    "processes.holders": "which program runs which process",
    "processes.lanes": "how far processes have come",
}
"""What the reader may read whole, and why: none of it is about anything that a tenant has."""

OWN_RIGHTS = {"placement.here": "says of one tenant whether it is in this database"}
"""Functions with their owner's rights that name no tenant themselves."""

WITHOUT_ROWS = {
    "auth.password_resets": "somebody has to forget their password",
    "campaigns.campaign_metrics": "no process sends a campaign here",
    "campaigns.recipients": "no process sends a campaign here",
    "marketing.import_errors": "no process reads a report here",
}
"""Views that the scene leaves empty."""

SHARED_KEYS = {
    r"[^:]+:[^:]+:v\d+:g\d+:mark": "how far a view in Redis has come",
    r"[^:]+:[^:]+:v\d+:g\d+:roster": "the names of a view's keys, which say whose they are",
    r"[^:]+:rd:session:[0-9a-f]{64}": "a session, under the hash of its id, which is random",
}
_TENANT = re.compile(r":t:([0-9a-f-]{36}):")


@pytest.fixture
async def owner(scene: Scene) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A session that sees all."""
    connection = await asyncpg.connect(scene.product.settings.database_url)
    yield connection
    await connection.close()


async def test_every_table_that_is_read_is_guarded(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    found = await readable(owner)
    assert [
        relation.name for relation in found if not relation.guarded and relation.name not in OF_NO_TENANT
    ] == []
    assert OF_NO_TENANT.keys() <= {relation.name for relation in found}


async def test_a_session_without_a_tenant_sees_no_row(
    scene: Scene, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    session = await reader(scene.product.settings)
    try:
        counts = {relation.name: await _count(session, relation) for relation in await readable(owner)}
    finally:
        await session.close()
    assert {name: count for name, count in counts.items() if count and name not in OF_NO_TENANT} == {}


async def test_a_session_of_one_tenant_sees_no_row_of_another(
    scene: Scene, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    session = await reader(scene.product.settings, scene.second.id)
    seen = 0
    try:
        for relation in await readable(owner):
            rows = await session.fetch(f"select t::text as text from {relation.name} t")
            seen += len(rows)
            crossed = {mark for row in rows for mark in scene.unnamed.found(row["text"])}
            assert crossed == set(), relation.name
    finally:
        await session.close()
    assert seen


async def test_the_first_tenant_has_rows_in_every_view(
    scene: Scene, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Or the tests above would prove little."""
    empty = set()
    for view in VIEWS:
        if issubclass(view, PostgresView):
            rows = await owner.fetch(f"select t::text as text from {view.name} t")
            if not any(scene.marks.found(row["text"]) for row in rows):
                empty.add(view.name)
    assert empty == set(WITHOUT_ROWS)


async def test_a_new_generation_of_any_view_is_guarded(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    transaction = owner.transaction()
    await transaction.start()
    before = {relation.name for relation in await readable(owner)}
    shapes = [table_shape(view, 99) for view in VIEWS if issubclass(view, PostgresView)]
    for statement in [statement for shape in shapes for statement in shape.create]:
        await owner.execute(statement)
    added = [relation for relation in await readable(owner) if relation.name not in before]
    await transaction.rollback()
    assert len(added) == len(shapes)
    assert [relation.name for relation in added if not relation.guarded] == []


async def test_functions_with_their_owners_rights_keep_to_the_tenant(
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    found = await definers(owner)
    assert [
        name for name, body in found.items() if "headwater.tenant" not in body and name not in OWN_RIGHTS
    ] == []


async def test_every_key_in_redis_is_of_one_tenant(scene: Scene) -> None:
    values, shared = await _keys(scene), [re.compile(pattern) for pattern in SHARED_KEYS]
    of_tenants = {name: found.group(1) for name in values if (found := _TENANT.search(name))}
    odd = [
        name
        for name in values.keys() - of_tenants.keys()
        if not any(pattern.fullmatch(name) for pattern in shared)
    ]
    assert odd == []
    first = str(scene.first.id)
    assert first in of_tenants.values()
    for name, text in values.items():
        if of_tenants.get(name) == first or name.endswith(":roster"):
            continue
        # A session tells whose it is; who knows its key has its id already.
        marks = scene.unnamed.without(*hexes(text)) if "rd:session" in name else scene.unnamed
        assert not marks.found(text), name


async def test_every_document_is_of_one_tenant(scene: Scene) -> None:
    settings = scene.product.settings
    client = AsyncOpenSearch(settings.opensearch_url)
    try:
        await client.indices.refresh(index=f"{settings.index_prefix}*")
        answer = await client.search(index=f"{settings.index_prefix}*", body={"size": 1000})
    finally:
        await client.close()
    hits = answer["hits"]["hits"]
    tenants = [hit["_source"].get("tenantId") for hit in hits]
    assert {str(scene.first.id), str(scene.second.id)} <= set(tenants)
    for hit, tenant in zip(hits, tenants, strict=True):
        assert bool(scene.marks.found(hit)) == (tenant == str(scene.first.id))
        assert tenant.replace("-", "") in hexes(hit["_id"])


@pytest.mark.parametrize("view", [view for view in VIEWS if issubclass(view, SearchView)])
async def test_every_search_keeps_to_the_tenant(scene: Scene, view: type[SearchView[Row]]) -> None:
    settings = scene.product.settings
    client = AsyncOpenSearch(settings.opensearch_url)
    database = await Database.open(settings.database_url, secret=settings.secret, writers=1, readers=1)
    try:
        async with pointers(database.writer, VIEWS) as live:
            search = SearchReader(view(), client, live, settings.index_prefix)
            own = await search.search(scene.first.id, Query(text=WORD))
            others = await search.search(scene.second.id, Query(text=WORD))
            everything = await search.search(scene.second.id, Query())
    finally:
        await database.close()
        await client.close()
    assert own.total
    assert others.total == 0
    assert everything.total
    assert not scene.unnamed.found(str(everything))


async def _count(session: "asyncpg.Connection[asyncpg.Record]", relation: Relation) -> int:
    return int(await session.fetchval(f"select count(*) from {relation.name}"))


async def _keys(scene: Scene) -> dict[str, str]:
    """Every key of the database, with all that it holds."""
    found = {}
    async with Redis.from_url(scene.product.settings.redis_url, decode_responses=True) as redis:
        async for name in redis.scan_iter(count=1000):
            kind = await redis.type(name)
            if kind == "set":
                found[str(name)] = str(await redis.smembers(name))
                continue
            held = await redis.hgetall(name) if kind == "hash" else await redis.get(name)
            found[name] = str(held)
    return found
