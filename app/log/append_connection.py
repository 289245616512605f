"""One connection that commits batches, again and again while the server is away."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

import asyncpg

from app.log.batch import Batch, PreparedAppend, Unstorable
from app.log.failures import AGAIN, LOST, UNFIT, LogUnavailable, lacks_partition
from app.log.single import Single
from app.storage.database import Connection, Database
from domain.kit.log import AppendReceipt, Envelope, Outcome
from projections.kit.backoff import Backoff
from projections.kit.store.shared_statements import SHARED_SETTINGS

Inline: TypeAlias = Callable[[Connection, Sequence[Envelope]], Awaitable[None]]
"""Folds the events of a batch, in order of position, inside the transaction that appends them."""

Outcomes: TypeAlias = Sequence[Outcome | Unstorable]

_logger = logging.getLogger(__name__)

_AGAIN = Backoff(0.02, 1)
"""Between attempts at a commit while the server is away."""


class AppendConnection:
    """Commits one batch after another. Outcomes are in the order of the commands."""

    def __init__(self, database: Database, *, inline: Inline | None, patience: float) -> None:
        self._database = database
        self._inline = inline
        self._patience = patience
        self._connection: Connection | None = None
        self._folding = False
        self.head = 0
        """A position that the log is known to reach."""

    async def persist(self, commands: Sequence[PreparedAppend]) -> Sequence[Outcome | Unstorable]:
        """Commit, and commit again while the server is away: command ids make the repetition safe.

        Raises ``LogUnavailable`` when patience ends; any other failure has stored nothing.
        """
        return await self._persist(partial(self._commit, commands))

    async def persist_all(
        self, batches: Sequence[Sequence[PreparedAppend]]
    ) -> Sequence[Outcome | Unstorable]:
        """Commit all batches in one transaction or none of them; a batch may touch what one before it did.

        The outcomes end with those of the first batch of which something cannot be stored. Raises as ``persist``.
        """
        return await self._persist(partial(self._commit_all, batches))

    async def _persist(self, commit: Callable[[], Awaitable[Outcomes]]) -> Outcomes:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        attempts = 0
        while True:
            try:
                return await commit()
            except Exception as error:
                if self._is_lost(error):
                    await self.close()
                elif not isinstance(error, AGAIN) and not lacks_partition(error):
                    raise
                attempts += 1
                pause = _AGAIN.pause(attempts)
                if loop.time() + pause > deadline:
                    raise LogUnavailable("The event log cannot be reached.") from error
                _logger.warning("The log's connection failed, trying again: %r", error)
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*LOST):
                await connection.close(timeout=2)

    async def _commit(self, commands: Sequence[PreparedAppend]) -> Sequence[Outcome | Unstorable]:
        self._folding = False
        lone = len(commands) == 1 and commands[0].plain
        batch = Single(commands[0].append) if lone else Batch(commands)
        connection = await self._connected()
        if self._inline is None:
            outcomes, head = await self._call(connection, batch)
        else:
            async with connection.transaction():
                outcomes, head = await self._call(connection, batch)
                if events := list(batch.envelopes(outcomes)):
                    self._folding = True
                    await self._inline(connection, events)
                    self._folding = False
        self.head = max(self.head, head)
        return outcomes

    async def _commit_all(self, batches: Sequence[Sequence[PreparedAppend]]) -> Outcomes:
        self._folding = False
        connection = await self._connected()
        outcomes: list[Outcome | Unstorable] = []
        events: list[Envelope] = []
        head = 0
        transaction = connection.transaction()
        await transaction.start()
        try:
            for commands in batches:
                batch = Batch(commands)
                stored, head = await self._call(connection, batch)
                outcomes += stored
                if not all(isinstance(outcome, AppendReceipt) for outcome in stored):
                    await transaction.rollback()
                    return outcomes
                events += batch.envelopes(stored)
            if events and self._inline is not None:
                self._folding = True
                await self._inline(connection, events)
                self._folding = False
        except BaseException:
            if not connection.is_closed():
                await transaction.rollback()
            raise
        await transaction.commit()
        self.head = max(self.head, head)
        return outcomes

    async def _call(
        self, connection: Connection, batch: Batch | Single
    ) -> tuple[list[Outcome | Unstorable], int]:
        try:
            row = await connection.fetchrow(batch.statement, self.head, *batch.arguments)
        except UNFIT as error:
            raise Unstorable(f"The event log cannot hold it: {error}") from error
        except asyncpg.UniqueViolationError as error:
            raise Unstorable("An event, or a version of a stream, stands in the log already.") from error
        assert row is not None, "the function answers with one row"
        return batch.outcomes(row)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            # A server that comes back may be a restored one, so nothing is known about its head. A
            # process that is stopped inside a transaction must not hold the log's lock for ever.
            self.head = 0
            self._connection = await self._database.connect(
                **SHARED_SETTINGS,
                default_transaction_isolation="read committed",
                idle_in_transaction_session_timeout="10s",
            )
        return self._connection

    def _is_lost(self, error: Exception) -> bool:
        """Whether the server or the connection went away. An inline view may time out on its own account."""
        if self._connection is not None and self._connection.is_closed():
            return True
        return isinstance(error, LOST) and not (self._folding and isinstance(error, OSError | TimeoutError))
