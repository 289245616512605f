"""Reading work: searches, and cached pages of somebody's tasks."""

from dataclasses import dataclass
from uuid import UUID

from projections.kit.cache import Cache
from projections.kit.finder import Finder, Positions
from projections.kit.rows import Order, Rows, equals
from projections.kit.search_query import BadQuery
from projections.work.projects import ProjectDocument
from projections.work.tags import USER_TASKS, TaskPage
from projections.work.tasks import TaskDocument, Tasks

PAGE = 20
"""Tasks on a numbered page."""

_DEEPEST = 500


class UserTasks:
    """Numbered pages of the tasks that somebody has."""

    def __init__(self, rows: Rows, positions: Positions, cache: Cache) -> None:
        self._rows, self._positions, self._cache = rows, positions, cache

    async def page(self, tenant_id: UUID, user_id: UUID, page: int, *, at_least: int) -> TaskPage:
        """The ids on a page, from 1, the newest first. Raises BadQuery for a page too deep."""
        if not 1 <= page <= _DEEPEST:
            raise BadQuery(f"Pages go from 1 to {_DEEPEST}.")

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


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReading:
    """What the API of work reads with, beside rows by key and lists."""

    user_tasks: UserTasks
    tasks: Finder[TaskDocument]
    projects: Finder[ProjectDocument]
