"""The access log goes with its tenant, so that who asks where it is now is told of all that was read."""

import asyncio
import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from api.kit.schema.access_log import AccessRecord
from app.audit.access_writer import recorded, recording
from app.placement.access_copy import carry_late, copy_accesses, verify_accesses
from app.placement.late_accesses import carry_all
from app.placement.places import with_database
from app.storage.database import Database
from domain.kit.tenants import Placement
from projections.operations.tenant_placements import PlacementRequest
from tests.audit.accesses import access
from tests.kit.processes import until
from tests.kit.servers import SECRET
from tests.operations.command_line import CommandLine
from tests.placement.conftest import Platform, silo_name

SILO, POOLED = Placement.SILO, Placement.POOLED
READY = PlacementRequest(status="ready")
OLD = datetime(2025, 7, 1, tzinfo=UTC)
"""The first moment of a month that a new database has no partition for."""
_INSERT = """
insert into audit.data_access
       (tenant_id, at, user_id, kind, operation, root_fields, fields, subjects, revealed, outcome)
values ($1, $2, $3, 'person', 'Meanwhile', '{}', '{}', '{}', '{}', 'done')
"""


async def _noted(
    platform: Platform,
    tenant: UUID,
    *operations: str,
    place: Placement = POOLED,
    subject: UUID | None = None,
) -> None:
    """Write accesses where a pooled tenant is, or one with a silo, all at the same moment."""
    url = platform.settings.database_url
    if place is SILO:
        url = with_database(url, silo_name(platform.settings, tenant))
    database = await Database.open(url, secret=SECRET, writers=1, readers=1)
    async with recording(database.writer) as writer:
        for operation in operations:
            writer.note(_read(tenant, operation, subject))
    await database.close()


def _read(tenant: UUID, operation: str, subject: UUID | None = None) -> AccessRecord:
    subjects = () if subject is None else (subject,)
    return access(tenant, operation=operation, at=OLD, user_id=UUID(int=7), subjects=subjects)


async def _shown(platform: Platform, tenant: UUID) -> list[str]:
    """What ``audit show --tenant`` lists of it."""
    words = ("audit", "show", "--tenant", str(tenant), "--user", str(UUID(int=7)), "--json")
    ran = await asyncio.to_thread(CommandLine(platform.settings), *words)
    return sorted(record["operation"] for record in ran.json)


async def test_every_reader_is_told_of_it_after_each_move(platform: Platform) -> None:
    tenant = await platform.tenant("watched", POOLED)
    client = await platform.newcomer(tenant)
    # Two that say the same are two.
    await _noted(platform, tenant, "Twice", "Twice", "Once")
    for place in (SILO, POOLED, SILO):
        assert await platform.moves(tenant, place) == READY
        await platform.knows(client)
        page = await client.send("Accesses", first=100, filter={"userId": {"eq": str(UUID(int=7))}})
        assert sorted(node["operation"] for node in page["nodes"]) == ["Once", "Twice", "Twice"]
    assert await _shown(platform, tenant) == ["Once", "Twice", "Twice"]
    shared = await platform.database()
    kept = "select count(*) from audit.data_access where tenant_id = $1 and at = $2"
    assert await shared.fetchval(kept, tenant, OLD) == 3
    await shared.close()


async def test_only_what_is_missing_is_copied(platform: Platform) -> None:
    tenant = await platform.tenant("later", POOLED)
    await _noted(platform, tenant, "First")
    assert await platform.moves(tenant, SILO) == READY
    # Whoever could not write them before writes them where the tenant was.
    await _noted(platform, tenant, "First", "Second")
    shared, own = await platform.database(), await platform.database(tenant)
    read = "select operation from audit.data_access where tenant_id = $1 and at = $2 order by operation"
    for _ in range(2):
        await copy_accesses(shared, own, tenant)
        found = [row["operation"] for row in await own.fetch(read, tenant, OLD)]
        assert found == ["First", "First", "Second"]
    await shared.close()
    await own.close()


async def test_the_worker_takes_along_what_is_recorded_at_the_old_place_later(platform: Platform) -> None:
    tenant = await platform.tenant("tardy", POOLED)
    places = (POOLED, SILO, POOLED)
    for place, to in pairwise(places):
        assert await platform.moves(tenant, to) == READY
        await _noted(platform, tenant, f"Left in {place.value}", place=place)

        async def carried(operation: str = f"Left in {place.value}") -> bool:
            return operation in await _shown(platform, tenant)

        await until(carried)
    assert await _shown(platform, tenant) == ["Left in pooled", "Left in silo"]


async def test_what_is_being_recorded_meanwhile_stays_noted(platform: Platform) -> None:
    tenant = await platform.tenant("between", POOLED)
    assert await platform.moves(tenant, SILO) == READY
    database = await Database.open(platform.settings.database_url, secret=SECRET, writers=2, readers=1)
    shared, own = await platform.database(), await platform.database(tenant)
    watch = await platform.database()
    pid = await shared.fetchval("select pg_backend_pid()")

    async def waits() -> bool:
        return bool(await watch.fetchval("select cardinality(pg_blocking_pids($1))", pid))

    await recorded(database.writer, [_read(tenant, "Before")])
    async with database.writer.acquire() as connection, connection.transaction():
        await connection.execute(_INSERT, tenant, OLD, UUID(int=7))
        carrying = asyncio.create_task(carry_late(shared, own, tenant))
        await until(waits)
    await carrying
    noted = await watch.fetchval("select accesses_from from placement.away where tenant_id = $1", tenant)
    assert noted == OLD
    for _ in range(2):
        await carry_all(platform.settings, platform.registry)
        assert await _shown(platform, tenant) == ["Before", "Meanwhile"]
    for one in (shared, own, watch):
        await one.close()
    await database.close()


async def test_a_silo_that_was_dropped_and_one_that_is_away_hold_up_nobody(platform: Platform) -> None:
    gone, away = await platform.tenant("dropped", SILO), await platform.tenant("unreachable", SILO)
    tenant = await platform.tenant("waiting", POOLED)
    for one in (gone, away):
        assert await platform.moves(one, POOLED) == READY
    assert await platform.moves(tenant, SILO) == READY
    await _noted(platform, tenant, "Late")
    shared = await platform.database()
    await shared.execute(f'drop database "{silo_name(platform.settings, gone)}" with (force)')
    await shared.execute(f'alter database "{silo_name(platform.settings, away)}" connection limit 0')
    await shared.execute(f'alter database "{silo_name(platform.settings, away)}" allow_connections false')

    async def only_that_one_waits() -> bool:
        left = await carry_all(platform.settings, platform.registry)
        return left.keys() == {"unreachable"}

    await until(only_that_one_waits)
    assert await _shown(platform, tenant) == ["Late"]
    await shared.close()


async def test_an_export_after_a_move_holds_what_was_read_before_and_after_it(
    platform: Platform, tmp_path: Path
) -> None:
    tenant = await platform.tenant("exporting", POOLED)
    client = await platform.newcomer(tenant)
    await _noted(platform, tenant, "Before", subject=UUID(client.me))
    assert await platform.moves(tenant, SILO) == READY
    await _noted(platform, tenant, "Late", subject=UUID(client.me))
    await carry_all(platform.settings, platform.registry)
    out = tmp_path / "export.json"
    words = ("privacy", "export", "exporting", client.me, "--out", str(out))
    ran = await asyncio.to_thread(CommandLine(platform.settings), *words)
    assert ran.code == 0, ran
    read = {record["operation"] for record in json.loads(out.read_text())["additional_data"]["accesses"]}
    assert {"Before", "Late"} <= read


async def test_what_is_no_longer_kept_does_not_come_back(platform: Platform) -> None:
    tenant = await platform.tenant("gone", SILO)
    await _noted(platform, tenant, "Dropped")
    shared, own = await platform.database(), await platform.database(tenant)
    await own.execute(
        "insert into audit.retention (log, since) values ('audit.data_access', '2025-08-01Z')"
        " on conflict (log) do update set since = excluded.since"
    )
    await verify_accesses(shared, own, tenant)
    assert await own.fetchval("select count(*) from audit.data_access where at = $1", OLD) == 0
    await shared.close()
    await own.close()
