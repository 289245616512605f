"""Rows that other rows name by their ids, loaded for all of a list before any of it is shown."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

from api.kit.execution.quick_fields import PENDING
from projections.kit.declare.postgres import PostgresView

# Rows differ in type, hence Any.
_View: TypeAlias = type[PostgresView[Any]]


class LinkedRows:
    """Those that one execution knows, None for those that are absent or hidden from its caller."""

    def __init__(self, row: Callable[[_View, object], Awaitable[Any]]) -> None:
        """``row`` gives the row of a view with an id; all that are asked for at the same time are read at once."""
        self._row = row
        self._rows: dict[tuple[_View, object], Any] = {}

    async def load(self, view: _View, ids: Iterable[object]) -> list[Any]:
        """Those with these ids that there are."""
        wanted = [id for id in dict.fromkeys(ids) if id is not None]
        if missing := [id for id in wanted if (view, id) not in self._rows]:
            rows = await asyncio.gather(*(self._row(view, id) for id in missing))
            self._rows.update(zip(((view, id) for id in missing), rows, strict=True))
        return [row for id in wanted if (row := self._rows[view, id]) is not None]

    def get(self, view: _View, id: object) -> Any:
        """The row of an id; `PENDING` for one that was not loaded."""
        return self._rows.get((view, id), PENDING)
