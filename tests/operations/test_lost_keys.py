"""Keys of Redis go while events come in: no answer is ever wrong, and the rows are rebuilt by themselves."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from projections.kit.read.circuit_breaker import Unavailable
from projections.kit.read.live_generations import Only
from projections.kit.read.redis_reader import RedisRows
from projections.work.stats import UserCounts
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.rebuilding import rebuilding


@pytest.fixture(scope="module", autouse=True)
async def at_work(product: Product) -> AsyncIterator[None]:
    """What is asked for is built."""
    async with rebuilding(product.settings):
        yield


@pytest.fixture
async def redis(product: Product) -> AsyncIterator[Redis]:
    """Somebody at the server."""
    async with Redis.from_url(product.settings.redis_url) as client:
        yield client


async def works(client: Client, count: int, before: int = 0) -> int:
    """Take up tasks one after the other; each time the counts are those of all that were taken up. Answers
    the position of the last."""
    position = 0
    for number in range(before + 1, before + count + 1):
        receipt = await client.send("CreateTask", input={"title": "Dig", "assignedTo": client.me})
        answer = await client.send("TaskStats", afterPosition=receipt["position"])
        assert answer["todo"] == number
        position = int(receipt["position"])
    return position


async def counted(redis: Redis, client: Client, at_least: int) -> int | None:
    """What Redis itself says as of a position; None while it says that it does not know."""
    try:
        row = await RedisRows(UserCounts(), redis, Only(1)).get(client.tenant, client.user, at_least=at_least)
    except Unavailable:
        return None
    return 0 if row is None else row.todo


async def is_back(redis: Redis, client: Client, count: int, at_least: int) -> None:
    """Wait until Redis counts again by itself, and never says anything else meanwhile."""

    async def back() -> bool:
        said = await counted(redis, client, at_least)
        assert said in (None, count)
        return said == count

    await until(back)


async def keys(redis: Redis, pattern: str) -> list[bytes]:
    """Keys of the view, in the generation that serves."""
    return [key async for key in redis.scan_iter(match=f"hw:{UserCounts.name}:v1:g1:*{pattern}*")]


async def test_one_key_is_deleted(product: Product, client: Client, redis: Redis) -> None:
    neighbour = await product.newcomer()
    await works(neighbour, 2)
    await is_back(redis, client, 5, await works(client, 5))
    (name,) = await keys(redis, client.me)
    await redis.delete(name)
    await works(neighbour, 2, 2)
    last = await works(client, 5, 5)
    await is_back(redis, client, 10, last)
    await is_back(redis, neighbour, 4, last)
    assert await keys(redis, client.me) == [name]
    await is_back(redis, client, 12, await works(client, 2, 10))


async def test_a_key_that_nothing_touches_is_missed_by_its_readers(client: Client, redis: Redis) -> None:
    last = await works(client, 3)
    await is_back(redis, client, 3, last)
    (name,) = await keys(redis, client.me)
    await redis.delete(name)
    assert (await client.send("TaskStats"))["todo"] == 3
    await is_back(redis, client, 3, last)
    assert await keys(redis, client.me) == [name]


async def test_all_keys_of_a_tenant_are_deleted(product: Product, client: Client, redis: Redis) -> None:
    other = await product.newcomer("Bob", tenant=client.tenant)
    await works(client, 3)
    last = await works(other, 4)
    await is_back(redis, client, 3, last)
    await is_back(redis, other, 4, last)
    gone = await redis.delete(*[key async for key in redis.scan_iter(match=f"*:t:{client.tenant}:*")])
    assert gone > 2
    last = await works(other, 3, 4)
    await is_back(redis, other, 7, last)
    await is_back(redis, client, 3, last)


async def test_a_project_whose_members_are_evicted_keeps_them(client: Client, redis: Redis) -> None:
    receipt = await client.send("CreateProject", input={"name": "Garden"})
    project = receipt["project"]["id"]
    members = (await client.send("Project", id=project, afterPosition=receipt["position"]))["memberIds"]
    lists = f"*:t:{client.tenant}:project:{project}:members"

    async def listed() -> bool:
        return bool([key async for key in redis.scan_iter(match=lists)])

    async def evicted() -> bool:
        return not await listed()

    await until(listed)
    for name in [key async for key in redis.scan_iter(match=lists)]:
        await redis.pexpire(name, 1)
    await until(evicted)
    assert (await client.send("Project", id=project))["memberIds"] == members == [client.me]
    await until(listed)


async def test_everything_is_flushed(product: Product, client: Client, redis: Redis) -> None:
    await works(client, 5)
    await redis.flushdb()
    await is_back(redis, client, 10, await works(client, 5, 5))


async def test_many_tenants_lose_keys_at_once(product: Product, redis: Redis) -> None:
    """More than are rebuilt one by one: the view is refilled, and all are right."""
    clients = [await product.newcomer() for _ in range(10)]
    for client in clients:
        await is_back(redis, client, 2, await works(client, 2))
    for client in clients:
        (name,) = await keys(redis, client.me)
        await redis.delete(name)
    last = max([await works(client, 1, 2) for client in clients])
    for client in clients:
        await is_back(redis, client, 3, last)
