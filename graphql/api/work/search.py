"""Full-text search of tasks and projects, and lists of somebody's tasks."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.execution.access import covered
from api.kit.execution.errors import ClientError
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import After, argument, field
from api.kit.schema.scalars import Position
from api.kit.schema.search import AfterHit, First, SearchResult, Words, search
from api.work.projects import Project
from api.work.tasks import Task
from domain.work.projects import KEPT, ProjectStatus
from domain.work.tasks import TaskPriority, TaskStatus
from projections.kit.read.conditions import contains, one_of, since, until
from projections.kit.read.fallback_search import SearchRequest
from projections.kit.read.search_query import BadQuery, Between
from projections.tenancy.flags import Flags
from projections.work.projects import Projects
from projections.work.reader import WorkReader
from projections.work.tasks import TaskRow, Tasks


@strawberry.input(description="Which tasks to search: those that meet all that is given.")
class TaskSearchFilter:
    """Narrows a search of tasks."""

    status: list[TaskStatus] | None = strawberry.field(default=None, description="Any of these.")
    priority: list[TaskPriority] | None = strawberry.field(default=None, description="Any of these.")
    assigned_to: UUID | None = strawberry.field(default=None, description="Given to this person.")
    project_id: UUID | None = strawberry.field(default=None, description="In this project.")
    tag: str | None = strawberry.field(default=None, description="With this tag.")
    due_from: datetime | None = strawberry.field(default=None, description="Due at or after this.")
    due_before: datetime | None = strawberry.field(default=None, description="Due before this.")

    def wanted(self, text: str, first: int, after: str | None) -> SearchRequest:
        """The search, as both stores understand it."""
        given = {
            "status": self.status,
            "priority": self.priority,
            "assigned_to": None if self.assigned_to is None else [self.assigned_to],
            "project_id": None if self.project_id is None else [self.project_id],
        }
        equal: dict[str, list[Any]] = {name: values for name, values in given.items() if values is not None}
        due = Between(self.due_from, self.due_before)
        tags = None if self.tag is None else [self.tag]
        return SearchRequest(
            text=text,
            equal=equal if tags is None else {**equal, "tags": tags},
            between={} if due == Between() else {"due_date": due},
            where=[
                *(condition for name, values in equal.items() for condition in one_of(name, values)),
                *contains(Tasks, "tags", tags),
                *since("due_date", self.due_from),
                *until("due_date", self.due_before),
            ],
            first=first,
            after=after,
        )


@covered
@strawberry.type(description="A numbered page of a person's tasks, the newest first.")
class TaskPage:
    """A page of 20."""

    ids: strawberry.Private[list[UUID]]
    page: int = strawberry.field(description="The page's number, from 1.")
    has_next_page: bool = strawberry.field(description="Whether there is another page.")

    @field("The tasks.", list[Task])
    async def nodes(self, info: Info) -> list[TaskRow]:
        return await info.context.rows(Tasks, [(id,) for id in self.ids])


HIGHLIGHTS = "search.highlights"
"""The feature flag by which a tenant switches highlights off."""


async def _highlighted(ask: RequestContext, found: SearchResult[Any]) -> SearchResult[Any]:
    """The result, without highlights where the tenant does not want any."""
    if found.hits and not await ask.port(Flags).enabled(ask.caller.tenant_id, HIGHLIGHTS, default=True):
        found.query.marks = False
    return found


@strawberry.type
class Query:
    @field("Search tasks by words in title and description, best matches first.", needs="work:read")
    async def search_tasks(
        self,
        info: Info,
        text: Words,
        filter: Annotated[TaskSearchFilter | None, argument("The filter.")] = None,
        first: First = 20,
        after: AfterHit = None,
        after_position: After = None,
    ) -> SearchResult[Task]:
        wanted = (filter or TaskSearchFilter()).wanted(text, first, after)
        finder = info.context.port(WorkReader).tasks
        found = await search(info.context, finder, Tasks, wanted, after_position)
        return await _highlighted(info.context, found)

    @field("Search projects by words in name and description, best matches first.", needs="work:read")
    async def search_projects(
        self,
        info: Info,
        text: Words,
        status: Annotated[
            list[ProjectStatus] | None, argument("Any of these; all but deleted ones by default.")
        ] = None,
        first: First = 20,
        after: AfterHit = None,
        after_position: After = None,
    ) -> SearchResult[Project]:
        kept = list(KEPT) if status is None else status
        where = one_of("status", kept)
        wanted = SearchRequest(text=text, equal={"status": kept}, where=where, first=first, after=after)
        finder = info.context.port(WorkReader).projects
        found = await search(info.context, finder, Projects, wanted, after_position)
        return await _highlighted(info.context, found)

    @field("A person's tasks, in numbered pages of 20, the newest first.", needs="work:read")
    async def user_tasks(
        self,
        info: Info,
        user_id: Annotated[UUID | None, argument("The person's id; by default your own.")] = None,
        page: Annotated[int, argument("The page number, from 1.")] = 1,
        after_position: After = None,
    ) -> TaskPage:
        ask = info.context
        await ask.caught_up(Tasks, after_position)
        user_tasks = ask.port(WorkReader).user_tasks
        at_least = after_position or Position(0)
        try:
            found = await user_tasks.page(
                ask.caller.tenant_id,
                user_id or ask.caller.user_id,
                page,
                at_least=at_least,
                sight=ask.sight,
            )
        except BadQuery as error:
            raise ClientError(str(error), code="BAD_USER_INPUT") from None
        return TaskPage(ids=found.ids, page=page, has_next_page=found.more)
