"""Tasks: follow-up work that someone does, maybe in a project."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Public, References
from domain.kit.model import ONE_LINE, Aggregate, Event, Refusal, applies, assigns

USER = "identity.user"

Title = Annotated[
    str, Len(1, 500), ONE_LINE, Internal(), Authored(), Describe("The task's title, in one line.")
]
Description = Annotated[
    str, Len(0, 20_000), Confidential(), Describe("The task's description, as plain text.")
]
Tag = Annotated[str, Len(1, 50), ONE_LINE]
Tags = Annotated[tuple[Tag, ...], Len(0, 50), Internal(), Authored(), Describe("Free-form tags.")]
Assignee = Annotated[UUID, References(USER, present=True), Public(), Describe("The assignee's id.")]
Person = Annotated[UUID, Public(), Describe("Who did it, or is to do it.")]
Place = Annotated[UUID, Public(), Describe("The project it belongs to.")]
DueDate = Annotated[datetime, Public(), Describe("When it is due.")]


class TaskStatus(StrEnum):
    """The status of a task."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    IN_REVIEW = "in_review"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def closed(self) -> bool:
        """Whether no more work is expected."""
        return self in (TaskStatus.COMPLETED, TaskStatus.CANCELLED)


class TaskPriority(StrEnum):
    """The priority of a task."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


Status = Annotated[TaskStatus, Public(), Describe("The task's status.")]
Priority = Annotated[TaskPriority, Public(), Describe("The task's priority.")]


class TaskAlreadyDone(Refusal):
    """This task is already done."""


class TaskIsClosed(Refusal):
    """This task is {status}; reopen it first."""


class TaskIsOpen(Refusal):
    """This task is not closed, so it cannot be reopened."""


class TaskNotAssigned(Refusal):
    """Nobody is assigned to this task."""


class Transition(Event):
    """A change of status, with where the task stood: counts by person and project follow from it alone."""

    status: Status
    previous: Status
    assigned_to: Person | None
    project_id: Place | None


class Task(Aggregate, topic="work.task"):
    """A task."""

    class Created(Event):
        title: Title
        description: Description = ""
        priority: Priority = TaskPriority.MEDIUM
        due_date: DueDate | None = None
        created_by: Person
        assigned_to: Person | None = None
        project_id: Place | None = None
        tags: Tags = ()

    class Renamed(Event):
        title: Title

    class Described(Event):
        description: Description

    class Assigned(Event):
        assigned_to: Person
        assigned_by: Person
        previous: Person | None
        status: Status

    class Unassigned(Event):
        previous: Person
        status: Status

    class StatusChanged(Transition): ...

    class Completed(Transition): ...

    class Cancelled(Transition): ...

    class Reopened(Transition): ...

    class PriorityChanged(Event):
        priority: Priority

    class DueDateSet(Event):
        due_date: DueDate | None

    class Tagged(Event):
        tags: Tags

    class TagsExtracted(Event):
        tags: Tags

    class Moved(Event):
        project_id: Place | None
        previous: Place | None
        status: Status
        assigned_to: Person | None = None

    title: str
    description: str
    status: TaskStatus = TaskStatus.TODO
    priority: TaskPriority = TaskPriority.MEDIUM
    due_date: datetime | None = None
    assigned_to: UUID | None = None
    project_id: UUID | None = None
    tags: tuple[str, ...] = ()

    changed = assigns(Created, Renamed, Described, PriorityChanged, DueDateSet, Tagged, TagsExtracted)

    @applies(Assigned)
    def _assigned(self, event: Assigned) -> None:
        self.assigned_to = event.assigned_to

    @applies(Unassigned)
    def _unassigned(self, event: Unassigned) -> None:
        self.assigned_to = None

    @applies(StatusChanged, Completed, Cancelled, Reopened)
    def _transited(self, event: Transition) -> None:
        self.status = event.status

    @applies(Moved)
    def _moved(self, event: Moved) -> None:
        self.project_id = event.project_id

    def change_status(self, status: TaskStatus) -> None:
        """Take any status: closing and reopening are recorded as what they are."""
        if status is self.status:
            return
        if status is TaskStatus.COMPLETED:
            self.complete()
        elif status is TaskStatus.CANCELLED:
            self.cancel()
        elif self.status.closed:
            self.reopen(status)
        else:
            self._transit(self.StatusChanged, status)

    def complete(self) -> None:
        if self.status is TaskStatus.COMPLETED:
            raise TaskAlreadyDone(field="id")
        self.require_open()
        self._transit(self.Completed, TaskStatus.COMPLETED)

    def cancel(self) -> None:
        self.require_open()
        self._transit(self.Cancelled, TaskStatus.CANCELLED)

    def reopen(self, status: TaskStatus = TaskStatus.TODO) -> None:
        if not self.status.closed:
            raise TaskIsOpen(field="id")
        self._transit(self.Reopened, status)

    def require_open(self) -> None:
        """Raise TaskIsClosed once no more work is expected."""
        if self.status.closed:
            raise TaskIsClosed(field="id", status=self.status.value)

    def _transit(self, event: type[Transition], status: TaskStatus) -> None:
        self.record(
            event(
                status=status,
                previous=self.status,
                assigned_to=self.assigned_to,
                project_id=self.project_id,
            )
        )
