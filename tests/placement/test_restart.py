"""API and worker are started again after a tenant was moved to a database of its own: they find it there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import httpx

from app.settings import Settings
from domain.kit.tenants import Placement
from tests.kit.client import Client
from tests.kit.product import LIMITS, PRODUCT, running
from tests.placement.conftest import drop_silos, platform_on, silo_name, worker
from tests.work.api import created


@asynccontextmanager
async def started_again(settings: Settings, client: Client) -> AsyncIterator[Client]:
    """The client of a new API, with a new worker beside it."""
    async with (
        worker(settings),
        running(settings) as url,
        httpx.AsyncClient(base_url=url, timeout=120, limits=LIMITS) as http,
    ):
        yield replace(client, http=http)


async def _works(client: Client, before: int) -> None:
    """Read and change the tenant's work, and read the change from a view that is folded by the worker."""
    command = {"input": {"title": "after", "assignedTo": client.me}, "commandId": str(uuid4())}
    receipt = await client.send("CreateTask", **command)
    assert receipt["repeated"] is False, receipt
    answer = await client.answer("TaskStats", afterPosition=receipt["position"])
    assert "stale" not in answer["extensions"]
    assert answer["data"]["taskStats"]["todo"] == before + 1
    assert (await client.send("CreateTask", **command))["repeated"] is True


async def test_a_tenant_that_was_moved_is_found_after_a_restart(settings: Settings) -> None:
    settings = replace(settings, **PRODUCT)  # type: ignore[arg-type]
    try:
        async with platform_on(settings, keep=True) as platform:
            mover = await platform.newcomer(await platform.tenant("mover", Placement.POOLED))
            stayer = await platform.newcomer(await platform.tenant("stayer", Placement.POOLED))
            tasks = [(await created(mover, f"task {n}", assignedTo=mover.me))["id"] for n in range(3)]
            await created(stayer, "stays", assignedTo=stayer.me)
            assert (await platform.moves(mover.tenant, Placement.SILO)).status == "ready"
            await platform.knows(mover)
        for round in range(2):
            async with started_again(settings, mover) as again:
                # Nobody was waited for: whoever is asked first has to find the tenant.
                shown = [await again.send("Task", id=task) for task in tasks]
                assert [row["title"] for row in shown] == [f"task {n}" for n in range(3)]
                await _works(again, 3 + round)
                await _works(replace(stayer, http=again.http), 1 + round)
        silo = await platform.database(mover.tenant)
        shared = await platform.database()
        count = "select count(*) from es.events where tenant_id = $1 and type = 'work.task.created'"
        try:
            # Three, what was asked to see whether it is there yet, and one after each restart.
            assert await silo.fetchval(count, mover.tenant) == 6
            assert await silo.fetchval(count, stayer.tenant) == 0
            assert await shared.fetchval(count, stayer.tenant) == 3
            assert await shared.fetchval(count, mover.tenant) == 3
            assert await silo.fetchval("select current_database()") == silo_name(settings, mover.tenant)
        finally:
            await silo.close()
            await shared.close()
    finally:
        await drop_silos(settings)
