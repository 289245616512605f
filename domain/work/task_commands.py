"""The commands on tasks."""

from datetime import datetime
from uuid import UUID

from domain.kit.model import Caller, Command, distinct, in_utc
from domain.work.projects import Project, ProjectIsDeleted
from domain.work.tasks import (
    USER,
    Assignee,
    Description,
    Tags,
    Task,
    TaskNotAssigned,
    TaskPriority,
    TaskStatus,
    Title,
)


def require_workable(project: Project | None, by: Caller) -> None:
    """Raise NotFound for a task whose project the caller does not see, ProjectIsDeleted in one that is gone."""
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
        if (title := self.title.strip()) != task.title:
            task.record(Task.Renamed(title=title))


class DescribeTask(Command):
    """Replace a task's description."""

    description: Description

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        if self.description != task.description:
            task.record(Task.Described(description=self.description))


class AssignTask(Command):
    """Assign an open task to a user, or to nobody."""

    assigned_to: Assignee | None

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        if project is not None:
            project.require_seen_by(self.assigned_to, by, field="assigned_to")
        if self.assigned_to == task.assigned_to:
            return
        task.require_open()
        if self.assigned_to is None:
            # They differ, so somebody is.
            assert task.assigned_to is not None
            task.record(Task.Unassigned(previous=task.assigned_to, status=task.status))
        else:
            assigned = Task.Assigned(
                assigned_to=self.assigned_to,
                assigned_by=by.user_id,
                previous=task.assigned_to,
                status=task.status,
            )
            task.record(assigned)


class UnassignTask(Command):
    """Unassign a task."""

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        if task.assigned_to is None:
            raise TaskNotAssigned(field="id")
        task.require_open()
        task.record(Task.Unassigned(previous=task.assigned_to, status=task.status))


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
        if self.priority is not task.priority:
            task.record(Task.PriorityChanged(priority=self.priority))


class SetTaskDueDate(Command):
    """Set or remove a task's due date."""

    due_date: datetime | None

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        if (due_date := in_utc(self.due_date)) != task.due_date:
            task.record(Task.DueDateSet(due_date=due_date))


class TagTask(Command):
    """Replace a task's tags."""

    tags: Tags

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        require_workable(project, by)
        if (tags := distinct(self.tags)) != task.tags:
            task.record(Task.Tagged(tags=tags))


class ExtractTaskTags(Command):
    """Give a task without tags those found in its title and description; tags that somebody chose stay."""

    tags: Tags

    def handle(self, task: Task) -> None:
        if self.tags and not task.tags:
            task.record(Task.TagsExtracted(tags=distinct(self.tags)))


class MoveTask(Command):
    """Move a task to another project, or out of its project."""

    project_id: UUID | None

    def handle(self, task: Task, project: Project | None, by: Caller) -> None:
        if self.project_id == task.project_id:
            return
        if project is not None:
            project.require_seen(by, field="project_id")
            project.require_active(field="project_id")
        task.record(
            Task.Moved(
                project_id=self.project_id,
                previous=task.project_id,
                status=task.status,
                assigned_to=task.assigned_to,
            )
        )


class UpdateTask(
    Command,
    # It is moved before it is assigned: who is given it must see where it then is.
    of=(RenameTask, DescribeTask, ChangeTaskPriority, SetTaskDueDate, TagTask, MoveTask, AssignTask),
):
    """Change several fields of a task at once: what is left out stays as it is."""
