"""Projects: a body of work with an owner and members."""

from dataclasses import field
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Confidential, Describe, Internal, Len, Public, References
from domain.kit.refusals import NotFound, Refusal
from domain.kit.text import ONE_LINE
from domain.work.access import require_manager, sees

USER = "identity.user"

Name = Annotated[str, Len(1, 255), ONE_LINE, Public(), Describe("The project's name.")]
About = Annotated[str, Len(0, 20_000), Confidential(), Describe("The project's description, as plain text.")]
Member = Annotated[UUID, References(USER, present=True), Internal(), Describe("The person's id.")]
FormerOrNew = Annotated[UUID, Internal(), Describe("Who came or went.")]
Owner = Annotated[UUID, Public(), Describe("Who owns the project.")]


class ProjectStatus(StrEnum):
    """The lifecycle status of a project."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DELETED = "deleted"


KEPT = (ProjectStatus.ACTIVE, ProjectStatus.ARCHIVED)
"""The statuses of projects that are there: lists show no others unless asked."""


class Visibility(StrEnum):
    """Who in the tenant may see a project."""

    PUBLIC = "public"
    PRIVATE = "private"


VisibleTo = Annotated[Visibility, Public(), Describe("Who in the tenant may see the project.")]


class ProjectIsArchived(Refusal):
    """This project is archived; restore it first."""


class ProjectNotArchived(Refusal):
    """This project is not archived."""


class ProjectIsDeleted(Refusal):
    """This task's project was deleted; move the task first."""


class AssigneeNotAMember(Refusal):
    """This person does not belong to the private project."""


class AlreadyMember(Refusal):
    """This person is already a member of the project."""


class NotAMember(Refusal):
    """This person is not a member of the project."""


class OwnerMustStay(Refusal):
    """The owner of a project cannot be removed from it."""


class Project(Aggregate, topic="work.project"):
    """A project: a group of tasks."""

    class Created(Event):
        name: Name
        description: About = ""
        owner_id: Owner
        visibility: VisibleTo = Visibility.PUBLIC

    class Renamed(Event):
        name: Name

    class Described(Event):
        description: About

    class Archived(Event): ...

    class Restored(Event): ...

    class Deleted(Event, ends=True): ...

    class MemberAdded(Event):
        user_id: FormerOrNew

    class MemberRemoved(Event):
        user_id: FormerOrNew

    class VisibilityChanged(Event):
        visibility: VisibleTo

    name: str
    description: str
    owner_id: UUID
    status: ProjectStatus = ProjectStatus.ACTIVE
    visibility: Visibility = Visibility.PUBLIC
    members: set[UUID] = field(default_factory=set)

    def require_active(self, *, field: str = "id") -> None:
        """Raises ProjectIsArchived, about this field, unless work may go on here."""
        if self.status is not ProjectStatus.ACTIVE:
            raise ProjectIsArchived(field=field)

    @property
    def private(self) -> bool:
        """Whether only those who belong to it see it."""
        return self.visibility is Visibility.PRIVATE

    def require_seen(self, by: Caller, *, field: str = "id", what: str = "project") -> None:
        """Raises NotFound, as for something that is not there, unless the caller sees the project."""
        if not sees(by, private=self.private, owner_id=self.owner_id, members=self.members):
            raise NotFound(field=field, what=what)

    def require_seen_by(self, user_id: UUID | None, by: Caller, *, field: str) -> None:
        """Raises AssigneeNotAMember when work is given to somebody who does not belong to a private project.

        The caller, who sees it, may take work on themselves.
        """
        belongs = user_id in (None, by.user_id, self.owner_id) or user_id in self.members
        if self.private and not belongs:
            raise AssigneeNotAMember(field=field)

    @applies(Created)
    def _created(self, event: Created) -> None:
        self.name, self.description, self.visibility = event.name, event.description, event.visibility
        self.owner_id = event.owner_id
        self.members = {event.owner_id}

    def rename(self, name: str) -> None:
        self.require_active()
        name = name.strip()
        if name != self.name:
            self.record(self.Renamed(name=name))

    @applies(Renamed)
    def _renamed(self, event: Renamed) -> None:
        self.name = event.name

    def describe(self, description: str) -> None:
        self.require_active()
        if description != self.description:
            self.record(self.Described(description=description))

    @applies(Described)
    def _described(self, event: Described) -> None:
        self.description = event.description

    def archive(self, by: Caller) -> None:
        require_manager(by, owner_id=self.owner_id)
        self.require_active()
        self.record(self.Archived())

    @applies(Archived)
    def _archived(self, event: Archived) -> None:
        self.status = ProjectStatus.ARCHIVED

    def restore(self, by: Caller) -> None:
        require_manager(by, owner_id=self.owner_id)
        if self.status is not ProjectStatus.ARCHIVED:
            raise ProjectNotArchived(field="id")
        self.record(self.Restored())

    @applies(Restored)
    def _restored(self, event: Restored) -> None:
        self.status = ProjectStatus.ACTIVE

    def delete(self, by: Caller) -> None:
        require_manager(by, owner_id=self.owner_id)
        self.record(self.Deleted())

    @applies(Deleted)
    def _deleted(self, event: Deleted) -> None:
        self.status = ProjectStatus.DELETED

    def add_member(self, user_id: UUID, by: Caller) -> None:
        self.require_seen(by)
        if self.private:
            require_manager(by, owner_id=self.owner_id)
        self.require_active()
        if user_id in self.members:
            raise AlreadyMember(field="user_id")
        self.record(self.MemberAdded(user_id=user_id))

    @applies(MemberAdded)
    def _member_added(self, event: MemberAdded) -> None:
        self.members = self.members | {event.user_id}

    def remove_member(self, user_id: UUID, by: Caller) -> None:
        # Everybody may leave.
        if user_id != by.user_id:
            require_manager(by, owner_id=self.owner_id)
        self.require_active()
        if user_id == self.owner_id:
            raise OwnerMustStay(field="user_id")
        if user_id not in self.members:
            raise NotAMember(field="user_id")
        self.record(self.MemberRemoved(user_id=user_id))

    def end_membership(self, user_id: UUID) -> None:
        if user_id in self.members and user_id != self.owner_id:
            self.record(self.MemberRemoved(user_id=user_id))

    @applies(MemberRemoved)
    def _member_removed(self, event: MemberRemoved) -> None:
        self.members = self.members - {event.user_id}

    def change_visibility(self, visibility: Visibility, by: Caller) -> None:
        require_manager(by, owner_id=self.owner_id)
        self.require_active()
        if visibility is not self.visibility:
            self.record(self.VisibilityChanged(visibility=visibility))

    @applies(VisibilityChanged)
    def _visibility_changed(self, event: VisibilityChanged) -> None:
        self.visibility = event.visibility


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
        project.rename(self.name)


class DescribeProject(Command):
    """Replace a project's description."""

    description: About

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        project.describe(self.description)


class ArchiveProject(Command):
    """Archive a project; it can be restored."""

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        project.archive(by)


class RestoreProject(Command):
    """Restore an archived project."""

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        project.restore(by)


class DeleteProject(Command):
    """Delete a project permanently; its tasks and its history remain."""

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        project.delete(by)


class AddProjectMember(Command):
    """Add a person to a project."""

    user_id: Member

    def handle(self, project: Project, by: Caller) -> None:
        project.add_member(self.user_id, by)


class RemoveProjectMember(Command):
    """Remove a person from a project."""

    user_id: Annotated[UUID, Describe("The id of the member to remove.")]

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        project.remove_member(self.user_id, by)


class EndProjectMembership(Command):
    """Take somebody who has left the company off a project, whether or not it is archived."""

    user_id: Annotated[UUID, Describe("Who has left.")]

    def handle(self, project: Project) -> None:
        project.end_membership(self.user_id)


class ChangeProjectVisibility(Command):
    """Change who may see a project."""

    visibility: Visibility

    def handle(self, project: Project, by: Caller) -> None:
        project.require_seen(by)
        project.change_visibility(self.visibility, by)
