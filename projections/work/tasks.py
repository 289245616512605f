"""Tasks as people read them: the table, the search documents."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Confidential, Describe, Len, Longest
from domain.kit.log import Envelope
from domain.work.tasks import Task, TaskPriority, TaskStatus
from projections.kit.declare.folds import TIME, carried, on
from projections.kit.model import (
    Check,
    CreatedAt,
    FullText,
    Index,
    Keyed,
    PostgresView,
    Row,
    SearchView,
    UpdatedAt,
    Version,
    replace,
)


class TaskRow(Row):
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
    created_at: CreatedAt
    updated_at: UpdatedAt
    completed_at: Annotated[datetime | None, Describe("When it was completed; null while it is not.")]
    version: Version
    project_since: Annotated[int, Describe("Where in the log it came to its project; 0: created there.")]
    past_projects: Annotated[
        tuple[UUID | None, ...], Describe("Projects that it once lay in, the earliest first.")
    ] = ()
    past_since: Annotated[
        tuple[int, ...], Describe("Where in the log it came to each; 0: created there.")
    ] = ()
    past_until: Annotated[tuple[int, ...], Describe("Where in the log it left each of these.")] = ()


PLACES = ("project_since", "past_projects", "past_since", "past_until")
"""Fields that nobody is shown: they say what of a task's past may be told to whom."""

MOST_PLACES = 100
"""So many times in a project are told apart, the latest; what was before is one, in a project that is not said: it
is told only to who sees all work."""


class TaskDocument(Row):
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
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class TaskFolds:
    """What table and search document have in common."""

    changed = carried(
        Task.Renamed,
        Task.Described,
        Task.Assigned,
        Task.PriorityChanged,
        Task.DueDateSet,
        Task.Tagged,
        Task.TagsExtracted,
    )

    unassigned = carried(Task.Unassigned, assigned_to=None)


class Tasks(TaskFolds, PostgresView[TaskRow], name="tasks.tasks", version=5, inline=True):
    """Every task as it stands."""

    words = ("title", "description")
    keyed = ("tags",)
    collated = {"title": ("title",)}
    ranked = ("priority",)
    checks = (
        Check(
            "valid_task_status", "status in ('todo', 'in_progress', 'in_review', 'completed', 'cancelled')"
        ),
        Check("valid_priority", "priority in ('low', 'medium', 'high', 'critical')"),
    )
    indexes = (
        Index("idx_tasks_assigned_status", ("assigned_to", "status"), where="status <> 'completed'"),
        Index("idx_tasks_assigned_created", ("assigned_to", "created_at", "id")),
        Index("idx_tasks_project_status", ("project_id", "status")),
        Index("idx_tasks_project_created", ("project_id", "created_at", "id")),
        # For the last change of what a project has, see `ProjectSight.changed`.
        Index("idx_tasks_project_position", ("project_id", "position")),
        Index("idx_tasks_created_by_date", ("created_by", "created_at desc")),
        Index("idx_tasks_created_at", ("created_at", "id")),
        Index("idx_tasks_updated_at", ("updated_at", "id")),
        Index("idx_tasks_priority", ("priority_rank", "id")),
        Index("idx_tasks_title", ("title_order", "id")),
        Index("idx_tasks_due_date", ("due_date",), where="due_date is not null"),
        Index("idx_tasks_tags", ("tags_key",), using="gin", finds="@> text[]"),
        Index("idx_tasks_search", ("search_words",), using="gin", finds="@@ tsquery"),
    )

    created = carried(Task.Created, first=True, status=TaskStatus.TODO, completed_at=None, project_since=0)

    @on(Task.Moved)
    def moved(self, row: TaskRow, event: Task.Moved, envelope: Envelope) -> TaskRow:
        times: list[tuple[UUID | None, int, int]] = list(
            zip(row.past_projects, row.past_since, row.past_until, strict=True)
        )
        if event.previous is not None:
            times.append((event.previous, row.project_since, envelope.position))
        if len(times) > MOST_PLACES:
            (_, since, _), (_, _, until), *rest = times
            times = [(None, since, until), *rest]
        return replace(
            row,
            project_id=event.project_id,
            status=event.status,
            updated_at=event.timestamp,
            version=event.originator_version,
            project_since=envelope.position,
            past_projects=tuple(project for project, _, _ in times),
            past_since=tuple(since for _, since, _ in times),
            past_until=tuple(until for _, _, until in times),
        )

    completed = carried(Task.Completed, completed_at=TIME)
    status_changed = carried(Task.StatusChanged, Task.Cancelled, Task.Reopened, completed_at=None)


class TaskSearch(TaskFolds, SearchView[TaskDocument], name="work.task_search", version=2):
    """Tasks for full-text search."""

    created = carried(Task.Created, first=True, status=TaskStatus.TODO)

    moved = carried(Task.Moved)
    moved_on = carried(Task.StatusChanged, Task.Completed, Task.Cancelled, Task.Reopened)
