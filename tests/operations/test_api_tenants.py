"""What operators ask about one tenant is refused for one that is not there, or whose data is elsewhere."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from api.schema import schema
from tests.kit.client import Client
from tests.kit.product import Product

VIEW = "tasks.tasks"
INPUTS: dict[str, dict[str, Any]] = {
    "RebuildViews": {"views": [VIEW]},
    "ReplayEvents": {"views": [VIEW]},
    "RetryParked": {"view": VIEW},
    "DiscardParked": {"view": VIEW, "stream": str(uuid4()), "reason": "x"},
}
_PLACED = """
insert into placement.tenants (tenant_id, name, slug, kind, region, database, redis_prefix, index_prefix, state)
values ($1::uuid, 'Apart', 'apart-' || $1::uuid, 'silo', 'local', 'apart', 'apart', 'apart', 'provisioning')
"""


@pytest.fixture(scope="module")
def operator(product: Product) -> Client:
    """Somebody who may rebuild and repair."""
    return product.client(uuid4(), uuid4(), ["ops:rebuild", "ops:repair", "ops:views"])


def test_these_are_all_that_take_a_tenant() -> None:
    found = {
        name.removesuffix("Input")
        for name, type in schema._schema.type_map.items()
        if name.endswith("Input") and "tenantId" in getattr(type, "fields", {})
    }
    assert found == set(INPUTS)


@pytest.mark.parametrize("operation", INPUTS)
async def test_refuses_a_tenant_that_is_not_there(operator: Client, operation: str) -> None:
    refused = await operator.send(operation, input={**INPUTS[operation], "tenantId": str(uuid4())})
    assert refused == {"code": "not_found", "message": "There is no such tenant.", "field": "tenantId"}


@pytest.mark.parametrize("operation", INPUTS)
async def test_refuses_a_tenant_with_a_database_of_its_own(
    product: Product, operator: Client, operation: str
) -> None:
    tenant = uuid4()
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        await owner.execute(_PLACED, tenant)
        refused = await operator.send(operation, input={**INPUTS[operation], "tenantId": str(tenant)})
    finally:
        await owner.execute("delete from placement.tenants where tenant_id = $1", tenant)
        await owner.close()
    assert (refused["code"], refused["field"]) == ("not_possible", "tenantId")
