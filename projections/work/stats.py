"""Counts of tasks by person, by project and by day, in Postgres and in Redis."""

from datetime import date, datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

from domain.kit.events import Event
from domain.kit.fields import Describe
from domain.kit.log import Envelope
from domain.work.tasks import Task, TaskStatus, Transition
from projections.kit.declare.folds import counted, on
from projections.kit.model import Index, PostgresView, RedisView, Row, replace


class StatusCounts(Row):
    """How many tasks stand at each status."""

    todo: Annotated[int, Describe("Tasks not started.")] = 0
    in_progress: Annotated[int, Describe("Tasks in progress.")] = 0
    in_review: Annotated[int, Describe("Tasks in review.")] = 0
    completed: Annotated[int, Describe("Completed tasks.")] = 0
    cancelled: Annotated[int, Describe("Cancelled tasks.")] = 0
    updated_at: Annotated[datetime, Describe("When a count last changed.")]


class UserStatsRow(StatusCounts):
    """A user's task counts, by status."""

    user_id: Annotated[UUID, Describe("The user whose tasks are counted.")]


class ProjectProgressRow(StatusCounts):
    """How many tasks a project has, by status."""

    project_id: Annotated[UUID, Describe("The project.")]


C = TypeVar("C", bound=StatusCounts)


def _shift(row: C, event: Event, *, into: TaskStatus | None, out_of: TaskStatus | None) -> C:
    """The counts after a task came to one status or left another."""
    counts: dict[str, int] = {}
    if out_of is not None:
        counts[out_of] = int(getattr(row, out_of)) - 1
    if into is not None:
        counts[into] = counts.get(into, int(getattr(row, into))) + 1
    return replace(row, **counts, updated_at=event.timestamp)


class UserFolds:
    """Counts by the person a task is assigned to."""

    @on(Task.Created, by="assigned_to")
    def created(self, row: UserStatsRow | None, event: Task.Created, key: UUID) -> UserStatsRow:
        return _shift(_user(row, key, event), event, into=TaskStatus.TODO, out_of=None)

    @on(Task.Assigned, by=lambda event, _: [event.assigned_to, event.previous])
    def assigned(self, row: UserStatsRow | None, event: Task.Assigned, key: UUID) -> UserStatsRow:
        comes = key == event.assigned_to
        into, out_of = (event.status, None) if comes else (None, event.status)
        return _shift(_user(row, key, event), event, into=into, out_of=out_of)

    @on(Task.Unassigned, by="previous")
    def unassigned(self, row: UserStatsRow, event: Task.Unassigned) -> UserStatsRow:
        return _shift(row, event, into=None, out_of=event.status)

    @on(Task.Moved, by="assigned_to")
    def moved(self, row: UserStatsRow, event: Task.Moved) -> UserStatsRow:
        """As they were, but for those who see one of the two projects and not the other."""
        return row

    @on(Task.StatusChanged, Task.Completed, Task.Cancelled, Task.Reopened, by="assigned_to")
    def transited(self, row: UserStatsRow, event: Transition) -> UserStatsRow:
        return _shift(row, event, into=event.status, out_of=event.previous)


def _user(row: UserStatsRow | None, user_id: UUID, event: Event) -> UserStatsRow:
    return row or UserStatsRow(user_id=user_id, updated_at=event.timestamp)


class TaskCountFolds:
    """Counts by the project a task belongs to."""

    @on(Task.Created, by="project_id")
    def created(self, row: ProjectProgressRow | None, event: Task.Created, key: UUID) -> ProjectProgressRow:
        return _shift(_project(row, key, event), event, into=TaskStatus.TODO, out_of=None)

    @on(Task.Moved, by=lambda event, _: [event.project_id, event.previous])
    def moved(self, row: ProjectProgressRow | None, event: Task.Moved, key: UUID) -> ProjectProgressRow:
        comes = key == event.project_id
        into, out_of = (event.status, None) if comes else (None, event.status)
        return _shift(_project(row, key, event), event, into=into, out_of=out_of)

    @on(Task.StatusChanged, Task.Completed, Task.Cancelled, Task.Reopened, by="project_id")
    def transited(self, row: ProjectProgressRow, event: Transition) -> ProjectProgressRow:
        return _shift(row, event, into=event.status, out_of=event.previous)


def _project(row: ProjectProgressRow | None, project_id: UUID, event: Event) -> ProjectProgressRow:
    return row or ProjectProgressRow(project_id=project_id, updated_at=event.timestamp)


class UserStats(UserFolds, PostgresView[UserStatsRow], name="tasks.user_stats", version=1, key="user_id"):
    """Task counts of every person."""


class UserCounts(
    UserFolds,
    RedisView[UserStatsRow],
    name="work.user_counts",
    version=1,
    key="user_id",
    pattern="stats:user:{user_id}:daily",
    ttl=timedelta(hours=1),
):
    """Task counts of every person, for dashboards."""


class ProjectProgress(
    TaskCountFolds,
    PostgresView[ProjectProgressRow],
    name="tasks.project_progress",
    version=1,
    key="project_id",
):
    """Task counts of every project."""


class ProjectCounts(
    TaskCountFolds,
    RedisView[ProjectProgressRow],
    name="work.project_counts",
    version=1,
    key="project_id",
    pattern="stats:project:{project_id}",
    ttl=timedelta(hours=1),
):
    """Task counts of every project, for dashboards."""


NONE = UUID(int=0)
"""In a key, in place of a person or project that there is not."""


class DailyRow(Row):
    """Task counts of one day, in UTC."""

    day: Annotated[date, Describe("The day, in UTC.")]
    created: Annotated[int, Describe("Tasks created that day.")] = 0
    completed: Annotated[int, Describe("Tasks completed that day.")] = 0


class DailyPartRow(DailyRow):
    """What one person did to the tasks of one project on one day."""

    user_id: Annotated[
        UUID, Describe("Who created them, or had them when they were completed; zeros: nobody.")
    ]
    project_id: Annotated[UUID, Describe("The project they belonged to; zeros: none.")]


def _created(event: Task.Created, _: Envelope) -> tuple[date, UUID, UUID]:
    return event.timestamp.date(), event.created_by, event.project_id or NONE


def _completed(event: Task.Completed, _: Envelope) -> tuple[date, UUID, UUID]:
    return event.timestamp.date(), event.assigned_to or NONE, event.project_id or NONE


class DailyStats(
    PostgresView[DailyPartRow],
    name="tasks.daily_stats",
    version=2,
    key=("day", "user_id", "project_id"),
):
    """Tasks created and completed, by day, person and project: who sees part of them is shown the sum of it."""

    indexes = (Index("idx_daily_stats_user", ("user_id", "day")),)

    created = counted(Task.Created, by=_created, created=1)

    completed = counted(Task.Completed, by=_completed, completed=1)
