"""A place where views are followed, rebuilt and read, in all three stores."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.entry.rebuilder import FromLog
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import FullKey, View
from projections.kit.follow.lanes import Lanes
from projections.kit.read.keyset import Order
from projections.kit.read.live_generations import LiveGenerations, pointers
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.rebuild.cutover import Cutover
from projections.kit.rebuild.model import RebuildRecord, RebuildState
from projections.kit.rebuild.rebuilder import Rebuilder
from projections.kit.rebuild.requests import Rebuilds
from projections.kit.store.checkpoints import PostgresCheckpoints
from projections.kit.store.generations import enroll_all
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.search_store import SearchStore
from projections.kit.store.store import Store
from tests.views.place import CODEC, TENANT, Place, until
from tests.views.toys import Jar


@dataclass
class House:
    """One version of the code: its views, its stores, and what is done with them."""

    place: Place
    views: Sequence[View[Any]]
    redis: Redis | None = None
    search: AsyncOpenSearch | None = None
    prefix: str = "hw"
    keep: timedelta = timedelta(hours=1)
    stores: dict[tuple[str, int, int], Store[Any]] = field(default_factory=dict)

    def store(self, view: View[Any], generation: int) -> Store[Any]:
        """The store of one generation."""
        known = (view.name, view.version, generation)
        if known not in self.stores:
            self.stores[known] = self._made(view, generation)
        return self.stores[known]

    def _made(self, view: View[Any], generation: int) -> Store[Any]:
        writer = self.place.database.writer
        if isinstance(view, PostgresView):
            return PostgresStore(type(view), writer, self.place.database.owner, generation)
        if isinstance(view, RedisView):
            assert self.redis is not None
            return RedisStore(view, self.redis, generation, self.prefix)
        assert isinstance(view, SearchView)
        assert self.search is not None
        return SearchStore(view, self.search, generation, PostgresCheckpoints(writer), self.prefix)

    @property
    def rebuilds(self) -> Rebuilds:
        """What an operator has in hand."""
        kinds = [type(view) for view in self.views]
        return Rebuilds(self.place.database.writer, kinds, keep=self.keep, owner=self.place.database.owner)

    async def enroll(self) -> None:
        """Give every view its generation and its storage."""
        kinds = [type(view) for view in self.views]
        for name, generation in (await enroll_all(self.place.database.writer, kinds)).items():
            (view,) = (kind for kind in self.views if kind.name == name)
            await self.store(view, generation).prepare()

    @asynccontextmanager
    async def working(self, *, rebuilding: bool = True) -> AsyncIterator[LiveGenerations]:
        """A worker, a rebuilder beside it, and the pointers of a reader."""
        await self.enroll()
        database = self.place.database
        async with AsyncExitStack() as stack:
            lanes = Lanes(
                self.views,
                self.store,
                connect=database.connect,
                pool=database.writer,
                pages=self.place.pages,
                beat=0.1,
            )
            await stack.enter_async_context(_beside(lanes))
            if rebuilding:
                await stack.enter_async_context(_beside(self.rebuilder()))
            kinds = [type(view) for view in self.views]
            yield await stack.enter_async_context(pointers(database.writer, kinds))

    def rebuilder(self) -> Rebuilder:
        """One that works without end."""
        database = self.place.database
        return Rebuilder(
            self.views,
            self.store,
            FromLog(self.place.log, CODEC, near=5),
            Cutover(self.views, self.store, pool=database.writer, owner=database.owner, keep=self.keep),
            connect=database.connect,
            pool=database.writer,
            beat=0.05,
        )

    async def ended(self, id: UUID) -> RebuildRecord:
        """The rebuild once it does not go on by itself."""
        async with asyncio.timeout(120):
            return [record async for record in self.rebuilds.watch(id, every=0.02)][-1]

    async def became(self, id: UUID, state: RebuildState) -> None:
        """Wait until the rebuild is in this state."""

        async def so() -> bool:
            return (await self.rebuilds.one(id)).state is state

        await until(so)

    async def followed(self) -> None:
        """Wait until every living generation is at the head of the log."""
        head = await self.place.log.head()

        async def so() -> bool:
            return not await self.place.database.writer.fetchval(
                "select true from ops.lanes where phase = 'following' and position < $1 limit 1", head
            )

        await until(so)

    async def live(self, view: View[Any]) -> int:
        """The view's live generation."""
        found: int = await self.place.database.writer.fetchval(
            "select live from ops.views where view = $1", view.name
        )
        return found

    async def all(self, view: View[Any], generation: int) -> dict[FullKey, Any]:
        """All rows of a generation."""
        found: dict[FullKey, Any] = {}
        async for batch in self.store(view, generation).scan():
            found |= batch
        return found

    async def read(self, live: LiveGenerations, view: View[Any], tenant: UUID = TENANT) -> list[Any]:
        """What a reader of a Postgres view sees."""
        assert isinstance(view, PostgresView)
        page = await PostgresRows(self.place.database, live).page(
            type(view), tenant, order=Order(view.key[0]), limit=1000
        )
        return page.rows


@asynccontextmanager
async def _beside(work: Lanes | Rebuilder) -> AsyncIterator[None]:
    task = asyncio.create_task(work.run())
    try:
        yield
    finally:
        work.stop()
        await task


async def some_events(place: Place, count: int = 40, *, tenant: UUID = TENANT) -> list[UUID]:
    """Jars that are filled, moved, emptied and, every fourth, broken."""
    jars = [uuid4() for _ in range(count)]
    for number, jar in enumerate(jars):
        shelf = f"s{number % 5}"
        events = [
            (jar, Jar.Filled(name=f"jar {number}", shelf=shelf, amount=9)),
            (jar, Jar.Moved(shelf="top", previous=shelf, amount=9)),
            (jar, Jar.Taken(shelf="top", amount=2)),
        ]
        if number % 4 == 3:
            events.append((jar, Jar.Broken(shelf="nowhere")))
        await place.tell(*events, tenant=tenant)
    return jars
