"""Logs, stores and checkpoints that deliver in pieces, lack something, or end in the middle."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from app.log.postgres import PostgresLog
from domain.kit.log import EVERYTHING, Envelope, Selection
from projections.kit.declare.view import RowChanges
from projections.kit.store.checkpoints import PostgresCheckpoints, StoredCheckpoint
from projections.kit.store.store import Checkpoint
from tests.rebuild.site import Built, Site


class Killed(BaseException):
    """The process ends here; nothing in it can catch that."""


class Sliced:
    """A log whose copies come in slices of a few events, without those at the positions in ``lacking``."""

    def __init__(self, log: PostgresLog, *, size: int = 7, lacking: tuple[int, ...] = ()) -> None:
        self._log, self._size, self._lacking = log, size, lacking

    async def head(self) -> int:
        return await self._log.head()

    async def count(self, *, after: int, until: int, select: Selection = EVERYTHING) -> int:
        return await self._log.count(after=after, until=until, select=select)

    async def copy_out(
        self, *, after: int = 0, until: int | None = None, select: Selection = EVERYTHING
    ) -> AsyncGenerator[list[Envelope], None]:
        async for page in self._log.copy_out(after=after, until=until, select=select):
            left = [event for event in page if event.position not in self._lacking]
            for begin in range(0, len(left), self._size):
                yield left[begin : begin + self._size]


def kill_at(built: Built, save: int, *, stored: bool) -> None:
    """End the process at the store's n-th save from now: right before it, or right after it."""
    inner, left = built.store.save, save

    async def dying(changes: RowChanges[Any], checkpoint: Checkpoint, after: int | None = None) -> None:
        nonlocal left
        left -= 1
        if left == 0 and not stored:
            raise Killed
        await inner(changes, checkpoint, after)
        if left == 0:
            raise Killed

    built.store.save = dying  # type: ignore[method-assign]


class DyingCheckpoints(PostgresCheckpoints):
    """Ends the process at the n-th checkpoint, when its documents are written already."""

    def __init__(self, pool: Any, *, left: int) -> None:
        super().__init__(pool)
        self._left = left

    async def put(self, view: str, generation: int, kept: StoredCheckpoint) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed
        await super().put(view, generation, kept)


async def killed(site: Site, built: Built) -> None:
    """Build until it dies."""
    built.store.bulk_rows = 10  # type: ignore[attr-defined]
    builder = await site.builder(built, log=Sliced(site.place.log), page=20, rows=20)
    with pytest.raises(Killed):
        await builder.run()
