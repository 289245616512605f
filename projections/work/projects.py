"""Projects as people read them: tables, search documents, and the small rows kept in Redis."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from domain.kit.events import Event
from domain.kit.fields import Confidential, Describe, Len, Longest
from domain.kit.log import Envelope
from domain.work.projects import Project, ProjectStatus, Visibility
from projections.kit.declare.fast_replace import replace
from projections.kit.declare.postgres import Check, Index, PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.search import FullText, SearchView
from projections.kit.declare.view import carried, on


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRow:
    """A project: a group of tasks."""

    id: Annotated[UUID, Describe("The project's id.")]
    name: Annotated[str, Len(max_length=255), Describe("What it is called.")]
    description: Annotated[str, Longest(20_000), Confidential(), Describe("What it is for, as plain text.")]
    status: Annotated[ProjectStatus, Describe("The lifecycle status.")]
    visibility: Annotated[Visibility, Describe("Who may see it.")]
    owner_id: Annotated[UUID, Describe("Who owns it.")]
    created_at: Annotated[datetime, Describe("When it was created.")]
    updated_at: Annotated[datetime, Describe("When it last changed; a change of members counts.")]
    version: Annotated[int, Describe("The number of events in its history, for `expectedVersion`.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDocument:
    """A project as the search index holds it."""

    id: UUID
    name: Annotated[str, FullText(keyword=True)]
    description: Annotated[str, FullText(), Confidential()]
    status: ProjectStatus
    visibility: Visibility
    owner_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


R = TypeVar("R", ProjectRow, ProjectDocument)


class ProjectFolds(Generic[R]):
    """What table, search document and Redis row have in common."""

    changed = carried(Project.Renamed, Project.Described, Project.VisibilityChanged, stamp="updated_at")

    @on(Project.Archived)
    def archived(self, row: R, event: Project.Archived) -> R:
        return replace(
            row, status=ProjectStatus.ARCHIVED, updated_at=event.timestamp, version=event.originator_version
        )

    @on(Project.Restored)
    def restored(self, row: R, event: Project.Restored) -> R:
        return replace(
            row, status=ProjectStatus.ACTIVE, updated_at=event.timestamp, version=event.originator_version
        )

    @on(Project.Deleted)
    def deleted(self, row: R, event: Project.Deleted) -> R:
        return replace(
            row, status=ProjectStatus.DELETED, updated_at=event.timestamp, version=event.originator_version
        )

    @on(Project.MemberAdded, Project.MemberRemoved)
    def members_changed(self, row: R, event: Event) -> R:
        return replace(row, updated_at=event.timestamp, version=event.originator_version)


def _new_row(event: Project.Created) -> ProjectRow:
    return ProjectRow(
        id=event.originator_id,
        name=event.name,
        description=event.description,
        status=ProjectStatus.ACTIVE,
        visibility=event.visibility,
        owner_id=event.owner_id,
        created_at=event.timestamp,
        updated_at=event.timestamp,
        version=event.originator_version,
    )


class Projects(
    ProjectFolds[ProjectRow], PostgresView[ProjectRow], name="tasks.projects", version=2, inline=True
):
    """Every project as it stands; deleted ones keep their row."""

    words = ("name", "description")
    collated = {"name": ("name",)}
    checks = (Check("valid_project_status", "status in ('active', 'archived', 'deleted')"),)
    indexes = (
        Index("idx_projects_owner", ("owner_id", "status")),
        Index("idx_projects_private", ("id",), where="visibility = 'private'"),
        Index("idx_projects_name", ("name_order", "id")),
        Index("idx_projects_created_at", ("created_at", "id")),
        Index("idx_projects_search", ("search_words",), using="gin", finds="@@ tsquery"),
    )

    @on(Project.Created)
    def created(self, row: None, event: Project.Created) -> ProjectRow:
        return _new_row(event)


class ProjectCards(
    ProjectFolds[ProjectRow],
    RedisView[ProjectRow],
    name="work.project_cards",
    version=2,
    pattern="project:{id}",
    ttl=timedelta(minutes=5),
):
    """Project metadata for quick look-ups."""

    @on(Project.Created)
    def created(self, row: None, event: Project.Created) -> ProjectRow:
        return _new_row(event)


class ProjectSearch(
    ProjectFolds[ProjectDocument], SearchView[ProjectDocument], name="work.project_search", version=2
):
    """Projects for full-text search."""

    @on(Project.Created)
    def created(self, row: None, event: Project.Created) -> ProjectDocument:
        return ProjectDocument(
            id=event.originator_id,
            name=event.name,
            description=event.description,
            status=ProjectStatus.ACTIVE,
            visibility=event.visibility,
            owner_id=event.owner_id,
            created_at=event.timestamp,
            updated_at=event.timestamp,
            version=event.originator_version,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """A person's membership of a project."""

    project_id: Annotated[UUID, Describe("The project.")]
    user_id: Annotated[UUID, Describe("The member.")]
    joined_at: Annotated[datetime, Describe("Since when.")]
    since: Annotated[int, Describe("Where in the log the member joined.")]


class ProjectMembers(
    PostgresView[MemberRow],
    name="tasks.project_members",
    version=2,
    key=("project_id", "user_id"),
    inline=True,
):
    """Who belongs to which project."""

    indexes = (Index("idx_project_members_user", ("user_id",)),)

    @on(Project.Created, by=lambda event, _: (event.originator_id, event.owner_id))
    def created(self, row: None, event: Project.Created, envelope: Envelope) -> MemberRow:
        return _joined(event, event.owner_id, envelope)

    @on(Project.MemberAdded, by=lambda event, _: (event.originator_id, event.user_id))
    def added(self, row: None, event: Project.MemberAdded, envelope: Envelope) -> MemberRow:
        return _joined(event, event.user_id, envelope)

    @on(Project.MemberRemoved, by=lambda event, _: (event.originator_id, event.user_id))
    def removed(self, row: MemberRow, event: Project.MemberRemoved) -> None:
        return None


def _joined(event: Event, user_id: UUID, envelope: Envelope) -> MemberRow:
    return MemberRow(
        project_id=event.originator_id,
        user_id=user_id,
        joined_at=event.timestamp,
        since=envelope.position,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberList:
    """The members of one project, in order of joining."""

    project_id: UUID
    user_ids: tuple[UUID, ...]


class ProjectMemberLists(
    RedisView[MemberList],
    name="work.project_member_lists",
    version=1,
    key="project_id",
    pattern="project:{project_id}:members",
    ttl=timedelta(minutes=5),
):
    """Member lists for quick look-ups."""

    @on(Project.Created)
    def created(self, row: None, event: Project.Created) -> MemberList:
        return MemberList(project_id=event.originator_id, user_ids=(event.owner_id,))

    @on(Project.MemberAdded)
    def added(self, row: MemberList, event: Project.MemberAdded) -> MemberList:
        return replace(row, user_ids=(*row.user_ids, event.user_id))

    @on(Project.MemberRemoved)
    def removed(self, row: MemberList, event: Project.MemberRemoved) -> MemberList:
        return replace(row, user_ids=tuple(id for id in row.user_ids if id != event.user_id))
