"""The Redis store, on a real Valkey."""

from uuid import UUID

import pytest
from redis.asyncio import Redis

from projections.kit.declare.view import FullKey
from projections.kit.store.keys import Mark
from projections.kit.store.redis_store import RedisStore
from projections.kit.store.store import Checkpoint, LeaseLost, Lossy, Lost, RowsLost, Upkeep
from tests.stores.rows import ACME, OTHER, Card, Cards, Seat, Seats, Twins, at, card, changes, key


async def opened(redis: Redis, generation: int = 1) -> RedisStore[Card]:
    store = RedisStore(Cards(), redis, generation)
    await store.prepare()
    return store


async def test_loads_what_was_saved(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(5, {key(1): card(1), key(2): card(2)}), at(5))
    assert await store.load([key(1), key(2), key(3)]) == {key(1): card(1), key(2): card(2)}
    assert await store.checkpoint() == at(5)


async def test_removes_a_deleted_row(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1), key(2): card(2)}), at(1))
    await store.save(changes(2, {key(1): None}), at(2))
    assert await store.load([key(1), key(2)]) == {key(2): card(2)}
    assert await store.count() == 1


async def test_a_key_reads_as_catalogued(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    (name,) = [key async for key in redis.scan_iter(match="*:t:*")]
    root, _, rest = name.decode().partition(":t:")
    assert root.startswith("hw:test.cards:v1:g1:")
    assert rest == f"{ACME}:card:{UUID(int=1)}:face"


async def test_every_key_expires(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(n): card(n) for n in range(50)}), at(1))
    await store.caught_up()
    names = [key async for key in redis.scan_iter()]
    assert len(names) == 52
    assert all([await redis.pttl(name) > 0 for name in names])


async def test_the_mark_expires_before_the_rows(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    (row,) = [key async for key in redis.scan_iter(match="*:t:*")]
    assert await redis.pttl(store.keys.mark) <= 1_800_000 < await redis.pttl(row)


async def test_a_save_does_not_prolong_the_mark(redis: Redis) -> None:
    store = await opened(redis)
    await redis.pexpire(store.keys.mark, 60_000)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    assert await redis.pttl(store.keys.mark) <= 60_000


async def test_renewing_prolongs_rows_and_mark(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(n): card(n) for n in range(1200)}), at(1))
    names = [key async for key in redis.scan_iter()]
    for name in names:
        await redis.pexpire(name, 100_000)
    store.swept = float("-inf")
    await store.renew()
    assert min([await redis.pttl(name) for name in names]) > 1_700_000
    assert await redis.pttl(store.keys.mark) <= 1_800_000


async def test_renewing_leaves_other_generations_alone(redis: Redis) -> None:
    first, second = await opened(redis, 1), await opened(redis, 11)
    await second.save(changes(1, {key(1): card(1)}), at(1))
    names = [key async for key in redis.scan_iter(match=f"{second.keys.root}*")]
    for name in names:
        await redis.pexpire(name, 100_000)
    first.swept = float("-inf")
    await first.renew()
    assert max([await redis.pttl(name) for name in names]) <= 100_000


async def test_an_expired_mark_is_lost(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    await redis.delete(store.keys.mark)
    with pytest.raises(Lost):
        await store.checkpoint()


async def test_rows_of_an_earlier_filling_are_not_read(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    await redis.delete(store.keys.mark)
    await store.prepare()
    assert await store.checkpoint() == Checkpoint(0, 0, 0)
    assert await store.load([key(1)]) == {}
    assert await store.count() == 0


@pytest.mark.parametrize("method", ["load", "save", "checkpoint", "renew", "caught_up"])
async def test_a_flushed_server_is_lost(redis: Redis, method: str) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    await redis.flushdb()
    arguments = {"load": ([key(1)],), "save": (changes(2, {key(2): card(2)}), at(2))}
    with pytest.raises(Lost):
        await getattr(store, method)(*arguments.get(method, ()))
    assert await redis.dbsize() == 0


async def test_a_worker_that_missed_the_flush_cannot_write(redis: Redis) -> None:
    late = await opened(redis)
    await late.save(changes(1, {key(1): card(1)}), at(1))
    await redis.flushdb()
    await (await opened(redis)).save(changes(1, {}), at(1, token=2))
    with pytest.raises(Lost):
        await late.checkpoint()
    await late.prepare()
    with pytest.raises(LeaseLost):
        await late.save(changes(2, {key(2): card(2)}), at(2))


async def test_an_older_token_cannot_write(redis: Redis) -> None:
    old, new = await opened(redis), await opened(redis)
    await new.save(changes(1, {}), at(1, token=2))
    await old.checkpoint()
    with pytest.raises(LeaseLost):
        await old.save(changes(2, {key(1): card(1)}), at(2, token=1))
    assert await new.load([key(1)]) == {}


async def test_a_page_cannot_be_saved_over_one_it_has_not_seen(redis: Redis) -> None:
    first, second = await opened(redis), await opened(redis)
    await first.save(changes(5, {key(1): card(1, "first")}), at(5))
    with pytest.raises(LeaseLost):
        await second.save(changes(5, {key(1): card(1, "second")}), at(5))
    assert await second.load([key(1)]) == {key(1): card(1, "first")}


async def test_preparing_again_keeps_the_rows(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    again = await opened(redis)
    assert await again.load([key(1)]) == {key(1): card(1)}


async def test_dropping_removes_every_key_of_the_generation(redis: Redis) -> None:
    store, other = await opened(redis, 1), await opened(redis, 2)
    await store.save(changes(1, {key(n): card(n) for n in range(700)}), at(1))
    await other.save(changes(1, {key(1): card(1)}), at(1))
    await store.drop()
    await store.drop()
    assert await redis.dbsize() == 3
    assert await other.count() == 1


async def test_two_tenants_never_share_a_key(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1, ACME): card(1, "ours"), key(1, OTHER): card(1, "theirs")}), at(1))
    assert await store.load([key(1, ACME)]) == {key(1, ACME): card(1, "ours")}
    assert await store.load([key(1, OTHER)]) == {key(1, OTHER): card(1, "theirs")}


async def test_two_views_with_one_pattern_never_share_a_key(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    twin = RedisStore(Twins(), redis, 1)
    await twin.prepare()
    assert await twin.load([key(1)]) == {}


@pytest.mark.parametrize("nasty", ["a:seat:b", "*", "[a-z]", "{x}", "%", "", "é😀", "a b\n", "%3A"])
async def test_any_text_is_a_key_of_its_own(redis: Redis, nasty: str) -> None:
    store = RedisStore(Seats(), redis, 1)
    await store.prepare()
    rows = {
        (ACME, (nasty, "1")): Seat(hall=nasty, number="1", guest="ann"),
        (ACME, ("a", nasty)): Seat(hall="a", number=nasty, guest="bob"),
        (ACME, ("plain", "b:1")): Seat(hall="plain", number="b:1", guest="cid"),
        (ACME, ("plain:seat:b", "1")): Seat(hall="plain:seat:b", number="1", guest="dan"),
    }
    page = changes(1, {})
    page.update(rows)  # type: ignore[arg-type]
    await store.save(page, at(1))  # type: ignore[arg-type]
    assert await store.load(rows) == rows
    assert await store.count() == 4


async def test_a_large_page_is_one_step(redis: Redis) -> None:
    store = await opened(redis)
    rows = {key(n): card(n) for n in range(20_000)}
    await store.save(changes(1, dict(rows)), at(1))
    assert await store.load(rows) == rows


async def test_wants_upkeep(redis: Redis) -> None:
    assert isinstance(RedisStore(Cards(), redis, 1), Upkeep)


async def lose(redis: Redis, store: RedisStore[Card], full: FullKey) -> None:
    """Delete a row's key, as an eviction or somebody at the server does."""
    epoch = Mark.read(await redis.get(store.keys.mark) or "").epoch
    assert await redis.delete(store.keys.row(epoch, *full)) == 1


async def test_a_lost_row_is_not_taken_for_an_absent_one(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1), key(2): card(2), key(3, OTHER): card(3)}), at(1))
    await lose(redis, store, key(1))
    assert await store.load([key(2), key(4)]) == {key(2): card(2)}
    with pytest.raises(RowsLost) as lost:
        await store.load([key(1), key(2)])
    assert lost.value.tenants == {ACME}
    assert lost.value.rows == {key(2): card(2)}
    # From then on nothing of the tenant is trusted, and the others' rows are.
    with pytest.raises(RowsLost):
        await store.load([key(2)])
    assert await store.load([key(3, OTHER), key(9, OTHER)]) == {key(3, OTHER): card(3)}
    assert await (await opened(redis)).lost() == {ACME}


async def test_a_row_that_somebody_put_there_is_none(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    epoch = Mark.read(await redis.get(store.keys.mark) or "").epoch
    await redis.set(store.keys.row(epoch, *key(2)), b'{"id":"x","title":"y"}')
    assert await store.load([key(1), key(2)]) == {key(1): card(1)}
    assert [batch async for batch in store.scan()] == [{key(1): card(1)}]
    assert await store.lost() == frozenset()


async def test_a_deleted_row_is_not_lost(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    await store.save(changes(2, {key(1): None, key(2): None}), at(2))
    assert await store.load([key(1), key(2)]) == {}
    assert await store.lost() == frozenset()


async def test_a_walk_finds_lost_rows_that_nobody_asks_for(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(n, OTHER): card(n) for n in range(1200)}), at(1))
    await lose(redis, store, key(700, OTHER))
    assert await store.lost() == frozenset()
    store.swept = float("-inf")
    await store.renew()
    assert await store.lost() == {OTHER}


@pytest.mark.parametrize("method", ["load", "save", "checkpoint", "renew", "caught_up", "lost", "count"])
async def test_a_view_without_its_roster_is_lost(redis: Redis, method: str) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(1): card(1)}), at(1))
    await redis.delete(store.keys.roster)
    arguments = {"load": ([key(1)],), "save": (changes(2, {key(2): card(2)}), at(2))}
    with pytest.raises(Lost):
        await getattr(store, method)(*arguments.get(method, ()))
    await store.prepare()
    assert (await store.checkpoint(), await store.count()) == (Checkpoint(0, 0, 0), 0)


async def test_a_tenants_rows_are_found_again(redis: Redis) -> None:
    store = await opened(redis)
    await store.save(changes(1, {key(n): card(n) for n in range(700)}), at(1))
    await store.save(changes(2, {key(1, OTHER): card(1)}), at(2))
    await lose(redis, store, key(7))
    with pytest.raises(RowsLost):
        await store.load([key(7)])
    with pytest.raises(LeaseLost):
        await (await opened(redis)).clear(ACME, at(2, token=0))
    await store.clear(ACME, at(2, token=2))
    assert await store.count() == 1
    await store.save(changes(2, {key(7): card(7, "again")}), at(2, token=2))
    await store.found(ACME, at(2, token=2))
    assert await store.load([key(7), key(8), key(1, OTHER)]) == {
        key(7): card(7, "again"),
        key(1, OTHER): card(1),
    }


async def test_is_lossy(redis: Redis) -> None:
    assert isinstance(RedisStore(Cards(), redis, 1), Lossy)
