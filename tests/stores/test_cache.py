"""The read-through cache, on a real Valkey."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from domain.work.tasks import Task
from projections.kit.declare.folded_rows import fold
from projections.kit.declare.invalidation import Marker
from projections.kit.declare.view import RowChanges
from projections.kit.read.allowance import allow, allowance
from projections.kit.read.cache import Cache, Cached, CachedAnswer
from projections.kit.read.live_generations import Only
from projections.kit.read.memory_cache import MemoryCache
from projections.kit.read.redis_reader import RedisRows, redis_breaker
from projections.kit.store.redis_store import RedisStore
from tests.stores.rows import ACME, ANN, OTHER, Tags, at, page


@dataclass(frozen=True)
class Page:
    """What is cached."""

    titles: tuple[str, ...]


PAGES = Cached(
    "user:tasks:{user_id}:page:{page}", Page, ttl=timedelta(minutes=5), tags=("user:{user_id}", "tasks")
)
FOUND = Cached("search:tasks:{query}:{filters}", Page, ttl=timedelta(minutes=5), tags=("tasks",))
FIRST = {"user_id": ANN, "page": 1}


class Source:
    """A loader that counts, and answers for a position."""

    def __init__(self, title: str, position: int) -> None:
        self.title, self.position, self.loads = title, position, 0

    async def __call__(self) -> tuple[Page, int]:
        self.loads += 1
        return Page((self.title,)), self.position


@pytest.fixture
async def markers(redis: Redis) -> RedisStore[Marker]:
    """The markers' store, filled up to position 1."""
    store = RedisStore(Tags(), redis, 1)
    await store.prepare()
    await store.save(RowChanges(), at(1))
    await store.caught_up()
    return store


@pytest.fixture
def cache(redis: Redis) -> Cache:
    return cache_on(redis)


def cache_on(redis: Redis, *, near: float = 0) -> Cache:
    breaker = redis_breaker(timeout=10)
    rows = RedisRows(Tags(), redis, Only(1), breaker=breaker)
    return Cache(redis, rows, [PAGES, FOUND], breaker=breaker, near=near)


async def touch(markers: RedisStore[Marker], tag: str, position: int, tenant_id: Any = ACME) -> None:
    """Fold an event that touches a tag."""
    page: RowChanges[Marker] = RowChanges()
    page[tenant_id, (tag,)] = Marker(tag=tag, position=position)
    await markers.save(page, at(position))


def test_an_event_marks_the_tags_of_its_tenant() -> None:
    changes = fold(Tags(), {}, page(4, Task.Created(title="a", created_by=ANN), Task.Renamed(title="b")))
    assert changes == {(ACME, (tag,)): Marker(tag=tag, position=4) for tag in ("tasks", f"user:{ANN}")}


async def test_loads_once_and_then_answers_from_redis(cache: Cache, markers: RedisStore[Marker]) -> None:
    source = Source("a", 1)
    for _ in range(3):
        answer = await cache.get_or_load(PAGES, ACME, FIRST, source)
        assert answer == CachedAnswer(Page(("a",)), 1)
    assert source.loads == 1


async def test_the_key_is_the_catalogue_s_behind_the_tenant(
    redis: Redis, cache: Cache, markers: RedisStore[Marker]
) -> None:
    await cache.get_or_load(PAGES, ACME, FIRST, Source("a", 1))
    (name,) = [key.decode() async for key in redis.scan_iter(match="hw:cache:*")]
    assert name == f"hw:cache:t:{ACME}:user:tasks:{ANN}:page:1"
    assert 0 < await redis.pttl(name) <= 300_000


async def test_an_event_that_touches_a_tag_makes_it_load_again(
    cache: Cache, markers: RedisStore[Marker]
) -> None:
    await cache.get_or_load(PAGES, ACME, FIRST, Source("old", 1))
    await touch(markers, f"user:{ANN}", 5)
    answer = await cache.get_or_load(PAGES, ACME, FIRST, Source("new", 5))
    assert answer.value == Page(("new",))


async def test_events_of_other_tags_and_tenants_leave_it(cache: Cache, markers: RedisStore[Marker]) -> None:
    await cache.get_or_load(PAGES, ACME, FIRST, Source("a", 1))
    await touch(markers, "user:somebody", 5)
    await touch(markers, "tasks", 6, OTHER)
    source = Source("b", 6)
    assert await cache.get_or_load(PAGES, ACME, FIRST, source) == CachedAnswer(Page(("a",)), 6)
    assert source.loads == 0


async def test_old_data_written_after_the_event_was_folded_does_not_stay(
    cache: Cache, markers: RedisStore[Marker]
) -> None:
    async def overtaken() -> tuple[Page, int]:
        await touch(markers, "tasks", 9)
        return Page(("old",)), 1

    await cache.get_or_load(PAGES, ACME, FIRST, overtaken)
    assert (await cache.get_or_load(PAGES, ACME, FIRST, Source("new", 9))).value == Page(("new",))


async def test_a_wanted_position_is_loaded_when_the_entry_cannot_vouch_for_it(
    cache: Cache, markers: RedisStore[Marker]
) -> None:
    await cache.get_or_load(PAGES, ACME, FIRST, Source("old", 1))
    answer = await cache.get_or_load(PAGES, ACME, FIRST, Source("new", 7), at_least=7)
    assert answer == CachedAnswer(Page(("new",)), 7)


async def test_two_tenants_and_two_scopes_never_share_an_answer(
    cache: Cache, markers: RedisStore[Marker]
) -> None:
    for tenant_id, scope, title in [(ACME, "", "a"), (OTHER, "", "b"), (ACME, "all", "c"), (ACME, "al", "d")]:
        answer = await cache.get_or_load(PAGES, tenant_id, FIRST, Source(title, 1), scope=scope)
        assert answer.value == Page((title,))


@pytest.mark.parametrize("query", ["a:b", "*", "é😀", "\x00", "", "x" * 10_000])
async def test_any_text_is_part_of_a_key(cache: Cache, markers: RedisStore[Marker], query: str) -> None:
    for number, params in enumerate(
        [
            {"query": query, "filters": "f"},
            {"query": "f", "filters": query},
            {"query": query + "_", "filters": "f"},
        ]
    ):
        answer = await cache.get_or_load(FOUND, ACME, params, Source(str(number), 1))
        assert answer.value == Page((str(number),))


async def test_a_stampede_loads_once(cache: Cache, markers: RedisStore[Marker]) -> None:
    source = Source("a", 1)
    answers = await asyncio.gather(*(cache.get_or_load(PAGES, ACME, FIRST, source) for _ in range(100)))
    assert set(answers) == {CachedAnswer(Page(("a",)), 1)}
    assert source.loads == 1


async def test_one_who_leaves_does_not_end_the_load_of_others(
    cache: Cache, markers: RedisStore[Marker]
) -> None:
    loading, go = asyncio.Event(), asyncio.Event()

    async def slow() -> tuple[Page, int]:
        loading.set()
        await go.wait()
        return Page(("a",)), 1

    first = asyncio.ensure_future(cache.get_or_load(PAGES, ACME, FIRST, slow))
    await loading.wait()
    second = asyncio.ensure_future(cache.get_or_load(PAGES, ACME, FIRST, slow))
    await asyncio.sleep(0)
    first.cancel()
    go.set()
    assert (await second).value == Page(("a",))


async def test_a_failed_load_passes_to_all_and_is_not_kept(cache: Cache, markers: RedisStore[Marker]) -> None:
    async def fails() -> tuple[Page, int]:
        # How much the first of them may read is not what the others may.
        allowance().spend(1000)
        raise ZeroDivisionError

    allow(1)
    results = await asyncio.gather(
        *(cache.get_or_load(PAGES, ACME, FIRST, fails) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, ZeroDivisionError) for result in results)
    assert len(set(map(id, results))) == 3
    assert (await cache.get_or_load(PAGES, ACME, FIRST, Source("a", 1))).value == Page(("a",))


async def test_nothing_is_trusted_while_the_markers_are_refilled(
    redis: Redis, cache: Cache, markers: RedisStore[Marker]
) -> None:
    await cache.get_or_load(PAGES, ACME, FIRST, Source("old", 1))
    await redis.delete(markers.keys.mark)
    await markers.prepare()
    assert (await cache.get_or_load(PAGES, ACME, FIRST, Source("new", 2))).value == Page(("new",))


async def test_an_entry_of_another_shape_is_loaded_again(
    redis: Redis, cache: Cache, markers: RedisStore[Marker]
) -> None:
    await redis.set(f"hw:cache:t:{ACME}:user:tasks:{ANN}:page:1", b'{"position":1,"value":{"x":1}}', px=9999)
    assert (await cache.get_or_load(PAGES, ACME, FIRST, Source("a", 1))).value == Page(("a",))


async def test_without_redis_everything_is_loaded(unused_tcp_port: int) -> None:
    async with Redis(port=unused_tcp_port) as gone:
        breaker = redis_breaker()
        cache = Cache(
            gone, RedisRows(Tags(), gone, Only(1), breaker=breaker), [PAGES], breaker=breaker, near=0
        )
        for number in range(5):
            answer = await cache.get_or_load(PAGES, ACME, FIRST, Source(str(number), 1))
            assert answer.value == Page((str(number),))


async def test_the_process_answers_first(redis: Redis, markers: RedisStore[Marker]) -> None:
    cache = cache_on(redis, near=600)
    await cache.get_or_load(PAGES, ACME, FIRST, Source("a", 1))
    await redis.flushdb()
    assert (await cache.get_or_load(PAGES, ACME, FIRST, Source("b", 2))).value == Page(("a",))
    newer = await cache.get_or_load(PAGES, ACME, FIRST, Source("b", 2), at_least=2)
    assert newer.value == Page(("b",))


async def test_a_large_answer_is_kept_nowhere(redis: Redis, markers: RedisStore[Marker]) -> None:
    cache, source = cache_on(redis, near=600), Source("x" * 300_000, 1)
    for _ in range(2):
        await cache.get_or_load(PAGES, ACME, FIRST, source)
    assert source.loads == 2
    assert [key async for key in redis.scan_iter(match="hw:cache:*")] == []


async def test_answers_in_the_process_are_bounded_by_bytes(redis: Redis, markers: RedisStore[Marker]) -> None:
    cache, title = cache_on(redis, near=600), "x" * 200_000
    for number in range(100):
        await cache.get_or_load(PAGES, ACME, {"user_id": ANN, "page": number}, Source(title, 1))
    await redis.flushdb()
    kept = [number for number in range(100) if (await near(cache, number)).value.titles[0] == title]
    assert kept == list(range(21, 100))


async def near(cache: Cache, number: int) -> CachedAnswer[Page]:
    return await cache.get_or_load(PAGES, ACME, {"user_id": ANN, "page": number}, Source("new", 1))


def test_the_process_keeps_a_bounded_number_for_a_time() -> None:
    now = [0.0]
    near: MemoryCache[int] = MemoryCache(seconds=2, most=2, clock=lambda: now[0])
    for number, name in enumerate("abc"):
        near.put(name, number)
    assert (near.get("a"), near.get("b"), near.get("c"), len(near)) == (None, 1, 2, 2)
    now[0] = 2
    assert near.get("c") is None


MEETS = Cached("user:tasks:{x}:page:first", Page, ttl=timedelta(minutes=5), tags=("tasks",))


async def test_two_classes_that_could_have_one_key_are_refused(redis: Redis) -> None:
    with pytest.raises(TypeError, match="same key"):
        Cache(redis, RedisRows(Tags(), redis, Only(1)), [PAGES, MEETS], breaker=redis_breaker())
