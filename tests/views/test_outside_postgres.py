"""The same engine over Redis and search: they are followed, and refilled when they were emptied."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from projections.kit.declare.redis import RedisView
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import View
from projections.kit.read.status import ViewState, views_status
from projections.kit.store.checkpoints import PostgresCheckpoints
from projections.kit.store.generations import enroll
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.search_store import SearchStore
from projections.kit.store.store import Lost
from tests.views.place import Followed, Place, until
from tests.views.toys import Jar, ShelfFolds, ShelfRow


class ShelfCounts(
    ShelfFolds,
    RedisView[ShelfRow],
    name="toys.shelf_counts",
    key=("shelf", "colour"),
    pattern="shelf:{shelf}:{colour}",
    ttl=timedelta(minutes=10),
):
    """Shelves in Redis."""


class ShelfSearch(ShelfFolds, SearchView[ShelfRow], name="toys.shelf_search", key=("shelf", "colour")):
    """Shelves in search."""


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        await redis.flushdb()
        yield redis


@pytest.fixture
async def search(osmem_url: str) -> AsyncIterator[AsyncOpenSearch]:
    async with AsyncOpenSearch(osmem_url) as client:
        yield client


async def test_a_flushed_redis_is_refilled_by_itself(place: Place, redis: Redis) -> None:
    generation = await enroll(place.database.writer, ShelfCounts)
    store: RedisStore[ShelfRow] = RedisStore(ShelfCounts(), redis, generation)
    await _emptied_and_refilled(place, Followed(ShelfCounts(), store, generation), redis.flushdb)


async def test_whoever_takes_a_lane_renews_its_rows_at_once(place: Place, redis: Redis) -> None:
    generation = await enroll(place.database.writer, ShelfCounts)
    for _ in range(2):
        store: RedisStore[ShelfRow] = RedisStore(ShelfCounts(), redis, generation)
        # Whoever had it before ended as it was about to renew.
        await redis.pexpire(store.keys.mark, 20_000)
        async with place.working([Followed(ShelfCounts(), store, generation)]):
            last = await place.tell((uuid4(), Jar.Filled(name="a", shelf="s", amount=1)))
            await _stands(place, ShelfCounts(), last)
            assert await redis.pttl(store.keys.mark) > 250_000


async def test_a_lost_index_is_refilled_by_itself(
    place: Place, search: AsyncOpenSearch, index_prefix: str
) -> None:
    generation = await enroll(place.database.writer, ShelfSearch)
    checkpoints = PostgresCheckpoints(place.database.writer)
    store: SearchStore[ShelfRow] = SearchStore(ShelfSearch(), search, generation, checkpoints, index_prefix)

    async def lose() -> None:
        await search.indices.delete(index=f"{index_prefix}*")

    await _emptied_and_refilled(place, Followed(ShelfSearch(), store, generation), lose)


async def _emptied_and_refilled(place: Place, followed: Followed, lose: Any) -> None:
    async with place.working([followed]):
        for amount in (1, 2, 3):
            await place.tell((uuid4(), Jar.Filled(name="a", shelf=f"s{amount}", amount=amount)))
        await place.tell((uuid4(), Jar.Filled(name="a", shelf="s1", amount=4)), (uuid4(), Jar.Dusted()))
        await _stands(place, followed.view, 5)
        assert await followed.store.count() == 3
        await lose()

        async def refilled() -> bool:
            (status,) = await views_status(place.database.writer)
            if status.position < 5 or status.state is not ViewState.FOLLOWING:
                return False
            try:
                rows = await followed.store.load([(place.tenant, ("s1", "red"))])
            except Lost:
                # The lane has not noticed yet.
                return False
            return [row.amount for row in rows.values()] == [5]

        await until(refilled)
        await place.tell((uuid4(), Jar.Filled(name="a", shelf="s1", amount=4)))
        await _stands(place, followed.view, 6)
        (row,) = (await followed.store.load([(place.tenant, ("s1", "red"))])).values()
        assert row.amount == 9
        (status,) = await views_status(place.database.writer)
        assert status.complete


async def _stands(place: Place, view: View[Any], position: int) -> None:
    async def so() -> bool:
        (status,) = await views_status(place.database.writer)
        return status.name == view.name and status.position >= position

    await until(so)


async def test_a_redis_that_forgot_its_last_seconds_is_told_again(place: Place, redis: Redis) -> None:
    """As one that comes back from a snapshot, while the lane has nothing to do."""
    generation = await enroll(place.database.writer, ShelfCounts)
    store: RedisStore[ShelfRow] = RedisStore(ShelfCounts(), redis, generation)
    followed = Followed(ShelfCounts(), store, generation)
    async with place.working([followed]):
        before = await place.tell((uuid4(), Jar.Filled(name="a", shelf="cellar", amount=1)))
        await _stands(place, followed.view, before)
        snapshot = {key: await redis.dump(key) async for key in redis.scan_iter()}
        after = await place.tell((uuid4(), Jar.Filled(name="a", shelf="cellar", amount=2)))
        await _stands(place, followed.view, after)
        for key, value in snapshot.items():
            await redis.restore(key, 600_000, value or b"", replace=True)

        async def told_again() -> bool:
            rows = await store.load([(place.tenant, ("cellar", "red"))])
            return [row.amount for row in rows.values()] == [3]

        await until(told_again)
