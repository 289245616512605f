"""The commands on tasks."""

from datetime import datetime
from uuid import UUID

from domain.kit.caller import Caller
from domain.kit.clock import in_utc
from domain.kit.commands import Command
from domain.kit.text import distinct
from domain.work.projects import Project, ProjectIsDeleted
from domain.work.tasks import (
    USER,
    Assignee,
    Description,
    Tags,
    Task,
    TaskPriority,
    TaskStatus,
    Title,
)


def require_workable(project: Project | None, by: Caller) -> None:
    """Raises NotFound for a task whose project the caller does not see, ProjectIsDeleted in one that is gone."""
    if project is not None:
        project.require_seen(by, what="task")
        if project.ended:
            raise ProjectIsDeleted(field="id")


class CreateTask(Command):
    """Create a task."""

    title: Title
    description: Description = ""
    priority: TaskPriority = TaskPriority.MEDIUM
    due_date: datetime | None = None
    assigned_to: Assignee | None = None
    project_id: UUID | None = None
    tags: Tags = ()

    def handle(self, project: Project | None, by: Caller) -> Task:
        if project is not None:
            project.require_seen(by, field="project_id")
            project.require_active(field="project_id")
            project.require_seen_by(self.assigned_to, by, field="assigned_to")
        created = Task.Created(
            title=self.title.strip(),
            description=self.description,
            priority=self.priority,
            due_date=in_utc(self.due_date),
            created_by=by.user_id,
            assigned_to=self.assigned_to,
            project_id=self.project_id,
            tags=distinct(self.tags),
        )
        task = Task.begin(self.id, created)
        task.refer(USER, by.user_id, field="created_by")
        return task


class RenameTask(Command):
    """Rename a task."""

    title: Title

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.rename(self.title)


class DescribeTask(Command):
    """Replace a task's description."""

    description: Description

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.describe(self.description)


class AssignTask(Command):
    """Assign an open task to a person."""

    assigned_to: Assignee

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        if project is not None:
            project.require_seen_by(self.assigned_to, by, field="assigned_to")
        task.assign(self.assigned_to, by.user_id)


class UnassignTask(Command):
    """Unassign a task."""

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.unassign()


class ChangeTaskStatus(Command):
    """Change a task's status."""

    status: TaskStatus

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.change_status(self.status)


class CompleteTask(Command):
    """Complete a task."""

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.complete()


class ReopenTask(Command):
    """Reopen a completed or cancelled task."""

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.reopen()


class CancelTask(Command):
    """Cancel an open task."""

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.cancel()


class ChangeTaskPriority(Command):
    """Change a task's priority."""

    priority: TaskPriority

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.change_priority(self.priority)


class SetTaskDueDate(Command):
    """Set or remove a task's due date."""

    due_date: datetime | None = None

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.set_due_date(self.due_date)


class TagTask(Command):
    """Replace a task's tags."""

    tags: Tags

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        task.tag(self.tags)


class ExtractTaskTags(Command):
    """Give a task without tags those found in its title and description."""

    tags: Tags

    def handle(self, task: Task) -> None:
        task.extract_tags(self.tags)


class MoveTask(Command):
    """Move a task to another project, or out of its project."""

    project_id: UUID | None = None

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        if project is not None:
            project.require_seen(by, field="project_id")
            project.require_active(field="project_id")
        task.move(self.project_id)
