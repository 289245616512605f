"""A slug is one tenant's over all databases: a silo asks the platform, and says so when the platform is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import pytest

from app.placement import registry
from app.placement.places import with_database
from app.placement.write_side import silo_of
from domain.kit.caller import Caller
from domain.kit.log import AppendReceipt
from domain.kit.tenants import Placement
from domain.tenancy.tenant_commands import ChangeTenantSlug
from tests.kit.client import Client
from tests.kit.documents import operations
from tests.kit.processes import until
from tests.placement.conftest import Platform
from tests.placement.test_slugs import KINDS, POOLED, SILO, called, change, new_slug, registers

_APPENDING = 7311902764001
"""The lock of a database that its appends take; see migrations/event_log/append.sql."""


@dataclass(frozen=True)
class Rivals:
    """Somebody of a silo, and somebody of another tenant of each kind."""

    first: Client
    others: dict[Placement, Client]


@pytest.fixture(scope="module")
async def rivals(platform: Platform) -> Rivals:
    first, *others = [
        platform.client(await platform.tenant(new_slug(), kind)) for kind in (SILO, SILO, POOLED)
    ]
    return Rivals(first, dict(zip((SILO, POOLED), others, strict=True)))


async def _slug_of(client: Client) -> str:
    return str((await client.post("{ tenant { slug } }")).json()["data"]["tenant"]["slug"])


@KINDS
@pytest.mark.parametrize("owner", [POOLED, SILO])
async def test_a_slug_that_is_anothers_anywhere_is_refused_at_once(
    platform: Platform, kind: Placement, owner: Placement
) -> None:
    mine, foreign = new_slug(), new_slug()
    client = platform.client(await platform.tenant(mine, kind))
    other = await platform.tenant(foreign, owner)
    refused = await change(client, foreign)
    assert (refused.get("code"), refused.get("field")) == ("already_taken", "slug")
    assert (await client.post("{ tenant { slug } }")).json()["data"] == {"tenant": {"slug": mine}}
    assert await called(platform, client.tenant, mine)()
    assert await called(platform, other, foreign)()


async def test_a_change_that_was_made_keeps_its_receipt_when_another_has_the_slug_by_now(
    platform: Platform,
) -> None:
    slug, command = new_slug(), str(uuid4())
    client = platform.client(await platform.tenant(new_slug(), SILO))
    variables = {"input": {"id": str(client.tenant), "slug": slug}, "commandId": command}
    receipt = await client.send("ChangeTenantSlug", **variables)
    await change(client, newest := new_slug())
    await until(called(platform, client.tenant, newest))
    assert (await registers(platform, slug)).status_code == 200
    again = await client.send("ChangeTenantSlug", **variables)
    assert (again["repeated"], again["position"]) == (True, receipt["position"])


@KINDS
async def test_of_two_who_take_one_slug_in_the_same_moment_one_is_refused(
    platform: Platform, rivals: Rivals, kind: Placement
) -> None:
    """The second asks when the first one's change is not in any log yet."""
    wanted, first, second = new_slug(), rivals.first, rivals.others[kind]
    mine = await _slug_of(second)

    async def reserved() -> bool:
        found = "select exists (select from es.reservations where originator_id = $1 and value = $2)"
        return bool(await platform.registry.fetchval(found, first.tenant, wanted))

    silo = await platform.database(first.tenant)
    async with silo.transaction():
        await silo.fetch("select pg_advisory_xact_lock($1)", _APPENDING)
        changing = asyncio.create_task(change(first, wanted))
        await until(reserved)
        refused = await change(second, wanted)
        assert (refused.get("code"), refused.get("field")) == ("already_taken", "slug")
        assert (await registers(platform, wanted)).status_code == 409
        assert not changing.done()
    await silo.close()
    assert "position" in await changing
    await until(called(platform, first.tenant, wanted))
    assert await called(platform, second.tenant, mine)()


async def test_of_many_who_take_one_slug_at_once_one_has_it_for_good(
    platform: Platform, rivals: Rivals
) -> None:
    wanted, clients = new_slug(), [rivals.first, *rivals.others.values()]
    answers = await asyncio.gather(*(change(client, wanted) for client in clients))
    assert sorted(answer.get("code", "") for answer in answers) == ["", "already_taken", "already_taken"]
    won = next(client for client, answer in zip(clients, answers, strict=True) if "position" in answer)
    await until(called(platform, won.tenant, wanted))


async def test_a_change_that_is_refused_leaves_the_slug_to_others(rivals: Rivals) -> None:
    wanted, first = new_slug(), rivals.first
    sent = f'input: {{ id: "{first.tenant}", slug: "{wanted}" }}, expectedVersion: 999'
    refused = await first.post(f"mutation {{ changeTenantSlug({sent}) {{ ... on Refused {{ code }} }} }}")
    assert refused.json()["data"]["changeTenantSlug"] == {"code": "stale_version"}
    assert "position" in await change(rivals.others[POOLED], wanted)


async def test_a_refused_change_gives_back_nothing_that_another_change_has_reserved(
    platform: Platform, rivals: Rivals
) -> None:
    """Two changes of one tenant to one slug: one is stored and not carried over yet when the other is refused."""
    wanted, first = new_slug(), rivals.first
    stored = await platform.tenants.reserve_slug(first.tenant, wanted)
    sent = f'input: {{ id: "{first.tenant}", slug: "{wanted}" }}, expectedVersion: 999'
    refused = await first.post(f"mutation {{ changeTenantSlug({sent}) {{ ... on Refused {{ code }} }} }}")
    assert refused.json()["data"]["changeTenantSlug"] == {"code": "stale_version"}
    assert (await change(rivals.others[POOLED], wanted))["code"] == "already_taken"
    await platform.tenants.release_slug(first.tenant, stored)
    assert "position" in await change(rivals.others[POOLED], wanted)


async def test_a_change_that_was_broken_off_is_made_by_who_began_it_alone(
    platform: Platform, rivals: Rivals
) -> None:
    wanted, first, second = new_slug(), rivals.first, rivals.others[POOLED]
    await platform.tenants.reserve_slug(first.tenant, wanted)
    assert (await change(second, wanted))["code"] == "already_taken"
    assert "position" in await change(first, wanted)
    await until(called(platform, first.tenant, wanted))


@KINDS
async def test_of_two_who_took_one_slug_past_the_api_one_gives_it_back(
    platform: Platform, kind: Placement
) -> None:
    """As when a reservation has lapsed before the slug reached the registry."""
    mine, foreign = new_slug(), new_slug()
    client = platform.client(await platform.tenant(mine, kind))
    await platform.tenant(foreign, SILO)
    found = await registry.placement(platform.registry, client.tenant)
    caller = Caller(tenant_id=client.tenant, user_id=client.user)
    async with silo_of(found, platform.settings) as silo:
        bus = platform.bus if silo is None else silo.bus
        outcome = await bus.send(ChangeTenantSlug(id=client.tenant, slug=foreign), by=caller)
    assert isinstance(outcome, AppendReceipt), outcome

    async def given_back() -> bool:
        answer = (await client.post("{ tenant { slug } }")).json()
        return bool(answer["data"]["tenant"]["slug"] == mine)

    connection = await platform.database()
    assert await connection.fetchval("select count(*) from placement.tenants where slug = $1", foreign) == 1
    await connection.close()
    await until(given_back)
    await until(called(platform, client.tenant, mine))


@asynccontextmanager
async def _away(platform: Platform) -> AsyncIterator[None]:
    """Let nobody but superusers into the platform's database, and send away who is there."""
    url = platform.settings.database_url
    name = url.rsplit("/", 1)[-1].partition("?")[0]
    connection = await asyncpg.connect(with_database(url, "postgres"))
    try:
        await connection.execute(f'alter database "{name}" connection limit 0')
        await connection.fetch(
            """select pg_terminate_backend(a.pid) from pg_stat_activity a join pg_roles r on r.oid = a.usesysid
                where a.datname = $1 and not r.rolsuper""",
            name,
        )
        yield
    finally:
        await connection.execute(f'alter database "{name}" connection limit -1')
        await connection.close()


async def test_a_slug_is_not_changed_while_nobody_can_say_whose_it_is(platform: Platform) -> None:
    mine, new = new_slug(), new_slug()
    client = platform.client(await platform.tenant(mine, SILO))
    command = str(uuid4())

    async def ask() -> tuple[int, str | None, str | None]:
        variables = {"input": {"id": str(client.tenant), "slug": new}, "commandId": command}
        answer = await client.post(operations()["ChangeTenantSlug"], variables)
        errors = answer.json().get("errors")
        code = errors[0]["extensions"]["code"] if errors else None
        return answer.status_code, code, answer.headers.get("retry-after")

    async with _away(platform):
        assert await ask() == (503, "UNAVAILABLE", "2")
        assert (await client.post("{ tenant { slug } }")).json()["data"] == {"tenant": {"slug": mine}}

    async def changed() -> bool:
        return (await ask())[0] == 200

    await until(changed)
    assert (await client.post("{ tenant { slug } }")).json()["data"] == {"tenant": {"slug": new}}
