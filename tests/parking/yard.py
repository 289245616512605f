"""Where the fragile views are followed, parked, retried and compared with a fresh fold."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from domain.kit.events import Event
from projections.kit.declare.folded_rows import fold
from projections.kit.declare.view import FullKey, View
from projections.kit.follow.parked_streams import Parked, ParkedStreams
from projections.kit.read.status import views_status
from projections.kit.store.checkpoints import PostgresCheckpoints
from projections.kit.store.generations import enroll
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.search_store import SearchStore
from projections.kit.store.store import Lost, Store
from tests.views.place import CODEC, TENANT, Followed, Place, until
from tests.views.toys import Jar


@dataclass
class Yard:
    """A place with all three stores."""

    place: Place
    redis: Redis
    search: AsyncOpenSearch
    prefix: str

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, place: Place, redis_url: str, search_url: str, prefix: str
    ) -> "AsyncIterator[Yard]":
        """With connections of its own."""
        async with Redis.from_url(redis_url) as redis, AsyncOpenSearch(search_url) as search:
            yield cls(place, redis, search, prefix)

    @property
    def parked(self) -> ParkedStreams:
        """What operators see and ask."""
        return ParkedStreams(self.place.database.writer)

    async def followed(
        self, kind: type[View[Any]], stores: tuple[type[Any], ...] = (PostgresStore, RedisStore, SearchStore)
    ) -> Followed:
        """The view, as a process finds it that has just begun; ``stores`` may be of other classes."""
        database = self.place.database
        generation = await enroll(database.writer, kind)
        view = kind()
        store: Store[Any]
        if view.store == "postgres":
            store = stores[0](kind, database.writer, database.owner, generation)
        elif view.store == "redis":
            store = stores[1](view, self.redis, generation)
        else:
            checkpoints = PostgresCheckpoints(database.writer)
            store = stores[2](view, self.search, generation, checkpoints, self.prefix)
        await store.prepare()
        return Followed(view, store, generation)

    async def reached(self, position: int, *views: View[Any]) -> None:
        """Wait until the views have come to the position."""

        async def there() -> bool:
            found = {view.name: view.position for view in await views_status(self.place.database.writer)}
            return all(found.get(view.name, 0) >= position for view in views)

        await until(there)

    async def folded(self, *kinds: type[View[Any]], position: int) -> None:
        """A worker follows the views up to the position, and is gone."""
        followed = [await self.followed(kind) for kind in kinds]
        async with self.place.working(followed):
            await self.reached(position, *(entry.view for entry in followed))

    async def answered(self, count: int = 0) -> list[Parked]:
        """Wait until nothing is asked and so many streams are parked; answer which."""
        found: list[Parked] = []

        async def so() -> bool:
            nonlocal found
            found = await self.parked.list()
            return len(found) == count and not any(stream.asked for stream in found)

        await until(so)
        return found

    async def settled(self) -> None:
        """Wait until nothing is asked any more."""

        async def so() -> bool:
            return not any(stream.asked for stream in await self.parked.list())

        await until(so)

    async def rows(self, kind: type[View[Any]], keys: Collection[FullKey]) -> dict[FullKey, Any]:
        """The rows with these keys, as they are in the store; none while it is empty or lost."""
        try:
            return dict(await (await self.followed(kind)).store.load(keys))
        except Lost:
            return {}

    async def fresh(self, kind: type[View[Any]], without: Collection[int] = ()) -> dict[FullKey, Any]:
        """Every row as a fold of the whole log makes it, but for events at some positions."""
        view = kind()
        page = [event for event in await self.place.log.read(limit=10_000) if event.position not in without]
        events = ((CODEC.decode(envelope), envelope) for envelope in page if envelope.type in view.folds)
        return dict(fold(view, {}, events))

    async def is_as_fresh(self, kind: type[View[Any]], without: Collection[int] = ()) -> None:
        """The rows are those of a fresh fold, no more and no less, and no event is missing from the count."""
        fresh = await self.fresh(kind, without)
        there = {full: row for full, row in fresh.items() if row is not None}
        assert await self.rows(kind, fresh) == there
        assert await (await self.followed(kind)).store.count() == len(there)
        (status,) = [
            view for view in await views_status(self.place.database.writer) if view.name == kind.name
        ]
        assert status.complete


def filled(jar: UUID, amount: int, shelf: str = "top") -> tuple[UUID, Event]:
    """A jar is filled."""
    return jar, Jar.Filled(name="a", shelf=shelf, amount=amount)


def taken(jar: UUID, amount: int, shelf: str = "top") -> tuple[UUID, Event]:
    """Something is taken from a jar."""
    return jar, Jar.Taken(shelf=shelf, amount=amount)


def row_of(jar: UUID, tenant: UUID = TENANT) -> FullKey:
    """The key of a jar's diary."""
    return tenant, (jar,)
