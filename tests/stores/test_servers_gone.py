"""Stores and readers when their server is killed and comes back empty."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConnectionError as NoConnection
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisGone

from app.embedded.opensearch import free_port
from app.embedded.osmem import Osmem
from app.embedded.valkey import Valkey
from projections.kit.read.circuit_breaker import Breaker, Unavailable
from projections.kit.read.live_generations import Only
from projections.kit.read.redis_reader import REDIS_FAULTS, RedisRows
from projections.kit.read.search_query import Query
from projections.kit.read.search_reader import SearchReader
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.search_store import SearchStore
from projections.kit.store.store import Lost
from tests.stores.rows import ACME, Cards, MemoryCheckpoints, Paper, Papers, at, card, changes, key, papers

pytestmark = pytest.mark.servers


@pytest.fixture
async def own_valkey(tmp_path: Path) -> AsyncIterator[Valkey]:
    """A Valkey that a test may kill; it keeps nothing."""
    server = Valkey(tmp_path / "data", sockets=tmp_path / "run", log=tmp_path / "log", durable=False)
    server.start()
    await server.ready()
    yield server
    await server.stop()


@pytest.fixture
async def own_osmem(tmp_path: Path) -> AsyncIterator[Osmem]:
    """An osmem that a test may kill; it keeps nothing."""
    server = Osmem(port=free_port(), log=tmp_path / "log")
    server.start()
    await server.ready()
    yield server
    await server.stop()


async def test_a_redis_that_was_killed_is_noticed_and_refilled(own_valkey: Valkey) -> None:
    async with Redis.from_url(own_valkey.url) as redis:
        store = RedisStore(Cards(), redis, 1)
        breaker = Breaker("Redis", faults=REDIS_FAULTS, timeout=10, rest=0)
        rows = RedisRows(Cards(), redis, Only(1), breaker=breaker)
        await store.prepare()
        await store.save(changes(1, {key(1): card(1)}), at(1))
        await store.caught_up()
        assert await rows.get(ACME, *key(1)[1]) == card(1)

        await own_valkey.stop()
        with pytest.raises((RedisGone, OSError)):
            await store.save(changes(2, {key(2): card(2)}), at(2))
        with pytest.raises(Unavailable):
            await rows.get(ACME, *key(1)[1])

        own_valkey.start()
        await own_valkey.ready()
        with pytest.raises(Lost):
            await store.checkpoint()
        with pytest.raises(Unavailable, match="not filled"):
            await rows.get(ACME, *key(1)[1])
        await store.drop()
        await store.prepare()
        await store.save(changes(2, {key(1): card(1), key(2): card(2)}), at(2))
        await store.caught_up()
        assert await rows.get(ACME, *key(2)[1]) == card(2)


async def test_a_search_server_that_was_killed_is_noticed_and_refilled(own_osmem: Osmem) -> None:
    async with AsyncOpenSearch(hosts=[own_osmem.url], max_retries=0) as client:
        store = SearchStore(Papers(), client, 1, MemoryCheckpoints())
        breaker = Breaker("OpenSearch", faults=(NoConnection,), timeout=20, rest=0)
        search = SearchReader(Papers(), client, Only(1), breaker=breaker)
        paper = Paper(id=key(1)[1][0], title="Feed the dogs")
        await store.prepare()
        await store.save(papers(1, {key(1): paper}), at(1))
        await store.caught_up()
        assert (await search.search(ACME, Query(text="dog"))).total == 1

        await own_osmem.stop()
        with pytest.raises(NoConnection):
            await store.save(papers(2, {key(1): paper}), at(2))
        with pytest.raises(Unavailable):
            await search.search(ACME, Query(text="dog"))

        own_osmem.start()
        await own_osmem.ready()
        with pytest.raises(Lost):
            await store.checkpoint()
        with pytest.raises(Unavailable):
            await search.search(ACME, Query(text="dog"))
        await store.drop()
        await store.prepare()
        await store.save(papers(2, {key(1): paper}), at(2))
        await store.caught_up()
        assert (await search.search(ACME, Query(text="dog"))).total == 1
