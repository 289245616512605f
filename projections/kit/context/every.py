"""Every row of a view that meets some conditions, read by pages, however many there are."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R
from projections.kit.read.conditions import Condition
from projections.kit.read.keyset import Order, RowPlace
from projections.kit.read.postgres_reader import PostgresRows

_PAGE = 500


async def every(
    rows: PostgresRows, view: type[PostgresView[R]], tenant_id: UUID, where: Sequence[Condition]
) -> AsyncIterator[R]:
    """The rows, in the order of their keys."""
    after: RowPlace | None = None
    # One of the key's columns is enough, the rest of the key breaks ties.
    order = Order(view.key[0])
    while True:
        page = await rows.page(view, tenant_id, where=where, order=order, limit=_PAGE, after=after)
        for row in page.rows:
            yield row
        if not page.more_after:
            return
        last = page.rows[-1]
        after = RowPlace(getattr(last, order.column), tuple(getattr(last, name) for name in view.key))
