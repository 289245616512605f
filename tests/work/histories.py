"""What the tests of work begin with: ids, and first events that take only what a test cares about."""

from datetime import datetime
from uuid import UUID

from domain.work.projects import Project, Visibility
from domain.work.tasks import Task, TaskPriority, TaskStatus, Transition

TASK = UUID("00000000-0000-7000-8000-00000000000a")
PROJECT = UUID("00000000-0000-7000-8000-00000000000b")
OTHER_PROJECT = UUID("00000000-0000-7000-8000-00000000000c")
OWNER = UUID(int=2)
"""Whom `domain.kit.scenario` lets send the commands."""
ANNA = UUID("00000000-0000-7000-8000-00000000000d")
BEN = UUID("00000000-0000-7000-8000-00000000000e")


def task_created(
    *,
    title: str = "Write",
    description: str = "",
    priority: TaskPriority = TaskPriority.MEDIUM,
    due_date: datetime | None = None,
    assigned_to: UUID | None = None,
    project_id: UUID | None = None,
    tags: tuple[str, ...] = (),
) -> Task.Created:
    return Task.Created(
        title=title,
        description=description,
        priority=priority,
        due_date=due_date,
        created_by=OWNER,
        assigned_to=assigned_to,
        project_id=project_id,
        tags=tags,
    )


def moved_to(
    event: type[Transition],
    status: TaskStatus,
    *,
    previous: TaskStatus = TaskStatus.TODO,
    assigned_to: UUID | None = None,
    project_id: UUID | None = None,
) -> Transition:
    return event(status=status, previous=previous, assigned_to=assigned_to, project_id=project_id)


def project_created(
    *, name: str = "Website", description: str = "", visibility: Visibility = Visibility.PUBLIC
) -> Project.Created:
    return Project.Created(name=name, description=description, owner_id=OWNER, visibility=visibility)


STARTED = moved_to(Task.StatusChanged, TaskStatus.IN_PROGRESS)
COMPLETED = moved_to(Task.Completed, TaskStatus.COMPLETED)
CANCELLED = moved_to(Task.Cancelled, TaskStatus.CANCELLED)
