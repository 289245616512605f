"""What one execution reads of the past: rows and pages as of a position."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.kit.errors import ClientError
from projections.kit.as_of import AsOf, InFuture, Past, TooMuch
from projections.kit.postgres import PostgresView
from projections.kit.rows import Order, Rows
from projections.kit.sight import Sight
from projections.kit.view import Key, View

Row = TypeVar("Row")


class LookingBack:
    """Reads one tenant's past; what it cannot answer is a client's error, with the code
    ``POSITION_IN_FUTURE``, ``TIME_IN_FUTURE``, ``VERSION_IN_FUTURE`` or ``LIMIT_EXCEEDED``."""

    def __init__(
        self, history: AsOf, rows: Rows, tenant_id: UUID, sight: Callable[[], Awaitable[Sight]]
    ) -> None:
        """``sight`` says what the reader may see: what is hidden from him now was hidden always."""
        self._history, self._rows, self._tenant_id, self._sight = history, rows, tenant_id, sight
        # One for each view and position, and for each list of heads. Rows differ in type, hence Any.
        self._loaders: dict[Any, DataLoader[Any, Any]] = {}

    async def position(self, moment: int | datetime) -> int:
        """The position that a moment means."""
        with _for_the_client():
            return await self._history.position(self._tenant_id, moment)

    async def position_of(self, stream: UUID, version: int) -> int:
        """The position at which a thing's history had come to a version."""
        with _for_the_client():
            return await self._history.position_of(self._tenant_id, stream, version)

    async def all(self, view: type[View[Row]], at: int) -> Past[Row]:
        """All rows as of a position."""
        with _for_the_client():
            return await self._history.all(view, self._tenant_id, at)

    async def row(self, view: type[View[Row]], key: Key, at: int) -> Row | None:
        """The row with this key, or None. All that are asked for at the same time are folded at once."""

        async def load(keys: list[Key]) -> list[Row | None]:
            with _for_the_client():
                found = await self._history.rows(view, self._tenant_id, set(keys), at)
            sight = await self._sight()
            return [row if row is None or sight.sees(view, row) else None for row in map(found.get, keys)]

        row: Row | None = await self._loader((view, at), load).load(key)
        return row

    async def heads(
        self, view: type[PostgresView[Row]], column: str, value: object, *, order: Order, limit: int, at: int
    ) -> list[Row]:
        """The first rows with this value of a column."""

        async def load(values: list[object]) -> list[list[Row]]:
            past = await self.all(view, at)
            read = partial(self._rows.heads, view, self._tenant_id, column, set(values))
            found = await read(order=order, limit=limit, past=past)
            sight = await self._sight()
            return [[row for row in found.get(one, []) if sight.sees(view, row)] for one in values]

        rows: list[Row] = await self._loader((view, column, order, limit, at), load).load(value)
        return rows

    def _loader(
        self, shape: object, load: Callable[[list[Any]], Awaitable[list[Any]]]
    ) -> DataLoader[Any, Any]:
        if shape not in self._loaders:
            self._loaders[shape] = DataLoader(load)
        return self._loaders[shape]


@contextmanager
def _for_the_client() -> Iterator[None]:
    try:
        yield
    except InFuture as error:
        raise ClientError(str(error), code=f"{error.what.upper()}_IN_FUTURE") from None
    except TooMuch as error:
        raise ClientError(str(error), code="LIMIT_EXCEEDED", limit=error.limit) from None
