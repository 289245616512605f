"""What operators ask through the API and the command line."""

import asyncio
from uuid import UUID, uuid4

import pytest

from app.auth.tokens.authentication import Tokens
from app.placement import fence
from domain.kit.caller import PLATFORM
from domain.kit.tenants import Placement
from projections.operations.tenant_placements import PlacementRequest
from tests.auth.people import registered
from tests.kit.client import Client
from tests.kit.following import Worker
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.command_line import CommandLine
from tests.placement.conftest import Platform


def operator(platform: Platform, *permissions: str) -> Client:
    """Somebody of the platform with these permissions."""
    user = uuid4()
    tokens = Tokens(platform.settings.derive("tokens"))
    token = tokens.issue(tenant_id=PLATFORM, user_id=user, permissions=permissions)
    return Client(platform.http, token, PLATFORM, user)


async def test_an_operator_makes_a_silo_and_moves_it(platform: Platform) -> None:
    client = operator(platform, "ops:tenants")
    receipt = await client.send(
        "CreateTenant",
        input={"name": "Acme", "slug": "acme", "region": "local", "placement": "SILO"},
    )
    tenant = UUID(receipt["tenantId"])
    assert await platform.ended(tenant) == PlacementRequest(status="ready")
    (row,) = [
        placement
        for placement in (await client.send("TenantPlacements"))["nodes"]
        if placement["tenantId"] == str(tenant)
    ]
    assert row.pop("updatedAt")
    assert row.pop("database").endswith(tenant.hex)
    assert row == {
        "tenantId": str(tenant),
        "name": "Acme",
        "slug": "acme",
        "placement": "SILO",
        "region": "local",
        "state": "READY",
        "left": None,
    }
    await client.send("MoveTenant", input={"id": str(tenant), "placement": "POOLED"})
    assert await platform.ended(tenant) == PlacementRequest(status="ready")
    (row,) = [
        placement
        for placement in (await client.send("TenantPlacements"))["nodes"]
        if placement["tenantId"] == str(tenant)
    ]
    assert (row["placement"], row["database"], row["left"].endswith(tenant.hex)) == ("POOLED", None, True)
    assert await client.send("TenantOperation", id=str(tenant)) == {
        "status": "READY",
        "step": None,
        "reason": None,
    }


async def test_an_operator_suspends_and_closes_a_silo(platform: Platform) -> None:
    tenant = await platform.tenant("sleepy", Placement.SILO)
    client, person = operator(platform, "ops:tenants"), platform.client(tenant)
    for verb, status in (("Suspend", "SUSPENDED"), ("Reactivate", "ACTIVE"), ("Close", "CLOSED")):
        receipt = await client.send(f"{verb}Tenant", input={"id": str(tenant)})
        assert receipt["tenantId"] == str(tenant)
        assert (await person.send("Tenant"))["status"] == status
    own = await platform.database(tenant)
    try:
        stories = await own.fetch(
            "select user_id, payload->>'asked_by' as asked_by from es.events"
            " where originator_id = $1 and type = 'tenancy.tenant.closed'",
            tenant,
        )
    finally:
        await own.close()
    (row,) = stories
    assert (row["user_id"], row["asked_by"]) == (client.user, f"user {client.user} of tenant {PLATFORM}")


async def test_the_answer_of_a_suspension_counts_at_once_in_a_silo(platform: Platform) -> None:
    founder = await registered(Product(platform.settings, platform.http, Worker(platform.settings), []))
    tenant = founder.client.tenant
    assert await platform.moves(tenant, Placement.SILO) == PlacementRequest(status="ready")
    await platform.knows(founder.client)
    client = operator(platform, "ops:tenants")
    for verb, code in (("Suspend", "tenant_is_suspended"), ("Reactivate", ""), ("Close", "tenant_is_closed")):
        assert "tenantId" in await client.send(f"{verb}Tenant", input={"id": str(tenant)})
        answer = await founder.client.send("CreateTask", input={"title": "Mow"})
        assert answer.get("code", "") == code


async def test_a_tenant_that_is_being_moved_is_not_suspended(platform: Platform) -> None:
    tenant = await platform.tenant("in-motion", Placement.POOLED)
    connection = await platform.database()
    try:
        await fence.freeze(connection, tenant)
        refused = await operator(platform, "ops:tenants").send("SuspendTenant", input={"id": str(tenant)})
        assert refused["code"] == "tenant_moving"
        by_command = await asyncio.to_thread(CommandLine(platform.settings), "tenant", "suspend", "in-motion")
        assert (by_command.code, "being moved" in by_command.err) == (1, True)
    finally:
        await fence.lift(connection, tenant)
        await connection.close()


async def test_a_tenant_asked_for_twice_is_made_once(platform: Platform) -> None:
    client = operator(platform, "ops:tenants")
    values = {
        "input": {"name": "Twice", "slug": "twice", "region": "local"},
        "commandId": str(uuid4()),
    }
    first, second = await client.send("CreateTenant", **values), await client.send("CreateTenant", **values)
    assert first["tenantId"] == second["tenantId"]
    assert (first["repeated"], second["repeated"]) == (False, True)


async def test_a_slug_in_use_is_refused(platform: Platform) -> None:
    client = operator(platform, "ops:tenants")
    values = {"name": "Dup", "slug": "dup", "region": "local"}
    assert "tenantId" in await client.send("CreateTenant", input=values)
    refused = await client.send("CreateTenant", input=values)
    assert (refused["code"], refused["field"]) == ("already_taken", "slug")


@pytest.mark.parametrize(
    "operation",
    [
        "TenantPlacements",
        "TenantOperation",
        "CreateTenant",
        "MoveTenant",
        "SuspendTenant",
        "ReactivateTenant",
        "CloseTenant",
    ],
)
async def test_who_may_not_is_refused(platform: Platform, operation: str) -> None:
    client = operator(platform, "ops:views")
    variables: dict[str, dict[str, object]] = {
        "TenantOperation": {"id": str(uuid4())},
        "CreateTenant": {"input": {"name": "No", "slug": "no", "region": "local"}},
        "MoveTenant": {"input": {"id": str(uuid4()), "placement": "SILO"}},
        **{f"{verb}Tenant": {"input": {"id": str(uuid4())}} for verb in ("Suspend", "Reactivate", "Close")},
    }
    code, _ = await client.error(operation, **variables.get(operation, {}))
    assert code == "FORBIDDEN"


async def test_a_tenant_that_is_being_made_is_told_to_wait(platform: Platform) -> None:
    connection = await platform.database()
    tenant = uuid4()
    await connection.execute(
        """insert into placement.tenants (tenant_id, name, slug, kind, region, state)
           values ($1, 'Slow', 'slow', 'pooled', 'local', 'provisioning')""",
        tenant,
    )
    await connection.close()
    client = platform.client(tenant)

    async def known() -> bool:
        return (await client.post("{ __typename }")).status_code == 503

    await until(known)
    answer = (await client.post("{ __typename }")).json()
    assert answer["errors"][0]["extensions"]["code"] == "TENANT_NOT_READY"


async def test_who_watches_the_tenants_is_told_of_a_new_one(platform: Platform) -> None:
    client, input = operator(platform, "ops:tenants"), {"name": "Watched", "slug": "watched"}
    async with asyncio.timeout(120), client.watching("TenantPlacementChanged", initial=True) as messages:
        state = await anext(messages)
        receipt = await client.send("CreateTenant", input={**input, "region": "local", "placement": "POOLED"})
        change = await anext(messages)
        while change["node"]["slug"] != "watched":
            change = await anext(messages)
    assert "watched" not in [node["slug"] for node in state["nodes"]]
    assert change["nodeId"] == change["node"]["tenantId"] == receipt["tenantId"]
    assert change["change"] == "ADDED"
