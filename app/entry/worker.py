"""The worker process: follows the log and folds it into every view; start as many as you like."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import uvloop

from app.audit.retention import keep_retention
from app.composition.write_side import WriteSide, prepared, writing
from app.contexts import VIEWS
from app.entry.garbage_collector import tune_collector
from app.entry.processes import Parts, enrolled, home_processes, processes, run_processes
from app.entry.rebuilder_process import Rebuilding
from app.entry.scheduled_comparison import keep_comparing
from app.files.factory import keep_files
from app.keys import KeyRing, opened_ring
from app.placement.late_accesses import keep_carrying
from app.placement.processes import placing
from app.placement.registry import placement, registered
from app.placement.silos import Silos
from app.placement.write_side import silo_of
from app.privacy.factory import privacy_processes
from app.privacy.platform import platform_of
from app.processes.address_proofs import LinkedDatabase
from app.settings import Settings, read_settings
from app.storage.clients import redis_client, search_client
from app.storage.database import Database, Pool, until_there
from app.storage.redis_eviction import warn_of_eviction
from app.storage.stores import Stores
from app.telemetry.ailments import ailment
from app.telemetry.logs import configure_logs
from app.telemetry.service_health import telling
from app.telemetry.system_status import standing
from app.telemetry.tracing import TracedFolds, start_tracing
from app.views.partitions import keep_partitions
from domain.kit.bus.repository import Repository
from domain.kit.codec import PlainCodec
from domain.kit.process.process import Process
from projections.kit.background import end, running
from projections.kit.follow.lanes import Lanes
from projections.kit.follow.pages import Pages
from projections.kit.follow.watch import Watch
from projections.kit.read.live_generations import pointers
from projections.kit.read.status import views_status
from projections.kit.store.postgres_store import CONNECTION_SETTINGS
from projections.kit.store.shared_statements import SHARED_SETTINGS, SharedStatements

_SHARED = 3
"""Connections for the statements that views share, at the most half of those that fold."""


def main() -> None:
    """Work until SIGTERM or SIGINT, then give the lanes back."""
    settings = read_settings()
    configure_logs(settings.log_level)
    quick()
    uvloop.run(work(settings))


def quick() -> None:
    """Set up a process that folds events."""
    # Its client logs every refused connection, and each lane says once that it waits for search.
    logging.getLogger("opensearch").setLevel(logging.ERROR)
    tune_collector()


async def work(settings: Settings) -> None:
    """Follow every view, of the platform and of each silo, until a signal."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    if not await there(settings, stopping):
        return
    await everywhere(settings, stopping)


async def there(settings: Settings, stopping: asyncio.Event) -> bool:
    """Wait until Postgres takes connections; False when ``stopping`` was set first."""
    waiting = asyncio.ensure_future(until_there(settings.database_url, settings.secret))
    stopped = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((waiting, stopped), return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            return False
        await waiting
        return True
    finally:
        await end(waiting, stopped)


async def everywhere(settings: Settings, stopping: asyncio.Event) -> None:
    """Follow every view until ``stopping`` is set; silos are begun and left as the registry of placements says."""
    watch = TracedFolds() if start_tracing("headwater-worker") else None

    async def silo(own: Settings, stopping: asyncio.Event, acting: bool) -> None:
        async with folding(own) as place:
            await _follow(place, own, stopping, _everyones if acting else None, watch, platform=settings)

    async with (
        folding(settings) as place,
        registered(place.database.writer, rest=place.database.news.rest("placements")) as registry,
    ):
        silos = Silos(registry, settings, silo)

        async def acting(parts: Parts) -> Sequence[Process[Any]]:
            own = await enrolled(parts.database, home_processes())
            return [*await _everyones(parts), *own, *await placing(settings, place.database)]

        late = partial(keep_carrying, settings, place.database.writer)
        aging = partial(keep_files, settings)
        async with (
            running(silos.run, name="silos"),
            running(late, name="late accesses"),
            running(aging, name="files"),
            telling(place.database.writer, "worker", settings.region, partial(_status, place)),
        ):
            await _follow(place, settings, stopping, acting, watch)


async def _status(place: "ViewFolding") -> str:
    """How the platform's views and processes stand, in a word."""
    views = await views_status(place.pool)
    wrong = any(ailment(view) for view in views) or (await standing(place.database.writer)).ailments()
    return "degraded" if wrong else "ready"


async def _everyones(parts: Parts) -> Sequence[Process[Any]]:
    """The processes that run in every database."""
    return await enrolled(parts.database, processes(parts))


async def _follow(
    place: "ViewFolding",
    settings: Settings,
    stopping: asyncio.Event,
    acting: Callable[[Parts], Awaitable[Sequence[Process[Any]]]] | None,
    watch: Watch | None,
    platform: Settings | None = None,
) -> None:
    """Follow the views of one database, and run its processes, until ``stopping`` is set.

    ``platform`` is given for a silo's database.
    """
    async with contextlib.AsyncExitStack() as stack:
        # Processes append; the views follow.
        writes = await stack.enter_async_context(writing(settings, place.database, ring=place.ring))
        log, bus = writes.log, writes.bus
        pages, news = Pages(log, PlainCodec()), place.database.news
        lanes = Lanes(
            place.stores.views,
            place.stores.of,
            connect=place.database.connect,
            pool=place.pool,
            pages=pages,
            watch=watch,
            shared=place.statements,
        )
        await stack.enter_async_context(running(pages.run, name="log pages"))
        if acting is not None:
            home = None if platform is None else await stack.enter_async_context(platform_of(platform))
            live = await stack.enter_async_context(
                pointers(place.database.writer, VIEWS, rest=news.rest("generations"))
            )
            parts = Parts(
                counting=None if home is None or home.writes is None else home.writes.database.writer,
                settings=settings,
                database=place.database,
                log=log,
                bus=bus,
                opening=writes.ring,
                codec=writes.codec,
                accounts=None if home is None or home.writes is None else _place(home.writes),
                reach=partial(_reach, settings, writes) if home is None else None,
                live=live,
            )
            own = await stack.enter_async_context(
                privacy_processes(
                    settings,
                    database=place.database,
                    bus=bus,
                    codec=writes.codec,
                    keys=writes.ring,
                    live=live,
                    platform=home,
                )
            )
            at_home = [*await acting(parts), *await enrolled(place.database, own)]
            at_work = partial(
                run_processes,
                at_home,
                database=place.database,
                log=log,
                pages=pages,
                bus=bus,
                shared=place.shared,
            )
            await stack.enter_async_context(running(at_work, name="processes"))
        await stack.enter_async_context(running(partial(keep_retention, place.database), name="retention"))
        await stack.enter_async_context(running(partial(keep_partitions, place.database), name="partitions"))
        comparing = partial(keep_comparing, settings, place.pool, place.stores)
        await stack.enter_async_context(running(comparing, name="reconciling"))
        rebuilding = Rebuilding(settings, place.pool, rest=news.rest("rebuilds"))
        await stack.enter_async_context(running(rebuilding.run, name="rebuilding"))
        await stack.enter_async_context(running(partial(_until, stopping, lanes), name="stop"))
        await lanes.run()


def _place(writes: WriteSide) -> LinkedDatabase:
    return LinkedDatabase(
        repository=Repository(writes.log, writes.codec), opening=writes.ring, bus=writes.bus
    )


@contextlib.asynccontextmanager
async def _reach(settings: Settings, platform: WriteSide, tenant_id: UUID) -> AsyncIterator[LinkedDatabase]:
    """Where a tenant's people are: with the platform, or in a silo."""
    async with silo_of(await placement(platform.database.writer, tenant_id), settings) as silo:
        yield _place(silo or platform)


async def _until(stopping: asyncio.Event, lanes: Lanes) -> None:
    await stopping.wait()
    lanes.stop()


@dataclass(frozen=True, slots=True)
class ViewFolding:
    """What a process needs that folds events into views."""

    database: Database
    pool: Pool
    shared: Pool
    """For statements of several views, or of several processes."""
    statements: SharedStatements
    stores: Stores
    ring: KeyRing


@contextlib.asynccontextmanager
async def folding(settings: Settings) -> AsyncIterator[ViewFolding]:
    """Connections to all stores, with every view enrolled and every table made."""
    async with contextlib.AsyncExitStack() as stack:
        database = await Database.open(
            settings.database_url,
            secret=settings.secret,
            writers=settings.pool_writers,
            readers=min(4, settings.pool_readers),
        )
        stack.push_async_callback(database.close)
        few = min(_SHARED, settings.pool_writers // 2) or 1
        pool, shared = [
            await stack.enter_async_context(await database.pool(size, how))
            for size, how in (
                (max(1, settings.pool_writers - few), CONNECTION_SETTINGS),
                (few, SHARED_SETTINGS),
            )
        ]
        redis = redis_client(settings)
        stack.push_async_callback(redis.aclose)
        await warn_of_eviction(redis)
        search = search_client(settings) if settings.opensearch_url else None
        if search is not None:
            stack.push_async_callback(search.close)
        await prepared(database)
        ring = await stack.enter_async_context(opened_ring(settings, database))
        statements = SharedStatements(shared, pool)
        stores = Stores(
            database,
            pool,
            redis,
            search,
            settings.index_prefix,
            settings.redis_prefix,
            opening=ring,
            shared=statements,
        )
        yield ViewFolding(database, pool, shared, statements, stores, ring)
