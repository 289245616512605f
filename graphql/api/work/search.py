"""Full-text search of tasks, and lists of somebody's tasks."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.context import Info
from api.kit.errors import ClientError
from api.kit.fields import After, argument, derived, field
from api.kit.scalars import Position
from api.kit.shows import enum
from api.work.tasks import Task
from domain.work.tasks import TaskPriority, TaskStatus
from projections.kit.documents import Hit
from projections.kit.rows import contains, one_of, since, until
from projections.kit.search_query import BadQuery, Between
from projections.work.reading import TaskHits, TaskQuery, WorkReading
from projections.work.tasks import TaskRow, Tasks

enum(TaskStatus)
enum(TaskPriority)


@strawberry.type(description="Parts of a text that matched.")
class Highlight:
    """A highlighted field."""

    field: str = strawberry.field(description="Which field: `title` or `description`.")
    fragments: list[str] = strawberry.field(description="HTML: the text escaped, matches in `<mark>`.")


@strawberry.type(description="How many hits have a value.")
class FacetCount:
    """A value and its count."""

    value: str = strawberry.field(description="The value, as it is stored.")
    count: int = strawberry.field(description="How many hits have it, leaving aside a filter on this field.")


@strawberry.type(description="A task that was found.")
class TaskHit:
    """A hit."""

    hit: strawberry.Private[Hit[Any]]
    score = derived(float, lambda root: root.hit.score, "How well it matches; comparable in one answer.")
    cursor = derived(str, lambda root: root.hit.cursor, "Its place: give it as `after`.")

    @field("The task as it stands; empty if it was removed since it was indexed.", Task | None)
    async def task(self, info: Info) -> TaskRow | None:
        return await info.context.row(Tasks, self.hit.row.id)

    @field("Where the words were found.")
    def highlights(self) -> list[Highlight]:
        return [Highlight(field=name, fragments=parts) for name, parts in self.hit.highlights.items()]


@strawberry.type(description="What a search found.")
class TaskSearchResult:
    """A page of hits with counts."""

    outcome: strawberry.Private[TaskHits]

    @field("The hits of this page, the best first.")
    def hits(self) -> list[TaskHit]:
        return [TaskHit(hit=hit) for hit in self.outcome.found.hits]

    total_count = derived(int, lambda root: root.outcome.found.total, "How many there are in all.")
    total_is_exact = derived(
        bool,
        lambda root: not root.outcome.found.more_than_counted,
        "False when there are more than were counted.",
    )
    source = derived(
        str,
        lambda root: root.outcome.source,
        "Which store answered: `opensearch`, or `postgres` while that is down.",
    )

    @field("How the hits spread over statuses.")
    def statuses(self) -> list[FacetCount]:
        return self._facet("status")

    @field("How the hits spread over priorities.")
    def priorities(self) -> list[FacetCount]:
        return self._facet("priority")

    @field("How the hits spread over tags; the most frequent.")
    def tags(self) -> list[FacetCount]:
        return self._facet("tags")

    def _facet(self, name: str) -> list[FacetCount]:
        return [FacetCount(value=value, count=count) for value, count in self.outcome.found.facets[name]]


@strawberry.input(description="Which tasks to search: those that meet all that is given.")
class TaskSearchFilter:
    """Narrows a search."""

    status: list[TaskStatus] | None = strawberry.field(default=None, description="Any of these.")
    priority: list[TaskPriority] | None = strawberry.field(default=None, description="Any of these.")
    assigned_to: UUID | None = strawberry.field(default=None, description="Given to this person.")
    project_id: UUID | None = strawberry.field(default=None, description="In this project.")
    tag: str | None = strawberry.field(default=None, description="With this tag.")
    due_from: datetime | None = strawberry.field(default=None, description="Due at or after this.")
    due_before: datetime | None = strawberry.field(default=None, description="Due before this.")

    def equal(self) -> dict[str, list[Any]]:
        """The filters by value."""
        given = {
            "status": self.status,
            "priority": self.priority,
            "assigned_to": None if self.assigned_to is None else [self.assigned_to],
            "project_id": None if self.project_id is None else [self.project_id],
            "tags": None if self.tag is None else [self.tag],
        }
        return {name: values for name, values in given.items() if values is not None}


@strawberry.type(description="A numbered page of somebody's tasks, the newest first.")
class TaskPage:
    """A page of 20."""

    ids: strawberry.Private[list[UUID]]
    page: int = strawberry.field(description="The page's number, from 1.")
    has_next_page: bool = strawberry.field(description="Whether there is another page.")

    @field("The tasks.", list[Task])
    async def nodes(self, info: Info) -> list[TaskRow]:
        return await info.context.rows(Tasks, [(id,) for id in self.ids])


@strawberry.type
class Query:
    @field("Tasks by words in title and description, best matches first.")
    async def search_tasks(
        self,
        info: Info,
        text: Annotated[str, argument("Words that must all be found; empty finds everything.")],
        filter: Annotated[TaskSearchFilter | None, argument("Narrows the search.")] = None,
        first: Annotated[int, argument("How many hits, at most 100.")] = 20,
        after: Annotated[str | None, argument("Only what follows this cursor.")] = None,
        after_position: After = None,
    ) -> TaskSearchResult:
        ask = info.context
        await ask.caught_up(Tasks, after_position)
        chosen = filter or TaskSearchFilter()
        equal = chosen.equal()
        query = TaskQuery(
            text=text,
            equal=equal,
            due=Between(chosen.due_from, chosen.due_before),
            first=first,
            after=after,
        )
        where = [
            *(one for name, values in equal.items() if name != "tags" for one in one_of(name, values)),
            *contains("tags", equal.get("tags")),
            *since("due_date", chosen.due_from),
            *until("due_date", chosen.due_before),
        ]
        try:
            outcome = await ask.port(WorkReading).search(ask.caller.tenant_id, query, where)
        except BadQuery as error:
            raise ClientError(str(error), code="BAD_USER_INPUT") from None
        return TaskSearchResult(outcome=outcome)

    @field("Somebody's tasks, by numbered pages of 20, the newest first.")
    async def user_tasks(
        self,
        info: Info,
        user_id: Annotated[UUID | None, argument("Whose; your own by default.")] = None,
        page: Annotated[int, argument("Which page, from 1.")] = 1,
        after_position: After = None,
    ) -> TaskPage:
        ask = info.context
        await ask.caught_up(Tasks, after_position)
        wanted = user_id or ask.caller.user_id
        try:
            found = await ask.port(WorkReading).user_tasks(
                ask.caller.tenant_id, wanted, page, at_least=after_position or Position(0)
            )
        except BadQuery as error:
            raise ClientError(str(error), code="BAD_USER_INPUT") from None
        return TaskPage(ids=found.ids, page=page, has_next_page=found.more)
