"""Projects as people read them: tables, search documents, and the small rows kept in Redis."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Confidential, Describe, Len, Longest
from domain.work.projects import Project, ProjectStatus, Visibility
from projections.kit.declare.folds import POSITION, TIME, carried, on, removed, stamped
from projections.kit.model import (
    Check,
    CreatedAt,
    FullText,
    Index,
    PostgresView,
    RedisView,
    Row,
    SearchView,
    UpdatedAt,
    Version,
    replace,
)


class ProjectRow(Row):
    """A project: a group of tasks."""

    id: Annotated[UUID, Describe("The project's id.")]
    name: Annotated[str, Len(max_length=255), Describe("What it is called.")]
    description: Annotated[str, Longest(20_000), Confidential(), Describe("What it is for, as plain text.")]
    status: Annotated[ProjectStatus, Describe("The lifecycle status.")]
    visibility: Annotated[Visibility, Describe("Who may see it.")]
    owner_id: Annotated[UUID, Describe("Who owns it.")]
    created_at: CreatedAt
    updated_at: Annotated[UpdatedAt, Describe("When it last changed; a change of members counts.")]
    version: Version


class ProjectDocument(Row):
    """A project as the search index holds it."""

    id: UUID
    name: Annotated[str, FullText(keyword=True)]
    description: Annotated[str, FullText(), Confidential()]
    status: ProjectStatus
    visibility: Visibility
    owner_id: UUID
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class ProjectFolds:
    """What table, search document and Redis row have in common."""

    created = carried(Project.Created, first=True, status=ProjectStatus.ACTIVE)
    changed = carried(Project.Renamed, Project.Described, Project.VisibilityChanged)

    archived = carried(Project.Archived, status=ProjectStatus.ARCHIVED)

    restored = carried(Project.Restored, status=ProjectStatus.ACTIVE)

    deleted = carried(Project.Deleted, status=ProjectStatus.DELETED)

    members_changed = stamped(Project.MemberAdded, Project.MemberRemoved)


class Projects(ProjectFolds, PostgresView[ProjectRow], name="tasks.projects", version=3, inline=True):
    """Every project as it stands; deleted ones keep their row."""

    words = ("name", "description")
    collated = {"name": ("name",)}
    checks = (Check("valid_project_status", "status in ('active', 'archived', 'deleted')"),)
    indexes = (
        Index("idx_projects_owner", ("owner_id", "status")),
        Index("idx_projects_private", ("id",), where="visibility = 'private'"),
        Index("idx_projects_name", ("name_order", "id")),
        Index("idx_projects_created_at", ("created_at", "id")),
        Index("idx_projects_updated_at", ("updated_at", "id")),
        Index("idx_projects_search", ("search_words",), using="gin", finds="@@ tsquery"),
    )


class ProjectCards(
    ProjectFolds,
    RedisView[ProjectRow],
    name="work.project_cards",
    version=2,
    pattern="project:{id}",
    ttl=timedelta(minutes=5),
):
    """Project metadata for quick look-ups."""


class ProjectSearch(ProjectFolds, SearchView[ProjectDocument], name="work.project_search", version=2):
    """Projects for full-text search."""


class MemberRow(Row):
    """A user's membership of a project."""

    project_id: Annotated[UUID, Describe("The project.")]
    user_id: Annotated[UUID, Describe("The member.")]
    joined_at: Annotated[datetime, Describe("Since when.")]
    since: Annotated[int, Describe("Where in the log the member joined.")]


def _member(event: Project.MemberAdded | Project.MemberRemoved, _: object) -> tuple[UUID, UUID]:
    return event.originator_id, event.user_id


class ProjectMembers(
    PostgresView[MemberRow],
    name="tasks.project_members",
    version=2,
    key=("project_id", "user_id"),
    inline=True,
):
    """Who belongs to which project."""

    indexes = (Index("idx_project_members_user", ("user_id",)),)

    created = carried(
        Project.Created,
        by=lambda event, _: (event.originator_id, event.owner_id),
        first=True,
        joined_at=TIME,
        since=POSITION,
    )

    added = carried(Project.MemberAdded, by=_member, first=True, joined_at=TIME, since=POSITION)

    left = removed(Project.MemberRemoved, by=_member)


class MemberList(Row):
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

    @on(Project.Created, first=True)
    def created(self, row: None, event: Project.Created) -> MemberList:
        return MemberList(project_id=event.originator_id, user_ids=(event.owner_id,))

    @on(Project.MemberAdded)
    def added(self, row: MemberList, event: Project.MemberAdded) -> MemberList:
        return replace(row, user_ids=(*row.user_ids, event.user_id))

    @on(Project.MemberRemoved)
    def removed(self, row: MemberList, event: Project.MemberRemoved) -> MemberList:
        return replace(row, user_ids=tuple(id for id in row.user_ids if id != event.user_id))
