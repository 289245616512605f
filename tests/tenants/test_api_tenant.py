"""The caller's own tenant through the API."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from domain.kit.log import AppendReceipt
from domain.kit.refusals import AlreadyTaken, Refusal
from domain.tenancy.json_limits import LARGEST
from domain.tenancy.tenant_commands import CloseTenant, FreeTenantSlugs
from tests.kit.client import Client
from tests.kit.product import Product
from tests.tenants.companies import Companies
from tests.work.api import refused


def _id(client: Client) -> str:
    return str(client.tenant)


async def test_shows_the_callers_own_tenant(client: Client) -> None:
    tenant = await client.send("Tenant")
    assert tenant == {
        "id": _id(client),
        "name": "Acme",
        "slug": f"acme-{client.tenant}",
        "settings": {},
        "region": "local",
        "placement": "POOLED",
        "status": "ACTIVE",
        "subscriptionTier": None,
        "createdAt": tenant["createdAt"],
        "updatedAt": tenant["createdAt"],
    }


@pytest.mark.parametrize(
    ("mutation", "input"),
    [
        ("RenameTenant", {"name": "Apex"}),
        ("ChangeTenantSettings", {"settings": {"locale": "de", "limits": {"seats": 12}}}),
    ],
)
async def test_a_mutation_answers_with_the_tenant_as_it_now_stands(
    client: Client, mutation: str, input: dict[str, Any]
) -> None:
    before = await client.send("Tenant")
    receipt = await client.send(mutation, input={"id": _id(client), **input})
    changed = {**before, **input, "updatedAt": receipt["tenant"]["updatedAt"]}
    assert receipt["tenant"] == changed == await client.send("Tenant")


async def test_a_slug_that_another_tenant_has_is_refused(companies: Companies) -> None:
    ours, foreign = await companies.founded(), await companies.founded()
    taken = (await foreign.send("Tenant"))["slug"]
    answer = await ours.send("ChangeTenantSlug", input={"id": _id(ours), "slug": taken})
    assert answer == refused("already_taken", "slug", "Slug is already in use.")
    # Given up, it can be had as soon as the registry of placements has heard of it.
    await foreign.send("ChangeTenantSlug", input={"id": _id(foreign), "slug": f"new-{taken}"})
    answer = await ours.send("ChangeTenantSlug", input={"id": _id(ours), "slug": taken})
    assert answer == refused("already_taken", "slug", "Slug is already in use.")
    await companies.send(foreign.tenant, FreeTenantSlugs(id=foreign.tenant, slugs=(taken,)))
    receipt = await ours.send("ChangeTenantSlug", input={"id": _id(ours), "slug": taken})
    assert receipt["tenant"]["slug"] == taken


async def test_of_two_who_take_a_slug_at_once_one_has_it(companies: Companies) -> None:
    slug = f"wanted-{uuid4()}"
    answers: list[AppendReceipt | Refusal] = await asyncio.gather(
        *(companies.found(uuid4(), slug=slug) for _ in range(5))
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyTaken"] * 4 + ["AppendReceipt"]
    assert all(answer.field == "slug" for answer in answers if isinstance(answer, AlreadyTaken))


async def test_the_slug_of_a_closed_tenant_stays_its_own(companies: Companies) -> None:
    tenant_id, slug = uuid4(), f"closed-{uuid4()}"
    assert isinstance(await companies.found(tenant_id, slug=slug), AppendReceipt)
    assert isinstance(await companies.send(tenant_id, CloseTenant(id=tenant_id)), AppendReceipt)
    assert isinstance(await companies.found(uuid4(), slug=slug), AlreadyTaken)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"a": "x" * LARGEST}, f"Settings takes more than {LARGEST} bytes."),
        ({"a": [[[[[[[[1]]]]]]]]}, "Settings is nested deeper than 8."),
        ({"a": 2**63}, "Settings holds a number with too many digits."),
        ({"a": 1e20}, "Settings holds a number with too many digits."),
        ({"a": [{"b": -1e300}]}, "Settings holds a number with too many digits."),
        ([1], "Settings must be a JSON object."),
    ],
    ids=["large", "deep", "number", "real number", "number inside", "list"],
)
async def test_settings_have_limits(client: Client, chosen: Any, message: str) -> None:
    answer = await client.send("ChangeTenantSettings", input={"id": _id(client), "settings": chosen})
    assert answer == refused("invalid", "settings", message)
    assert (await client.send("Tenant"))["settings"] == {}


async def test_another_tenant_is_neither_seen_nor_changed(companies: Companies, client: Client) -> None:
    other = await companies.founded()
    answer = await client.send("RenameTenant", input={"id": _id(other), "name": "Mine"})
    assert answer == refused("not_found", "id", "There is no such tenant.")
    assert (await other.send("Tenant"))["name"] == "Acme"
    assert (await client.send("Tenant"))["id"] == _id(client)


async def test_a_tenant_that_nobody_founded_is_empty(product: Product) -> None:
    assert await product.client(uuid4(), uuid4()).send("Tenant") is None


async def test_the_past_shows_the_tenant_as_it_was(client: Client) -> None:
    first = await client.send("RenameTenant", input={"id": _id(client), "name": "Apex"})
    await client.send("RenameTenant", input={"id": _id(client), "name": "Peak"})
    assert (await client.send("Tenant", asOf={"position": first["position"]}))["name"] == "Apex"


@pytest.mark.parametrize("role", ["member", "guest"])
async def test_members_and_guests_change_nothing(product: Product, client: Client, role: str) -> None:
    someone = product.client(client.tenant, uuid4(), role=role)
    for mutation, input in (
        ("RenameTenant", {"name": "Mine"}),
        ("ChangeTenantSettings", {"settings": {}}),
        ("ChangeTenantSlug", {"slug": "mine"}),
    ):
        code, _ = await someone.error(mutation, input={"id": _id(client), **input})
        assert code == "FORBIDDEN"
