"""A slug belongs to one tenant over all places, whoever changes theirs or asks at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from domain.kit.tenants import Placement
from projections.operations.tenant_placements import PlacedTenant, PlacementRequest
from tests.auth.people import post, somebody
from tests.kit.client import Client
from tests.kit.processes import until
from tests.operations.command_line import CommandLine
from tests.placement.conftest import Platform

SILO, POOLED = Placement.SILO, Placement.POOLED
KINDS = pytest.mark.parametrize("kind", [POOLED, SILO])


def new_slug() -> str:
    return f"slug-{uuid4().hex}"


async def _placed(platform: Platform, tenant: UUID) -> PlacedTenant | None:
    return next((row for row in await platform.tenants.all() if row.id == tenant), None)


def called(platform: Platform, tenant: UUID, slug: str) -> Callable[[], Awaitable[bool]]:
    """Whether the registry calls the tenant so, and nothing else is held for it any more."""

    async def renamed() -> bool:
        placed = await _placed(platform, tenant)
        connection = await platform.database()
        held = await connection.fetch(
            "select value from es.reservations where originator_id = $1",
            tenant,
        )
        await connection.close()
        return placed is not None and placed.slug == slug and {row["value"] for row in held} == {slug}

    return renamed


async def change(client: Client, slug: str) -> dict[str, Any]:
    answer: dict[str, Any] = await client.send(
        "ChangeTenantSlug", input={"id": str(client.tenant), "slug": slug}
    )
    return answer


async def registers(platform: Platform, slug: str, **more: str) -> httpx.Response:
    values = somebody(tenantName="Acme", tenantSlug=slug) | more
    return await post(platform.http, "register", values)


def _refusal(response: httpx.Response) -> tuple[int, str, str]:
    error = response.json().get("error", {})
    return response.status_code, error.get("code", ""), error.get("field", "")


TAKEN = 409, "already_taken", "tenantSlug"


@KINDS
async def test_commands_know_the_slug_that_a_tenant_has_now(platform: Platform, kind: Placement) -> None:
    old, new = new_slug(), new_slug()
    client = platform.client(await platform.tenant(old, kind))
    assert "position" in await change(client, new)
    await until(called(platform, client.tenant, new))
    ran = await asyncio.to_thread(CommandLine(platform.settings), "tenant", "suspend", old)
    assert ran.code == 1
    ran = await asyncio.to_thread(CommandLine(platform.settings), "tenant", "suspend", new)
    assert (ran.code, ran.err) == (0, "")


@KINDS
async def test_a_slug_that_was_given_up_founds_another_company(platform: Platform, kind: Placement) -> None:
    old, new = new_slug(), new_slug()
    client = platform.client(await platform.tenant(old, kind))
    await change(client, new)
    await until(called(platform, client.tenant, new))
    founded = await registers(platform, old)
    assert (founded.status_code, founded.json()["tenantId"] is not None) == (200, True)
    assert await called(platform, UUID(founded.json()["tenantId"]), old)()
    assert _refusal(await registers(platform, new)) == TAKEN


async def test_a_slug_is_taken_until_the_registry_has_heard_that_it_was_given_up(platform: Platform) -> None:
    old, new = new_slug(), new_slug()
    client = platform.client(await platform.tenant(old, POOLED))
    connection = await platform.database()
    async with connection.transaction():
        # Whoever carries it over waits for this row.
        await connection.fetch("select from placement.tenants where tenant_id = $1 for update", client.tenant)
        assert "position" in await change(client, new)
        assert _refusal(await registers(platform, old)) == TAKEN
        other = platform.client(await platform.tenant(new_slug(), POOLED))
        assert (await change(other, old))["code"] == "already_taken"
    await connection.close()
    await until(called(platform, client.tenant, new))
    assert (await registers(platform, old)).status_code == 200


@KINDS
async def test_slugs_end_as_they_were_changed_last(platform: Platform, kind: Placement) -> None:
    slugs = [new_slug() for _ in range(3)]
    client = platform.client(await platform.tenant(slugs[0], kind))
    for slug in (slugs[1], slugs[2], slugs[0], slugs[1]):
        assert "position" in await change(client, slug)
    await until(called(platform, client.tenant, slugs[1]))


@pytest.mark.parametrize("kinds", [(POOLED, POOLED), (POOLED, SILO)])
async def test_two_companies_swap_their_slugs(platform: Platform, kinds: tuple[Placement, Placement]) -> None:
    mine, yours, between = new_slug(), new_slug(), new_slug()
    me = platform.client(await platform.tenant(mine, kinds[0]))
    you = platform.client(await platform.tenant(yours, kinds[1]))
    for client, slug in ((me, between), (you, mine), (me, yours)):
        assert "position" in await change(client, slug)
        await until(called(platform, client.tenant, slug))
    assert await called(platform, you.tenant, mine)()


async def test_a_slug_that_was_changed_before_a_move_is_carried_after_it(platform: Platform) -> None:
    new = new_slug()
    client = await platform.newcomer(await platform.tenant(new_slug(), POOLED))
    assert "position" in await change(client, new)
    assert await platform.moves(client.tenant, SILO) == PlacementRequest(status="ready")
    await platform.knows(client)
    await until(called(platform, client.tenant, new))
    newer = new_slug()
    assert "position" in await change(client, newer)
    await until(called(platform, client.tenant, newer))
    assert (await registers(platform, new)).status_code == 200, "the place that it left holds it no more"


async def test_the_name_is_carried_over_too(platform: Platform) -> None:
    slug = new_slug()
    client = platform.client(await platform.tenant(slug, SILO))
    await client.send("RenameTenant", input={"id": str(client.tenant), "name": "Acme & Sons"})

    async def named() -> bool:
        placed = await _placed(platform, client.tenant)
        return placed is not None and placed.name == "Acme & Sons"

    await until(named)


async def test_of_many_who_register_with_a_slug_at_once_one_has_it_and_the_others_try_again(
    platform: Platform,
) -> None:
    for _ in range(3):
        slug = new_slug()
        emails = [f"{uuid4().hex}@example.com" for _ in range(4)]
        answers = await asyncio.gather(*(registers(platform, slug, email=email) for email in emails))
        won = [answer.json() for answer in answers if answer.status_code == 200]
        assert [answer["tenantId"] is not None for answer in won] == [True]
        assert await called(platform, UUID(won[0]["tenantId"]), slug)()
        assert [row.slug for row in await platform.tenants.all()].count(slug) == 1
        lost = [email for email, answer in zip(emails, answers, strict=True) if answer.status_code != 200]
        assert [_refusal(response) for response in answers if response.status_code != 200] == [TAKEN] * 3
        for email in lost:
            again = await registers(platform, new_slug(), email=email)
            assert (again.status_code, again.json().get("tenantId") is not None) == (200, True), again.text
