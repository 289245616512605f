"""Tenants suspended, reactivated and closed by operators, and what the API then takes."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

from app.writing import written
from domain.kit.caller import SYSTEM, Caller
from domain.kit.log import Receipt
from domain.tenancy.tenant_commands import CreateTenant
from tests.auth.people import Person, registered
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.command_line import CommandLine


async def tried(person: Person) -> str:
    """What comes of a command of somebody in the tenant: the refusal's code, or nothing."""
    receipt = await person.client.send("CreateTask", input={"title": "Mow"})
    return str(receipt.get("code", ""))


def becomes(person: Person, code: str) -> Callable[[], Awaitable[bool]]:
    """The API goes by what it has read for two seconds."""

    async def asked() -> bool:
        return await tried(person) == code

    return asked


async def test_operators_suspend_reactivate_and_close_a_tenant(product: Product) -> None:
    ada, ben = await registered(product), await registered(product)
    tenant = ada.given["tenantId"]

    async def tell(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CommandLine(product.settings), "tenant", *words)
        return done.code, done.out

    assert await tried(ada) == ""
    assert await tell("suspend", tenant, "--reason", "Unpaid") == (0, f"Tenant {tenant} is suspended.\n")
    await until(becomes(ada, "tenant_is_suspended"), seconds=20)
    assert await tried(ben) == ""
    assert (await tell("reactivate", tenant))[0] == 0
    await until(becomes(ada, ""), seconds=20)
    assert (await tell("reactivate", tenant))[0] != 0
    assert (await tell("close", tenant))[0] == 0
    await until(becomes(ada, "tenant_is_closed"), seconds=20)
    assert (await tell("suspend", "no-such-tenant"))[0] != 0


async def test_a_tenant_of_another_region_is_served_by_no_command_here(product: Product) -> None:
    client = product.client(uuid4(), uuid4())
    async with written(product.settings) as elsewhere:
        create = CreateTenant(id=client.tenant, name="Moon", slug=f"moon-{uuid4().hex}", region="moon")
        by = Caller(tenant_id=client.tenant, user_id=SYSTEM)
        assert isinstance(await elsewhere.bus.send(create, by=by), Receipt)
    refused = await client.send("CreateTask", input={"title": "Mow"})
    assert refused["code"] == "wrong_region"
