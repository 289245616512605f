"""Search results as every context shows them: hits with highlights, counts, and which store answered."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Generic, TypeVar, get_args, get_type_hints

import strawberry
from strawberry.types.field import StrawberryField

from api.kit.execution.access import covered
from api.kit.execution.errors import bad_argument
from api.kit.schema.commands import camel
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import Parent, argument, derived, described, field
from api.kit.schema.filters import RowFilter, row_filter
from api.kit.schema.lists.pages import PageInfo, PageRequest
from api.kit.schema.lists.signatures import Signature
from api.kit.schema.scalars import Position
from domain.kit.events import snake
from domain.kit.fields import is_marked, types_of
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import Row
from projections.kit.declare.search import FullText
from projections.kit.read.fallback_search import Finder, SearchRequest
from projections.kit.read.highlights import highlighted
from projections.kit.read.search_query import BadCursor, BadQuery, Query, looked_for
from projections.kit.read.search_reader import Hit

T = TypeVar("T")

Words = Annotated[str, argument("Words that must all match; an empty string matches everything.")]


@covered
@strawberry.type(description="The matching parts of a text.")
class Highlight:
    """A highlighted field."""

    field: str = strawberry.field(description="The field, such as `title`.")
    fragments: list[str] = strawberry.field(description="HTML: the text escaped, matches in `<mark>`.")


@strawberry.enum(description="A store that answers searches.")
class SearchSource(Enum):
    """Where hits come from."""

    OPENSEARCH = strawberry.enum_value("opensearch", description="The search index.")
    POSTGRES = strawberry.enum_value("postgres", description="The views, while the index cannot answer.")


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

    def cursor(self, hit: Hit[Any]) -> str:
        """The cursor of a hit."""
        return self.signature.cursor(hit.cursor.encode())

    async def row(self, ask: RequestContext, hit: Hit[Any]) -> Any:
        """What was found, as the view has it now; None for what was removed since."""
        return await ask.row(self.view, hit.row.id)


@covered
@strawberry.type(name="SearchEdge", description="A hit of a search, with its cursor.")
class SearchEdge(Generic[T]):
    """The thing itself is read from the view, so it is never older than a lookup by id."""

    hit: strawberry.Private[Hit[Any]]
    query: strawberry.Private["Searched"]
    score = derived(
        float, lambda root: root.hit.score, "The relevance score, comparable within one response."
    )
    cursor = derived(str, lambda root: root.query.cursor(root.hit), "The hit's cursor, for `after`.")

    @field("The object in its current state; null if it was removed since it was indexed.")
    async def node(self, info: Info) -> T | None:
        found: T | None = await self.query.row(info.context, self.hit)
        return found

    @field("Where the words occur in the object's current state.")
    async def highlights(self, info: Info) -> list[Highlight]:
        query = self.query
        row = await query.row(info.context, self.hit) if query.marks else None
        if row is None:
            return []
        found = {
            name: highlighted(getattr(row, name) or "", query.words, whole=name == query.view.words[0])
            for name in query.texts
        }
        return [Highlight(field=name, fragments=parts) for name, parts in found.items() if parts]


def search_connection(shown: Any, view: type[PostgresView[Any]], *, facets: Sequence[str] = ()) -> Any:
    """The GraphQL type of a page of hits, with how many there are by the values of these columns.

    Values are those that a filter by the column takes: enums, where the column holds one.
    """
    name, hints = shown.__name__, get_type_hints(view.row)
    counts = {facet: _count_of(_value_of(hints[facet])) for facet in facets}
    texts = {facet: f"By `{camel(facet)}`, the most frequent first, 50 at most." for facet in facets}
    counted: dict[str, Any] = {}
    if facets:
        lists = {facet: list[count] for facet, count in counts.items()}  # type: ignore[valid-type]
        text = "How many hits there are by value, ignoring a filter on the same field."
        counted["facets"] = _type(f"{name}Facets", lists, texts, text)
    return _type(
        f"{name}SearchConnection",
        {
            "edges": list[SearchEdge[shown]],
            "page_info": PageInfo,
            **counted,
            "total_count": int,
            "total_is_exact": bool,
            "source": SearchSource,
        },
        _TEXTS,
        "A page of what a search found.",
        nodes=_nodes(shown),
    )


def search_filter(
    shown: type,
    view: type[PostgresView[Any]],
    document: type[Row],
    *,
    defaults: Mapping[str, Collection[Any]] = MappingProxyType({}),
) -> type[RowFilter]:
    """The input that compares what a view and the documents of its search view both have, but for texts, in which
    words are looked for. ``defaults``: see `row_filter`."""
    hints = get_type_hints(document, include_extras=True)
    texts = {name for name, hint in hints.items() if is_marked(hint, FullText)}
    name, noun = f"{shown.__name__}SearchFilter", snake(shown.__name__).replace("_", " ")
    return row_filter(
        shown,
        view,
        name=name,
        description=f"Which {noun}s to search: those that meet all that is given.",
        but=[column for column in get_type_hints(view.row) if column not in hints or column in texts],
        defaults=defaults,
        words=False,
    )


_TEXTS = {
    "edges": "The hits of this page, the best first, each with its cursor.",
    "page_info": "Cursors of the page, and whether there are more pages.",
    "facets": "How many hits of all pages there are by value.",
    "total_count": "The total number of hits.",
    "total_is_exact": "Whether the total is exact; false when there are more hits than were counted.",
    "source": "Which store answered.",
}


def _nodes(shown: Any) -> StrawberryField:
    async def resolve(root: Any, info: Info) -> Any:
        rows = await asyncio.gather(*(edge.query.row(info.context, edge.hit) for edge in root.edges))
        return [row for row in rows if row is not None]

    resolve.__annotations__ |= {"root": Parent[Any], "return": list[shown]}
    return described(resolve, "What was found on this page, without what was removed since it was indexed.")


# GraphQL types are made of classes that no checker knows.
def _type(
    name: str, fields: Mapping[str, Any], texts: Mapping[str, str], text: str, **more: StrawberryField
) -> Any:
    body: dict[str, Any] = {field: strawberry.field(description=texts[field]) for field in fields}
    kind = type(name, (), {**body, **more, "__annotations__": dict(fields), "__module__": __name__})
    return covered(strawberry.type(kind, name=name, description=text))


def _value_of(hint: Any) -> Any:
    kinds = [kind for kind in get_args(hint) if kind not in (type(None), Ellipsis)]
    return kinds[0] if kinds else hint


@cache
def _count_of(value: Any) -> Any:
    name = f"{'Text' if value is str else value.__name__}Count"
    texts = {"value": "The value.", "count": "The number of hits with it."}
    return _type(name, {"value": value, "count": int}, texts, "How many hits have a value.")


_MOST_HIDDEN = 1000
"""How many values the index can be told to leave out; Postgres answers whoever may not see more."""


async def search(
    ask: RequestContext,
    connection: Any,
    finder: Finder[Any],
    view: type[PostgresView[Any]],
    wanted: SearchRequest,
    page: PageRequest,
    after_position: Position | None,
    *,
    marks: bool = True,
) -> Any:
    """Find, and show what was found as a connection of the view's rows; nothing older than a position, when one
    is given. Without ``marks`` no parts of texts are shown."""
    await ask.caught_up(view, after_position)
    sight, hidden, tenant_id = ask.sight, await ask.seeing.hidden(view), ask.caller.tenant_id
    scope = f"search {view.name} {tenant_id} {wanted.text} {wanted.asked}"
    signature = Signature(ask.services.secret, scope, what="search")
    limit = page.limit
    wanted = replace(
        wanted,
        first=limit + 1,
        language=await ask.services.language(tenant_id),
        where=[*wanted.where, *sight.conditions(view)],
        without={sight.columns[view]: sorted(hidden)} if hidden else {},
        texts=sight.searched.get(view),
        indexed=hidden is not None and len(hidden) <= _MOST_HIDDEN,
        after=_place(page.after, signature),
    )
    try:
        words = looked_for(Query(text=wanted.text, language=wanted.language)).words
        # What was moved into a hidden project must not be counted for as long as the index has it elsewhere.
        at_least = max(after_position or 0, await ask.seeing.changed(view, hidden or ()))
        outcome = await finder.find(ask.caller.tenant_id, wanted, at_least=at_least)
    except BadCursor:
        raise signature.refusal() from None
    except BadQuery as error:
        raise bad_argument(str(error), "text") from None
    found = outcome.found
    shown, more = found.hits[:limit], len(found.hits) > limit
    hits = await _seen(ask, view, shown)
    texts = view.words if wanted.texts is None else wanted.texts
    query = Searched(view, texts, words, signature, marks=marks)
    facets = types_of(connection).get("facets")
    return connection(
        edges=[SearchEdge(hit=hit, query=query) for hit in hits],
        page_info=PageInfo(
            has_next_page=more,
            has_previous_page=wanted.after is not None,
            rows=hits,
            cursor_of=query.cursor,
            came_from=lambda: query.cursor(shown[-1]) if shown else page.after or signature.cursor(b""),
        ),
        **({} if facets is None else {"facets": facets(**_counted(facets, found.facets))}),
        total_count=found.total - (len(shown) - len(hits)),
        total_is_exact=not found.more_than_counted,
        source=SearchSource(outcome.source),
    )


def _counted(facets: type, found: Mapping[str, Sequence[tuple[str, int]]]) -> dict[str, Any]:
    """The counts of each facet, as its type has them; a value that the code no longer knows is left out."""
    counts: dict[str, Any] = {}
    for name, kind in types_of(facets).items():
        (count,) = get_args(kind)
        value = types_of(count)["value"]
        known = None if value is str else {member.value: member for member in value}
        counts[name] = [
            count(value=text if known is None else known[text], count=number)
            for text, number in found[name]
            if known is None or text in known
        ]
    return counts


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
    return signature.read(cursor, bytes.decode) or None
