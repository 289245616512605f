"""Reading Redis views, on a real Valkey."""

import pytest
from redis.asyncio import Redis

from projections.kit.read.circuit_breaker import Unavailable
from projections.kit.read.live_generations import Only
from projections.kit.read.redis_reader import RedisRows, redis_breaker
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.store import RowsLost
from tests.stores.rows import ACME, OTHER, Card, Cards, at, card, changes, key


@pytest.fixture
async def store(redis: Redis) -> RedisStore[Card]:
    store = RedisStore(Cards(), redis, 1)
    await store.prepare()
    return store


@pytest.fixture
def rows(redis: Redis) -> RedisRows[Card]:
    return RedisRows(Cards(), redis, Only(1), breaker=redis_breaker(timeout=10))


async def test_reads_typed_rows(store: RedisStore[Card], rows: RedisRows[Card]) -> None:
    await store.save(changes(1, {key(1): card(1), key(2): card(2)}), at(1))
    await store.caught_up()
    first, second, third = (key(n)[1] for n in (1, 2, 3))
    assert await rows.get(ACME, *first) == card(1)
    assert await rows.get(ACME, *third) is None
    assert await rows.get_many(ACME, [first, second, third]) == {first: card(1), second: card(2)}


async def test_another_tenant_finds_nothing(store: RedisStore[Card], rows: RedisRows[Card]) -> None:
    await store.save(changes(1, {key(1): card(1)}), at(1))
    await store.caught_up()
    assert await rows.get(OTHER, *key(1)[1]) is None


async def test_nothing_is_read_before_the_view_is_filled(
    redis: Redis, store: RedisStore[Card], rows: RedisRows[Card]
) -> None:
    await store.save(changes(1, {key(1): card(1)}), at(1))
    with pytest.raises(Unavailable, match="being filled"):
        await rows.get(ACME, *key(1)[1])
    await store.caught_up()
    await redis.flushdb()
    with pytest.raises(Unavailable, match="not filled"):
        await rows.get(ACME, *key(1)[1])


async def test_nothing_is_read_while_it_is_refilled(
    redis: Redis, store: RedisStore[Card], rows: RedisRows[Card]
) -> None:
    await store.save(changes(1, {key(1): card(1)}), at(1))
    await store.caught_up()
    assert await rows.get(ACME, *key(1)[1]) == card(1)
    await redis.delete(store.keys.mark)
    await store.prepare()
    with pytest.raises(Unavailable, match="being filled"):
        await rows.get(ACME, *key(1)[1])
    await store.save(changes(1, {key(1): card(1, "again")}), at(1))
    await store.caught_up()
    assert await rows.get(ACME, *key(1)[1]) == card(1, "again")


async def test_a_position_not_yet_reached_is_unavailable(
    store: RedisStore[Card], rows: RedisRows[Card]
) -> None:
    await store.save(changes(3, {key(1): card(1)}), at(3))
    await store.caught_up()
    assert await rows.get(ACME, *key(1)[1], at_least=3) == card(1)
    with pytest.raises(Unavailable, match="not yet at 4"):
        await rows.get(ACME, *key(1)[1], at_least=4)


async def test_a_server_that_is_gone_is_unavailable_at_once(unused_tcp_port: int) -> None:
    async with Redis(port=unused_tcp_port) as gone:
        breaker = redis_breaker()
        rows = RedisRows(Cards(), gone, Only(1), breaker=breaker)
        for _ in range(3):
            with pytest.raises(Unavailable, match="did not answer"):
                await rows.get(ACME, *key(1)[1])
        assert breaker.resting
        with pytest.raises(Unavailable, match="resting"):
            await rows.get(ACME, *key(1)[1])


async def test_a_reader_notices_a_lost_row_and_says_so_to_all(
    redis: Redis, store: RedisStore[Card], rows: RedisRows[Card]
) -> None:
    await store.save(changes(1, {key(1): card(1), key(2): card(2), key(3, OTHER): card(3)}), at(1))
    await store.caught_up()
    first, second, third = (key(n)[1] for n in (1, 2, 3))
    assert await rows.get(ACME, *first) == card(1)
    (name,) = [name async for name in redis.scan_iter(match=f"*t:{ACME}:card:{first[0]}*")]
    await redis.delete(name)
    assert await rows.get(ACME, *second) == card(2)
    with pytest.raises(Unavailable, match="has lost rows"):
        await rows.get(ACME, *first)
    with pytest.raises(Unavailable, match="has lost rows"):
        await rows.get(ACME, *second)
    assert await rows.get(OTHER, *third) == card(3)
    with pytest.raises(RowsLost):
        await store.load([key(2)])


async def test_nothing_is_read_without_the_roster(
    redis: Redis, store: RedisStore[Card], rows: RedisRows[Card]
) -> None:
    await store.save(changes(1, {key(1): card(1)}), at(1))
    await store.caught_up()
    await redis.delete(store.keys.roster)
    with pytest.raises(Unavailable, match="not filled"):
        await rows.get(ACME, *key(2)[1])
