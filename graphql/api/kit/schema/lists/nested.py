"""Lists that hang on the objects of another list: the pages of all of them are read in one query."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, get_type_hints
from uuid import UUID

from strawberry.types.field import StrawberryField

from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import Parent, described
from api.kit.schema.lists.connections import Cursors, connection, in_words, only_adds
from api.kit.schema.lists.list_arguments import Direction, NestedArguments, directed, require_readable
from api.kit.schema.lists.pages import PAGE_ARGUMENTS, Connection, PageRequest
from api.kit.schema.node_types import require_rows
from api.kit.schema.scalars import Position
from projections.kit.declare.filters import EVERYTHING, Filter, beside
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.as_of import Past
from projections.kit.read.conditions import Condition, filtered, one_of
from projections.kit.read.keyset import Order, RowPage, RowPlace

Naming: TypeAlias = tuple[str, type[PostgresView[Any]]]
"""A column that holds the id of a thing, and the view that shows such things."""


def headed(
    shown: Any,
    view: type[PostgresView[Any]],
    by: str,
    *,
    order: Order,
    description: str,
    needs: str | None = None,
    naming: Naming | None = None,
) -> StrawberryField:
    """The field that lists, by pages, the rows whose column ``by`` holds the id of the object it stands on.

    It takes the filter and the sort orders that all lists of the type take. Asked of many objects at once, it is
    still one query. ``shown`` may be lazy, where types show each other. Of rows that are ``naming`` a thing, those
    are left out whose thing is gone. Raises TypeError for a column that the rows lack, or by which no index finds
    them.
    """
    require_rows(shown, view)
    for column in (by, order.column):
        if column not in get_type_hints(view.row):
            raise TypeError(f"{view.__name__}: {view.row.__name__} has no column {column!r} to list by.")
    if not view.leads(by):
        raise TypeError(f"{view.__name__}: no index begins with {by!r}, to list by.")
    taken = NestedArguments(shown, view, order.column)

    async def resolve(
        root: Any,
        info: Info,
        filter: Any = None,
        order_by: Any = None,
        direction: Direction | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Any:
        ask = info.context
        require_readable(ask, taken.kind(), filter, order_by, direction)
        sort = order
        if order_by is not None or direction is not None:
            chosen = order if order_by is None else taken.orders()[order_by.value]
            sort = directed(view, chosen, direction)
        wanted = PageRequest(first=first, after=after, last=last, before=before)
        cursors = Cursors(ask, view, sort)
        rows = NestedRows(ask, view, by, taken.narrowing.filtered().tree(filter), ask.moment(info), naming)
        limit, places = wanted.limit, (cursors.place(after), cursors.place(before))
        page: RowPage[Any] = await ask.batched(
            NestedPages(rows, sort, limit, *places, wanted.last is not None), root.id
        )
        return connection(page, cursors, wanted, partial(ask.batched, _Counts(rows), root.id))

    # For want of a permission that its object does not take, the list alone is null.
    returned = Connection[shown] if needs is None else Connection[shown] | None
    resolve.__annotations__ |= {
        "root": Parent[Any],
        **taken.annotations(),
        **PAGE_ARGUMENTS,
        "return": returned,
    }
    return described(resolve, description, needs=needs)


@dataclass(frozen=True)
class NestedRows:
    """The rows that hang on objects by a column and meet a filter, as they are or as of a position."""

    ask: RequestContext = field(compare=False)
    view: type[PostgresView[Any]]
    by: str
    filter: Filter = EVERYTHING
    at: int | None = None
    naming: Naming | None = None

    async def read(self) -> tuple[Past[Any] | None, list[Condition]]:
        """Of what they are read, once it is there, and what they meet: the filter, and what the caller may see."""
        ask, view, past, where = self.ask, self.view, None, list[Condition]()
        if self.at is None:
            for read in {view, *beside(self.filter)}:
                await ask.caught_up(read, None)
        elif only_adds(view):
            # See `listed`: nothing is folded.
            await ask.caught_up(view, Position(self.at))
            where = [Condition("position <= {}", self.at)]
        else:
            past = await ask.past.all(view, self.at)
        if self.naming is not None:
            where += await self._named(*self.naming)
        meant = filtered(view, await in_words(ask, view, self.filter))
        return past, [meant, *where, *ask.sight.conditions(view, past=past is not None)]

    async def _named(self, column: str, things: type[PostgresView[Any]]) -> list[Condition]:
        """That what the column names is there, or was."""
        if self.at is not None:
            return one_of(column, [id for (id,) in (await self.ask.past.all(things, self.at)).rows])
        await self.ask.caught_up(things, None)
        return [Condition(f"{column} in (select id from {things.name})", parts=())]


@dataclass(frozen=True)
class NestedPages:
    """The same page of the lists of several objects; two of the same kind are loaded as one."""

    rows: NestedRows
    order: Order
    limit: int
    after: RowPlace | None = None
    before: RowPlace | None = None
    backward: bool = False

    async def __call__(self, tenant_id: UUID, _: int, ids: list[UUID]) -> list[RowPage[Any]]:
        rows = self.rows
        past, where = await rows.read()
        found = await rows.ask.services.rows.heads(
            rows.view,
            tenant_id,
            rows.by,
            set(ids),
            where=where,
            order=self.order,
            limit=self.limit + 1,
            after=self.after,
            before=self.before,
            backward=self.backward,
            past=past,
        )
        return [self._page(found.get(id, [])) for id in ids]

    def _page(self, found: list[Any]) -> RowPage[Any]:
        rows, more = found[: self.limit], len(found) > self.limit
        if self.backward:
            return RowPage(rows[::-1], more_before=more, more_after=self.before is not None)
        return RowPage(rows, more_before=self.after is not None, more_after=more)


@dataclass(frozen=True)
class _Counts:
    """How long the lists of several objects are."""

    rows: NestedRows

    async def __call__(self, tenant_id: UUID, _: int, ids: list[UUID]) -> list[int]:
        view, by, reader = self.rows.view, self.rows.by, self.rows.ask.services.rows
        past, where = await self.rows.read()
        counts = dict(await reader.tally(view, tenant_id, [by], [*one_of(by, ids), *where], past))
        return [counts.get(id, 0) for id in ids]
