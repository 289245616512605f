"""Silos and pooled tenants through one API process and one worker."""

from contextlib import nullcontext
from dataclasses import dataclass
from decimal import Decimal
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from app.placement.fence import refused
from domain.commerce.products import CreateProduct
from domain.kit.caller import SYSTEM, Caller
from domain.kit.tenants import Placement
from domain.operations.tenants import TenantMoving
from tests.domain.sending import accepted
from tests.kit.client import Client
from tests.placement.conftest import Platform
from tests.work.api import created

WORDS = ("Alabaster", "Basalt", "Chalk")


@dataclass
class Scene:
    """Two silos and a pooled tenant; each has a task whose title holds its own word."""

    platform: Platform
    clients: tuple[Client, Client, Client]
    tasks: tuple[str, str, str]


@pytest.fixture(scope="module")
async def scene(platform: Platform) -> Scene:
    kinds = (Placement.SILO, Placement.SILO, Placement.POOLED)
    tenants = [await platform.tenant(word.lower(), kind) for word, kind in zip(WORDS, kinds, strict=True)]
    clients = [await platform.newcomer(tenant) for tenant in tenants]
    tasks = [
        (await created(client, word, description=word))["id"]
        for client, word in zip(clients, WORDS, strict=True)
    ]
    return Scene(platform, (clients[0], clients[1], clients[2]), (tasks[0], tasks[1], tasks[2]))


async def words_in(connection: "asyncpg.Connection[asyncpg.Record]") -> set[str]:
    """Which of the words stand anywhere in the rows of any table."""
    tables = await connection.fetch(
        """select format('%I.%I', n.nspname, c.relname) as name from pg_class c
             join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"""
    )
    found = set[str]()
    for word in WORDS:
        for table in tables:
            query = f"select exists (select from {table['name']} t where t::text ilike '%' || $1 || '%')"
            if await connection.fetchval(query, word):
                found.add(word)
                break
    return found


async def test_who_has_not_heard_of_a_silo_writes_nothing_in_the_shared_database(scene: Scene) -> None:
    """They take its tenant for a pooled one."""
    silo, _, pooled = (client.tenant for client in scene.clients)
    for tenant in (silo, pooled):
        by = Caller(tenant_id=tenant, user_id=SYSTEM, kind="service")
        with pytest.raises(TenantMoving) if tenant == silo else nullcontext(), refused():
            stray = CreateProduct(id=uuid4(), sku="stray", name="Stray", price=Decimal(1), currency="EUR")
            await accepted(scene.platform.bus, stray, by=by)


async def test_each_tenant_is_answered_from_its_own_place(scene: Scene) -> None:
    for client, task, word in zip(scene.clients, scene.tasks, WORDS, strict=True):
        shown = await client.send("Task", id=task)
        assert shown["title"] == word


async def test_no_tenant_sees_the_tasks_of_another(scene: Scene) -> None:
    for client, own in zip(scene.clients, scene.tasks, strict=True):
        others = [task for task in scene.tasks if task != own]
        assert [await client.send("Task", id=task) for task in others] == [None, None]


async def test_a_silo_holds_no_word_of_another_tenant(scene: Scene) -> None:
    for place in (0, 1):
        connection = await scene.platform.database(scene.clients[place].tenant)
        assert await words_in(connection) == {WORDS[place]}
        await connection.close()


async def test_the_shared_log_and_views_hold_no_word_of_a_silo(scene: Scene) -> None:
    connection = await scene.platform.database()
    silos = [client.tenant for client in scene.clients[:2]]
    assert not await connection.fetchval(
        "select exists (select from es.events where tenant_id = any($1))", silos
    )
    assert await connection.fetchval(
        "select exists (select from es.events where tenant_id = $1)", scene.clients[2].tenant
    )
    await connection.close()


async def test_a_worker_folds_a_silo_that_was_made_while_it_runs(scene: Scene) -> None:
    client = scene.clients[0]
    receipt = await client.send("CreateTask", input={"title": "folded"})
    answer = await client.answer("Task", id=receipt["task"]["id"], afterPosition=receipt["position"])
    assert answer["data"]["task"]["title"] == "folded"
    assert "stale" not in answer.get("extensions", {})


async def test_the_keys_of_a_silo_have_a_prefix_of_its_own(scene: Scene) -> None:
    redis: Redis = Redis.from_url(scene.platform.settings.redis_url)
    for client, silo in zip(scene.clients, (True, True, False), strict=True):
        keys = {key.decode() async for key in redis.scan_iter(match=f"*:t:{client.tenant}:*")}
        prefix = f"hw.{client.tenant.hex}:" if silo else "hw:"
        assert keys
        assert {key for key in keys if not key.startswith(prefix)} == set()
    await redis.aclose()


async def test_a_subscription_tells_of_the_silo_and_of_nobody_else(scene: Scene) -> None:
    first, second, _ = scene.clients
    async with first.watching("TaskChanged") as messages:
        other = await created(second, "elsewhere")
        mine = await created(first, "here")
        message = await anext(messages)
        assert (mine["id"] in str(message), other["id"] in str(message)) == (True, False)
