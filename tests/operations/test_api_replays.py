"""Replays through the API: what differs is counted, put right and on record."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from projections.kit.declare.row import replace
from projections.kit.declare.view import RowChanges
from projections.kit.store.redis_store import RedisStore
from projections.work.stats import UserCounts, UserStatsRow
from tests.kit.client import Client
from tests.kit.product import Product

VIEW = UserCounts.name


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may repair."""
    return product.client(uuid4(), uuid4(), ["ops:repair"])


@pytest.fixture
async def store(product: Product) -> AsyncIterator[RedisStore[UserStatsRow]]:
    """The counts in Redis, written behind the workers' back."""
    async with Redis.from_url(product.settings.redis_url) as redis:
        yield RedisStore(UserCounts(), redis, 1)


async def spoilt(client: Client, store: RedisStore[UserStatsRow]) -> str:
    """A task of the client, whose count in Redis is then wrong; the task's id."""
    receipt = await client.send("CreateTask", input={"title": "Sow", "assignedTo": client.me})
    await client.send("TaskStats", afterPosition=receipt["position"])
    full = client.tenant, (client.user,)
    while not (found := await store.load([full])):
        pass
    changes: RowChanges[UserStatsRow] = RowChanges()
    changes[full] = replace(found[full], todo=7)
    await store.save(changes, await store.checkpoint())
    id: str = receipt["task"]["id"]
    return id


async def replayed(operator: Client, **input: Any) -> tuple[str, dict[str, Any]]:
    """The id of the command, and what was found in the view."""
    receipt = await operator.send("ReplayEvents", input={"views": [VIEW], **input})
    assert "views" in receipt, receipt
    (view,) = receipt["views"]
    return receipt["commandId"], view


async def test_what_differs_is_told_put_right_and_on_record(
    product: Product, operator: Client, client: Client, store: RedisStore[UserStatsRow]
) -> None:
    task = await spoilt(client, store)
    stream = {"tenantId": str(client.tenant), "stream": task}
    _, found = await replayed(operator, **stream, dryRun=True)
    assert found == {"view": VIEW, "rows": 1, "differing": 1, "written": False}
    id, found = await replayed(operator, **stream)
    assert found == {"view": VIEW, "rows": 1, "differing": 1, "written": True}
    _, found = await replayed(operator, **stream, dryRun=True)
    assert found["differing"] == 0
    ((full, row),) = (await store.load([(client.tenant, (client.user,))])).items()
    assert (full[0], row.todo) == (client.tenant, 1)
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        noted = await owner.fetchrow("select type, user_id from es.events where originator_id = $1", UUID(id))
    finally:
        await owner.close()
    assert noted is not None
    assert tuple(noted) == ("operations.intervention.replay_requested", operator.user)


@pytest.mark.parametrize(
    ("input", "code"),
    [
        ({"views": [VIEW]}, "invalid"),
        ({"views": ["no.view"], "stream": str(uuid4())}, "not_found"),
        ({"stream": str(uuid4()), "first": 0}, "invalid"),
    ],
)
async def test_refuses_what_cannot_be_replayed(operator: Client, input: dict[str, Any], code: str) -> None:
    assert (await operator.send("ReplayEvents", input=input))["code"] == code


async def test_takes_the_permission_to_repair(product: Product) -> None:
    guest = product.client(uuid4(), uuid4(), ["ops:views", "ops:rebuild"])
    code, _ = await guest.error("ReplayEvents", input={"stream": str(uuid4())})
    assert code == "FORBIDDEN"
