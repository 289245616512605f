"""A site for rebuilds: an empty log, and the three stores."""

from collections.abc import AsyncIterator

import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.embedded.postgres import Postgres
from tests.kit.servers import fresh_database, fresh_prefix
from tests.rebuild.rebuilding import House
from tests.rebuild.site import Site
from tests.views.place import Place, opened
from tests.views.test_outside_postgres import ShelfCounts, ShelfSearch
from tests.views.toys import Jars


@pytest.fixture
async def site(postgres: Postgres, redis_url: str, osmem_url: str) -> AsyncIterator[Site]:
    """Real Postgres and Valkey, and the stand-in for OpenSearch."""
    async with fresh_database(postgres) as url, opened(url) as place:
        async with Redis.from_url(redis_url) as redis, AsyncOpenSearch(osmem_url) as search:
            await redis.flushdb()
            yield Site(place, redis, search, fresh_prefix(), url)


@pytest.fixture
async def real(postgres: Postgres, redis_url: str, opensearch_url: str) -> AsyncIterator[Site]:
    """The same with the real OpenSearch."""
    async with fresh_database(postgres) as url, opened(url) as place:
        async with Redis.from_url(redis_url) as redis, AsyncOpenSearch(opensearch_url) as search:
            await redis.flushdb()
            yield Site(place, redis, search, fresh_prefix(), url)


@pytest.fixture
async def place(postgres: Postgres) -> AsyncIterator[Place]:
    async with fresh_database(postgres) as url, opened(url) as place:
        yield place


@pytest.fixture
async def everywhere(place: Place, redis_url: str, osmem_url: str) -> AsyncIterator[House]:
    """Views in all three stores."""
    async with Redis.from_url(redis_url) as redis, AsyncOpenSearch(osmem_url) as search:
        await redis.flushdb()
        views = (Jars(), ShelfCounts(), ShelfSearch())
        yield House(place, views, redis, search, fresh_prefix())
