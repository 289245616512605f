"""Projects: queries, lists and mutations."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.identity.users import User
from api.kit.model import Info, Node, Resource, field, headed, linked, shows
from domain.work import project_commands as domain
from domain.work.projects import KEPT
from projections.identity.people import People
from projections.kit.read.keyset import Order
from projections.work.projects import MemberRow, ProjectMemberLists, ProjectMembers, ProjectRow, Projects
from projections.work.reader import WorkReader
from projections.work.stats import ProjectProgress, ProjectProgressRow
from projections.work.tasks import Tasks

if TYPE_CHECKING:
    from api.work.tasks import Task as Task


@shows(ProjectProgressRow, needs="work:read", leave_out=("project_id",))
class Progress:
    """How many tasks a project has, by status."""


@shows(MemberRow, needs="work:read", leave_out=("project_id", "user_id", "since"))
class Member:
    """A user's membership of a project."""

    user = linked(User, People, "user_id", "The member.")


_MOST_IDS = 1_000


@shows(ProjectRow, needs="work:read")
class Project(Node):
    """A project: a group of tasks."""

    owner = linked(User, People, "owner_id", "The owner.")
    progress = linked(
        Progress, ProjectProgress, "id", "Task counts by status; null while the project has no tasks."
    )

    @field(f"The ids of the first {_MOST_IDS:,} members, in order of joining; `members` lists all of them.")
    async def member_ids(self, info: Info) -> list[UUID]:
        if (at := info.context.moment(info)) is not None:
            found = await info.context.past.row(ProjectMemberLists, (self.id,), at)
            return list(found.user_ids[:_MOST_IDS]) if found else []
        memberships = info.context.port(WorkReader).memberships
        found_ids = await info.context.batched(memberships.of, self.id)
        return found_ids[:_MOST_IDS]

    members = headed(
        Member,
        ProjectMembers,
        "project_id",
        order=Order("joined_at"),
        description="The members, in order of joining, by pages.",
    )
    tasks = headed(
        Annotated["Task", strawberry.lazy("api.work.tasks")],
        Tasks,
        "project_id",
        order=Order("created_at", descending=True),
        description="The project's tasks, the newest first, by pages.",
    )


_projects = Resource(Project, Projects, read="work:read", write="work:write")
_members = Resource(Member, ProjectMembers, read="work:read")
_projects.filter(defaults={"status": KEPT})
_members.filter(also=("user_id",))


@strawberry.type
class Query:
    project = _projects.by_id("A project by id.")
    projects = _projects.list(
        "Projects, by pages; deleted ones only where the filter says something of the status.",
        orders=("created_at", "name", "updated_at"),
    )


@strawberry.type
class Subscription:
    project_member_changed = _members.subscription(
        "Every change of a project's members, as it happens.", within={"project_id": Projects}
    )


@strawberry.type
class Mutation:
    create_project = _projects.mutation(domain.CreateProject)
    update_project = _projects.mutation(domain.UpdateProject)
    rename_project = _projects.mutation(domain.RenameProject)
    describe_project = _projects.mutation(domain.DescribeProject)
    archive_project = _projects.mutation(domain.ArchiveProject)
    restore_project = _projects.mutation(domain.RestoreProject)
    delete_project = _projects.mutation(domain.DeleteProject)
    add_project_member = _projects.mutation(domain.AddProjectMember)
    remove_project_member = _projects.mutation(domain.RemoveProjectMember)
    change_project_visibility = _projects.mutation(domain.ChangeProjectVisibility)
