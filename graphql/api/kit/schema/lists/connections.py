"""Connections: pages of rows by keyset, with opaque signed cursors, forward and backward."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
import strawberry
from strawberry.types.field import StrawberryField

from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import After, described
from api.kit.schema.filters import RowFilter, owned
from api.kit.schema.lists.list_arguments import (
    DIRECTION,
    ORDER,
    Direction,
    directed,
    order_type,
    require_readable,
)
from api.kit.schema.lists.pages import PAGE_ARGUMENTS, Connection, Edge, PageInfo, PageRequest
from api.kit.schema.lists.signatures import Signature
from api.kit.schema.node_types import require_rows
from api.kit.schema.past import AS_OF_ARGUMENT, AsOf, moment
from api.kit.schema.scalars import Position
from domain.kit.fields import types_of
from projections.kit.declare.filters import EVERYTHING, Comparison, Filter, beside, comparisons
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.as_of import Past
from projections.kit.read.conditions import Condition, filtered, understood
from projections.kit.read.keyset import Order, RowPage, RowPlace


def listed(
    shown: type,
    view: type[PostgresView[Any]],
    *,
    filter: type[RowFilter],
    orders: Mapping[str, Order],
    description: str,
    needs: str,
    own: str = "",
    order: Order | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> StrawberryField:
    """The field that lists a view's rows by pages, filtered and sorted, as they are or as of a moment of the
    past. Without an ``order`` of the list's own the first of the orders is the default; with it nothing is read of
    the past. ``own`` is the column by which they are the caller's alone, and ``more`` what its metadata say
    besides."""
    require_rows(shown, view)
    narrowing = filter
    orders_taken = order_type(shown.__name__, tuple(orders.items()))
    listed_by, default = order, None if order else next(iter(orders_taken))

    async def resolve(
        info: Info,
        filter: Any = None,
        order_by: Any = default,
        direction: Direction | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        as_of: AsOf | None = None,
        after_position: Position | None = None,
    ) -> Any:
        ask = info.context
        require_readable(ask, shown, filter, direction, None if order_by is default else order_by)
        order = listed_by if order_by is None else orders[order_by.value]
        assert order is not None
        if order_by is not None or direction is not None:
            order = directed(view, order, direction)
        wanted = PageRequest(first=first, after=after, last=last, before=before)
        tree = narrowing.tree(filter)
        if own:
            tree = owned(tree, own, ask.caller.user_id)
        if (at := await moment(info, as_of)) is None:
            for read in {view, *beside(tree)}:
                await ask.caught_up(read, after_position)
        past, where = None, list[Condition]()
        if at is not None and only_adds(view):
            # The rows of then are those that stand in the table now, but for the later ones: nothing is folded.
            await ask.caught_up(view, Position(at))
            where = [Condition("position <= {}", at)]
        elif at is not None:
            past = await ask.past.all(view, at)
        return await connect(ask, view, filter=tree, where=where, order=order, wanted=wanted, past=past)

    resolve.__annotations__ |= {
        "filter": Annotated[
            filter | None, strawberry.argument(description="The filter; everything by default.")
        ],
        "order_by": Annotated[orders_taken | None, ORDER]
        if order
        else Annotated[orders_taken, strawberry.argument(description="The sort order.")],
        "direction": DIRECTION,
        **PAGE_ARGUMENTS,
        **AS_OF_ARGUMENT,
        "after_position": After,
        "return": Connection[shown],  # type: ignore[valid-type]
    }
    return described(_of_now(resolve) if order else resolve, description, needs=needs, more=more)


# What takes these arguments has no simpler type, hence Any.
def _of_now(resolve: Any) -> Any:
    """The same without a moment of the past: everybody's rows would be folded for the few of who asks."""
    signature = inspect.signature(resolve)
    taken = [each for name, each in signature.parameters.items() if name != "as_of"]
    resolve.__signature__ = signature.replace(parameters=taken)
    del resolve.__annotations__["as_of"]
    return resolve


def only_adds(view: type[PostgresView[Any]]) -> bool:
    """Whether every event makes a row of its own, which none changes later."""
    return all(fold.first for fold in view().folds.values())


async def connect(
    ask: RequestContext,
    view: type[PostgresView[Any]],
    *,
    filter: Filter = EVERYTHING,
    where: Sequence[Condition] = (),
    order: Order,
    wanted: PageRequest,
    past: Past[Any] | None = None,
) -> "Connection[Any]":
    """The page that is wanted of the rows that meet the filter and the conditions, of those of the past where
    given."""
    meant = filtered(view, await in_words(ask, view, filter))
    where = [meant, *where, *ask.sight.conditions(view, past=past is not None)]
    cursors = Cursors(ask, view, order)
    page: RowPage[Any] = await ask.services.rows.page(
        view,
        ask.caller.tenant_id,
        where=where,
        order=order,
        limit=wanted.limit,
        after=cursors.place(wanted.after),
        before=cursors.place(wanted.before),
        backward=wanted.last is not None,
        past=past,
    )
    count = partial(ask.services.rows.count, view, ask.caller.tenant_id, where, past)
    return connection(page, cursors, wanted, count)


async def in_words(ask: RequestContext, view: type[PostgresView[Any]], filter: Filter) -> Filter:
    """The filter with words as the tenant's language means them, in the texts that the caller may search."""
    if all(test.how is not Comparison.WORDS for test in comparisons(filter)):
        return filter
    language = await ask.services.language(ask.caller.tenant_id)
    return understood(filter, language, ask.sight.searched.get(view))


def connection(
    page: RowPage[Any], cursors: "Cursors", wanted: PageRequest, counted: Callable[[], Awaitable[int]]
) -> "Connection[Any]":
    """A page as it is shown; ``counted`` says how many rows all pages have."""
    edges: list[Edge[Any]] = [Edge(node=row, cursor_of=cursors.cursor) for row in page.rows]
    info = PageInfo(
        has_next_page=page.more_after,
        has_previous_page=page.more_before,
        rows=page.rows,
        cursor_of=cursors.cursor,
        came_from=lambda: wanted.cursor or cursors.beginning(),
        backward=wanted.last is not None,
    )
    return Connection(edges=edges, nodes=page.rows, page_info=info, counted=counted)


class Cursors:
    """Cursors of one list in one order; signed, so that what comes back is what was given out."""

    def __init__(self, ask: RequestContext, view: type[PostgresView[Any]], order: Order) -> None:
        self._view = view
        self._order = order
        hints = types_of(view.row)
        by = (
            bytes
            if order.column in view.collated
            else int
            if order.column in view.ranked
            else hints[order.column]
        )
        self._types = [by, *(hints[name] for name in view.key)]
        scope = f"{view.name} {order.column} {order.descending} {ask.caller.tenant_id}"
        self._signature = Signature(ask.services.secret, scope, what="list in this order")

    def cursor(self, row: Any) -> str:
        """Where this row stands."""
        values = [self._order.value(self._view, row), *(getattr(row, name) for name in self._view.key)]
        return self._signature.cursor(msgspec.json.encode(values))

    def beginning(self) -> str:
        """Where the list begins, from whichever end it is read: all of it comes after this, and all before."""
        return self._signature.cursor(b"[]")

    def place(self, cursor: str | None) -> RowPlace | None:
        """The place of a cursor. Raises a client's error unless this list in this order gave it out."""
        return None if cursor is None else self._signature.read(cursor, self._place)

    def _place(self, body: bytes) -> RowPlace | None:
        if not (values := msgspec.json.decode(body, type=list[Any])):
            return None
        value, *key = (msgspec.convert(v, t) for v, t in zip(values, self._types, strict=True))
        return RowPlace(value, tuple(key))
