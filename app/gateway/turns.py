"""Turns by locks of the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary

from app.storage.database import Database
from domain.kit.bus.turns import TenantTurns

_TURN = "select pg_advisory_xact_lock(hashtextextended($1, 0))"


class LockedTurns(TenantTurns):
    """Turns of one database. Who has one holds a connection, and appends by another of the same pool: so half of
    them are for turns at the most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting = WeakValueDictionary[tuple[UUID, str], asyncio.Lock]()
        self._holding = asyncio.Semaphore(max(1, database.writer.get_max_size() // 2))

    @asynccontextmanager
    async def turn(self, tenant_id: UUID, what: str) -> AsyncIterator[None]:
        # One of a kind in this process, so that a company that asks for many holds no more than one connection.
        mine = self._waiting.setdefault((tenant_id, what), asyncio.Lock())
        async with (
            mine,
            self._holding,
            self._database.writer.acquire() as connection,
            connection.transaction(),
        ):
            await connection.execute(_TURN, f"{what} of {tenant_id}")
            yield
