"""The last hours of sources: counted in Redis as events come in, and right while Redis is not."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis

from domain.gateway.letters import DeadLetter
from domain.kit.scenario import NOON
from projections.gateway.recent_hours import HOUR, MOST_HOURS, RecentHours, RecentHoursRow
from projections.kit.read.circuit_breaker import Unavailable
from projections.kit.read.live_generations import Only
from projections.kit.read.redis_reader import RedisRows
from tests.domain.envelopes import envelope
from tests.gateway.sending import Json, Sender, event
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

SOURCE = UUID(int=7)
_HOURS = """query ($id: ID!, $first: Int!, $after: Position) {
  source(id: $id, afterPosition: $after) { recentHours(first: $first) { hour accepted rejected } }
}"""


def counted(*hours: int) -> RecentHoursRow | None:
    """The row after an event was rejected in each of these hours after noon."""
    view, row = RecentHours(), None
    for position, hour in enumerate(hours, 1):
        kept = DeadLetter.Kept(
            source_id=SOURCE,
            key_id=None,
            event_id=None,
            event_type=None,
            raw="{}",
            subject_id=SOURCE,
            cut=False,
            rule="envelope",
            code="format",
            path=(),
            message="It is no event.",
            violations=1,
        ).stamped(UUID(int=position), 1, NOON + timedelta(minutes=5) + hour * HOUR)
        about = envelope(kept.stored_as, position=position)
        (key,) = view.touched(kept, about)
        row = view.apply(row, kept, key, about)
    return row


def test_each_hour_is_counted_whatever_the_order() -> None:
    row = counted(3, 3, 1, 3, 2, 1)
    assert row is not None
    assert row.hours == tuple(NOON + hour * HOUR for hour in (3, 2, 1))
    assert (row.rejected, row.accepted) == ((3, 1, 2), (0, 0, 0))


def test_no_more_hours_are_kept_than_are_shown() -> None:
    hours = range(MOST_HOURS + 9)
    row = counted(*hours, 0)
    assert row is not None
    assert row.hours == tuple(NOON + hour * HOUR for hour in reversed(hours[-MOST_HOURS:]))
    assert (len(row.accepted), row.rejected) == (MOST_HOURS, (1,) * MOST_HOURS)
    # One host whose clock is far ahead takes one place.
    ahead = counted(1000, *hours)
    assert ahead is not None
    assert ahead.hours[:2] == (NOON + 1000 * HOUR, NOON + hours[-1] * HOUR)


@pytest.mark.servers
async def test_what_a_source_sends_is_counted_as_it_comes_in_and_right_without_redis(
    product: Product, shop: Sender, client: Client
) -> None:
    events = [event() for _ in range(300)]
    bad = [event(timestamp="noon") for _ in range(20)]
    await shop.answers(*events, *bad)
    # What was stored before, as event or letter, counts once.
    results = await shop.answers(*events[:100], *bad, event())
    last = max(int(result["position"]) for result in results if "position" in result)

    async def shown(first: int) -> list[Json]:
        answer = await client.post(_HOURS, {"id": shop.id, "first": first, "after": str(last)})
        hours: list[Json] = answer.json()["data"]["source"]["recentHours"]
        return hours

    def sums(hours: list[Json]) -> tuple[int, int]:
        return sum(each["accepted"] for each in hours), sum(each["rejected"] for each in hours)

    # An hour may have ended meanwhile.
    assert sums(await shown(2)) == (301, 20)
    whole = await shown(24)
    assert (len(whole), sums(whole)) == (24, (301, 20))
    refused = (await client.post(_HOURS, {"id": shop.id, "first": 25})).json()
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

    stranger = await product.newcomer()
    assert await stranger.send("Source", id=shop.id) is None

    async with Redis.from_url(product.settings.redis_url) as redis:
        rows = RedisRows(RecentHours(), redis, Only(1))

        async def kept(tenant_id: UUID) -> tuple[int, int] | None:
            try:
                row = await rows.get(tenant_id, UUID(shop.id), at_least=last)
            except Unavailable:
                return None
            return None if row is None else (sum(row.accepted), sum(row.rejected))

        async def filled() -> bool:
            found = await kept(client.tenant)
            assert found in (None, (301, 20))
            return found is not None

        await until(filled)
        assert await kept(stranger.tenant) is None
        # Nothing else says what Redis is made to say.
        (key,) = [key async for key in redis.scan_iter(match=f"*:t:*:stats:source:{shop.id}:*")]
        row = json.loads(await redis.get(key) or "")
        row["accepted"][0] += 400
        await redis.set(key, json.dumps(row), keepttl=True)

        async def answered() -> bool:
            return sums(await shown(2)) == (701, 20)

        await until(answered)
        await redis.flushdb()
        assert sums(await shown(2)) == (301, 20)
        await until(filled)
        assert sums(await shown(2)) == (301, 20)
        (key,) = [key async for key in redis.scan_iter(match=f"*:t:*:stats:source:{shop.id}:*")]
        # The mark that vouches for the rows lives half as long as they, and is renewed in half of that time.
        assert await redis.pttl(key) > 4 * MOST_HOURS * 3_600_000 - 600_000
