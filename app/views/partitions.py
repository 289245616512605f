"""Keeps the partitions of views: those to come are made, and those are dropped that are too old."""

import asyncio
import logging
from datetime import datetime

import asyncpg

from app.contexts import VIEWS
from app.storage.database import Database
from domain.kit.clock import Clock, SystemClock
from projections.kit.declare.partitions import ByTime
from projections.kit.declare.postgres import PostgresView
from projections.kit.store.partitions import arrange

_LOCK = 7311902764010
_PAUSE = 3600.0
_GENERATIONS = "select generation from ops.lanes where view = $1 and phase <> 'dropped' order by generation"

_logger = logging.getLogger(__name__)


async def arrange_partitions(database: Database, *, now: datetime | None = None) -> list[str]:
    """Do `arrange` for every generation of every view; which partitions were dropped. Only one process does it at
    a time; another one finds nothing to do. A table that cannot be had is logged, and left for the next time."""
    owner = await database.owner()
    try:
        if not await owner.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            return []
        gone: list[str] = []
        for view in VIEWS:
            if issubclass(view, PostgresView) and isinstance(view.partitions, ByTime):
                for record in await owner.fetch(_GENERATIONS, view.name):
                    try:
                        gone += await arrange(owner, view, record["generation"], now=now)
                    except asyncpg.LockNotAvailableError:
                        _logger.warning("The partitions of %s are in use and were not arranged.", view.name)
        return gone
    finally:
        await owner.close()


async def keep_partitions(database: Database, clock: Clock | None = None, *, pause: float = _PAUSE) -> None:
    """Do `arrange_partitions` now and once an hour until it is cancelled; a failure is logged, and the next hour
    counts."""
    clock = clock or SystemClock()
    while True:
        try:
            for partition in await arrange_partitions(database, now=clock.now()):
                _logger.info("Dropped %s, whose rows were too old.", partition)
        except Exception:
            _logger.exception("The partitions of views could not be arranged.")
        await asyncio.sleep(pause)
