"""Reading work: cached pages and searches, with Postgres behind every store that may be down."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import msgspec

from projections.kit.breaker import Unavailable
from projections.kit.cache import Cache
from projections.kit.documents import Found, Search
from projections.kit.rows import Condition, Order, Rows, equals
from projections.kit.search_query import BadQuery, Between, Query
from projections.kit.text_search import TextSearch
from projections.work.tags import SEARCHES, USER_TASKS, TaskPage
from projections.work.tasks import TaskDocument, TaskRow, Tasks, TaskSearch

PAGE = 20
_DEEPEST_PAGE = 500

_REFRESH = 2.0
"""Seconds after which OpenSearch surely shows what was written; its own interval is one second."""


class Positions(Protocol):
    """How far the views have come."""

    async def position_of(self, view: str) -> int:
        """The position up to which a view is folded."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """What to search tasks for; see `projections.kit.search_query.Query`."""

    text: str
    equal: Mapping[str, Sequence[object]]
    due: Between = field(default_factory=Between)
    first: int = 20
    after: str | None = None

    @property
    def filters(self) -> str:
        """Everything but the text, as one word for a cache key."""
        return msgspec.json.encode([self.equal, self.due, self.first, self.after]).decode()


@dataclass(frozen=True, slots=True)
class TaskHits:
    """What a search found, and which store answered: ``opensearch`` or ``postgres``."""

    found: Found[Any]
    source: str


class WorkReading:
    """Lists and searches of tasks."""

    def __init__(
        self,
        rows: Rows,
        positions: Positions,
        cache: Cache,
        search: Search[TaskDocument] | None,
        text: TextSearch[TaskRow],
    ) -> None:
        self._rows, self._positions, self._cache = rows, positions, cache
        self._search, self._text = search, text
        self._seen: deque[tuple[float, int]] = deque(maxlen=1000)

    async def user_tasks(self, tenant_id: UUID, user_id: UUID, page: int, *, at_least: int) -> TaskPage:
        """The ids on a page, from 1, of the tasks that somebody has, the newest first. Raises BadQuery."""
        if not 1 <= page <= _DEEPEST_PAGE:
            raise BadQuery(f"Pages go from 1 to {_DEEPEST_PAGE}.")

        async def load() -> tuple[TaskPage, int]:
            position = await self._positions.position_of(Tasks.name)
            found = await self._rows.page(
                Tasks,
                tenant_id,
                where=equals("assigned_to", user_id),
                order=Order("created_at", descending=True),
                limit=PAGE,
                skip=(page - 1) * PAGE,
            )
            return TaskPage(ids=[row.id for row in found.rows], more=found.more_after), position

        params = {"user_id": user_id, "page": page}
        answer = await self._cache.get_or_load(USER_TASKS, tenant_id, params, load, at_least=at_least)
        return answer.value

    async def search(self, tenant_id: UUID, query: TaskQuery, where: Sequence[Condition]) -> TaskHits:
        """Hits for people to read; ``where`` says the same as the query's filters, for Postgres.

        Raises BadQuery for what cannot be asked.
        """
        if self._search is not None and not (query.after or "").startswith("p"):
            try:
                params = {"query": query.text, "filters": query.filters}

                async def load() -> tuple[Found[TaskDocument], int]:
                    assert self._search is not None
                    position = await self._shown()
                    asked = Query(
                        text=query.text,
                        equal=query.equal,
                        between={"due_date": query.due} if query.due != Between() else {},
                        facets=("status", "priority", "tags"),
                        first=query.first,
                        after=query.after,
                    )
                    return await self._search.search(tenant_id, asked), position

                answer = await self._cache.get_or_load(SEARCHES, tenant_id, params, load)
                return TaskHits(answer.value, "opensearch")
            except Unavailable:
                pass  # Postgres answers, and says so.
        found = await self._text.search(
            tenant_id,
            query.text,
            where=where,
            facets=("status", "priority", "tags"),
            first=query.first,
            after=query.after,
        )
        return TaskHits(found, "postgres")

    async def _shown(self) -> int:
        """A position that every search reflects: the one that the view had a refresh ago."""
        now = time.monotonic()
        self._seen.append((now, await self._positions.position_of(TaskSearch.name)))
        return max((position for at, position in self._seen if now - at >= _REFRESH), default=0)
