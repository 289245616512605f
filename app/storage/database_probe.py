"""Asks Postgres all the time whether it is there, so that no request waits for one that hangs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from app.storage.database import Connection
from projections.kit.background import running
from projections.kit.connections import CONNECTION_FAILED
from projections.kit.read.circuit_breaker import Unavailable

_SAID = "The database does not answer; try again."
_TRIFLE = "select 1"
_logger = logging.getLogger(__name__)


class DatabaseProbe:
    """Knows whether a database answers, and ends what waits for one that does not.

    A statement may take long for reasons of its own, and a server that hangs breaks no connection. So neither
    says anything about the other: what counts is whether a trifle asked on a connection of its own is answered in
    time, twice in a row. One that refuses connections is away at once.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], *, patience: float = 2.5, pause: float = 1.0
    ) -> None:
        """``patience``: seconds for an answer; ``pause``: seconds between two questions."""
        self._connect, self._patience, self._pause = connect, patience, pause
        self._connection: Connection | None = None
        self._waiting: set[asyncio.Timeout] = set()
        self._unanswered = 0
        self.away = False
        """Whether it does not answer at the moment."""

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[asyncio.Timeout]:
        """What is awaited inside ends when the database is found to be away. Raises Unavailable then.

        ``reschedule(None)`` on what is given lets the rest of the block go on whatever happens.
        """
        if self.away:
            raise Unavailable(_SAID)
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._waiting.add(limit)
                yield limit
        except TimeoutError as error:
            if limit.expired():
                raise Unavailable(_SAID) from error
            raise
        finally:
            self._waiting.discard(limit)

    def release(self, limit: asyncio.Timeout) -> None:
        """Let what a guard was given for go on to its end."""
        self._waiting.discard(limit)

    async def run(self) -> None:
        """Ask without end."""
        try:
            while True:
                await self._ask()
                await asyncio.sleep(self._pause)
        finally:
            self._drop()

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                if not await self._answers():
                    self._connection = await self._connect()
                    await self._connection.fetchval(_TRIFLE)
        except TimeoutError:
            self._drop()
            self._unanswered += 1
            if self._unanswered > 1:
                self._gone("it hangs")
        except asyncpg.TooManyConnectionsError:
            self._drop()  # It answers, and others have theirs.
        except CONNECTION_FAILED as error:
            self._drop()
            self._gone(str(error) or type(error).__name__)
        else:
            self._unanswered = 0
            if self.away:
                self.away = False
                _logger.warning("The database answers again.")

    async def _answers(self) -> bool:
        """Whether the connection that there is answers: one may break alone, and says nothing of the server."""
        if self._connection is None:
            return False
        try:
            await self._connection.fetchval(_TRIFLE)
        except CONNECTION_FAILED:
            self._drop()
            return False
        return True

    def _gone(self, why: str) -> None:
        if not self.away:
            self.away = True
            _logger.error("The database does not answer: %s", why)
        now = asyncio.get_running_loop().time()
        while self._waiting:
            self._waiting.pop().reschedule(now)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


@asynccontextmanager
async def probed(connect: Callable[[], Awaitable[Connection]]) -> AsyncIterator[DatabaseProbe]:
    """A probe that asks as long as the block lasts."""
    probe = DatabaseProbe(connect)
    async with running(probe.run, name="database probe"):
        yield probe
