"""News that the database tells of what changes seldom, so that nobody has to ask for it all the time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Literal

import asyncpg

from projections.kit.background import Rest, end, happens
from projections.kit.connections import CONNECTION_FAILED

Kind = Literal["generations", "rebuilds", "placements"]
"""What triggers tell of: which generations are read, what is to be rebuilt or dropped, where tenants are."""

CHANNEL = "headwater_news"
_PAUSE, _PATIENCE = 1.0, 5.0
_logger = logging.getLogger(__name__)


class News:
    """Hears news on a connection of its own, from the first time that somebody wants any."""

    def __init__(
        self,
        connect: Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]],
        *,
        quiet: float = 10.0,
        deaf: float = 0.5,
    ) -> None:
        """Seconds between two looks at what may have changed: ``quiet`` while news are heard, for they are a hint
        and no more, and ``deaf`` while they are not."""
        self._connect = connect
        self._quiet, self._deaf = quiet, deaf
        self._hints: dict[str, list[asyncio.Event]] = {}
        self.hears = False
        """Whether what is told is heard."""
        self._task: asyncio.Task[None] | None = None

    def rest(self, kind: Kind) -> Rest:
        """What waits, between two looks, until there may be something new of this kind."""
        hint = asyncio.Event()
        self._hints.setdefault(kind, []).append(hint)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="news")

        async def rest() -> None:
            await happens(hint, within=self._quiet if self.hears else self._deaf)
            # What is told from here on may be missed by the look that follows, and asks for another.
            hint.clear()

        return rest

    async def close(self) -> None:
        """Hear nothing any more."""
        await end(self._task)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except CONNECTION_FAILED as error:
                _logger.debug("News are not heard: %r", error)
            await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        connection = await self._connect()
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda *_: lost.set())
            await connection.add_listener(CHANNEL, self._hear)
            self.hears = True
            self._ring(*self._hints)  # Nobody has heard what was told before.
            while not await happens(lost, within=self._quiet):
                # One that is lost without a farewell hears nothing either, and is not known to.
                await connection.execute("select", timeout=_PATIENCE)
        finally:
            self.hears = False
            self._ring(*self._hints)
            connection.terminate()

    def _hear(self, _connection: object, _pid: int, _channel: str, kind: object) -> None:
        self._ring(str(kind))

    def _ring(self, *kinds: str) -> None:
        for kind in kinds:
            for hint in self._hints.get(kind, ()):
                hint.set()
