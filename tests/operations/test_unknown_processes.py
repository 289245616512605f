"""A process that no code has any more is named as such, makes nothing unwell, and holds up no move."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from app.placement import process_rows
from app.telemetry.monitoring_access import watch_token
from tests.kit.product import Product
from tests.operations.command_line import CommandLine

GONE = "toys.gone"
TENANT = uuid4()
_PARKED = """
insert into processes.ledger (tenant_id, process, instance, cause, key, kind, name, payload, status, attempts,
                              next_at, event_id, position, correlation_id, made_at)
values ($1, $2, 'i', gen_random_uuid(), 'k', 'effect', 'n', '{}', 'parked', 3, now(),
        gen_random_uuid(), 1, '', now())
"""


@pytest.fixture
async def owner(product: Product) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The database with what other code left behind, after which something happened; it goes with the test."""
    owner = await asyncpg.connect(product.settings.database_url)
    async with owner.transaction():
        # Behind every other process, whatever these have reacted to.
        await owner.execute(
            "insert into processes.lanes (process, version, since, position) values ($1, 1, 0, -1)", GONE
        )
        await owner.execute(_PARKED, TENANT, GONE)
    yield owner
    for table in ("ledger", "lanes", "holders"):
        await owner.execute(f"delete from processes.{table} where process = $1", GONE)
    await owner.close()


@pytest.mark.usefixtures("owner")
async def test_it_makes_nothing_unwell(product: Product) -> None:
    headers = {"authorization": f"Bearer {watch_token(product.settings)}"}
    ready = (await product.http.get("/health/ready", headers=headers)).json()
    assert [said for said in ready["problems"] if GONE in said] == []
    assert GONE not in (await product.http.get("/metrics", headers=headers)).text
    run = CommandLine(product.settings)
    lines = [line for line in (await asyncio.to_thread(run, "status")).out.splitlines() if GONE in line]
    assert lines == [
        f"Unknown to this version of the code: the process {GONE}. It rests until code has it again."
    ]
    in_json = (await asyncio.to_thread(run, "status", "--json")).json
    assert in_json["unknown_processes"] == [GONE]
    assert [said for said in in_json["problems"] if GONE in said] == []
    effects = await asyncio.to_thread(run, "effects", "list", "--check")
    assert (
        effects.code,
        [line for line in effects.out.splitlines() if "Not well" in line and GONE in line],
    ) == (0, [])


async def test_a_move_waits_for_it_only_while_somebody_runs_it(
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    assert await process_rows.rest(owner, TENANT, head=0)
    await owner.execute("update processes.ledger set status = 'running' where process = $1", GONE)
    assert await process_rows.rest(owner, TENANT, head=0)
    hold = "insert into processes.holders (process, holder, pid) values ($1, 'newer', 1)"
    await owner.execute(hold, GONE)
    assert not await process_rows.rest(owner, TENANT, head=0)
    await owner.execute("update processes.lanes set position = 0 where process = $1", GONE)
    assert not await process_rows.rest(owner, TENANT, head=0)
    await owner.execute("update processes.ledger set status = 'done' where process = $1", GONE)
    assert await process_rows.rest(owner, TENANT, head=0)
