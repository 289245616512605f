"""One definition of a pattern or a watch of a company at a time, so that no two are the last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from app.storage.database import Database
from domain.gateway.detection.ports import DefinitionTurns

_TURN = "select pg_advisory_xact_lock(hashtextextended($1, 0))"


class LockedTurns(DefinitionTurns):
    """Turns by a lock of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, tenant_id: UUID) -> AsyncIterator[None]:
        # One of this process at a time, so that no more than one connection waits for other processes.
        async with self._turn, self._database.writer.acquire() as connection, connection.transaction():
            await connection.execute(_TURN, f"detection of {tenant_id}")
            yield
