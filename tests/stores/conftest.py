"""Clients for the stores' tests."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

_numbers = count(1)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Valkey."""
    async with Redis.from_url(redis_url) as client:
        await client.flushdb()
        yield client


@pytest.fixture(scope="module")
async def client(search_url: str) -> AsyncIterator[AsyncOpenSearch]:
    """A client of OpenSearch, then of osmem."""
    # A page of many megabytes takes the stand-in longer than the library waits by itself, beside other work.
    async with AsyncOpenSearch(hosts=[search_url], timeout=120) as opened:
        yield opened


@pytest.fixture
def prefix(index_prefix: str) -> str:
    """What this test's indexes begin with."""
    return f"{index_prefix}{next(_numbers)}"
