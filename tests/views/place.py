"""What the tests of the engine stand on: a log, workers, and a way to wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.kit.codec import PlainCodec
from domain.kit.events import Event
from domain.kit.log import Append, AppendReceipt, NewEvent
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import View
from projections.kit.follow.lanes import Lanes
from projections.kit.follow.pages import Pages
from projections.kit.read.status import ViewStatus, views_status
from projections.kit.store.generations import enroll
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.store import Store
from tests.kit.servers import SECRET

TENANT = UUID(int=7)
CODEC = PlainCodec()


@dataclass(frozen=True)
class Followed:
    """A view with the store of one of its generations."""

    view: View[Any]
    store: Store[Any]
    generation: int


@dataclass
class Place:
    """One log and what follows it; events are told by ``tenant`` unless another is named."""

    database: Database
    log: PostgresLog
    pages: Pages
    tenant: UUID = TENANT
    versions: dict[tuple[UUID, UUID], int] = field(default_factory=dict)

    async def tell(self, *events: tuple[UUID, Event], tenant: UUID = TENANT) -> int:
        """Append events of streams as one command and answer the position of the last."""
        outcome = await self.log.append(self.command(*events, tenant=tenant))
        assert isinstance(outcome, AppendReceipt), outcome
        return outcome.last

    def command(self, *events: tuple[UUID, Event], tenant: UUID = TENANT) -> Append:
        """A command that decided these events; streams are numbered here."""
        new: list[NewEvent] = []
        for stream, event in events:
            version = self.versions.get((tenant, stream), 0) + 1
            self.versions[tenant, stream] = version
            new.append(
                NewEvent(
                    event_id=uuid4(),
                    topic="toys.jar",
                    originator_id=stream,
                    originator_version=version,
                    type=event.stored_as,
                    version=1,
                    timestamp=datetime.now(UTC),
                    payload=CODEC.encode(event, tenant_id=tenant),
                    ends=event.ends,
                )
            )
        return Append(
            tenant_id=tenant,
            command_id=uuid4(),
            digest=b"d" * 32,
            events=tuple(new),
            correlation_id="test",
            source="test",
            environment="test",
            region="test",
        )

    async def store(self, view: type[PostgresView[Any]]) -> PostgresStore[Any]:
        """The view's store, with its table."""
        generation = await enroll(self.database.writer, view)
        store: PostgresStore[Any] = PostgresStore(view, self.database.writer, self.database.owner, generation)
        await store.prepare()
        return store

    async def followed(self, *views: PostgresView[Any]) -> list[Followed]:
        """The views with their stores, ready for a worker."""
        return [
            Followed(view, await self.store(type(view)), await enroll(self.database.writer, type(view)))
            for view in views
        ]

    @asynccontextmanager
    async def working(
        self, views: Sequence[Followed], *, name: str = "", beat: float = 0.2, stale: float = 1.0
    ) -> AsyncIterator[Lanes]:
        """A worker in this process."""
        stores = {(view.view.name, view.generation): view.store for view in views}

        def store(view: View[Any], generation: int) -> Store[Any]:
            found = stores.get((view.name, generation))
            if found is None:
                assert isinstance(view, PostgresView)
                found = PostgresStore(type(view), self.database.writer, self.database.owner, generation)
            return stores.setdefault((view.name, generation), found)

        lanes = Lanes(
            [view.view for view in views],
            store,
            connect=self.database.connect,
            pool=self.database.writer,
            pages=self.pages,
            name=name,
            beat=beat,
            stale=stale,
        )
        task = asyncio.create_task(lanes.run())
        try:
            yield lanes
        finally:
            lanes.stop()
            await task

    async def status(self, view: type[PostgresView[Any]]) -> ViewStatus:
        """How the newest generation of the view stands."""
        return [status for status in await views_status(self.database.writer) if status.name == view.name][-1]

    async def reached(self, position: int, *views: PostgresView[Any]) -> None:
        """Wait until the views have folded up to the position."""

        async def there() -> bool:
            found = {status.name: status.position for status in await views_status(self.database.writer)}
            return all(found[view.name] >= position for view in views)

        await until(there)

    async def rows(self, view: type[PostgresView[Any]], tenant: UUID = TENANT) -> list[asyncpg.Record]:
        """What a reader of the tenant sees, by key."""
        key = ", ".join(view.key)
        async with self.database.reading(tenant) as connection:
            return await connection.fetch(f"select * from {view.name} order by {key}")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Place]:
    """A place in the database with this owner's URL, its pages followed."""
    database = await Database.open(url, secret=SECRET)
    log = PostgresLog(database)
    pages = Pages(log, CODEC)
    following = asyncio.create_task(pages.run())
    try:
        yield Place(database, log, pages)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await log.close()
        await database.close()


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 120) -> None:
    """Ask until it is so."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  # What is waited for happens in other processes.
            await asyncio.sleep(0.01)
