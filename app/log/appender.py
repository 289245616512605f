"""The group-committing appender: concurrent commands of a process share one transaction."""

import asyncio
import logging
from collections.abc import Sequence
from typing import TypeAlias

from app.log.append_connection import AppendConnection, Inline
from app.log.batch import PreparedAppend, Unstorable, apart
from app.log.failures import LogUnavailable, hits_all
from app.log.pending_append import Answers, PendingAppend, Queue
from app.storage.database import Database
from domain.kit.log import Append, Outcome

Answer: TypeAlias = tuple[PendingAppend, Outcome | Exception]

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
        """``max_waiting`` callers' commands queue before others wait; ``patience`` is how many seconds a lost
        server is waited for before callers get ``LogUnavailable``.
        """
        self._database = database
        self._room = asyncio.Semaphore(max_waiting)
        self._queue = Queue()
        # One lane: a second only halves the batches, for the log's lock lets one of them through.
        self._lane = AppendConnection(database, inline=inline, patience=patience)
        # What is stored whole or not at all shares its transaction with nobody; it is rare.
        self._whole = AppendConnection(database, inline=inline, patience=patience)
        self._whole_turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._closing = False
        self._preparing: asyncio.Task[None] | None = None
        self._prepare_from = 0

    async def append(self, append: Append) -> Outcome:
        """Store one command. Raises ``Unstorable``, ``LogUnavailable``, or what an
        inline view raised. A caller that is cancelled may find its command stored or not.
        """
        answers = Answers(1)
        (outcome,) = await self._queued([PendingAppend(append, answers)], answers)
        if isinstance(outcome, Exception):
            raise outcome
        assert outcome is not None, "each is answered"
        return outcome

    async def append_each(self, appends: Sequence[Append]) -> Sequence[Outcome | None]:
        """Store several commands, each by itself; None for one that is unstorable. Raises as ``append`` does,
        after all were tried."""
        if not appends:
            return []
        answers = Answers(len(appends))
        waiting: list[PendingAppend] = []
        for place, append in enumerate(appends):
            try:
                waiting.append(PendingAppend(append, answers, place))
            except Unstorable as error:
                answers.settle(place, error)
        outcomes: list[Outcome | None] = []
        for outcome in await self._queued(waiting, answers):
            if isinstance(outcome, Exception) and not isinstance(outcome, Unstorable):
                raise outcome
            outcomes.append(None if isinstance(outcome, Unstorable) else outcome)
        return outcomes

    async def _queued(
        self, waiting: Sequence[PendingAppend], answers: Answers
    ) -> Sequence[Outcome | Exception | None]:
        async with self._room:
            if self._closing:
                raise LogUnavailable("The appender is closed.")
            if self._task is None:
                self._task = asyncio.create_task(self._run(), name="log appender")
            for each in waiting:
                self._queue.put(each)
            self._wake.set()
            return await answers.all

    async def append_all(self, appends: Sequence[Append]) -> Sequence[Outcome]:
        """Store several commands in one transaction, all or none. Raises as ``append`` does."""
        prepared = [PreparedAppend(append) for append in appends]
        async with self._room, self._whole_turn:
            if self._closing:
                raise LogUnavailable("The appender is closed.")
            outcomes = await self._whole.persist_all(apart(prepared))
        self._look_ahead(self._whole.head)
        for outcome in outcomes:
            if isinstance(outcome, Unstorable):
                raise outcome
        return [outcome for outcome in outcomes if not isinstance(outcome, Unstorable)]

    async def close(self) -> None:
        """Store what is queued, then let the connection go."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        if self._preparing is not None:
            await self._preparing
        await self._lane.close()
        async with self._whole_turn:
            await self._whole.close()

    async def _run(self) -> None:
        batch: list[PendingAppend] = []
        answers: list[Answer] = []
        try:
            while self._queue or answers or not self._closing:
                batch = self._queue.take()
                if batch:
                    # Callers go on with their work while the server does its own: they are answered a
                    # turn of the loop later, when the next batch is on its way.
                    asyncio.get_running_loop().call_soon(_answer, answers)
                    answers = []
                    answers = await self._store(batch)
                elif answers:
                    # Nothing waits, so the first half may bring what the server does while the rest goes on.
                    half = (len(answers) + 1) // 2
                    _answer(answers[:half])
                    del answers[:half]
                    await asyncio.sleep(0)
                elif not self._closing:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            _answer(answers)
            # Only a fault of this class or a cancelled task comes here with callers still waiting.
            self._closing = True
            for waiting in (*batch, *self._queue.drain()):
                waiting.settle(LogUnavailable("The appender stopped."))

    async def _store(self, batch: list[PendingAppend]) -> list[Answer]:
        """Commit the batch and say what became of it; on a failure find the guilty command by halves."""
        try:
            outcomes = await self._lane.persist([waiting.prepared for waiting in batch])
        except Exception as error:  # noqa: BLE001  # Whatever an inline view raises belongs to its caller.
            if len(batch) == 1:
                return [(batch[0], error)]
            if isinstance(error, LogUnavailable) or hits_all(error):
                return [(waiting, _alike(error)) for waiting in batch]
            middle = len(batch) // 2
            return [*await self._store(batch[:middle]), *await self._store(batch[middle:])]
        self._look_ahead(self._lane.head)
        return list(zip(batch, outcomes, strict=True))

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
            _logger.exception("The next partition of the log could not be created ahead.")
            self._prepare_from = head + 1_000


def _answer(answers: Sequence[Answer]) -> None:
    for waiting, outcome in answers:
        waiting.settle(outcome)


def _alike(error: Exception) -> Exception:
    """An error of its own for each caller: raising one object in many tasks mixes their tracebacks."""
    unavailable = LogUnavailable(str(error))
    unavailable.__cause__ = error
    return unavailable
