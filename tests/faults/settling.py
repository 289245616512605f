"""Waiting until the product is well again by its own account."""

import asyncio

import asyncpg
import httpx

from app.telemetry.process_status import process_statuses
from projections.kit.read.status import ViewState, ViewStatus, views_status
from tests.faults.cluster import Cluster

_OPEN = "select id, state from ops.rebuilds where state in ('building', 'verifying')"
"""Rebuilds that nobody need ask for: of rows that were lost."""
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, httpx.HTTPError)


async def settled(cluster: Cluster, seconds: float) -> str | None:
    """Wait until every view is at the head and health says ready; what is wrong when that takes too long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    problem: str | None = "nothing was seen"
    while problem is not None and loop.time() < deadline:
        try:
            problem = await _unwell(cluster)
        except _AWAY as error:
            problem = repr(error)
        await asyncio.sleep(0.1)
    return problem


async def _unwell(cluster: Cluster) -> str | None:
    pool = await asyncpg.create_pool(cluster.direct.database_url, min_size=1, max_size=1, timeout=10)
    try:
        lagging = [view for view in await views_status(pool) if view.live and not _at_head(view)]
        open_ones = await pool.fetch(_OPEN)
        busy = [process for process in await process_statuses(pool) if process.open or process.lag_events]
    finally:
        pool.terminate()
    if lagging:
        return "; ".join(str(view) for view in lagging)
    if open_ones:
        return "; ".join(f"rebuild {row['id']} is {row['state']}" for row in open_ones)
    if busy:
        # What they are still to do, after having waited for something, would come after the last look at the log.
        return "; ".join(
            f"{process.process} has {process.open} to do and {process.lag_events} to read" for process in busy
        )
    async with cluster.http() as http:
        response = await http.get("/health/ready")
    return None if response.json()["status"] == "ready" else response.text


def _at_head(view: ViewStatus) -> bool:
    return view.complete and view.position == view.head and view.state is ViewState.FOLLOWING
