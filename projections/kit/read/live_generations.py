"""Which generation of each view this process reads: known in memory, the same for all of one request."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar
from functools import partial
from typing import Any, Protocol

from projections.kit.background import Rest, running
from projections.kit.declare.view import View
from projections.kit.read_position import note_rows
from projections.kit.store.generations import Pool

_logger = logging.getLogger(__name__)

_PINNED: "ContextVar[tuple[LiveGenerations, Mapping[str, int]] | None]" = ContextVar(
    "generations", default=None
)
"""Of one database: a request to a silo may also read what belongs to the platform."""


def nobodys() -> Context:
    """A context that says nothing of a caller but which generations are read, for what several wait for: its
    position and its rows are to be those of the same."""
    context = Context()
    context.run(_PINNED.set, _PINNED.get())
    return context


class NotServed(Exception):
    """No generation of the view's version can be read yet; it is being built."""


class Serving(Protocol):
    """Says which generation of a view is read."""

    def generation(self, view: type[View[Any]]) -> int:
        """The generation to read. Raises NotServed."""
        ...


class Only:
    """Always the same generation; for a place where nothing is rebuilt."""

    def __init__(self, generation: int) -> None:
        self._generation = generation

    def generation(self, view: type[View[Any]]) -> int:
        return self._generation

    def reads(self, view: str) -> int:
        return self._generation


class LiveGenerations:
    """The pointers of `ops.serving` for these views, looked at every ``pause`` seconds.

    All of them change at one moment, as they were changed. A former generation is still followed for long
    after a cut-over, so a reader who learns of it late reads rows that are as new.
    """

    def __init__(
        self,
        pool: Pool,
        views: Sequence[type[View[Any]]],
        *,
        pause: float = 0.5,
        rest: Rest | None = None,
    ) -> None:
        """``rest``: waits in place of the pause for news of them."""
        self._pool = pool
        self._views = {view.name: view.version for view in views}
        self._rest: Rest = rest or partial(asyncio.sleep, pause)
        self._known: Mapping[str, int] = {}

    def generation(self, view: type[View[Any]]) -> int:
        found = self.reads(view.name)
        if found is None:
            raise NotServed(f"{view.name} is being built in version {view.version}")
        note_rows(self, view.name, found)
        return found

    def reads(self, view: str) -> int | None:
        """The generation to read, by the view's name; None when there is none yet."""
        pinned = _PINNED.get()
        return (pinned[1] if pinned is not None and pinned[0] is self else self._known).get(view)

    def missing(self) -> list[str]:
        """The views that cannot be read yet."""
        return sorted(self._views.keys() - self._known.keys())

    def pin(self) -> None:
        """From here on the generations do not change for this task and those it starts, until it pins again."""
        _PINNED.set((self, self._known))

    async def look(self) -> None:
        """Read the pointers."""
        rows = await self._pool.fetch(
            """select t.view, ops.serving(t.view, t.version) as generation
                 from unnest($1::text[], $2::int[]) as t(view, version)""",
            list(self._views),
            list(self._views.values()),
        )
        known = {row["view"]: row["generation"] for row in rows if row["generation"] is not None}
        if known != self._known:
            self._known = known

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  # Whatever it is, what is known goes on to hold.
                _logger.warning("The views' pointers cannot be read: %r", error)
            await self._rest()


@asynccontextmanager
async def pointers(
    pool: Pool, views: Sequence[type[View[Any]]], *, rest: Rest | None = None
) -> AsyncIterator[LiveGenerations]:
    """The pointers, kept up to date as long as the block lasts."""
    live = LiveGenerations(pool, views, rest=rest)
    await live.look()
    async with running(live.run, name="live generations"):
        yield live
