"""Tasks as people read them: the table, the search documents."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from domain.kit.fields import Confidential, Describe, Len, Longest
from domain.work.tasks import Task, TaskPriority, TaskStatus, Transition
from projections.kit.declare.fast_replace import replace
from projections.kit.declare.postgres import Check, Index, PostgresView
from projections.kit.declare.search import FullText, Keyed, SearchView
from projections.kit.declare.view import carried, on


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task."""

    id: Annotated[UUID, Describe("The task's id.")]
    title: Annotated[str, Len(max_length=500), Describe("The task's title, in one line.")]
    description: Annotated[
        str, Longest(20_000), Confidential(), Describe("The task's description, as plain text.")
    ]
    status: Annotated[TaskStatus, Describe("The task's status.")]
    priority: Annotated[TaskPriority, Describe("The task's priority.")]
    due_date: Annotated[datetime | None, Describe("When it is due.")]
    created_by: Annotated[UUID, Describe("Who created it.")]
    assigned_to: Annotated[UUID | None, Describe("The assignee's id.")]
    project_id: Annotated[UUID | None, Describe("The project it belongs to.")]
    tags: Annotated[tuple[str, ...], Longest(50 * 50), Describe("Free-form tags.")]
    created_at: Annotated[datetime, Describe("When it was created.")]
    updated_at: Annotated[datetime, Describe("When it last changed.")]
    completed_at: Annotated[datetime | None, Describe("When it was completed; null while it is not.")]
    version: Annotated[int, Describe("The number of events in its history, for `expectedVersion`.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDocument:
    """A task as the search index holds it."""

    id: UUID
    title: Annotated[str, FullText(keyword=True)]
    description: Annotated[str, FullText(), Confidential()]
    status: TaskStatus
    priority: TaskPriority
    tags: Annotated[tuple[str, ...], Keyed()]
    created_by: UUID
    assigned_to: UUID | None
    project_id: UUID | None
    due_date: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


R = TypeVar("R", TaskRow, TaskDocument)


class TaskFolds(Generic[R]):
    """What table and search document have in common."""

    changed = carried(
        Task.Renamed,
        Task.Described,
        Task.Assigned,
        Task.PriorityChanged,
        Task.DueDateSet,
        Task.Tagged,
        Task.TagsExtracted,
        Task.Moved,
        stamp="updated_at",
    )

    @on(Task.Unassigned)
    def unassigned(self, row: R, event: Task.Unassigned) -> R:
        return replace(row, assigned_to=None, updated_at=event.timestamp, version=event.originator_version)


class Tasks(TaskFolds[TaskRow], PostgresView[TaskRow], name="tasks.tasks", version=3, inline=True):
    """Every task as it stands."""

    words = ("title", "description")
    keyed = ("tags",)
    checks = (
        Check(
            "valid_task_status", "status in ('todo', 'in_progress', 'in_review', 'completed', 'cancelled')"
        ),
        Check("valid_priority", "priority in ('low', 'medium', 'high', 'critical')"),
    )
    indexes = (
        Index("idx_tasks_assigned_status", ("assigned_to", "status"), where="status <> 'completed'"),
        Index("idx_tasks_project_status", ("project_id", "status")),
        Index("idx_tasks_project_created", ("project_id", "created_at", "id")),
        Index("idx_tasks_created_by_date", ("created_by", "created_at desc")),
        Index("idx_tasks_created_at", ("created_at", "id")),
        Index("idx_tasks_due_date", ("due_date",), where="due_date is not null"),
        Index("idx_tasks_tags", ("tags_key",), using="gin", finds="@> text[]"),
        Index("idx_tasks_search", ("search_words",), using="gin", finds="@@ tsquery"),
    )

    @on(Task.Created)
    def created(self, row: None, event: Task.Created) -> TaskRow:
        return TaskRow(
            id=event.originator_id,
            title=event.title,
            description=event.description,
            status=TaskStatus.TODO,
            priority=event.priority,
            due_date=event.due_date,
            created_by=event.created_by,
            assigned_to=event.assigned_to,
            project_id=event.project_id,
            tags=event.tags,
            created_at=event.timestamp,
            updated_at=event.timestamp,
            version=event.originator_version,
            completed_at=None,
        )

    @on(Task.StatusChanged, Task.Completed, Task.Cancelled, Task.Reopened)
    def status_changed(self, row: TaskRow, event: Transition) -> TaskRow:
        completed_at = event.timestamp if isinstance(event, Task.Completed) else None
        return replace(
            row,
            status=event.status,
            completed_at=completed_at,
            updated_at=event.timestamp,
            version=event.originator_version,
        )


class TaskSearch(TaskFolds[TaskDocument], SearchView[TaskDocument], name="work.task_search", version=2):
    """Tasks for full-text search."""

    @on(Task.Created)
    def created(self, row: None, event: Task.Created) -> TaskDocument:
        return TaskDocument(
            id=event.originator_id,
            title=event.title,
            description=event.description,
            status=TaskStatus.TODO,
            priority=event.priority,
            tags=event.tags,
            created_by=event.created_by,
            assigned_to=event.assigned_to,
            project_id=event.project_id,
            due_date=event.due_date,
            created_at=event.timestamp,
            updated_at=event.timestamp,
            version=event.originator_version,
        )

    moved_on = carried(Task.StatusChanged, Task.Completed, Task.Cancelled, Task.Reopened, stamp="updated_at")
