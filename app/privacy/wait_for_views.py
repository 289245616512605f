"""Waiting until all views know that a person is erased."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.storage.database import Pool
from domain.processes.erasure_port import StillReadable
from projections.kit.declare.view import View

# Lanes of other versions are folded by nobody here; what they hold in plain text is swept (search.tables).
_BEHIND = """
select l.view from ops.lanes l
  join unnest($1::text[], $2::int[]) as known(view, version) on known.view = l.view and known.version = l.version
 where l.phase <> 'dropped' and l.position < $3
   and (l.tenant_id is null or l.tenant_id = $4)
 order by l.view limit 1
"""
_PARKED = """
select view from ops.parked where tenant_id = $1 and stream = any($2::uuid[])
union all
select d.view from ops.discarded d
  join es.streams s on s.tenant_id = d.tenant_id and s.originator_id = d.stream and d.last >= s.last
 where d.tenant_id = $1 and d.stream = any($2::uuid[])
 limit 1
"""


class ViewSettling:
    """Waits for every generation of every view that this code folds, those that are built or kept included."""

    def __init__(self, pool: Pool, views: Sequence[type[View[Any]]], *, seconds: float = 300) -> None:
        """``seconds``: how long to wait at the most."""
        self._pool, self._seconds = pool, seconds
        self._names, self._versions = [view.name for view in views], [view.version for view in views]

    async def reached(self, tenant_id: UUID, subjects: Sequence[UUID]) -> int:
        head: int = await self._pool.fetchval("select coalesce(max(position), 0) from es.events")
        behind = ""
        try:
            async with asyncio.timeout(self._seconds):
                while behind := await self._pool.fetchval(  # noqa: ASYNC110  # Others fold, in other processes.
                    _BEHIND, self._names, self._versions, head, tenant_id
                ):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise TimeoutError(f"{behind} has not come to position {head}.") from None
        if (view := await self._pool.fetchval(_PARKED, tenant_id, list(subjects))) is not None:
            raise StillReadable(f"Their events are left out of {view}.")
        return head
