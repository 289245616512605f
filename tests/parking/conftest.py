"""A place with a log, and every store, for the tests of parked streams."""

from collections.abc import AsyncIterator

import pytest

from app.embedded.postgres import Postgres
from tests.kit.servers import fresh_database
from tests.parking import fragile
from tests.parking.yard import Yard
from tests.views.place import Place, opened


@pytest.fixture
async def url(postgres: Postgres) -> AsyncIterator[str]:
    """The owner's URL of a database of the test's own."""
    async with fresh_database(postgres) as url:
        yield url


@pytest.fixture
async def place(url: str) -> AsyncIterator[Place]:
    """An empty log with no views; every amount can be folded."""
    fragile.POISON.clear()
    async with opened(url) as place:
        yield place


@pytest.fixture
async def yard(place: Place, redis_url: str, osmem_url: str, index_prefix: str) -> AsyncIterator[Yard]:
    """The place with the fragile views in all three stores."""
    async with Yard.opened(place, redis_url, osmem_url, index_prefix) as yard:
        await yard.redis.flushdb()
        await yard.search.indices.delete(index=f"{index_prefix}*")
        yield yard
