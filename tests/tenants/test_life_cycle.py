"""Tenants suspended, reactivated and closed by operators, and what the API then takes."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.composition.write_side import written
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.log import AppendReceipt
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

    async def reached() -> bool:
        return await tried(person) == code

    return reached


Way = Callable[[Product, str, str], Awaitable[str]]
"""Does a verb to a tenant: the refusal's code, or nothing."""


async def _by_api(product: Product, verb: str, tenant: str) -> str:
    operator = product.client(PLATFORM, uuid4(), role="operator")
    more = {} if verb == "reactivate" else {"reason": "Unpaid"}
    receipt = await operator.send(f"{verb.title()}Tenant", input={"id": tenant, **more})
    assert receipt.get("tenantId", tenant) == tenant
    return str(receipt.get("code", ""))


async def _by_command(product: Product, verb: str, tenant: str) -> str:
    more = {"suspend": ("--reason", "Unpaid"), "close": ("--reason", "Unpaid", "--yes")}.get(verb, ())
    words = ("tenant", verb, tenant, *more, "--json")
    done = await asyncio.to_thread(CommandLine(product.settings), *words)
    return str(done.json["refused"]["code"]) if done.code else ""


@pytest.mark.parametrize("way", [_by_api, _by_command])
async def test_operators_suspend_reactivate_and_close_a_tenant(product: Product, way: Way) -> None:
    ada, ben = await registered(product), await registered(product)
    tenant = ada.given["tenantId"]
    assert await tried(ada) == ""
    assert await way(product, "suspend", tenant) == ""
    await until(becomes(ada, "tenant_is_suspended"))
    assert (await ada.client.send("Tenant"))["status"] == "SUSPENDED"
    assert await tried(ben) == ""
    assert await way(product, "reactivate", tenant) == ""
    await until(becomes(ada, ""))
    assert await way(product, "reactivate", tenant) == "tenant_not_suspended"
    assert await way(product, "close", tenant) == ""
    await until(becomes(ada, "tenant_is_closed"))
    for verb in ("suspend", "reactivate"):
        assert await way(product, verb, tenant) == "tenant_is_closed"
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        stories = await owner.fetch(
            "select type, payload->>'reason' as reason, payload->>'asked_by' as asked_by from es.events"
            " where originator_id = $1 and topic = 'tenancy.tenant' and originator_version > 1 order by position",
            UUID(tenant),
        )
    finally:
        await owner.close()
    assert [(story["type"].rpartition(".")[2], story["reason"]) for story in stories] == [
        ("suspended", "Unpaid"),
        ("reactivated", None),
        ("closed", "Unpaid"),
    ]
    assert all(story["asked_by"] for story in stories)


async def test_what_no_tenant_has_is_refused(product: Product) -> None:
    for verb in ("suspend", "reactivate", "close"):
        assert await _by_api(product, verb, str(uuid4())) == "not_found"
    unknown = await asyncio.to_thread(CommandLine(product.settings), "tenant", "suspend", "no-such-tenant")
    assert unknown.code == 1


@pytest.mark.parametrize("role", ["owner", "admin", "member", "guest"])
async def test_operators_alone_say_how_a_tenant_stands(product: Product, role: str) -> None:
    ada = await registered(product)
    somebody = product.client(ada.client.tenant, uuid4(), role=role)
    for verb in ("Suspend", "Reactivate", "Close"):
        code, _ = await somebody.error(f"{verb}Tenant", input={"id": ada.given["tenantId"]})
        assert code == "FORBIDDEN"
    assert await tried(ada) == ""


async def test_a_tenant_of_another_region_is_served_by_no_command_here(product: Product) -> None:
    client = product.client(uuid4(), uuid4())
    async with written(product.settings) as elsewhere:
        create = CreateTenant(id=client.tenant, name="Moon", slug=f"moon-{uuid4().hex}", region="moon")
        by = Caller(tenant_id=client.tenant, user_id=SYSTEM)
        assert isinstance(await elsewhere.bus.send(create, by=by), AppendReceipt)
    refused = await client.send("CreateTask", input={"title": "Mow"})
    assert refused["code"] == "wrong_region"


async def test_the_answer_of_a_suspension_and_of_its_end_counts_at_once(product: Product) -> None:
    """For whoever asks the same API process next; other processes go by what they read for two seconds."""
    ada = await registered(product)
    tenant = ada.given["tenantId"]
    for verb, code in (
        ("suspend", "tenant_is_suspended"),
        ("reactivate", ""),
        ("suspend", "tenant_is_suspended"),
    ):
        for _ in range(3):
            assert await _by_api(product, verb, tenant) in ("", "tenant_not_suspended")
            assert await tried(ada) == code


async def test_the_end_of_a_suspension_by_another_process_counts_at_once(product: Product) -> None:
    ada = await registered(product)
    tenant = ada.given["tenantId"]
    assert await _by_api(product, "suspend", tenant) == ""
    assert await tried(ada) == "tenant_is_suspended"
    assert await _by_command(product, "reactivate", tenant) == ""
    assert await tried(ada) == ""
