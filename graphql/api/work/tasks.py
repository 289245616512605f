"""Tasks: queries, lists and mutations."""

import strawberry

from api.identity.users import User
from api.kit.model import (
    Node,
    Resource,
    extend,
    headed,
    linked,
    shows,
)
from api.work.projects import Project
from domain.work import task_commands as commands
from projections.identity.people import People
from projections.kit.read.keyset import Order
from projections.work.projects import Projects
from projections.work.tasks import PLACES, TaskRow, Tasks


@shows(TaskRow, needs="work:read", leave_out=PLACES)
class Task(Node):
    """A task."""

    creator = linked(User, People, "created_by", "The user who created it.")
    assignee = linked(User, People, "assigned_to", "The assignee.")
    project = linked(Project, Projects, "project_id", "The project it belongs to.")


extend(
    User,
    tasks=headed(
        Task,
        Tasks,
        "assigned_to",
        order=Order("created_at", descending=True),
        description="The tasks assigned to the user, the newest first, by pages.",
        needs="work:read",
    ),
)
_tasks = Resource(Task, Tasks, read="work:read", write="work:write")


@strawberry.type
class Query:
    task = _tasks.by_id("A task by id.")
    tasks = _tasks.list(
        "Tasks, by pages.", orders=("created_at", "due_date", "updated_at", "priority", "title")
    )


@strawberry.type
class Mutation:
    create_task = _tasks.mutation(commands.CreateTask)
    update_task = _tasks.mutation(commands.UpdateTask)
    rename_task = _tasks.mutation(commands.RenameTask)
    describe_task = _tasks.mutation(commands.DescribeTask)
    assign_task = _tasks.mutation(commands.AssignTask)
    unassign_task = _tasks.mutation(commands.UnassignTask)
    change_task_status = _tasks.mutation(commands.ChangeTaskStatus)
    complete_task = _tasks.mutation(commands.CompleteTask)
    reopen_task = _tasks.mutation(commands.ReopenTask)
    cancel_task = _tasks.mutation(commands.CancelTask)
    change_task_priority = _tasks.mutation(commands.ChangeTaskPriority)
    set_task_due_date = _tasks.mutation(commands.SetTaskDueDate)
    tag_task = _tasks.mutation(commands.TagTask)
    move_task = _tasks.mutation(commands.MoveTask)
