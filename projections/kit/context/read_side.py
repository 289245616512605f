"""What a context's readers are made of: rows, caches, twins in Redis and searches of one process."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis

from projections.kit.declare.invalidation import Invalidation
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.row import R
from projections.kit.declare.search import SearchView
from projections.kit.read.cache import Cache, Cached
from projections.kit.read.circuit_breaker import Breaker
from projections.kit.read.fallback_search import Finder
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.postgres_search import TextSearch
from projections.kit.read.redis_reader import RedisRows, redis_breaker
from projections.kit.read.search_reader import Found, SearchReader, search_breaker
from projections.kit.read.status import Positions

if TYPE_CHECKING:
    from opensearchpy import AsyncOpenSearch


@dataclass(frozen=True, kw_only=True)
class ReadSide:
    """The stores as readers use them. Whatever one server is asked, one breaker judges whether it answers."""

    rows: PostgresRows
    positions: Positions
    redis: Redis
    redis_prefix: str
    search: "AsyncOpenSearch | None"
    """None where nothing is searched but Postgres."""
    index_prefix: str
    region: str
    """Where this process is."""
    redis_breaker: Breaker = field(default_factory=redis_breaker)

    @cached_property
    def search_breaker(self) -> Breaker:
        """Judges whether OpenSearch answers."""
        return search_breaker()

    def twin(self, view: type[RedisView[R]]) -> RedisRows[R]:
        """A view in Redis, read by key."""
        return RedisRows(view(), self.redis, self.rows.live, self.redis_prefix, self.redis_breaker)

    def cache(self, tags: type[Invalidation], *answers: Cached[Any]) -> Cache:
        """A cache of these answers, which the events that ``tags`` names make old."""
        return Cache(
            self.redis, self.twin(tags), answers, breaker=self.redis_breaker, prefix=self.redis_prefix
        )

    def finder(
        self,
        *,
        search: type[SearchView[R]],
        text: type[PostgresView[Any]],
        cache: Cache,
        cached: Cached[Found[R]],
        facets: Sequence[str] = (),
    ) -> Finder[R]:
        """Searches ``search``, or ``text`` while OpenSearch is away; ``cached`` is a class of ``cache``."""
        return Finder(
            search=self._searched(search),
            text=TextSearch(text, self.rows.reader, self.rows.live),
            cache=cache,
            cached=cached,
            positions=self.positions,
            facets=facets,
        )

    def _searched(self, view: type[SearchView[R]]) -> SearchReader[R] | None:
        if self.search is None:
            return None
        return SearchReader(view(), self.search, self.rows.live, self.index_prefix, self.search_breaker)
