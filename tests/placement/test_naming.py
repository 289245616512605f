"""Carrying a slug to the registry: from wherever it was broken off, however often, and by however many at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.composition.write_side import WriteSide, written
from app.placement import registry
from app.placement.tenant_adoptions import RegistryAdoptions
from app.placement.tenant_names import RegistryNames
from app.placement.tenant_service import TenantService
from app.processes.address_proofs import LinkedDatabase
from app.settings import Settings
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.caller import PLATFORM, Caller
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import AlreadyTaken, Refusal
from domain.kit.tenants import Placement
from domain.operations.tenant_commands import MoveTenant, NoteTenantSlug
from domain.operations.tenants import TenantPlacement
from domain.tenancy.tenant_commands import ChangeTenantSlug, CloseTenant, CreateTenant, SuspendTenant
from domain.tenancy.tenants import Tenant
from projections.operations.tenant_placements import PlacementRequest


class _Killed(Exception):
    """The worker was killed here."""


class _Mortal(Bus):
    """A bus that is killed with the command that is its last, before or after that is in the log."""

    def __init__(self, bus: Bus, *, last: int, before: bool) -> None:
        self._bus, self._left, self._before = bus, last, before

    async def send(self, command: Command, **more: Any) -> AppendReceipt | Refusal:
        self._left -= 1
        if self._left == 0 and self._before:
            raise _Killed
        outcome = await self._bus.send(command, **more)
        if self._left == 0:
            raise _Killed
        return outcome


@dataclass
class Names:
    """Tenants in a registry, whose names are carried over when a test says so."""

    settings: Settings
    writes: WriteSide
    desk: TenantService

    def place(self) -> LinkedDatabase:
        repository = Repository(self.writes.log, self.writes.codec)
        return LinkedDatabase(repository=repository, opening=self.writes.ring, bus=self.writes.bus)

    def naming(self, bus: Bus | None = None) -> RegistryNames:
        """What a worker carries names with, which sends by ``bus``."""
        place = replace(self.place(), bus=bus or self.writes.bus)
        return RegistryNames(place, place, self.writes.database.writer)

    async def tenant(self, slug: str) -> UUID:
        id = uuid4()
        await self.desk.adopt(id, "Acme", slug)
        assert isinstance(await self.creates(slug, id), AppendReceipt)
        return id

    async def creates(self, slug: str, id: UUID | None = None) -> AppendReceipt | Refusal:
        """What comes of making a tenant with this slug in this database, in no registry."""
        id = id or uuid4()
        return await self.send(id, CreateTenant(id=id, name="Acme", slug=slug, region="local"))

    async def send(self, tenant: UUID, command: Command) -> AppendReceipt | Refusal:
        caller = Caller(tenant_id=tenant, user_id=uuid4(), kind="service")
        return await self.writes.bus.send(command, by=caller)

    async def changed(self, tenant: UUID, *slugs: str) -> None:
        for slug in slugs:
            outcome = await self.send(tenant, ChangeTenantSlug(id=tenant, slug=slug))
            assert isinstance(outcome, AppendReceipt), repr(outcome)

    async def calls(self, tenant: UUID) -> set[str]:
        """By which slugs the tenant is known: to itself, in the registry, and by what it holds in either."""
        repository = self.place().repository
        itself = (await repository.get(tenant, [tenant], fresh=True))[tenant]
        placed = (await repository.get(PLATFORM, [tenant], fresh=True))[tenant]
        row = await registry.placement(self.writes.database.writer, tenant)
        assert isinstance(itself, Tenant)
        assert isinstance(placed, TenantPlacement)
        assert row is not None
        held = await self.writes.database.writer.fetch(
            "select value from es.reservations where originator_id = $1", tenant
        )
        return {itself.slug, placed.slug, row.slug, *(row["value"] for row in held)}


@pytest.fixture(scope="module")
async def names(settings: Settings) -> AsyncIterator[Names]:
    async with written(settings) as writes:
        yield Names(settings, writes, TenantService(settings, writes.database, writes.bus))


def _slug() -> str:
    return f"slug-{uuid4().hex}"


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("last", [1, 2, 3])
async def test_what_was_killed_anywhere_is_finished(names: Names, last: int, before: bool) -> None:
    old, new = _slug(), _slug()
    tenant = await names.tenant(old)
    await names.changed(tenant, new)
    with pytest.raises(_Killed):
        await names.naming(_Mortal(names.writes.bus, last=last, before=before)).carry(tenant)
    if before or last < 3:
        assert isinstance(await names.creates(old), AlreadyTaken), "it may have to go back"
    assert await names.naming().carry(tenant) == f"called {new}"
    assert await names.calls(tenant) == {new}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("last", [1, 2, 3])
async def test_a_killed_way_back_is_finished(names: Names, last: int, before: bool) -> None:
    old, foreign = _slug(), _slug()
    tenant = await names.tenant(old)
    await names.desk.adopt(uuid4(), "Elsewhere", foreign)
    await names.changed(tenant, foreign)
    with pytest.raises(_Killed):
        await names.naming(_Mortal(names.writes.bus, last=last, before=before)).carry(tenant)
    assert await names.naming().carry(tenant) == f"called {old}"
    assert await names.calls(tenant) == {old}


async def test_doing_it_again_appends_nothing(names: Names) -> None:
    new = _slug()
    tenant = await names.tenant(_slug())
    await names.changed(tenant, new)
    await names.naming().carry(tenant)
    head = await names.writes.log.head()
    assert await names.naming().carry(tenant) == f"called {new}"
    assert await names.writes.log.head() == head


async def test_a_slug_that_it_had_for_a_moment_stays_reserved_for_nothing(names: Names) -> None:
    slugs = [_slug() for _ in range(3)]
    tenant = await names.tenant(slugs[0])
    for slug in (slugs[1], slugs[2], slugs[0], slugs[2]):
        await names.desk.reserve_slug(tenant, slug)
        await names.changed(tenant, slug)
    await names.naming().carry(tenant)
    assert await names.calls(tenant) == {slugs[2]}


async def test_carrying_over_what_was_before_keeps_what_is_reserved(names: Names) -> None:
    old, new, next_one = _slug(), _slug(), _slug()
    tenant, other = await names.tenant(old), await names.tenant(_slug())
    await names.changed(tenant, new)
    await names.desk.reserve_slug(tenant, next_one)
    await names.naming().carry(tenant)
    with pytest.raises(AlreadyTaken):
        await names.desk.reserve_slug(other, next_one)
    await names.changed(tenant, next_one)
    await names.naming().carry(tenant)
    assert await names.calls(tenant) == {next_one}


async def test_many_at_once_while_it_is_changed_end_alike(names: Names) -> None:
    slugs = [_slug() for _ in range(4)]
    tenant = await names.tenant(slugs[0])

    async def changes() -> None:
        for slug in (*slugs, *slugs):
            await names.changed(tenant, slug)
            await asyncio.sleep(0)

    await asyncio.gather(changes(), *(names.naming().carry(tenant) for _ in range(4)))
    assert await names.naming().carry(tenant) == f"called {slugs[-1]}"
    assert await names.calls(tenant) == {slugs[-1]}


async def test_nobody_in_its_database_has_a_slug_that_it_may_go_back_to(names: Names) -> None:
    """Two that swapped theirs would otherwise wait for each other for ever."""
    mine, yours = _slug(), _slug()
    me, you = await names.tenant(mine), await names.tenant(yours)
    away = _slug()
    await names.changed(me, away)
    outcome = await names.send(you, ChangeTenantSlug(id=you, slug=mine))
    assert isinstance(outcome, AlreadyTaken)
    await names.naming().carry(me)
    await names.changed(you, mine)
    assert isinstance(await names.send(me, ChangeTenantSlug(id=me, slug=yours)), AlreadyTaken)
    await names.naming().carry(you)
    await names.changed(me, yours)
    await names.naming().carry(me)
    assert (await names.calls(me), await names.calls(you)) == ({yours}, {mine})


async def test_a_suspended_tenant_goes_back_too(names: Names) -> None:
    old, foreign = _slug(), _slug()
    tenant = await names.tenant(old)
    await names.desk.adopt(uuid4(), "Elsewhere", foreign)
    await names.changed(tenant, foreign)
    assert isinstance(await names.send(tenant, SuspendTenant(id=tenant)), AppendReceipt)
    await names.naming().carry(tenant)
    assert await names.calls(tenant) == {old}


async def test_a_closed_tenant_changes_no_more_and_holds_its_slug_in_the_registry(names: Names) -> None:
    old, foreign = _slug(), _slug()
    tenant, other = await names.tenant(old), uuid4()
    await names.desk.adopt(other, "Elsewhere", foreign)
    await names.changed(tenant, foreign)
    assert isinstance(await names.send(tenant, CloseTenant(id=tenant)), AppendReceipt)
    assert await names.naming().carry(tenant) == f"closed; called {old} in the registry"
    taken = [await registry.placement(names.writes.database.writer, id) for id in (tenant, other)]
    assert [placement and placement.slug for placement in taken] == [old, foreign]
    with pytest.raises(AlreadyTaken):
        await names.desk.adopt(uuid4(), "Acme", old)


async def test_one_in_no_registry_gives_its_former_slug_back(names: Names) -> None:
    old, new = _slug(), _slug()
    tenant = uuid4()
    assert isinstance(await names.creates(old, tenant), AppendReceipt)
    await names.changed(tenant, new)
    await names.naming().carry(tenant)
    assert isinstance(await names.creates(old), AppendReceipt)


async def test_a_changed_slug_says_nothing_of_a_move_under_way(names: Names) -> None:
    tenant = await names.tenant(_slug())
    moves = MoveTenant(id=tenant, placement=Placement.SILO, asked_by="tests")
    for command in (moves, NoteTenantSlug(id=tenant, slug=_slug())):
        assert isinstance(await names.send(PLATFORM, command), AppendReceipt)
    assert await names.desk.asked(tenant) == PlacementRequest(status="moving")


async def test_a_tenant_that_was_retracted_is_gone_for_good_and_its_slug_is_free(names: Names) -> None:
    slug, tenant = _slug(), uuid4()
    await names.desk.retract(tenant)
    await names.desk.adopt(tenant, "Acme", slug)
    for _ in range(2):
        await names.desk.retract(tenant)
        with pytest.raises(AlreadyTaken):
            await names.desk.adopt(tenant, "Acme", slug)
    other = await names.tenant(slug)
    assert await names.calls(other) == {slug}


async def test_an_adopted_tenant_that_was_never_created_lapses_and_its_slug_is_free(names: Names) -> None:
    """As when the API was killed between the two."""
    slug, tenant = _slug(), uuid4()
    await names.desk.adopt(tenant, "Acme", slug)
    adoptions = RegistryAdoptions(names.settings)
    for _ in range(2):
        assert await adoptions.lapse(tenant) == "never created"
    with pytest.raises(AlreadyTaken):
        await names.desk.adopt(tenant, "Acme", slug)
    other = await names.tenant(slug)
    assert await adoptions.lapse(other) == "created"
    assert await names.calls(other) == {slug}
