"""One reader of the log per process, shared by many consumers near its tip."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from app.log.follower import QUIET, LogFollower
from app.log.reader import LogReader
from app.storage.database import Database
from domain.kit.log import Envelope, Selection
from projections.kit.background import end
from projections.kit.follow.log_tail import LogTail
from projections.kit.read.shares import Shares

_BACKLOG_PAGE = 200
"""Events of one tenant that are read at a time for somebody who is behind; they are decoded in one go."""
_OF_A_TENANT, _OF_ALL = 2, 4
"""How many such pages are read at a time: less than the readers that clients' questions have."""


class RecentEvents:
    """Recent events in memory for everyone who follows; whoever is further behind reads the log themselves.

    A slow consumer holds nothing; see `LogTail`.
    """

    def __init__(
        self,
        database: Database,
        *,
        page: int = 2_000,
        recent: int = 20_000,
        recent_bytes: int = 64 * 1024 * 1024,
        poll: float = QUIET,
    ) -> None:
        """``recent`` events or ``recent_bytes`` of payload are kept, whichever is less."""
        self._reader = LogReader(database)
        self._follower = LogFollower(database, page=page, poll=poll)
        self._page = page
        self._tail: LogTail[Envelope] = LogTail(_size, most=recent, most_bytes=recent_bytes)
        # Whoever waits does so behind those of their own tenant, and each tenant behind the others.
        self._callers, self._tenants = Shares(1), Shares(_OF_A_TENANT)
        self._room = asyncio.Semaphore(_OF_ALL)
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> int:
        """The last position this process has read."""
        return self._tail.head

    @property
    def last_read_at(self) -> float | None:
        """When the log was last read with success, by ``time.monotonic``; None before the first read."""
        return self._follower.last_read_at

    def __len__(self) -> int:
        """How many events are in memory."""
        return len(self._tail)

    async def start(self) -> None:
        """Read from the head on; events before are read by the consumers that want them."""
        self._tail.begin(await self._reader.head())
        self._task = asyncio.create_task(self._run(self.position), name="log feed")

    async def close(self) -> None:
        """Stop reading; the pages of every consumer end."""
        self._closed = True
        # What it failed with was told to the consumers.
        await end(self._task)
        self._tail.wake()

    async def pages(self, *, after: int) -> AsyncIterator[list[Envelope]]:
        """Pages of events after a position, until the feed closes; each consumer goes at its own pace.

        A position beyond the head waits until the log has gone past it.
        """
        while not self._closed:
            page = await self._recent_after(after)
            if page is None:
                page = await self._reader.read(after=after, until=self.position, limit=self._page)
            if page:
                after = page[-1].position
                yield page

    async def pages_of(
        self, tenant_id: UUID, caller: UUID, *, after: int
    ) -> AsyncGenerator[list[Envelope], None]:
        """The same of one tenant's events only, for one of its callers.

        What is no longer in memory is read as the tenant, by its share of the readers' connections: what others
        have written costs nothing. Tenants take turns with one another, and so do the callers of each; a caller
        has one turn at a time, however often they ask.
        """
        select = Selection(tenant_id=tenant_id)
        while not self._closed:
            page = await self._recent_after(after)
            if page is not None:
                after = page[-1].position if page else after
                page = [event for event in page if event.tenant_id == tenant_id]
            else:
                until = self.position
                async with self._turn(tenant_id, caller):
                    page = await self._reader.read(
                        after=after, until=until, limit=_BACKLOG_PAGE, select=select
                    )
                after = page[-1].position if len(page) == _BACKLOG_PAGE else until
            if page:
                yield page

    async def far(self, tenant_id: UUID, caller: UUID, *, after: int, most: int) -> bool:
        """Whether more than so many events of the tenant come after a position; no more of them are looked at."""
        if self.position - after <= most:
            return False
        async with self._turn(tenant_id, caller):
            return await self._reader.more_than(most, tenant_id, after=after)

    @asynccontextmanager
    async def _turn(self, tenant_id: UUID, caller: UUID) -> AsyncIterator[None]:
        async with self._callers.of(caller), self._tenants.of(tenant_id), self._room:
            yield

    async def _recent_after(self, after: int) -> list[Envelope] | None:
        """A page from memory, empty after waiting for one; None when it has left the memory already."""
        if after >= self.position:
            await self._tail.changed()
            return []
        return self._tail.after(after, self._page)

    async def _run(self, after: int) -> None:
        try:
            async for page in self._follower.follow(after=after):
                self._tail.extend(page)
        except Exception as error:
            self._tail.fail(error)
            raise


def _size(event: Envelope) -> int:
    return len(event.payload)
