"""The rebuilder: a child process of a worker, there while views are built, compared or dropped."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
from typing import Any
from uuid import UUID

import uvloop

from app.entry.worker import ViewFolding, folding, quick, there
from app.log.postgres import PostgresLog
from app.settings import Settings, read_settings
from app.telemetry.logs import configure_logs
from domain.kit.codec import Codec, PlainCodec
from projections.kit.background import TaskStuck
from projections.kit.declare.view import View
from projections.kit.follow.lane import Lane, Ledger
from projections.kit.rebuild.bulk_build import Builder
from projections.kit.rebuild.cutover import Cutover
from projections.kit.rebuild.rebuilder import Rebuilder
from projections.kit.store.store import Store

_logger = logging.getLogger(__name__)

_NICE = 10
"""The live views of this machine come first."""
_GRACE = 8.0
"""Seconds in which it stops when asked to; less than its worker waits before it is killed."""
_IDLE = 5.0
"""Seconds without anything to do after which it ends."""


def main() -> None:
    """Rebuild until there is nothing left to do, or until SIGTERM or SIGINT."""
    settings = read_settings()
    configure_logs(settings.log_level)
    os.nice(_NICE)
    quick()
    # What it makes holds no cycles, and it ends with its work.
    gc.disable()
    uvloop.run(work(settings))


async def work(settings: Settings) -> None:
    """Rebuild whatever is asked for, once Postgres is there: it may be recovering, as after a crash."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if not await there(settings, stopping):
        return
    async with contextlib.AsyncExitStack() as stack:
        place = await stack.enter_async_context(folding(settings))
        log = PostgresLog(place.database)
        stack.push_async_callback(log.close)
        rebuilder = rebuilder_of(place, log, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, rebuilder)
        if stopping.is_set():
            return
        try:
            await rebuilder.run(idle=_IDLE)
        except TaskStuck as stuck:
            _give_up(str(stuck))


def _stop(rebuilder: Rebuilder) -> None:
    rebuilder.stop()
    asyncio.get_running_loop().call_later(_GRACE, _give_up, "It does not stop within its time.")


def _give_up(why: str) -> None:
    """End at once: to clean up would be to wait for what hangs, and all that matters is on record."""
    _logger.error("The rebuilder exits at once; the next one continues from what is recorded: %s", why)
    os._exit(1)


def rebuilder_of(place: ViewFolding, log: PostgresLog, settings: Settings) -> Rebuilder:
    """A rebuilder with all stores of this installation."""
    views, stores = place.stores.views, place.stores.of
    switching = Cutover(
        views,
        stores,
        pool=place.pool,
        owner=place.database.owner,
        keep=settings.rollback,
    )
    build = FromLog(log, PlainCodec())
    return Rebuilder(views, stores, build, switching, connect=place.database.connect, pool=place.pool)


class FromLog:
    """Builds from this log; see `projections.kit.rebuild.rebuilder.Build`."""

    def __init__(self, log: PostgresLog, codec: Codec, *, near: int = 2000) -> None:
        """``near``: so many events are left to whoever follows the view from there."""
        self._log, self._codec, self._near = log, codec, near

    async def __call__(
        self,
        view: View[Any],
        store: Store[Any],
        lane: Lane,
        ledger: Ledger,
        /,
        *,
        tenant_id: UUID | None,
        rate: int | None,
        until: int | None,
    ) -> None:
        builder = Builder(
            view,
            store,
            self._log,
            self._codec,
            lane,
            ledger,
            tenant_id=tenant_id,
            rate=rate,
            near=self._near,
        )
        await builder.run(until=until)
