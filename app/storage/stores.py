"""The stores of the views' generations, on this installation's servers."""

from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis

from app.contexts import VIEWS
from app.storage.database import Database, Pool
from domain.kit.sealed import Opening
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import View
from projections.kit.store.checkpoints import PostgresCheckpoints
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.shared_statements import SharedStatements
from projections.kit.store.store import Store

if TYPE_CHECKING:
    from opensearchpy import AsyncOpenSearch


class Stores:
    """Makes each store once. Without a search server there are no stores for the views of search."""

    def __init__(
        self,
        database: Database,
        pool: Pool,
        redis: Redis,
        search: "AsyncOpenSearch | None",
        index_prefix: str,
        redis_prefix: str = "hw",
        opening: Opening | None = None,
        shared: SharedStatements | None = None,
    ) -> None:
        """``pool`` writes the rows, as the writer, and a few of several views together where these are ``shared``;
        ``opening`` opens what tables hold in plain."""
        self._database, self._pool, self._shared = database, pool, shared
        self._redis, self._redis_prefix = redis, redis_prefix
        self._search, self._index_prefix = search, index_prefix
        self._opening = opening
        self._made: dict[tuple[str, int], Store[Any]] = {}

    @property
    def views(self) -> list[View[Any]]:
        """Every view that has a store here."""
        return [kind() for kind in VIEWS if self._search is not None or not issubclass(kind, SearchView)]

    def of(self, view: View[Any], generation: int) -> Store[Any]:
        """The store of one generation. Raises LookupError for a view that has none here."""
        known = view.name, generation
        if known not in self._made:
            self._made[known] = self._make(view, generation)
        return self._made[known]

    def _make(self, view: View[Any], generation: int) -> Store[Any]:
        if isinstance(view, PostgresView):
            owner, opening, shared = self._database.owner, self._opening, self._shared
            return PostgresStore(type(view), self._pool, owner, generation, opening, shared)
        if isinstance(view, RedisView):
            return RedisStore(view, self._redis, generation, self._redis_prefix)
        if isinstance(view, SearchView) and self._search is not None:
            # Loaded where there is a search server alone.
            from projections.kit.store.search_store import SearchStore

            checkpoints = PostgresCheckpoints(self._pool)
            return SearchStore(view, self._search, generation, checkpoints, self._index_prefix)
        raise LookupError(f"{view.name} has no store here.")
