"""Pages as every list answers with them: edges, each with its cursor, and whether there are more."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import strawberry

from api.kit.execution.access import covered
from api.kit.execution.errors import bad_argument
from api.kit.execution.limits import USUAL_PAGE, no_page
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import LARGEST, field
from api.kit.schema.lists.signatures import Signature

T = TypeVar("T")
R = TypeVar("R")
P = TypeVar("P")


@covered
@strawberry.type(description="The position of a page in its list.")
class PageInfo:
    """As in the Relay connection specification."""

    has_next_page: bool = strawberry.field(description="Whether there are more items after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there are more items before this page.")
    rows: strawberry.Private[Sequence[Any]]
    cursor_of: strawberry.Private[Callable[[Any], str]]
    came_from: strawberry.Private[Callable[[], str]]
    """The cursor that the page was asked for with, or that of where the list begins."""
    backward: strawberry.Private[bool] = False

    @field("The cursor of the first edge; of a page of 0 items from the end, where that page stands.")
    def start_cursor(self) -> str | None:
        if self.rows:
            return self.cursor_of(self.rows[0])
        return self.came_from() if self.backward and self.has_previous_page else None

    @field("The cursor of the last edge; of a page of 0 items from the start, where that page stands.")
    def end_cursor(self) -> str | None:
        if self.rows:
            return self.cursor_of(self.rows[-1])
        return self.came_from() if not self.backward and self.has_next_page else None


@covered
@strawberry.type(description="An item of a page, with its cursor.")
class Edge(Generic[T]):
    """As in the Relay connection specification."""

    node: T = strawberry.field(description="The item.")
    cursor_of: strawberry.Private[Callable[[Any], str]]

    @field("The item's cursor, for `after` or `before`.")
    def cursor(self) -> str:
        # Only now: signing a cursor that nobody asks for is a good part of the cost of a list.
        return self.cursor_of(self.node)


@covered
@strawberry.type(description="A page of a list, with cursors.")
class Connection(Generic[T]):
    """As in the Relay connection specification, with the count only when it is asked for."""

    edges: list[Edge[T]] = strawberry.field(description="The items of this page, each with its cursor.")
    nodes: list[T] = strawberry.field(description="The items of this page.")
    page_info: PageInfo = strawberry.field(
        description="Cursors of the page, and whether there are more pages."
    )
    counted: strawberry.Private[Callable[[], Awaitable[int]]]

    @field("The number of items on all pages; counted only when selected.")
    async def total_count(self, info: Info) -> int:
        return await self.counted()


@covered
@strawberry.type(name="Connection", description="A page of a list, with cursors.")
class ForwardConnection(Generic[T]):
    """One of a list that is read from its start alone, and that is not counted, which would cost too much."""

    edges: list[Edge[T]] = strawberry.field(description="The items of this page, each with its cursor.")
    nodes: list[T] = strawberry.field(description="The items of this page.")
    page_info: PageInfo = strawberry.field(
        description="Cursors of the page, and whether there are more pages."
    )


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page a client wants."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def cursor(self) -> str | None:
        """From where the page is counted."""
        return self.after if self.last is None else self.before

    @property
    def limit(self) -> int:
        """How many rows. Raises a client's error for what no page holds."""
        if self.first is not None and self.last is not None:
            raise bad_argument("Give first or last, not both.", "last")
        wanted = self.first if self.last is None else self.last
        limit = USUAL_PAGE if wanted is None else wanted
        if not 0 <= limit <= LARGEST:
            name = "first" if self.last is None else "last"
            raise bad_argument(no_page(name, limit), name, minimum=0, maximum=LARGEST)
        return limit


First = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many items from the start, at most {LARGEST}; {USUAL_PAGE} by default."
    ),
]
FromCursor = Annotated[str | None, strawberry.argument(description="Only items after this cursor.")]

PAGE_ARGUMENTS: dict[str, Any] = {
    "first": First,
    "after": FromCursor,
    "last": Annotated[
        int | None, strawberry.argument(description=f"How many items from the end, at most {LARGEST}.")
    ],
    "before": Annotated[str | None, strawberry.argument(description="Only items before this cursor.")],
}


async def forward(
    ask: RequestContext,
    name: str,
    first: int | None,
    after: str | None,
    read: Callable[[int, P | None], Awaitable[Sequence[R]]],
    *,
    place: Callable[[R], P],
    of: Any,
) -> "ForwardConnection[R]":
    """A page of a list that is read from its start: ``read`` gives so many rows after a place, and ``place``, of
    the type ``of``, is where a row stands. ``name`` is that of the list, which alone takes its cursors."""
    signature = Signature(ask.services.secret, f"{name} {ask.caller.tenant_id} {ask.caller.user_id}")

    def cursor(row: R) -> str:
        return signature.cursor(msgspec.json.encode(place(row)))

    limit, begun = PageRequest(first=first, after=after).limit, None
    if after is not None:
        begun = signature.read(after, partial(_place, of))
    rows = await read(limit + 1, begun)
    page = list(rows[:limit])
    info = PageInfo(
        has_next_page=len(rows) > limit,
        has_previous_page=begun is not None,
        rows=page,
        cursor_of=cursor,
        came_from=lambda: after or signature.cursor(_BEGINNING),
    )
    edges: list[Edge[R]] = [Edge(node=row, cursor_of=cursor) for row in page]
    return ForwardConnection(edges=edges, nodes=page, page_info=info)


# Keys are texts or tuples; that these have an order cannot be told of a type variable.
def among(rows: Sequence[R], key: Callable[[R], Any]) -> Callable[[int, Any], Awaitable[Sequence[R]]]:
    """Reads for `forward` in what is held whole, sorted by this key."""

    async def read(limit: int, after: Any) -> Sequence[R]:
        return sorted((row for row in rows if after is None or key(row) > after), key=key)[:limit]

    return read


_BEGINNING = b"[]"
"""What the cursor of where a list begins holds."""


def _place(of: Any, body: bytes) -> Any:
    return None if body == _BEGINNING else msgspec.json.decode(body, type=of)
