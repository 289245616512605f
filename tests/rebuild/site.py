"""What the tests of rebuilds stand on: generations of views, built in bulk or folded by hand."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.backoff import Backoff
from projections.kit.declare.folded_rows import fold
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import FullKey, View
from projections.kit.follow.lane import Lane
from projections.kit.follow.lane_progress import OpsLedger
from projections.kit.rebuild.bulk_build import Builder, BulkLog
from projections.kit.store.checkpoints import PostgresCheckpoints
from projections.kit.store.generations import add_generation
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.search_store import SearchStore
from projections.kit.store.store import Checkpoint, Store
from tests.views.place import CODEC, Place

QUICK = Backoff(0.001, 0.01)


# Rows of the views that the tests go over differ in type, hence Any.
@dataclass
class Built:
    """A generation of a view that is being built."""

    view: View[Any]
    store: Store[Any]
    generation: int


@dataclass
class Site:
    """A log, and the servers that hold views of it."""

    place: Place
    redis: Redis
    search: AsyncOpenSearch
    prefix: str
    url: str = ""
    """The owner's, of the log's database."""
    lanes: list[Lane] = field(default_factory=list)

    async def generation(self, view: View[Any]) -> Built:
        """A new generation of the view, its storage made."""
        async with self.place.database.writer.acquire() as connection:
            generation = await add_generation(connection, type(view), building=True)
            await connection.execute(
                "insert into ops.views (view, store, inline, live) values ($1, $2, $3, $4) "
                "on conflict do nothing",
                view.name,
                view.store,
                view.inline,
                generation,
            )
        store = self.store(view, generation)
        await store.prepare()
        return Built(view, store, generation)

    def store(self, view: View[Any], generation: int) -> Store[Any]:
        """A store of the generation that knows nothing of the others, as another process has it."""
        pool = self.place.database.writer
        if isinstance(view, PostgresView):
            return PostgresStore(type(view), pool, self.place.database.owner, generation)
        if isinstance(view, RedisView):
            return RedisStore(view, self.redis, generation, self.prefix)
        assert isinstance(view, SearchView)
        return SearchStore(view, self.search, generation, PostgresCheckpoints(pool), self.prefix)

    async def lease(self, built: Built) -> Lane:
        """The lane under a new token, as whoever comes next has it."""
        row = await self.place.database.writer.fetchrow(
            "update ops.lanes set token = token + 1 where view = $1 and generation = $2 "
            "returning id, token, position, folded",
            built.view.name,
            built.generation,
        )
        assert row is not None
        lane = Lane(view=built.view.name, generation=built.generation, **row)
        self.lanes.append(lane)
        return lane

    async def builder(self, built: Built, *, log: BulkLog | None = None, **options: Any) -> Builder[Any]:
        """One that holds the lane from here on."""
        lane = await self.lease(built)
        ledger = OpsLedger(self.place.database.writer, lambda: [lane])
        options = {"near": 0, "backoff": QUICK, **options}
        return Builder(built.view, built.store, log or self.place.log, CODEC, lane, ledger, **options)

    async def build(self, view: View[Any], **options: Any) -> Built:
        """A new generation, filled up to the head of the log."""
        built = await self.generation(view)
        await (await self.builder(built, **options)).run()
        return built

    async def folded(self, view: View[Any], *, tenant_id: UUID | None = None) -> dict[FullKey, Any]:
        """The rows by a plain fold of the whole log."""
        events = await self.events()
        mine = [pair for pair in events if tenant_id in (None, pair[1].tenant_id)]
        return {full: row for full, row in fold(view, {}, mine).items() if row is not None}

    async def events(self) -> list[tuple[Event, Envelope]]:
        """The whole log."""
        found = await self.place.log.read(limit=100_000)
        return [(CODEC.decode(envelope), envelope) for envelope in found]


async def rows(store: Store[Any], tenant_id: UUID | None = None) -> dict[FullKey, Any]:
    """All rows of a store."""
    found: dict[FullKey, Any] = {}
    async for batch in store.scan(tenant_id):
        assert not set(batch) & set(found)
        found |= batch
    return found


async def stands(built: Built) -> Checkpoint:
    """The checkpoint that the storage itself has; it vouches for as many events as its position says."""
    checkpoint = await built.store.checkpoint()
    assert checkpoint.folded == checkpoint.position
    return checkpoint
