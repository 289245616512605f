"""Full-text search of tasks and projects, and lists of somebody's tasks."""

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
from api.kit.schema.lists.search import Words, search, search_connection, search_filter
from api.work.projects import Project
from api.work.tasks import Task
from domain.work.projects import KEPT
from projections.kit.read.conditions import equals
from projections.kit.read.fallback_search import SearchRequest
from projections.kit.read.keyset import RowPage
from projections.tenancy.flags import Flags
from projections.work.projects import ProjectDocument, Projects
from projections.work.reader import NEWEST, WorkReader
from projections.work.tasks import TaskDocument, TaskRow, Tasks

HIGHLIGHTS = "search.highlights"
"""The feature flag by which a tenant switches highlights off."""


async def _marked(ask: RequestContext) -> bool:
    """Whether the tenant wants highlights."""
    return await ask.port(Flags).enabled(ask.caller.tenant_id, HIGHLIGHTS, default=True)


TaskSearch = search_connection(Task, Tasks, facets=("status", "priority", "tags"))
ProjectSearch = search_connection(Project, Projects, facets=("status",))
TaskSearchFilter = search_filter(Task, Tasks, TaskDocument)
ProjectSearchFilter = search_filter(Project, Projects, ProjectDocument, defaults={"status": KEPT})


@strawberry.type
class Query:
    @field(
        "Search tasks by words in title and description, best matches first.", TaskSearch, needs="work:read"
    )
    async def search_tasks(
        self,
        info: Info,
        text: Words,
        filter: Annotated[TaskSearchFilter | None, argument("The filter.")] = None,  # type: ignore[valid-type]
        first: First = None,
        after: FromCursor = None,
        after_position: After = None,
    ) -> Any:
        wanted = SearchRequest(text=text, filter=TaskSearchFilter.tree(filter))
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
        filter: Annotated[
            ProjectSearchFilter | None,  # type: ignore[valid-type]
            argument("The filter; deleted projects are found only where it says something of the status."),
        ] = None,
        first: First = None,
        after: FromCursor = None,
        after_position: After = None,
    ) -> Any:
        wanted = SearchRequest(text=text, filter=ProjectSearchFilter.tree(filter))
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
