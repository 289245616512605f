"""The group-committing appender: concurrent commands of a process share one transaction."""

import asyncio
import logging

from app.database import Database
from app.log.failures import LogUnavailable, hits_all
from app.log.lane import Inline, Lane
from app.log.waiting import Queue, Waiting
from domain.kit.log import Append, Outcome

_logger = logging.getLogger(__name__)


class Appender:
    """Appends for one process. Any number may run at once, here or on other machines."""

    def __init__(
        self,
        database: Database,
        *,
        inline: Inline | None = None,
        max_waiting: int = 10_000,
        patience: float = 30,
    ) -> None:
        """``max_waiting`` commands queue before callers wait; ``patience`` is how many seconds a lost
        server is waited for before callers get ``LogUnavailable``.
        """
        self._database = database
        self._room = asyncio.Semaphore(max_waiting)
        self._queue = Queue()
        # One lane: a second only halves the batches, for the log's lock lets one of them through.
        self._lane = Lane(database, inline=inline, patience=patience)
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._closing = False
        self._preparing: asyncio.Task[None] | None = None
        self._prepare_from = 0

    async def append(self, append: Append) -> Outcome:
        """Store one command; see the port. Raises ``Unstorable``, ``LogUnavailable``, or what an
        inline view raised. A caller that is cancelled may find its command stored or not.
        """
        waiting = Waiting(append)
        async with self._room:
            if self._closing:
                raise LogUnavailable("The appender is closed.")
            if self._task is None:
                self._task = asyncio.create_task(self._run(), name="log appender")
            self._queue.put(waiting)
            self._wake.set()
            return await waiting.answer

    async def close(self) -> None:
        """Store what is queued, then let the connection go."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        if self._preparing is not None:
            await self._preparing
        await self._lane.close()

    async def _run(self) -> None:
        batch: list[Waiting] = []
        try:
            while self._queue or not self._closing:
                batch = self._queue.take()
                if batch:
                    await self._store(batch)
                elif not self._closing:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            # Only a fault of this class or a cancelled task comes here with callers still waiting.
            self._closing = True
            for waiting in (*batch, *self._queue.drain()):
                waiting.settle(LogUnavailable("The appender stopped."))

    async def _store(self, batch: list[Waiting]) -> None:
        """Commit the batch and answer its callers; on a failure find the guilty command by halves."""
        try:
            outcomes = await self._lane.persist([waiting.prepared for waiting in batch])
        except Exception as error:  # noqa: BLE001  # Whatever an inline view raises belongs to its caller.
            if len(batch) == 1 or isinstance(error, LogUnavailable) or hits_all(error):
                for waiting in batch:
                    waiting.settle(error if len(batch) == 1 else _alike(error))
                return
            middle = len(batch) // 2
            await self._store(batch[:middle])
            await self._store(batch[middle:])
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.settle(outcome)
        self._look_ahead(self._lane.head)

    def _look_ahead(self, head: int) -> None:
        """Make the next partition long before it is needed, beside the appends."""
        if head >= self._prepare_from and (self._preparing is None or self._preparing.done()):
            self._preparing = asyncio.create_task(self._prepare(head), name="log partitions")

    async def _prepare(self, head: int) -> None:
        try:
            row = await self._database.writer.fetchrow("select es.prepare(), size from es.partitioning")
            assert row is not None, "the size is one row"
            reach, size = row
            self._prepare_from = reach - size + 1
        except Exception:
            # es.append makes the partition itself when it comes to that; only then appends wait for it.
            _logger.exception("The next partition of the log could not be made ahead.")
            self._prepare_from = head + 1_000


def _alike(error: Exception) -> Exception:
    """An error of its own for each caller: raising one object in many tasks mixes their tracebacks."""
    unavailable = LogUnavailable(str(error))
    unavailable.__cause__ = error
    return unavailable
