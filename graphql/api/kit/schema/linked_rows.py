"""Rows that other rows name by their ids, loaded for all of a list before any of it is shown."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

from api.kit.execution.quick_fields import PENDING
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView

# Rows differ in type, hence Any.
_View: TypeAlias = type[PostgresView[Any]]


class LinkedRows:
    """Those that one execution knows, None for those that are absent or hidden from its caller."""

    def __init__(self, load: Callable[[_View, list[Key]], Awaitable[list[Any]]]) -> None:
        """``load`` gives the rows of a view by their keys, in order."""
        self._load = load
        self._rows: dict[tuple[_View, object], Any] = {}

    async def load(self, view: _View, ids: Iterable[object]) -> list[Any]:
        """Those with these ids that there are; read once, however often they are named."""
        wanted = [id for id in dict.fromkeys(ids) if id is not None]
        if missing := [id for id in wanted if (view, id) not in self._rows]:
            for id, row in zip(missing, await self._load(view, [(id,) for id in missing]), strict=True):
                self._rows[view, id] = row
        return [row for id in wanted if (row := self._rows[view, id]) is not None]

    def get(self, view: _View, id: object) -> Any:
        """The row of an id; `PENDING` for one that was not loaded."""
        return self._rows.get((view, id), PENDING)
