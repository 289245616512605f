"""Moving a tenant into a database of its own and back, while it is read."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
import pytest

from app.placement import fence
from app.placement.registry import Registry
from app.storage.database import Database
from domain.kit.tenants import Placement
from projections.operations.tenant_placements import PlacementRequest
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import running
from tests.kit.servers import SECRET
from tests.kit.times import IN_A_YEAR
from tests.placement.conftest import Platform, silo_name
from tests.placement.places import events_of
from tests.work.api import created

SILO, POOLED = Placement.SILO, Placement.POOLED
READY = PlacementRequest(status="ready")


async def _with_tasks(platform: Platform, slug: str, kind: Placement = POOLED) -> tuple[Client, list[str]]:
    client = await platform.newcomer(await platform.tenant(slug, kind))
    return client, [(await created(client, f"task {n}"))["id"] for n in range(3)]


async def test_its_tasks_are_there_after_each_move(platform: Platform) -> None:
    client, tasks = await _with_tasks(platform, "nomad")
    for place in (SILO, POOLED, SILO):
        assert await platform.moves(client.tenant, place) == READY
        await platform.knows(client)
        shown = [await client.send("Task", id=task) for task in tasks]
        assert [row["title"] for row in shown] == [f"task {n}" for n in range(len(tasks))]
        tasks.append((await created(client, f"task {len(tasks)}"))["id"])


async def test_it_is_told_where_it_is(platform: Platform) -> None:
    client, _ = await _with_tasks(platform, "told")
    for place in (SILO, POOLED, SILO):
        assert await platform.moves(client.tenant, place) == READY
        await platform.knows(client)
        answer = (await client.post("{ tenant { placement } }")).json()
        assert answer["data"]["tenant"]["placement"] == place.name


async def test_nobody_waits_for_a_view_that_no_code_has(platform: Platform) -> None:
    client, _ = await _with_tasks(platform, "taken-back")
    assert await platform.moves(client.tenant, SILO) == READY
    shared = await platform.database()
    # What a newer version of the product leaves behind that was taken back.
    await shared.execute(
        "insert into ops.views (view, store, inline, live) values ('newer.things', 'postgres', false, 1)"
    )
    await shared.execute(
        """insert into ops.lanes (view, generation, version, phase, served_at)
           values ('newer.things', 1, 1, 'following', clock_timestamp())"""
    )
    try:
        assert await platform.moves(client.tenant, POOLED) == READY
    finally:
        await shared.execute("delete from ops.lanes where view = 'newer.things'")
        await shared.execute("delete from ops.views where view = 'newer.things'")
        await shared.close()


async def test_events_keep_their_ids_payloads_and_order(platform: Platform) -> None:
    client, _ = await _with_tasks(platform, "exact")
    assert await platform.moves(client.tenant, SILO) == READY
    shared, own = await platform.database(), await platform.database(client.tenant)
    there, here = await events_of(shared, client.tenant), await events_of(own, client.tenant)
    assert there == here
    assert len(there) >= 5
    stamps = """select event_id, timestamp, originator_version from es.events
                 where tenant_id = $1 and type <> 'tenancy.tenant.moved' order by position"""
    assert await shared.fetch(stamps, client.tenant) == await own.fetch(stamps, client.tenant)
    await shared.close()
    await own.close()


async def test_a_command_sent_again_after_the_move_is_known(platform: Platform) -> None:
    client, _ = await _with_tasks(platform, "again")
    command = {"input": {"title": "once"}, "commandId": str(uuid4())}
    first = await client.send("CreateTask", **command)
    assert await platform.moves(client.tenant, SILO) == READY
    await platform.knows(client)
    second = await client.send("CreateTask", **command)
    assert (first["repeated"], second["repeated"]) == (False, True)
    assert second["task"]["id"] == first["task"]["id"]


async def test_what_was_left_in_the_shared_log_is_hidden_from_readers(platform: Platform) -> None:
    client, _ = await _with_tasks(platform, "hidden")
    assert await platform.moves(client.tenant, SILO) == READY
    shared = await platform.database()
    assert await shared.fetchval("select count(*) from es.events where tenant_id = $1", client.tenant)
    await shared.execute("set role headwater_reader")
    await shared.execute("select set_config('headwater.tenant', $1, false)", str(client.tenant))
    for table in ("es.events", "es.streams", "es.commands", "processes.instances"):
        assert not await shared.fetchval(f"select count(*) from {table}"), table
    await shared.close()


async def test_what_was_left_in_the_shared_views_is_out_of_every_scope(platform: Platform) -> None:
    client, _ = await _with_tasks(platform, "unseen")
    assert await platform.moves(client.tenant, SILO) == READY
    database = await Database.open(platform.settings.database_url, secret=SECRET, writers=1, readers=1)
    async with database.reading(client.tenant) as reader:
        assert await reader.fetchval("select count(*) from tasks.tasks") == 0
    await database.close()


async def test_who_has_not_heard_of_a_move_finds_the_people_where_they_are(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an API that hears no news would answer, for as long as that takes, that there is no such key."""
    client, tasks = await _with_tasks(platform, "unheard")
    terms = {"name": "robot", "permissions": ["users:read", "work:read"], "expiresAt": IN_A_YEAR}
    secret = (await client.send("CreateApiKey", input=terms))["key"]

    async def hear_nothing(registry: Registry) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Registry, "run", hear_nothing)
    async with (
        running(platform.settings) as url,
        httpx.AsyncClient(base_url=url, timeout=120) as http,
    ):
        robot = replace(client, http=http, token=secret)
        assert (await robot.send("Task", id=tasks[0]))["id"] == tasks[0]
        assert await platform.moves(client.tenant, SILO) == READY

        async def found() -> bool:
            # Whose key was known a moment ago is shown an empty place until it is looked up again.
            return (await robot.send("Task", id=tasks[0])) is not None

        await until(found)


async def test_others_go_on_where_somebody_was_moved_away(platform: Platform) -> None:
    leaving, _ = await _with_tasks(platform, "leaving")
    staying, tasks = await _with_tasks(platform, "staying")
    assert await platform.moves(leaving.tenant, SILO) == READY
    more = await created(staying, "still here")
    assert [(await staying.send("Task", id=id))["id"] for id in (*tasks, more["id"])] == [*tasks, more["id"]]


async def test_a_frozen_tenant_is_read_and_refuses_changes(platform: Platform) -> None:
    client, tasks = await _with_tasks(platform, "frozen")
    shared = await platform.database()
    await fence.freeze(shared, client.tenant)
    refused = await client.send("CreateTask", input={"title": "too late"})
    assert refused["code"] == "tenant_moving"
    assert (await client.send("Task", id=tasks[0]))["title"] == "task 0"
    await fence.lift(shared, client.tenant)
    await created(client, "in time")
    await shared.close()


async def test_a_move_that_fails_leaves_everything_as_it_was(platform: Platform) -> None:
    client, tasks = await _with_tasks(platform, "rooted")
    # Somebody else's database stands where the silo would be.
    shared = await platform.database()
    name = silo_name(platform.settings, client.tenant)
    await shared.execute(f'create database "{name}" template template0')
    await _put_a_table(platform, client.tenant)
    request = await platform.moves(client.tenant, SILO)
    assert (request.status, request.step) == ("ready", "prepare")
    assert (await client.send("Task", id=tasks[0]))["title"] == "task 0"
    await created(client, "and on")
    assert await shared.fetchval("select true from pg_database where datname = $1", name)
    await shared.close()


@pytest.mark.parametrize(("kind", "code"), [(POOLED, "already_placed_there")])
async def test_refuses_to_move_to_where_it_is(platform: Platform, kind: Placement, code: str) -> None:
    client, _ = await _with_tasks(platform, "still")
    with pytest.raises(AssertionError, match="AlreadyPlacedThere"):
        await platform.moves(client.tenant, kind)


async def _put_a_table(platform: Platform, tenant: UUID) -> None:
    own = await platform.database(tenant)
    await own.execute("create table precious ()")
    await own.close()
