"""Search results as every context shows them: hits with highlights, counts, and which store answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from api.kit.execution.access import covered
from api.kit.execution.errors import ClientError
from api.kit.execution.signatures import Signature
from api.kit.schema.commands import camel
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import argument, derived, field
from api.kit.schema.scalars import Position
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.fallback_search import Finder, SearchRequest
from projections.kit.read.highlights import highlighted
from projections.kit.read.search_query import BadQuery, Query, looked_for
from projections.kit.read.search_reader import Hit

T = TypeVar("T")

First = Annotated[int, argument("How many hits, at most 100.")]
AfterHit = Annotated[str | None, argument("Only hits after this cursor.")]
Words = Annotated[str, argument("Words that must all match; an empty string matches everything.")]


@covered
@strawberry.type(description="The matching parts of a text.")
class Highlight:
    """A highlighted field."""

    field: str = strawberry.field(description="The field, such as `title`.")
    fragments: list[str] = strawberry.field(description="HTML: the text escaped, matches in `<mark>`.")


@covered
@strawberry.type(description="The number of hits with one value.")
class FacetCount:
    """A value and its count."""

    value: str = strawberry.field(description="The value, as it is stored.")
    count: int = strawberry.field(description="The number of hits, ignoring a filter on this field.")


@covered
@strawberry.type(description="The distribution of hits over the values of a field.")
class Facet:
    """A field's counts."""

    field: str = strawberry.field(description="The field, such as `status`.")
    counts: list[FacetCount] = strawberry.field(description="The values, the most frequent first.")


@dataclass(slots=True)
class Searched:
    """What was searched, and for what."""

    view: type[PostgresView[Any]]
    texts: Sequence[str]
    """Those of the view that were searched, and whose parts may be shown."""
    words: frozenset[str]
    signature: Signature
    marks: bool = True
    """Whether parts of the texts are shown."""


@covered
@strawberry.type(description="A search hit.")
class SearchHit(Generic[T]):
    """A hit; the thing itself is read from the view, so it is never older than a lookup by id."""

    hit: strawberry.Private[Hit[Any]]
    query: strawberry.Private["Searched"]
    score = derived(
        float, lambda root: root.hit.score, "The relevance score, comparable within one response."
    )
    cursor = derived(
        str,
        lambda root: root.query.signature.cursor(root.hit.cursor.encode()),
        "The hit's cursor, for `after`.",
    )

    @field("The object in its current state; null if it was removed since it was indexed.")
    async def node(self, info: Info) -> T | None:
        found: T | None = await info.context.row(self.query.view, self.hit.row.id)
        return found

    @field("Where the words occur in the object's current state.")
    async def highlights(self, info: Info) -> list[Highlight]:
        query = self.query
        row = await info.context.row(query.view, self.hit.row.id) if query.marks else None
        if row is None:
            return []
        found = {
            name: highlighted(getattr(row, name) or "", query.words, whole=name == query.view.words[0])
            for name in query.texts
        }
        return [Highlight(field=name, fragments=parts) for name, parts in found.items() if parts]


@covered
@strawberry.type(description="The result of a search.")
class SearchResult(Generic[T]):
    """A page of hits."""

    query: strawberry.Private[Searched]
    hits: list[SearchHit[T]] = strawberry.field(description="The hits of this page, the best first.")
    facets: list[Facet] = strawberry.field(description="The distribution of all hits over values.")
    total_count: int = strawberry.field(description="The total number of hits.")
    total_is_exact: bool = strawberry.field(
        description="Whether the total is exact; false when there are more hits than were counted."
    )
    source: str = strawberry.field(
        description="Which store answered: `opensearch`, or `postgres` while that is down."
    )


_MOST_HIDDEN = 1000
"""How many values the index can be told to leave out; Postgres answers whoever may not see more."""


async def search(
    ask: RequestContext,
    finder: Finder[Any],
    view: type[PostgresView[Any]],
    wanted: SearchRequest,
    after: Position | None,
) -> SearchResult[Any]:
    """Find, and show what was found as rows of the view; nothing older than a position, when one is given."""
    await ask.caught_up(view, after)
    sight, hidden, tenant_id = ask.sight, await ask.seeing.hidden(view), ask.caller.tenant_id
    signature = Signature(ask.services.secret, f"search {view.name} {tenant_id} {wanted.text} {wanted.asked}")
    wanted = replace(
        wanted,
        language=await ask.services.language(tenant_id),
        where=[*wanted.where, *sight.conditions(view)],
        without={sight.columns[view]: sorted(hidden)} if hidden else {},
        texts=sight.searched.get(view),
        indexed=hidden is not None and len(hidden) <= _MOST_HIDDEN,
        after=_place(wanted.after, signature),
    )
    try:
        words = looked_for(Query(text=wanted.text, language=wanted.language)).words
        # What was moved into a hidden project must not be counted for as long as the index has it elsewhere.
        at_least = max(after or 0, await ask.seeing.changed(view, hidden or ()))
        outcome = await finder.find(ask.caller.tenant_id, wanted, at_least=at_least)
    except BadQuery as error:
        raise ClientError(str(error), code="BAD_USER_INPUT") from None
    found = outcome.found
    hits = await _seen(ask, view, found.hits)
    texts = view.words if wanted.texts is None else wanted.texts
    query = Searched(view, texts, words, signature)
    return SearchResult(
        query=query,
        hits=[SearchHit(hit=hit, query=query) for hit in hits],
        facets=[
            Facet(field=camel(name), counts=[FacetCount(value=value, count=count) for value, count in counts])
            for name, counts in found.facets.items()
        ],
        total_count=found.total - (len(found.hits) - len(hits)),
        total_is_exact=not found.more_than_counted,
        source=outcome.source,
    )


async def _seen(ask: RequestContext, view: type[PostgresView[Any]], hits: list[Hit[Any]]) -> list[Hit[Any]]:
    """The hits that the caller may see, both as they were indexed and as they stand now: the index is behind,
    and a hit shows texts of it."""
    if not (hits and ask.sight.narrows(view)):
        return hits
    indexed = await ask.seeing.visible(view, [hit.row for hit in hits])
    keys = {(hit.row.id,) for hit, row in zip(hits, indexed, strict=True) if row is not None}
    where = ask.sight.conditions(view)
    now = await ask.services.rows.get(view, ask.caller.tenant_id, keys, where=where)
    return [hit for hit in hits if (hit.row.id,) in now]


def _place(cursor: str | None, signature: Signature) -> str | None:
    """The place of a hit by its cursor. Only who was given one of Postgres goes on there: it costs more."""
    if cursor is None:
        return None
    body = signature.body(cursor)
    if body is None:
        raise ClientError("This cursor was not given out for this search.", code="BAD_CURSOR")
    return body.decode()
