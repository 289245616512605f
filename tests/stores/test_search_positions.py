"""A search never says that it is older than what was asked for."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from projections.kit.read.cache import Cache, Cached
from projections.kit.read.fallback_search import Finder, SearchRequest
from projections.kit.read.live_generations import Only
from projections.kit.read.redis_reader import RedisRows, redis_breaker
from projections.kit.read.search_reader import Found, SearchReader, search_breaker
from projections.kit.read_position import begin_reading
from projections.kit.store.search_store import SearchStore
from tests.stores.rows import ACME, MemoryCheckpoints, Paper, Papers, Tags, at, key, papers

FOUND = Cached("search:papers:{query}:{filters}", Found[Paper], ttl=timedelta(minutes=5), tags=("papers",))


class Moving:
    """A view that has stood at 10 for long, and moves on to 11 while it is asked about."""

    def __init__(self) -> None:
        self._looks = 0

    async def standing(self, view: str, /) -> tuple[int, float]:
        self._looks += 1
        return (10, 60.0) if self._looks == 1 else (11, 0.0)


@pytest.fixture
async def finder(client: AsyncOpenSearch, redis: Redis, prefix: str) -> Any:
    """Finds one paper."""
    store = SearchStore(Papers(), client, 1, MemoryCheckpoints(), prefix)
    await store.prepare()
    await store.save(papers(1, {key(1, ACME): Paper(id=UUID(int=1), title="Dogs")}), at(1))
    await store.caught_up()
    breaker = redis_breaker(timeout=10)
    cache = Cache(redis, RedisRows(Tags(), redis, Only(1), breaker=breaker), [FOUND], breaker=breaker)
    search = SearchReader(Papers(), client, Only(1), prefix, search_breaker(timeout=20))
    yield Finder(
        search=search, text=cast(Any, None), cache=cache, cached=FOUND, positions=Moving(), facets=()
    )
    await store.drop()


async def test_a_view_that_moves_on_meanwhile_takes_nothing_from_what_it_had_shown(
    finder: Finder[Paper],
) -> None:
    reading = await begin_reading(object(), lambda: {}, None, 0)
    hits = await finder.find(ACME, SearchRequest(text="dogs"), at_least=10)
    assert (hits.source, [hit.row.title for hit in hits.found.hits]) == ("opensearch", ["Dogs"])
    assert reading.value == 10
