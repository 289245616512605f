"""By which index the entity index answers its access patterns, as the role that the API reads as (ID-T-07..10)."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from app.storage.database import READER, Database, role_url
from projections.kit.read.conditions import Condition, equals, since, until
from projections.kit.read.keyset import Order
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.store.tables import table_shape
from projections.tenancy.entity_index import EntityIndex
from projections.tenancy.entity_keys import CONFIG, EntityKey
from projections.tenancy.flags import FeatureFlags
from tests.kit.product import Product
from tests.work.test_plans import Explaining

MANY = 4_000
TENANT, OTHER = UUID(int=1), UUID(int=2)
ENTITY = UUID("00000000-0000-0000-0000-000000000009")
TABLE = table_shape(EntityIndex, 1).name

# CAMPAIGN stands for every kind that a later context brings; the index itself knows no kinds.
_KINDS = "(array['USER', 'TASK', 'CAMPAIGN', 'PROJECT'])[1 + n % 4]"
_STATUS = "(array['active', 'paused', 'deleted'])[1 + n % 3]"
_ID = "('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid"
_FILL = f"""
insert into {TABLE}
select $1, kind || '#' || id, kind, id, {_STATUS}, '2030-01-01Z'::timestamptz + n * interval '1 minute',
       now(), '{{}}', n
  from (select n, {_KINDS} as kind, {_ID} as id from generate_series(1, {MANY}) n) entities
"""
_CONFIG = f"insert into {TABLE} values ($1, 'CONFIG', 'CONFIG', $1, 'active', now(), now(), '{{}}', 1)"
_FLAGS = f"""
insert into {table_shape(FeatureFlags, 1).name}
select $1, uuidv7(), 'feature.' || n, true, '{{}}', now(), now(), n from generate_series(1, {MANY}) n
"""


@pytest.fixture(scope="module")
async def full(product: Product) -> Product:
    """The product with many entities of two tenants, which have the same ids, and their statistics."""
    owner = await asyncpg.connect(product.settings.database_url)
    try:
        for tenant in (TENANT, OTHER):
            for fill in (_FILL, _CONFIG, _FLAGS):
                await owner.execute(fill, tenant)
        for view in (EntityIndex, FeatureFlags):
            await owner.execute(f"vacuum analyze {table_shape(view, 1).name}")
    finally:
        await owner.close()
    return product


@pytest.fixture(scope="module")
async def database(full: Product) -> AsyncIterator[Database]:
    opened = await Database.open(full.settings.database_url, secret=full.settings.secret)
    yield opened
    await opened.close()


@pytest.fixture
def explaining(database: Database) -> Explaining:
    """A reader that explains."""
    return Explaining(database)


@pytest.mark.parametrize(
    "sk",
    [CONFIG, *(EntityKey(TENANT, kind, ENTITY).sk for kind in ("USER", "CAMPAIGN"))],
    ids=["config", "user", "campaign"],
)
async def test_an_entity_is_read_by_the_key(explaining: Explaining, sk: str) -> None:
    await PostgresRows(explaining, Only(1)).get(EntityIndex, TENANT, [(sk,)])
    assert "entity_index_pkey" in explaining.plan, explaining.plan
    assert "Seq Scan" not in explaining.plan


@pytest.mark.parametrize("kind", ["CAMPAIGN", "TASK"])
@pytest.mark.parametrize("descending", [True, False])
async def test_a_status_is_read_by_its_index_in_order(
    explaining: Explaining, kind: str, descending: bool
) -> None:
    where = [*equals("entity_type", kind), *equals("status", "paused")]
    await _page(explaining, where, Order("sk", descending=descending))
    assert re.search(r"Index (Only )?Scan (Backward )?using idx_entity_index_status", explaining.plan)
    [condition] = re.findall("Index Cond: .*", explaining.plan)
    assert "entity_type" in condition
    assert "status" in condition
    # In order means that a page costs as much as a page has rows.
    assert "Sort" not in explaining.plan, explaining.plan


@pytest.mark.parametrize("kind", ["CAMPAIGN", "USER"])
@pytest.mark.parametrize("descending", [True, False])
async def test_a_range_of_dates_is_read_by_its_index_in_order(
    explaining: Explaining, kind: str, descending: bool
) -> None:
    where = [
        *equals("entity_type", kind),
        *since("created_at", datetime(2030, 1, 2, tzinfo=UTC)),
        *until("created_at", datetime(2030, 1, 3, tzinfo=UTC)),
    ]
    await _page(explaining, where, Order("created_at", descending=descending))
    assert re.search(r"Index (Only )?Scan (Backward )?using idx_entity_index_created_at", explaining.plan)
    [condition] = re.findall("Index Cond: .*", explaining.plan)
    assert "entity_type" in condition
    assert "created_at >=" in condition
    assert "created_at <" in condition
    assert "Sort" not in explaining.plan, explaining.plan


async def test_a_flag_is_read_by_its_name(explaining: Explaining) -> None:
    rows = PostgresRows(explaining, Only(1))
    where = equals("feature_name", "feature.7")
    await rows.page(FeatureFlags, TENANT, where=where, order=Order("feature_name"), limit=1)
    assert "idx_feature_flags_name" in explaining.plan, explaining.plan


async def test_the_same_key_in_two_tenants_is_two_entities(database: Database) -> None:
    owner_sees = await _count(database, TENANT), await _count(database, OTHER)
    assert owner_sees == (MANY + 1, MANY + 1)
    rows = PostgresRows(database, Only(1))
    for tenant in (TENANT, OTHER):
        [row] = (await rows.get(EntityIndex, tenant, [(CONFIG,)])).values()
        assert row.entity_id == tenant


async def test_outside_a_tenants_scope_no_row_is_seen(full: Product) -> None:
    reader = await asyncpg.connect(role_url(full.settings.database_url, READER, full.settings.secret))
    try:
        assert await reader.fetchval(f"select count(*) from {TABLE}") == 0
        await reader.execute("select set_config('headwater.tenant', $1, false)", str(TENANT))
        assert await reader.fetchval(f"select count(*) from {TABLE}") == MANY + 1
        assert await reader.fetchval(f"select count(*) from {TABLE} where tenant_id = $1", OTHER) == 0
    finally:
        await reader.close()


async def _count(database: Database, tenant: UUID) -> int:
    return await PostgresRows(database, Only(1)).count(EntityIndex, tenant)


async def _page(explaining: Explaining, where: list[Condition], order: Order) -> None:
    await PostgresRows(explaining, Only(1)).page(EntityIndex, TENANT, where=where, order=order, limit=20)
