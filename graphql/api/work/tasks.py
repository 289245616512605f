"""Tasks: queries, lists and mutations."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.identity.people import Person
from api.kit.schema.changes import Change, Discontinuity, ResumeFrom, watch
from api.kit.schema.commands import receipt, sends
from api.kit.schema.connections import listed
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, found, linked, live
from api.kit.schema.node_types import Node, shows
from api.work.projects import Project
from domain.kit.events import Event
from domain.work import task_commands as commands
from domain.work import tasks as domain
from projections.identity.people import People
from projections.kit.declare.view import Key
from projections.kit.read.conditions import Condition, contains, equals, matches, one_of, since, until
from projections.kit.read.postgres_reader import Order
from projections.work.projects import Projects
from projections.work.tasks import TaskRow, Tasks


@shows(TaskRow, needs="work:read")
class Task(Node):
    """A task."""

    creator = linked(Person, People, "created_by", "The person who created it.")
    assignee = linked(Person, People, "assigned_to", "The assignee.")
    project = linked(Project, Projects, "project_id", "The project it belongs to.")


@strawberry.input(description="Which tasks to list: those that meet all that is given.")
class TaskFilter:
    """What the listed tasks must meet."""

    status: list[domain.TaskStatus] | None = strawberry.field(default=None, description="Any of these.")
    priority: list[domain.TaskPriority] | None = strawberry.field(default=None, description="Any of these.")
    assigned_to: UUID | None = strawberry.field(default=None, description="Given to this person.")
    project_id: UUID | None = strawberry.field(default=None, description="In this project.")
    tags: list[str] | None = strawberry.field(default=None, description="With all of these tags.")
    due_from: datetime | None = strawberry.field(default=None, description="Due at or after this.")
    due_before: datetime | None = strawberry.field(default=None, description="Due before this.")
    text: str | None = strawberry.field(default=None, description="Words in title or description.")

    def conditions(self) -> list[Condition]:
        return [
            *one_of("status", self.status),
            *one_of("priority", self.priority),
            *equals("assigned_to", self.assigned_to),
            *equals("project_id", self.project_id),
            *contains(Tasks, "tags", self.tags),
            *since("due_date", self.due_from),
            *until("due_date", self.due_before),
            *matches(Tasks, self.text),
        ]


TaskReceipt = receipt(Task, Tasks, name="task")


@strawberry.type
class Query:
    task = found(Task, Tasks, "A task by id.", needs="work:read")
    tasks = listed(
        Task,
        Tasks,
        filter=TaskFilter,
        orders={"CREATED_AT": Order("created_at"), "DUE_DATE": Order("due_date", nullable=True)},
        description="Tasks, by pages.",
        needs="work:read",
    )


TaskMessage = Annotated[
    Change[Task] | Discontinuity,
    strawberry.union("TaskMessage", description="A changed task, or a gap in the messages."),
]

_tasks = Tasks()


@strawberry.type
class Subscription:
    @live("Every change of a task, as it happens.", TaskMessage, needs="work:read")
    async def task_changed(
        self,
        info: Info,
        project_id: Annotated[
            UUID | None, argument("Only tasks that are, or just were, in this project.")
        ] = None,
        assignee_id: Annotated[
            UUID | None, argument("Only tasks that are, or just were, this person's.")
        ] = None,
        resume_from: ResumeFrom = None,
    ) -> AsyncGenerator[Change[TaskRow] | Discontinuity, None]:
        def wanted(row: TaskRow | None, event: Event, key: Key) -> bool:
            # Who watches a project or person also hears of what leaves it. The row may have moved on since
            # the event, so where the event itself says that the task came from or went to counts as well.
            left = getattr(event, "previous", None)
            return row is not None and all(
                one is None or one in (getattr(row, name), getattr(event, name, None), left)
                for one, name in ((project_id, "project_id"), (assignee_id, "assigned_to"))
            )

        changes = watch(info.context, _tasks, resume_from=resume_from, wanted=wanted)
        async with aclosing(changes):
            async for change in changes:
                yield change


@strawberry.type
class Mutation:
    create_task = sends(commands.CreateTask, TaskReceipt, needs="work:write")
    rename_task = sends(commands.RenameTask, TaskReceipt, needs="work:write")
    describe_task = sends(commands.DescribeTask, TaskReceipt, needs="work:write")
    assign_task = sends(commands.AssignTask, TaskReceipt, needs="work:write")
    unassign_task = sends(commands.UnassignTask, TaskReceipt, needs="work:write")
    change_task_status = sends(commands.ChangeTaskStatus, TaskReceipt, needs="work:write")
    complete_task = sends(commands.CompleteTask, TaskReceipt, needs="work:write")
    reopen_task = sends(commands.ReopenTask, TaskReceipt, needs="work:write")
    cancel_task = sends(commands.CancelTask, TaskReceipt, needs="work:write")
    change_task_priority = sends(commands.ChangeTaskPriority, TaskReceipt, needs="work:write")
    set_task_due_date = sends(commands.SetTaskDueDate, TaskReceipt, needs="work:write")
    tag_task = sends(commands.TagTask, TaskReceipt, needs="work:write")
    move_task = sends(commands.MoveTask, TaskReceipt, needs="work:write")
