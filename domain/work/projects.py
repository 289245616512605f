"""Projects: a body of work with an owner and members."""

from dataclasses import field
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Public, References
from domain.kit.model import ONE_LINE, Aggregate, Caller, Event, NotFound, Refusal, applies, assigns
from domain.work.access import sees

USER = "identity.user"

Name = Annotated[str, Len(1, 255), ONE_LINE, Public(), Authored(), Describe("The project's name.")]
About = Annotated[str, Len(0, 20_000), Confidential(), Describe("The project's description, as plain text.")]
Member = Annotated[UUID, References(USER, present=True), Internal(), Describe("The user's id.")]
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
    """Everybody of the tenant who may read work."""
    PRIVATE = "private"
    """Its members, and who sees all projects."""


VisibleTo = Annotated[Visibility, Public(), Describe("Who in the tenant may see the project.")]


class ProjectIsArchived(Refusal):
    """This project is archived; restore it first."""


class ProjectNotArchived(Refusal):
    """This project is not archived."""


class ProjectIsDeleted(Refusal):
    """This task's project was deleted; move the task first."""


class AssigneeNotAMember(Refusal):
    """This user does not belong to the private project."""


class AlreadyMember(Refusal):
    """This user is already a member of the project."""


class NotAMember(Refusal):
    """This user is not a member of the project."""


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
        """Raise ProjectIsArchived, about this field, unless work may go on here."""
        if self.status is not ProjectStatus.ACTIVE:
            raise ProjectIsArchived(field=field)

    @property
    def private(self) -> bool:
        """Whether only those who belong to it see it."""
        return self.visibility is Visibility.PRIVATE

    def require_seen(self, by: Caller, *, field: str = "id", what: str = "project") -> None:
        """Raise NotFound, as for something that is not there, unless the caller sees the project."""
        if not sees(by, private=self.private, owner_id=self.owner_id, members=self.members):
            raise NotFound(field=field, what=what)

    def require_seen_by(self, user_id: UUID | None, by: Caller, *, field: str) -> None:
        """Raise AssigneeNotAMember when work is given to somebody who does not belong to a private project.

        The caller, who sees it, may take work on themselves.
        """
        belongs = user_id in (None, by.user_id, self.owner_id) or user_id in self.members
        if self.private and not belongs:
            raise AssigneeNotAMember(field=field)

    changed = assigns(Renamed, Described, VisibilityChanged)

    @applies(Created)
    def _created(self, event: Created) -> None:
        self.name, self.description, self.visibility = event.name, event.description, event.visibility
        self.owner_id, self.members = event.owner_id, {event.owner_id}

    @applies(Archived)
    def _archived(self, event: Archived) -> None:
        self.status = ProjectStatus.ARCHIVED

    @applies(Restored)
    def _restored(self, event: Restored) -> None:
        self.status = ProjectStatus.ACTIVE

    @applies(Deleted)
    def _deleted(self, event: Deleted) -> None:
        self.status = ProjectStatus.DELETED

    @applies(MemberAdded)
    def _member_added(self, event: MemberAdded) -> None:
        self.members = self.members | {event.user_id}

    @applies(MemberRemoved)
    def _member_removed(self, event: MemberRemoved) -> None:
        self.members = self.members - {event.user_id}
