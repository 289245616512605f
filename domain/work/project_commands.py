"""The commands on projects."""

from typing import Annotated
from uuid import UUID

from domain.kit.fields import Describe
from domain.kit.model import Caller, Command
from domain.work.access import require_manager
from domain.work.projects import (
    USER,
    About,
    AlreadyMember,
    Member,
    Name,
    NotAMember,
    OwnerMustStay,
    Project,
    ProjectNotArchived,
    ProjectStatus,
    Visibility,
)


class CreateProject(Command):
    """Create a project; its creator becomes its owner and first member."""

    name: Name
    description: About = ""
    visibility: Visibility = Visibility.PUBLIC

    def handle(self, by: Caller) -> Project:
        created = Project.Created(
            name=self.name.strip(),
            description=self.description,
            owner_id=by.user_id,
            visibility=self.visibility,
        )
        project = Project.begin(self.id, created)
        project.refer(USER, by.user_id, field="owner_id")
        return project


class RenameProject(Command):
    """Rename a project."""

    name: Name

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        project.require_active()
        if (name := self.name.strip()) != project.name:
            project.record(Project.Renamed(name=name))


class DescribeProject(Command):
    """Replace a project's description."""

    description: About

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        project.require_active()
        if self.description != project.description:
            project.record(Project.Described(description=self.description))


class ArchiveProject(Command):
    """Archive a project; it can be restored."""

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        require_manager(by, owner_id=project.owner_id)
        project.require_active()
        project.record(Project.Archived())


class RestoreProject(Command):
    """Restore an archived project."""

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        require_manager(by, owner_id=project.owner_id)
        if project.status is not ProjectStatus.ARCHIVED:
            raise ProjectNotArchived(field="id")
        project.record(Project.Restored())


class DeleteProject(Command):
    """Delete a project permanently; its tasks and its history remain."""

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        require_manager(by, owner_id=project.owner_id)
        project.record(Project.Deleted())


class AddProjectMember(Command):
    """Add a user to a project."""

    user_id: Member

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        if project.private:
            require_manager(by, owner_id=project.owner_id)
        project.require_active()
        if self.user_id in project.members:
            raise AlreadyMember(field="user_id")
        project.record(Project.MemberAdded(user_id=self.user_id))


class RemoveProjectMember(Command):
    """Remove a user from a project."""

    user_id: Annotated[UUID, Describe("The id of the member to remove.")]

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        # Everybody may leave.
        if self.user_id != by.user_id:
            require_manager(by, owner_id=project.owner_id)
        project.require_active()
        if self.user_id == project.owner_id:
            raise OwnerMustStay(field="user_id")
        if self.user_id not in project.members:
            raise NotAMember(field="user_id")
        project.record(Project.MemberRemoved(user_id=self.user_id))


class EndProjectMembership(Command):
    """Take somebody who has left the company off a project, whether or not it is archived."""

    user_id: Annotated[UUID, Describe("Who has left.")]

    def handle(self, project: Project) -> None:
        if self.user_id in project.members and self.user_id != project.owner_id:
            project.record(Project.MemberRemoved(user_id=self.user_id))


class ChangeProjectVisibility(Command):
    """Change who may see a project."""

    visibility: Visibility

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        require_manager(by, owner_id=project.owner_id)
        project.require_active()
        if self.visibility is not project.visibility:
            project.record(Project.VisibilityChanged(visibility=self.visibility))


class UpdateProject(Command, of=(RenameProject, DescribeProject, ChangeProjectVisibility)):
    """Change several fields of a project at once: what is left out stays as it is."""
