"""The views of tenancy built in bulk hold the rows that folding makes: amounts, settings and all."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.embedded.postgres import Postgres
from domain.identity.users import User
from domain.tenancy.flags import FeatureFlag
from domain.tenancy.subscriptions import Subscription
from domain.tenancy.tenants import Tenant
from projections.kit.declare.view import View
from projections.kit.store.postgres_store import PostgresStore
from projections.tenancy import CONTEXT
from tests.kit.servers import fresh_database, fresh_prefix
from tests.rebuild.site import Site, rows
from tests.tenants.histories import flag_added, invoiced, overdue, paid, started, tenant_created
from tests.views.place import Place, opened
from tests.work.histories import COMPLETED, project_created, task_created

TENANTS = UUID(int=7), UUID(int=8)


@pytest.fixture
async def site(postgres: Postgres, redis_url: str, osmem_url: str) -> AsyncIterator[Site]:
    """A log with the same story in two tenants, and the stores."""
    async with fresh_database(postgres) as url, opened(url) as place:
        async with Redis.from_url(redis_url) as redis, AsyncOpenSearch(osmem_url) as search:
            await redis.flushdb()
            for tenant in TENANTS:
                await _tell(place, tenant)
            yield Site(place, redis, search, fresh_prefix(), url)


async def _tell(place: Place, tenant: UUID) -> None:
    flag, gone, subscription, task, project, person = (uuid4() for _ in range(6))
    name = flag_added().feature_name
    settings = {"ä": ['"\\', 0.1, None, {"🦆": True}], "n": 2**62}
    await place.tell(
        (tenant, tenant_created(slug=f"acme-{tenant.int}", settings=settings)),
        (tenant, Tenant.Suspended()),
        (tenant, Tenant.Reactivated()),
        (gone, flag_added()),
        (gone, FeatureFlag.Removed(feature_name=name)),
        # The same name again, in the same page of events.
        (flag, flag_added(config=settings)),
        (flag, FeatureFlag.Changed(feature_name=name, enabled=False, config=settings)),
        (subscription, started()),
        (subscription, invoiced("1", amount="0.10")),
        (subscription, invoiced("2", amount="999999999999.9999")),
        (subscription, invoiced("3", amount="0")),
        (subscription, overdue("1")),
        (subscription, paid("2")),
        (subscription, Subscription.InvoiceVoided(number="3", status=started().status)),
        (person, User.Registered(email="anna@example.com", first_name="Anna")),
        (project, project_created()),
        (task, task_created()),
        (task, COMPLETED),
        tenant=tenant,
    )


# Rows differ in type, hence Any.
@pytest.mark.parametrize("view", CONTEXT.views, ids=lambda view: view.name)
@pytest.mark.parametrize("copied", [False, True], ids=["few", "many"])
async def test_builds_what_folding_makes(site: Site, view: type[View[Any]], copied: bool) -> None:
    built = await site.generation(view())
    if copied and isinstance(built.store, PostgresStore):
        # From one row on they are copied, as they are when there are many.
        built.store.bulk_rows = 1
    await (await site.builder(built)).run()
    expected = await site.folded(built.view)
    assert {tenant for tenant, _ in expected} == set(TENANTS)
    assert await rows(built.store) == expected
