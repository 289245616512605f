"""What one execution reads of the past: rows and pages as of a position."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.kit.execution.error_codes import ErrorCode
from api.kit.execution.errors import ClientError
from api.kit.schema.row_visibility import RowVisibility
from domain.kit.sealed import Opening
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R
from projections.kit.declare.view import View
from projections.kit.read.as_of import InFuture, Past, RowsAsOf, TooMuch
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.store.decrypted_fields import as_written


class PastReads:
    """Reads one tenant's past; what it cannot answer is a client's error, with the code
    ``POSITION_IN_FUTURE``, ``TIME_IN_FUTURE``, ``VERSION_IN_FUTURE`` or ``LIMIT_EXCEEDED``."""

    def __init__(
        self, history: RowsAsOf, rows: PostgresRows, tenant_id: UUID, seeing: RowVisibility, opening: Opening
    ) -> None:
        """``seeing`` says what the reader may see: what is hidden from them now was hidden always."""
        self._history, self._rows, self._tenant_id, self._seeing = history, rows, tenant_id, seeing
        self._opening = opening
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

    async def all(self, view: type[View[R]], at: int) -> Past[R]:
        """All rows as of a position."""

        async def load(_: list[None]) -> list[Past[R]]:
            with _for_the_client():
                past = await self._history.all(view, self._tenant_id, at)
            return [Past(await self._as_written(view, past.rows), past.position, past.events, past.size)]

        past: Past[R] = await self._loader(("all", view, at), load).load(None)
        return past

    async def _as_written(self, view: type[View[R]], rows: Mapping[Key, R]) -> Mapping[Key, R]:
        """The rows with their sealed names opened: they are shown, sorted and found as those of the table are."""
        found = {(self._tenant_id, key): row for key, row in rows.items()}
        written = await as_written(view.row, found, self._opening)
        return {key: row for (_, key), row in written.items() if row is not None}

    async def row(self, view: type[View[R]], key: Key, at: int) -> R | None:
        """The row with this key, or None. All that are asked for at the same time are folded at once."""

        async def load(keys: list[Key]) -> list[R | None]:
            with _for_the_client():
                past = await self._history.rows(view, self._tenant_id, set(keys), at)
            found = await self._as_written(view, past)
            rows = await self._seeing.visible(view, [found.get(key) for key in keys])
            hidden = await self._hidden_today(view, {key for key, row in zip(keys, rows, strict=True) if row})
            return [None if key in hidden else row for key, row in zip(keys, rows, strict=True)]

        row: R | None = await self._loader((view, at), load).load(key)
        return row

    async def _hidden_today(self, view: type[View[Any]], keys: set[Key]) -> set[Key]:
        """Those of the keys whose rows, as they stand now, the reader may not see."""
        sight = self._seeing.sight
        if not (keys and view in sight.today and issubclass(view, PostgresView)):
            return set()
        where = sight.conditions(view)
        return keys - (await self._rows.get(view, self._tenant_id, keys, where=where)).keys()

    def _loader(
        self, shape: object, load: Callable[[list[Any]], Awaitable[list[Any]]]
    ) -> DataLoader[Any, Any]:
        if shape not in self._loaders:
            self._loaders[shape] = DataLoader(load)
        return self._loaders[shape]


_IN_FUTURE: Mapping[str, ErrorCode] = {
    "position": "POSITION_IN_FUTURE",
    "time": "TIME_IN_FUTURE",
    "version": "VERSION_IN_FUTURE",
}


@contextmanager
def _for_the_client() -> Iterator[None]:
    try:
        yield
    except InFuture as error:
        raise ClientError(str(error), code=_IN_FUTURE[error.what]) from None
    except TooMuch as error:
        raise ClientError(str(error), code="LIMIT_EXCEEDED", limit=error.limit) from None
