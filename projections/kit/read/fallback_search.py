"""Full-text search as people use it: cached answers, from OpenSearch when it answers, else from Postgres."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol
from uuid import UUID

import msgspec

from domain.kit.languages import DEFAULT
from projections.kit.declare.filters import EVERYTHING, Filter, said
from projections.kit.declare.row import R
from projections.kit.read.cache import Cache, Cached
from projections.kit.read.circuit_breaker import Unavailable
from projections.kit.read.conditions import Condition
from projections.kit.read.postgres_search import TextSearch
from projections.kit.read.search_query import Query
from projections.kit.read.search_reader import Found, SearchReader

_REFRESH = 2.0
"""Seconds after which OpenSearch surely shows what was written; its own interval is one second."""
_APART = 0.05
"""Seconds between two positions of a view that are remembered."""


class SearchPositions(Protocol):
    """How far the views have come."""

    async def standing(self, view: str, /) -> tuple[int, float]:
        """The position up to which a view is folded, and for how many seconds it has stood there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What to find; see `projections.kit.read.search_query.Query`. ``where`` is what
    Postgres leaves out besides, as
    the index does by ``without``."""

    text: str
    language: str = DEFAULT
    filter: Filter = EVERYTHING
    where: Sequence[Condition] = ()
    without: Mapping[str, Sequence[object]] = field(default_factory=dict)
    texts: Sequence[str] | None = None
    first: int = 20
    after: str | None = None
    indexed: bool = True
    """Whether the index may answer: False when it cannot be told what to leave out."""

    @property
    def asked(self) -> str:
        """What the client narrows the search by, as one word for a signature."""
        return msgspec.json.encode(said(self.filter)).decode()

    @property
    def filters(self) -> str:
        """Everything but the text, as one word for a cache key."""
        parts: list[object] = [said(self.filter), self.first, self.after, self.language]
        narrowed = self.without or self.texts is not None
        return msgspec.json.encode([*parts, self.without, self.texts] if narrowed else parts).decode()


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found, and which store answered: ``opensearch`` or ``postgres``. Rows differ in type."""

    found: Found[Any]
    source: str


class Finder(Generic[R]):
    """Finds documents of one search view; ``text`` searches the Postgres view that shows the same things.

    Without a ``search`` it is always Postgres that answers. ``cached`` is the class of its cached answers,
    with the parameters ``query`` and ``filters``.
    """

    def __init__(
        self,
        *,
        search: SearchReader[R] | None,
        text: TextSearch[Any],
        cache: Cache,
        cached: Cached[Found[R]],
        positions: SearchPositions,
        facets: Sequence[str],
    ) -> None:
        self._search, self._text, self._cache, self._cached = search, text, cache, cached
        self._positions, self._facets = positions, facets
        self._seen: deque[tuple[float, int]] = deque(maxlen=1000)

    async def find(self, tenant_id: UUID, wanted: SearchRequest, *, at_least: int = 0) -> Hits:
        """A page of hits, the best first. Raises BadQuery for what cannot be asked.

        Until the index surely shows the position ``at_least``, Postgres answers; wait for its view before. So it
        does while nothing is known of what the index shows, as in a process that has just begun.
        """
        # A cursor of Postgres goes on there: hits stand elsewhere in OpenSearch.
        if self._search is not None and wanted.indexed and not (wanted.after or "").startswith("p"):
            try:
                shown = await self._shown(self._search.view.name)
                if shown is not None and shown >= at_least:
                    found = await self._indexed(self._search, tenant_id, wanted, at_least, shown)
                    return Hits(found, "opensearch")
            except Unavailable:
                pass
        matched = await self._text.search(
            tenant_id,
            wanted.text,
            language=wanted.language,
            filter=wanted.filter,
            where=wanted.where,
            texts=wanted.texts,
            facets=self._facets,
            first=wanted.first,
            after=wanted.after,
        )
        return Hits(matched, "postgres")

    async def _indexed(
        self, search: SearchReader[R], tenant_id: UUID, wanted: SearchRequest, at_least: int, shown: int
    ) -> Found[R]:
        async def load() -> tuple[Found[R], int]:
            # What is known of a view that has just moved may be less than what was known a moment ago.
            position = max(await self._shown(search.view.name) or 0, shown)
            query = Query(
                text=wanted.text,
                language=wanted.language,
                filter=wanted.filter,
                without=wanted.without,
                texts=wanted.texts,
                facets=self._facets,
                first=wanted.first,
                after=wanted.after,
            )
            return await search.search(tenant_id, query), position

        params = {"query": wanted.text, "filters": wanted.filters}
        answer = await self._cache.get_or_load(self._cached, tenant_id, params, load, at_least=at_least)
        return answer.value

    async def _shown(self, view: str) -> int | None:
        """A position that every search reflects: one that the view had reached a refresh ago; None when none is
        known."""
        now = time.monotonic()
        position, age = await self._positions.standing(view)
        if not self._seen or now - self._seen[-1][0] >= _APART:
            self._seen.append((now, position))
        if age >= _REFRESH or position == 0:
            return position
        # While the view moves all the time, what was seen of it before says where it stood.
        return max((seen for at, seen in self._seen if now - at >= _REFRESH), default=None)
