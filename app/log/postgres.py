"""The event log of the port, over one Postgres database."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from app.log.append_connection import Inline
from app.log.appender import Appender
from app.log.bulk_reader import BulkReader
from app.log.follower import LogFollower
from app.log.reader import LogReader
from app.storage.database import Database
from domain.kit.log import EVERYTHING, Append, AppendReceipt, Envelope, Outcome, Selection, StoredSnapshot


class PostgresLog:
    """``domain.kit.log.Log``, with bulk reads besides. One per process."""

    def __init__(
        self,
        database: Database,
        *,
        inline: Inline | None = None,
        max_waiting: int = 10_000,
        patience: float = 30,
    ) -> None:
        """See ``Appender`` for the bounds."""
        self._database = database
        self._reader = LogReader(database)
        self._copying = BulkReader(database)
        self._appender = Appender(database, inline=inline, max_waiting=max_waiting, patience=patience)

    async def append(self, append: Append) -> Outcome:
        return await self._appender.append(append)

    async def append_each(self, appends: Sequence[Append]) -> Sequence[Outcome | None]:
        return await self._appender.append_each(appends)

    async def append_all(self, appends: Sequence[Append]) -> Sequence[Outcome]:
        return await self._appender.append_all(appends)

    async def receipt(self, tenant_id: UUID, command_id: UUID) -> tuple[AppendReceipt, bytes] | None:
        return (await self.receipts(tenant_id, [command_id])).get(command_id)

    async def receipts(
        self, tenant_id: UUID, command_ids: Sequence[UUID]
    ) -> dict[UUID, tuple[AppendReceipt, bytes]]:
        return await self._reader.receipts(tenant_id, command_ids)

    async def streams(
        self, tenant_id: UUID, ids: Sequence[UUID], *, after: int = 0
    ) -> dict[UUID, list[Envelope]]:
        return await self._reader.streams(tenant_id, ids, after=after)

    async def newest(self, tenant_id: UUID, type: str, correlation_ids: Sequence[str]) -> dict[str, Envelope]:
        return await self._reader.newest(tenant_id, type, correlation_ids)

    async def size_of(self, tenant_id: UUID, ids: Sequence[UUID]) -> int:
        return await self._reader.size_of(tenant_id, ids)

    async def position_of(self, tenant_id: UUID, id: UUID, version: int) -> tuple[int, int]:
        return await self._reader.position_of(tenant_id, id, version)

    async def living(self, tenant_id: UUID, topic: str, ids: Sequence[UUID]) -> set[UUID]:
        return await self._reader.living(tenant_id, topic, ids)

    async def reserved(self, tenant_id: UUID, name: str, values: Sequence[str]) -> set[str]:
        return await self._reader.reserved(tenant_id, name, values)

    async def read(
        self, *, after: int = 0, until: int | None = None, limit: int, select: Selection = EVERYTHING
    ) -> list[Envelope]:
        return await self._reader.read(after=after, until=until, limit=limit, select=select)

    async def head(self) -> int:
        return await self._reader.head()

    async def count(self, *, after: int, until: int, select: Selection = EVERYTHING) -> int:
        """How many events there are with ``after`` < position <= ``until``."""
        return await self._reader.count(after=after, until=until, select=select)

    async def position_at(self, tenant_id: UUID, time: datetime) -> int:
        return await self._reader.position_at(tenant_id, time)

    def follow(self, *, after: int) -> AsyncIterator[list[Envelope]]:
        """`RecentEvents` shares one reader among many consumers."""
        return LogFollower(self._database).follow(after=after)

    def copy_out(
        self, *, after: int = 0, until: int | None = None, select: Selection = EVERYTHING
    ) -> AsyncGenerator[list[Envelope], None]:
        return self._copying.copy_out(after=after, until=until, select=select)

    async def snapshots(
        self, tenant_id: UUID, ids: Sequence[UUID], *, until: int = 2**31 - 1
    ) -> dict[UUID, StoredSnapshot]:
        """Snapshots after version ``until`` are left aside."""
        return await self._reader.snapshots(tenant_id, ids, until=until)

    async def keep_snapshot(self, tenant_id: UUID, originator_id: UUID, snapshot: StoredSnapshot) -> None:
        await self._reader.keep_snapshot(tenant_id, originator_id, snapshot)

    async def close(self) -> None:
        """Store what is queued; the database is the caller's to close."""
        await self._appender.close()
