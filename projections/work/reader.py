"""Reading work: searches, and cached pages of somebody's tasks."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from projections.kit.context.read_side import ReadSide
from projections.kit.model import replace
from projections.kit.read.cache import Cache
from projections.kit.read.circuit_breaker import Unavailable
from projections.kit.read.conditions import equals, one_of, since, until
from projections.kit.read.fallback_search import Finder
from projections.kit.read.keyset import Order, RowPlace
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.redis_reader import RedisRows
from projections.kit.read.row_visibility import EVERYTHING, Sight
from projections.work.projects import (
    MemberList,
    ProjectDocument,
    ProjectMemberLists,
    ProjectMembers,
    Projects,
    ProjectSearch,
)
from projections.work.stats import DailyRow, DailyStats, UserStatsRow
from projections.work.tags import CACHED, PROJECT_SEARCHES, TASK_SEARCHES, USER_TASKS, TagPage, WorkTags
from projections.work.tasks import TaskDocument, Tasks, TaskSearch

NEWEST = Order("created_at", descending=True)
_MOST_MEMBERS = 10_000


class ReadPositions(Protocol):
    """How far the views have come."""

    async def position_of(self, view: str, /) -> int:
        """The position up to which a view is folded."""
        ...


class UserTasks:
    """Pages of the tasks that somebody has."""

    def __init__(self, rows: PostgresRows, positions: ReadPositions, cache: Cache) -> None:
        self._rows, self._positions, self._cache = rows, positions, cache

    async def page(
        self,
        tenant_id: UUID,
        user_id: UUID,
        after: RowPlace | None,
        *,
        first: int,
        at_least: int,
        sight: Sight = EVERYTHING,
    ) -> TagPage:
        """The ids of so many tasks within sight after a place, the newest first."""

        async def load() -> tuple[TagPage, int]:
            position = await self._positions.position_of(Tasks.name)
            found = await self._rows.page(
                Tasks,
                tenant_id,
                where=[*equals("assigned_to", user_id), *sight.conditions(Tasks)],
                order=NEWEST,
                limit=first,
                after=after,
            )
            return TagPage(ids=[row.id for row in found.rows], more=found.more_after), position

        if sight.narrows(Tasks):
            # What is kept is for those who see everything.
            return (await load())[0]
        behind = "" if after is None else after.key[0]
        params = {"user_id": user_id, "page": f"{first}:{behind}"}
        answer = await self._cache.get_or_load(USER_TASKS, tenant_id, params, load, at_least=at_least)
        return answer.value


class ProjectMembershipReader:
    """Who belongs to projects: from Redis, or from Postgres when Redis cannot say."""

    def __init__(self, rows: PostgresRows, lists: RedisRows[MemberList]) -> None:
        self._rows, self._lists = rows, lists

    async def of(self, tenant_id: UUID, at_least: int, project_ids: list[UUID]) -> list[list[UUID]]:
        """The members of each project, in order of joining, as of ``at_least`` a position."""
        try:
            keys = [(id,) for id in project_ids]
            found = await self._lists.get_many(tenant_id, keys, at_least=at_least)
            return [list(found[(id,)].user_ids) if (id,) in found else [] for id in project_ids]
        except Unavailable:
            rows = await self._rows.heads(
                ProjectMembers,
                tenant_id,
                "project_id",
                set(project_ids),
                order=Order("joined_at"),
                limit=_MOST_MEMBERS,
            )
            return [[row.user_id for row in rows.get(id, [])] for id in project_ids]


class SeenCounts:
    """Counts of tasks for who may not see all of them: counted again, of those within sight."""

    def __init__(self, rows: PostgresRows) -> None:
        self._rows = rows

    async def of(self, tenant_id: UUID, people: Collection[UUID], sight: Sight) -> dict[UUID, UserStatsRow]:
        """How many tasks people have, by status; who has none within sight is absent."""
        where = [*one_of("assigned_to", people), *sight.conditions(Tasks)]
        counted = await self._rows.tally(
            Tasks, tenant_id, ("assigned_to", "status"), where, latest="updated_at"
        )
        found: dict[UUID, UserStatsRow] = {}
        for person, status, count, latest in counted:
            row = found.get(person) or UserStatsRow(user_id=person, updated_at=latest)
            found[person] = replace(row, **{status: count}, updated_at=max(row.updated_at, latest))
        return found


class Days:
    """What happened to tasks by day, of those within sight."""

    def __init__(self, rows: PostgresRows) -> None:
        self._rows = rows

    async def latest(
        self,
        tenant_id: UUID,
        *,
        since_day: date | None,
        before: date | None,
        user_id: UUID | None,
        first: int,
        sight: Sight,
    ) -> list[DailyRow]:
        """The latest days, before one, on which something happened, of one person's where one is given."""
        where = [
            *since("day", since_day),
            *until("day", before),
            *equals("user_id", user_id),
            *sight.conditions(DailyStats),
        ]
        found = await self._rows.summed(
            DailyStats, tenant_id, "day", ("created", "completed"), where, limit=first
        )
        return [DailyRow(day=day, created=created, completed=completed) for day, created, completed in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReader:
    """What the API of work reads with, beside rows by key and lists."""

    user_tasks: UserTasks
    counts: SeenCounts
    days: Days
    memberships: ProjectMembershipReader
    tasks: Finder[TaskDocument]
    projects: Finder[ProjectDocument]


def work_reader(reading: ReadSide) -> WorkReader:
    """The port, on the stores of one process."""
    rows, cache = reading.rows, reading.cache(WorkTags, *CACHED)
    return WorkReader(
        user_tasks=UserTasks(rows, reading.positions, cache),
        counts=SeenCounts(rows),
        days=Days(rows),
        memberships=ProjectMembershipReader(rows, reading.twin(ProjectMemberLists)),
        tasks=reading.finder(
            search=TaskSearch,
            text=Tasks,
            cache=cache,
            cached=TASK_SEARCHES,
            facets=("status", "priority", "tags"),
        ),
        projects=reading.finder(
            search=ProjectSearch, text=Projects, cache=cache, cached=PROJECT_SEARCHES, facets=("status",)
        ),
    )
