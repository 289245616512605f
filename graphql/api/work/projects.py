"""Projects: queries, lists and mutations."""

from uuid import UUID

import strawberry

from api.identity.people import Person
from api.kit.schema.commands import receipt, sends
from api.kit.schema.connections import listed
from api.kit.schema.context import Info
from api.kit.schema.fields import field, found, headed, linked
from api.kit.schema.node_types import Node, shows
from domain.work import projects as domain
from projections.identity.people import People
from projections.kit.read.conditions import Condition, equals, matches, one_of
from projections.kit.read.postgres_reader import Order
from projections.work.projects import MemberRow, ProjectMemberLists, ProjectMembers, ProjectRow, Projects
from projections.work.reader import WorkReader
from projections.work.stats import ProjectProgress, ProjectProgressRow


@shows(ProjectProgressRow, needs="work:read", leave_out=("project_id",))
class Progress:
    """How many tasks a project has, by status."""


@shows(MemberRow, needs="work:read", leave_out=("project_id", "user_id", "since"))
class Member:
    """A person's membership of a project."""

    person = linked(Person, People, "user_id", "The member.")


@shows(ProjectRow, needs="work:read")
class Project(Node):
    """A project: a group of tasks."""

    owner = linked(Person, People, "owner_id", "The owner.")
    progress = linked(
        Progress, ProjectProgress, "id", "Task counts by status; null while the project has no tasks."
    )

    @field("The ids of all members, in order of joining.")
    async def member_ids(self, info: Info) -> list[UUID]:
        if (at := info.context.moment(info)) is not None:
            found = await info.context.past.row(ProjectMemberLists, (self.id,), at)
            return list(found.user_ids) if found else []
        memberships = info.context.port(WorkReader).memberships
        return await info.context.batched(memberships.of, self.id)

    members = headed(
        Member, ProjectMembers, "project_id", order=Order("joined_at"), description="The members."
    )


@strawberry.input(description="Which projects to list: those that meet all that is given.")
class ProjectFilter:
    """What the listed projects must meet."""

    status: list[domain.ProjectStatus] | None = strawberry.field(
        default=None, description="Any of these; all but deleted ones by default."
    )
    owner_id: UUID | None = strawberry.field(default=None, description="Owned by this person.")
    text: str | None = strawberry.field(default=None, description="Words in name or description.")

    def conditions(self) -> list[Condition]:
        return [
            *one_of("status", domain.KEPT if self.status is None else self.status),
            *equals("owner_id", self.owner_id),
            *matches(Projects, self.text),
        ]


ProjectReceipt = receipt(Project, Projects, name="project")


@strawberry.type
class Query:
    project = found(Project, Projects, "A project by id.", needs="work:read")
    projects = listed(
        Project,
        Projects,
        filter=ProjectFilter,
        orders={"CREATED_AT": Order("created_at"), "NAME": Order("name")},
        description="Projects, by pages.",
        needs="work:read",
    )


@strawberry.type
class Mutation:
    create_project = sends(domain.CreateProject, ProjectReceipt, needs="work:write")
    rename_project = sends(domain.RenameProject, ProjectReceipt, needs="work:write")
    describe_project = sends(domain.DescribeProject, ProjectReceipt, needs="work:write")
    archive_project = sends(domain.ArchiveProject, ProjectReceipt, needs="work:write")
    restore_project = sends(domain.RestoreProject, ProjectReceipt, needs="work:write")
    delete_project = sends(domain.DeleteProject, ProjectReceipt, needs="work:write")
    add_project_member = sends(domain.AddProjectMember, ProjectReceipt, needs="work:write")
    remove_project_member = sends(domain.RemoveProjectMember, ProjectReceipt, needs="work:write")
    change_project_visibility = sends(domain.ChangeProjectVisibility, ProjectReceipt, needs="work:write")
