"""A write to Redis that comes late, after somebody else has taken the view over."""

import pytest
from redis.asyncio import Redis

from projections.kit.store.store import LeaseLost
from tests.stores.rows import ACME, at, card, changes, key
from tests.stores.test_redis_store import opened


async def test_who_takes_over_does_not_go_back_behind_a_write_that_came_late(redis: Redis) -> None:
    """A server that was stopped answers their look, and then a write of the former holder that was on its way:
    the events of that would be folded twice."""
    former, heir = await opened(redis), await opened(redis)
    await former.save(changes(1, {key(1): card(1, "first")}), at(1))
    assert (await heir.checkpoint()).position == 1
    await former.save(changes(2, {key(1): card(1, "second")}), at(2))
    assert await heir.lost() == frozenset()
    for write in (heir.save(changes(1, {}), at(1, token=2)), heir.clear(ACME, at(1, token=2))):
        with pytest.raises(LeaseLost):
            await write
    assert ((await heir.checkpoint()).position, await heir.load([key(1)])) == (2, {key(1): card(1, "second")})


async def test_who_takes_over_does_not_fold_again_what_a_late_write_holds(redis: Redis) -> None:
    """They stand where they were given the view, see the late write while they look after the rows, and then fold
    a page that begins before it and ends behind it."""
    former, heir = await opened(redis), await opened(redis)
    await former.save(changes(1, {key(1): card(1, "first")}), at(1))
    assert (await heir.checkpoint()).position == 1
    await former.save(changes(2, {key(1): card(1, "second")}), at(2), after=1)
    await heir.renew()
    with pytest.raises(LeaseLost):
        await heir.save(changes(3, {key(1): card(1, "second, second and third")}), at(3, token=2), after=1)
    await heir.save(changes(3, {key(1): card(1, "third")}), at(3, token=2), after=2)
    assert await heir.load([key(1)]) == {key(1): card(1, "third")}
