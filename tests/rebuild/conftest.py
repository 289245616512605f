"""A site for rebuilds: an empty log, and the three stores."""

from collections.abc import AsyncIterator

import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.embedded.postgres import Postgres
from tests.kit.servers import fresh_database, fresh_prefix
from tests.rebuild.site import Site
from tests.views.place import opened


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
