"""What directs the views as operators do, for the command line and for the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from app.composition.write_side import WriteSide, written
from app.contexts import VIEWS
from app.settings import Settings
from app.storage.database import Database, Pool
from app.telemetry.process_status import EffectLedger
from app.views.replay import Replaying
from projections.kit.follow.parked_streams import ParkedStreams
from projections.kit.rebuild.pause import ViewPauses
from projections.kit.rebuild.requests import Rebuilds
from projections.kit.rebuild.retirement import ViewRetirement
from projections.operations.operator_requests import OperatorRequests
from projections.operations.polled_lists import PolledLists
from projections.operations.rebuild_watch import RebuildWatch
from projections.operations.tenant_location import TenantWhereabouts

_PLACED = """
select coalesce((select kind = 'silo' from placement.tenants where tenant_id = $1), false) as elsewhere,
       exists (select from placement.tenants where tenant_id = $1)
       or exists (select from es.streams where tenant_id = $1)
       or exists (select from keys.tenant_keys where tenant_id = $1) as known
"""


async def _whereabouts(pool: Pool, tenant_id: UUID) -> TenantWhereabouts:
    # Not every tenant that shares the platform's database is in the registry, and that of a silo has none.
    row = await pool.fetchrow(_PLACED, tenant_id)
    assert row is not None
    if row["elsewhere"]:
        return TenantWhereabouts.ELSEWHERE
    return TenantWhereabouts.HERE if row["known"] else TenantWhereabouts.NOWHERE


def operator_requests(writes: WriteSide, settings: Settings) -> OperatorRequests:
    """What directs the views of one database."""
    pool = writes.database.writer
    rebuilds = Rebuilds(pool, VIEWS, keep=settings.rollback, owner=writes.database.owner)
    return OperatorRequests(
        writes.bus,
        rebuilds,
        ParkedStreams(pool),
        ViewPauses(pool, VIEWS),
        ViewRetirement(pool, {view.name for view in VIEWS}),
        EffectLedger(pool),
        Replaying(settings),
        partial(writes.inline.answer, pool),
        partial(_whereabouts, pool),
    )


def operator_ports(writes: WriteSide, settings: Settings) -> tuple[object, ...]:
    """What the API of operators asks, in one database."""
    requests = operator_requests(writes, settings)
    return requests, RebuildWatch(requests.rebuilds), PolledLists()


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[tuple[Database, OperatorRequests]]:
    """What a program needs that directs the views as operators do."""
    async with written(settings) as side:
        yield side.database, operator_requests(side, settings)
