"""Full-text search of tasks and projects, and lists of somebody's tasks."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.model import (
    After,
    Connection,
    First,
    FromCursor,
    Info,
    PageRequest,
    Position,
    RequestContext,
    argument,
    field,
)
from api.kit.schema.lists.connections import Cursors, connection
from api.kit.schema.lists.search import Words, search, search_connection
from api.work.projects import Project
from api.work.tasks import Task
from domain.work.projects import KEPT, ProjectStatus
from domain.work.tasks import TaskPriority, TaskStatus
from projections.kit.read.conditions import contains, equals, one_of, since, until
from projections.kit.read.fallback_search import SearchRequest
from projections.kit.read.keyset import RowPage
from projections.kit.read.search_query import Between
from projections.tenancy.flags import Flags
from projections.work.projects import Projects
from projections.work.reader import NEWEST, WorkReader
from projections.work.tasks import TaskRow, Tasks


@strawberry.input(description="Which tasks to search: those that meet all that is given.")
class TaskSearchFilter:
    """Narrows a search of tasks."""

    status: list[TaskStatus] | None = strawberry.field(default=None, description="Any of these.")
    priority: list[TaskPriority] | None = strawberry.field(default=None, description="Any of these.")
    assigned_to: UUID | None = strawberry.field(default=None, description="Given to this user.")
    project_id: UUID | None = strawberry.field(default=None, description="In this project.")
    tag: str | None = strawberry.field(default=None, description="With this tag.")
    due_from: datetime | None = strawberry.field(default=None, description="Due at or after this.")
    due_before: datetime | None = strawberry.field(default=None, description="Due before this.")

    def wanted(self, text: str) -> SearchRequest:
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
        )


HIGHLIGHTS = "search.highlights"
"""The feature flag by which a tenant switches highlights off."""


async def _marked(ask: RequestContext) -> bool:
    """Whether the tenant wants highlights."""
    return await ask.port(Flags).enabled(ask.caller.tenant_id, HIGHLIGHTS, default=True)


TaskSearch = search_connection(Task, Tasks, facets=("status", "priority", "tags"))
ProjectSearch = search_connection(Project, Projects, facets=("status",))


@strawberry.type
class Query:
    @field(
        "Search tasks by words in title and description, best matches first.", TaskSearch, needs="work:read"
    )
    async def search_tasks(
        self,
        info: Info,
        text: Words,
        filter: Annotated[TaskSearchFilter | None, argument("The filter.")] = None,
        first: First = None,
        after: FromCursor = None,
        after_position: After = None,
    ) -> Any:
        wanted = (filter or TaskSearchFilter()).wanted(text)
        ask, finder = info.context, info.context.port(WorkReader).tasks
        page, marks = PageRequest(first=first, after=after), await _marked(ask)
        return await search(ask, TaskSearch, finder, Tasks, wanted, page, after_position, marks=marks)

    @field(
        "Search projects by words in name and description, best matches first.",
        ProjectSearch,
        needs="work:read",
    )
    async def search_projects(
        self,
        info: Info,
        text: Words,
        status: Annotated[
            list[ProjectStatus] | None, argument("Any of these; all but deleted ones by default.")
        ] = None,
        first: First = None,
        after: FromCursor = None,
        after_position: After = None,
    ) -> Any:
        kept = list(KEPT) if status is None else status
        where = one_of("status", kept)
        wanted = SearchRequest(text=text, equal={"status": kept}, where=where)
        ask, finder = info.context, info.context.port(WorkReader).projects
        page, marks = PageRequest(first=first, after=after), await _marked(ask)
        return await search(ask, ProjectSearch, finder, Projects, wanted, page, after_position, marks=marks)

    @field("A user's tasks, by pages, the newest first.", Connection[Task], needs="work:read")
    async def user_tasks(
        self,
        info: Info,
        user_id: Annotated[UUID | None, argument("The user's id; by default your own.")] = None,
        first: First = None,
        after: FromCursor = None,
        after_position: After = None,
    ) -> Connection[TaskRow]:
        ask, person = info.context, user_id or info.context.caller.user_id
        await ask.caught_up(Tasks, after_position)
        wanted, cursors = PageRequest(first=first, after=after), Cursors(ask, Tasks, NEWEST)
        place = cursors.place(after)
        found = await ask.port(WorkReader).user_tasks.page(
            ask.caller.tenant_id,
            person,
            place,
            first=wanted.limit,
            at_least=after_position or Position(0),
            sight=ask.sight,
        )
        rows = await ask.rows(Tasks, [(id,) for id in found.ids])
        page = RowPage(rows, more_before=place is not None, more_after=found.more)
        where = [*equals("assigned_to", person), *ask.sight.conditions(Tasks)]
        counted = partial(ask.services.rows.count, Tasks, ask.caller.tenant_id, where)
        return connection(page, cursors, wanted, counted)
