"""Which commands are taken for a tenant: by its region and status."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.storage.database import Database
from domain.kit.caller import PLATFORM, SYSTEM, Caller, Kind
from domain.kit.log import AppendReceipt
from domain.tenancy.regions import WrongRegion, require_region
from domain.tenancy.tenant_commands import CloseTenant, ReactivateTenant, SuspendTenant
from domain.tenancy.tenants import TenantIsClosed, TenantIsSuspended
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from projections.tenancy.guard import TenantGuard
from tests.kit.product import Product
from tests.tenants.companies import Companies


class Clock:
    """A clock that stands until it is told otherwise."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
async def database(product: Product) -> AsyncIterator[Database]:
    opened = await Database.open(product.settings.database_url, secret=product.settings.secret)
    yield opened
    await opened.close()


@pytest.fixture
def guard(database: Database, clock: Clock) -> TenantGuard:
    """The guard of an installation in the region ``local``."""
    return TenantGuard(PostgresRows(database, Only(1)), here="local", seconds=2, clock=clock)


def _caller(tenant_id: UUID, kind: Kind = "person") -> Caller:
    return Caller(tenant_id=tenant_id, user_id=uuid4(), kind=kind)


def test_a_tenants_own_region_takes_its_commands() -> None:
    require_region("eu-central-1", here="eu-central-1")


def test_another_region_says_where_the_data_stays() -> None:
    with pytest.raises(WrongRegion) as refused:
        require_region("eu-central-1", here="us-east-1")
    assert refused.value.message == (
        "Data of the region eu-central-1 stays there; us-east-1 takes no commands for it."
    )


@pytest.mark.parametrize("kind", ["person", "key", "service"])
async def test_a_tenant_of_another_region_is_refused_to_everyone(
    companies: Companies, guard: TenantGuard, kind: Kind
) -> None:
    tenant_id = uuid4()
    await companies.found(tenant_id, region="eu-central-1")
    with pytest.raises(WrongRegion):
        await guard.admit(_caller(tenant_id, kind))


async def test_a_tenant_of_this_region_is_admitted(companies: Companies, guard: TenantGuard) -> None:
    tenant_id = uuid4()
    await companies.found(tenant_id)
    await guard.admit(_caller(tenant_id))


async def test_who_is_no_registered_tenant_is_admitted(guard: TenantGuard) -> None:
    await guard.admit(_caller(PLATFORM))
    await guard.admit(_caller(uuid4()))


async def test_a_suspended_tenants_people_change_nothing(
    companies: Companies, guard: TenantGuard, clock: Clock
) -> None:
    tenant_id = uuid4()
    await companies.found(tenant_id)
    await guard.admit(_caller(tenant_id))
    assert isinstance(await companies.send(tenant_id, SuspendTenant(id=tenant_id)), AppendReceipt)
    # It is known for two seconds what it was.
    await guard.admit(_caller(tenant_id))
    clock.now += 2
    for kind in ("person", "key"):
        with pytest.raises(TenantIsSuspended):
            await guard.admit(_caller(tenant_id, kind))
    await guard.admit(_caller(tenant_id, "service"))
    await guard.admit(Caller(tenant_id=tenant_id, user_id=SYSTEM))
    assert isinstance(await companies.send(tenant_id, ReactivateTenant(id=tenant_id)), AppendReceipt)
    # Nobody is refused by what is remembered.
    await guard.admit(_caller(tenant_id))


async def test_a_suspension_that_it_is_told_of_counts_at_once(
    companies: Companies, guard: TenantGuard
) -> None:
    tenant_id = uuid4()
    await companies.found(tenant_id)
    await guard.admit(_caller(tenant_id))
    await companies.send(tenant_id, SuspendTenant(id=tenant_id))
    guard.forget(tenant_id)
    with pytest.raises(TenantIsSuspended):
        await guard.admit(_caller(tenant_id))


async def test_what_was_read_before_a_suspension_is_not_remembered_after_it(
    companies: Companies, database: Database, clock: Clock
) -> None:
    tenant_id = uuid4()
    await companies.found(tenant_id)
    read, suspended = asyncio.Event(), asyncio.Event()

    class Slow(PostgresRows):
        async def get(self, *which: Any, **more: Any) -> Any:
            rows = await super().get(*which, **more)
            read.set()
            await suspended.wait()
            return rows

    guard = TenantGuard(Slow(database, Only(1)), here="local", seconds=2, clock=clock)
    early = asyncio.create_task(guard.admit(_caller(tenant_id)))
    await read.wait()
    await companies.send(tenant_id, SuspendTenant(id=tenant_id))
    guard.forget(tenant_id)
    suspended.set()
    await early
    with pytest.raises(TenantIsSuspended):
        await guard.admit(_caller(tenant_id))


async def test_nobody_is_admitted_while_it_cannot_be_known(product: Product, clock: Clock) -> None:
    closed = await Database.open(product.settings.database_url, secret=product.settings.secret)
    await closed.close()
    guard = TenantGuard(PostgresRows(closed, Only(1)), here="local", seconds=2, clock=clock)
    with pytest.raises(asyncpg.InterfaceError):
        await guard.admit(_caller(uuid4()))


async def test_a_closed_tenants_people_change_nothing(companies: Companies, guard: TenantGuard) -> None:
    tenant_id = uuid4()
    await companies.found(tenant_id)
    await companies.send(tenant_id, CloseTenant(id=tenant_id))
    with pytest.raises(TenantIsClosed):
        await guard.admit(_caller(tenant_id))
    await guard.admit(_caller(tenant_id, "service"))
