"""Lists that hang on the objects of another list: the pages of all of them are read in one query."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_type_hints
from uuid import UUID

from strawberry.types.field import StrawberryField

from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import Parent, described
from api.kit.schema.lists.connections import Cursors, connection
from api.kit.schema.lists.pages import PAGE_ARGUMENTS, Connection, PageRequest
from api.kit.schema.node_types import require_rows
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.conditions import equals, one_of
from projections.kit.read.keyset import Order, RowPage, RowPlace


def headed(
    shown: Any,
    view: type[PostgresView[Any]],
    by: str,
    *,
    order: Order,
    description: str,
    needs: str | None = None,
) -> StrawberryField:
    """The field that lists, by pages, the rows whose column ``by`` holds the id of the object it stands on.

    Asked of many objects at once, it is still one query. ``shown`` may be lazy, where types show each other.
    Raises TypeError for a column that the rows lack.
    """
    require_rows(shown, view)
    for column in (by, order.column):
        if column not in get_type_hints(view.row):
            raise TypeError(f"{view.__name__}: {view.row.__name__} has no column {column!r} to list by.")

    async def resolve(
        root: Any,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Any:
        ask = info.context
        wanted, cursors = (
            PageRequest(first=first, after=after, last=last, before=before),
            Cursors(ask, view, order),
        )
        at, limit = ask.moment(info), wanted.limit
        places = cursors.place(after), cursors.place(before)
        pages = NestedPages(ask, view, by, order, limit, *places, wanted.last is not None, at)
        page: RowPage[Any] = await ask.batched(pages, root.id)
        return connection(page, cursors, wanted, partial(ask.batched, _Counts(ask, view, by, at), root.id))

    # For want of a permission that its object does not take, the list alone is null.
    returned = Connection[shown] if needs is None else Connection[shown] | None
    resolve.__annotations__ |= {"root": Parent[Any], **PAGE_ARGUMENTS, "return": returned}
    return described(resolve, description, needs=needs)


@dataclass(frozen=True)
class NestedPages:
    """The same page of the lists of several objects; two of the same kind are loaded as one."""

    ask: RequestContext = field(compare=False)
    view: type[PostgresView[Any]]
    by: str
    order: Order
    limit: int
    after: RowPlace | None = None
    before: RowPlace | None = None
    backward: bool = False
    at: int | None = None

    async def __call__(self, tenant_id: UUID, _: int, ids: list[UUID]) -> list[RowPage[Any]]:
        ask, view = self.ask, self.view
        past = None if self.at is None else await ask.past.all(view, self.at)
        if past is None:
            await ask.caught_up(view, None)
        found = await ask.services.rows.heads(
            view,
            tenant_id,
            self.by,
            set(ids),
            where=ask.sight.conditions(view, past=past is not None),
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

    ask: RequestContext = field(compare=False)
    view: type[PostgresView[Any]]
    by: str
    at: int | None

    async def __call__(self, tenant_id: UUID, _: int, ids: list[UUID]) -> list[int]:
        ask, view = self.ask, self.view
        rows = ask.services.rows
        if self.at is not None:
            past = await ask.past.all(view, self.at)
            where = ask.sight.conditions(view, past=True)
            return [await rows.count(view, tenant_id, [*equals(self.by, id), *where], past) for id in ids]
        where = [*one_of(self.by, ids), *ask.sight.conditions(view)]
        counted = await rows.tally(view, tenant_id, [self.by], where, latest="position")
        counts = {id: count for id, count, _ in counted}
        return [counts.get(id, 0) for id in ids]
