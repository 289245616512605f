"""The writing side of the product, for the programs that send commands: log, keys, inline views, bus."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app.contexts import VIEWS
from app.keys import KeyRing, SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from app.telemetry.tracing import TracedBus
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import Codec, PlainCodec
from domain.kit.sealed import Opening
from projections.kit.declare.postgres import PostgresView
from projections.kit.follow.inline import Inline
from projections.kit.store.generations import enroll_all
from projections.kit.store.postgres_store import PostgresStore
from projections.kit.store.postgres_tables import prepare_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSide:
    """What sends commands to one database."""

    database: Database
    ring: KeyRing
    codec: Codec
    log: PostgresLog
    bus: Bus
    inline: Inline


@asynccontextmanager
async def writing(
    settings: Settings,
    database: Database,
    *,
    ring: KeyRing | None = None,
    log: type[PostgresLog] = PostgresLog,
) -> AsyncIterator[WriteSide]:
    """The writing side on a database, with a ``ring`` that is open already or one of its own.

    ``log`` may be a kind of log that measures.
    """
    async with AsyncExitStack() as stack:
        if ring is None:
            ring = await stack.enter_async_context(opened_ring(settings, database))
        inline = await inline_views(database, ring)
        opened = log(database, inline=inline, patience=settings.append_wait_seconds)
        stack.push_async_callback(opened.close)
        codec = SealingCodec(ring)
        bus = bus_of(opened, codec, settings)
        yield WriteSide(database=database, ring=ring, codec=codec, log=opened, bus=bus, inline=inline)


@asynccontextmanager
async def written(settings: Settings) -> AsyncIterator[WriteSide]:
    """The writing side on a few connections of its own."""
    database = await Database.open(settings.database_url, secret=settings.secret, writers=4, readers=4)
    try:
        async with writing(settings, database) as side:
            yield side
    finally:
        await database.close()


@asynccontextmanager
async def commanding(settings: Settings) -> AsyncIterator[tuple[Database, Bus]]:
    """What a program needs that only sends commands."""
    async with written(settings) as side:
        yield side.database, side.bus


def bus_of(log: PostgresLog, codec: Codec, settings: Settings) -> Bus:
    """What sends commands to a log."""
    return TracedBus(
        log,
        codec,
        SystemClock(),
        TimeOrderedIds(),
        environment=settings.environment,
        region=settings.region,
    )


async def prepared(database: Database) -> None:
    """Give every view a generation in this version, and every Postgres view its table."""
    generations = await enroll_all(database.writer, VIEWS)
    stores = (
        PostgresStore(view, database.writer, database.owner, generations[view.name])
        for view in VIEWS
        if issubclass(view, PostgresView)
    )
    await prepare_tables([store.own_table for store in stores], database.writer, database.owner)


async def inline_views(database: Database, opening: Opening | None = None) -> Inline:
    """The inline views for an appender, brought to the head of the log.

    ``opening`` opens what their tables hold in plain.
    """
    await prepared(database)

    def store(view: PostgresView[Any], generation: int) -> PostgresStore[Any]:
        return PostgresStore(type(view), database.writer, database.owner, generation, opening)

    views = [view() for view in VIEWS if issubclass(view, PostgresView) and view.inline]
    # Folds never open what is sealed.
    inline = Inline(views, PlainCodec(), store)
    await inline.catch_up(database.writer)
    return inline
