"""Which commands are taken for a tenant: by its region and status."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from app.database import Database
from domain.kit.caller import PLATFORM, SYSTEM, Caller, Kind
from domain.kit.log import Receipt
from domain.tenancy.regions import WrongRegion, require_region
from domain.tenancy.tenant_commands import CloseTenant, ReactivateTenant, SuspendTenant
from domain.tenancy.tenants import TenantIsClosed, TenantIsSuspended
from projections.kit.live import Only
from projections.kit.rows import Rows
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
    return TenantGuard(Rows(database, Only(1)), here="local", seconds=2, clock=clock)


def _caller(tenant_id: UUID, kind: Kind = "person") -> Caller:
    return Caller(tenant_id=tenant_id, user_id=uuid4(), kind=kind)


def test_a_tenants_own_region_takes_its_commands() -> None:
    require_region("eu-central-1", here="eu-central-1")


def test_another_region_says_where_the_data_stays() -> None:
    with pytest.raises(WrongRegion) as refused:
        require_region("eu-central-1", here="us-east-1")
    assert refused.value.message == (
        "The data of this tenant stays in eu-central-1; us-east-1 takes no commands for it."
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
    assert isinstance(await companies.send(tenant_id, SuspendTenant(id=tenant_id)), Receipt)
    # It is known for two seconds what it was.
    await guard.admit(_caller(tenant_id))
    clock.now += 2
    for kind in ("person", "key"):
        with pytest.raises(TenantIsSuspended):
            await guard.admit(_caller(tenant_id, kind))
    await guard.admit(_caller(tenant_id, "service"))
    await guard.admit(Caller(tenant_id=tenant_id, user_id=SYSTEM))
    assert isinstance(await companies.send(tenant_id, ReactivateTenant(id=tenant_id)), Receipt)
    clock.now += 2
    await guard.admit(_caller(tenant_id))


async def test_a_closed_tenants_people_change_nothing(companies: Companies, guard: TenantGuard) -> None:
    tenant_id = uuid4()
    await companies.found(tenant_id)
    await companies.send(tenant_id, CloseTenant(id=tenant_id))
    with pytest.raises(TenantIsClosed):
        await guard.admit(_caller(tenant_id))
    await guard.admit(_caller(tenant_id, "service"))
