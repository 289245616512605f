"""Puts the parts of one API process together: log, bus, readers, feed, caches."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from api.kit.schema.context import Services
from api.kit.schema.row_visibility import VisibilityRules
from app.audit.access_writer import recording
from app.auth.factory import SignInServices, create_sign_in
from app.campaigns.factory import campaign_ports
from app.composition.write_side import writing
from app.contexts import CONTEXTS, GUARD, LANGUAGE, VIEWS, VISIBILITY
from app.gateway.factory import gateway_ports
from app.gateway.imports.desk import FileDesk
from app.log.feed import RecentEvents
from app.log.postgres import PostgresLog
from app.placement.fence import refusing
from app.placement.tenant_service import TenantService
from app.privacy.factory import privacy_ports
from app.processes.webhook_log import webhook_desk
from app.settings import Settings
from app.storage.clients import redis_client, search_client
from app.storage.database import Database
from app.storage.database_probe import DatabaseProbe, probed
from app.telemetry.health import ABSENT
from app.telemetry.metrics import timed
from app.telemetry.tracing import traced_append, traced_appends
from app.views.operations import operator_ports
from domain.kit.context.adapters import provided
from domain.kit.log import Append, Outcome
from projections.kit.context.context import CommandGuard, ports_of
from projections.kit.context.read_side import ReadSide
from projections.kit.read.as_of import RowsAsOf
from projections.kit.read.live_generations import LiveGenerations, pointers
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions

if TYPE_CHECKING:
    from opensearchpy import AsyncOpenSearch

_SILENCE = 10.0
"""Seconds after which a feed that has read nothing is not well; it looks every five."""


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """The parts of one running API process."""

    settings: Settings
    database: Database
    log: PostgresLog
    feed: RecentEvents
    services: Services
    sign_in: SignInServices
    live: LiveGenerations
    probe: DatabaseProbe
    guard: CommandGuard
    """Judges which tenants' commands are taken."""
    platform_ports: Mapping[type, object]
    """The ports to what belongs to no tenant."""
    helpful: Mapping[str, Callable[[], Awaitable[object]]]
    """Checks of what the product can do without for a while, by the names in `HELPFUL`; each raises."""


HELPFUL = ("redis", "search", "feed")


class MeasuredLog(PostgresLog):
    """The log, with its appends timed and traced."""

    async def append(self, append: Append) -> Outcome:
        return await refusing(traced_append(timed(super().append)))(append)

    async def append_all(self, appends: Sequence[Append]) -> Sequence[Outcome]:
        return await refusing(traced_appends("append all", timed(super().append_all)))(appends)

    async def append_each(self, appends: Sequence[Append]) -> Sequence[Outcome | None]:
        return await refusing(traced_appends("append each", timed(super().append_each)))(appends)


@asynccontextmanager
async def assembled(settings: Settings) -> AsyncIterator[Assembly]:
    """Everything an API process needs, closed in order at the end."""
    async with AsyncExitStack() as stack:
        database = await Database.open(
            settings.database_url,
            secret=settings.secret,
            writers=settings.pool_writers,
            readers=settings.pool_readers,
            serving=True,
        )
        stack.push_async_callback(database.close)
        probe = await stack.enter_async_context(probed(database.connect))
        writes = await stack.enter_async_context(writing(settings, database, log=MeasuredLog))
        log, bus = writes.log, writes.bus
        live = await stack.enter_async_context(
            pointers(database.writer, VIEWS, rest=database.news.rest("generations"))
        )
        feed = RecentEvents(database)
        await feed.start()
        stack.push_async_callback(feed.close)
        redis = redis_client(settings)
        stack.push_async_callback(redis.aclose)
        progress = Positions(database.writer, live, known={view.name for view in VIEWS})
        rows = PostgresRows(database, live)
        client = search_client(settings) if settings.opensearch_url else None
        if client is not None:
            stack.push_async_callback(client.close)
        reading = ReadSide(
            rows=rows,
            positions=progress,
            redis=redis,
            redis_prefix=settings.redis_prefix,
            search=client,
            index_prefix=settings.index_prefix,
            region=settings.region,
        )
        guard = GUARD(reading)
        bus.admits = guard.admit
        platform_ports = ports_of(
            reading, (make for context in CONTEXTS for make in context.platform_readers)
        )
        gateway = gateway_ports(settings, writes, rows)
        for port in gateway:
            if isinstance(port, FileDesk):
                stack.callback(port.close)
        ports = {
            **ports_of(reading, (make for context in CONTEXTS for make in context.readers)),
            **provided(
                *operator_ports(writes, settings),
                *privacy_ports(settings, writes, rows),
                *gateway,
                *campaign_ports(writes, rows),
                webhook_desk(settings, database, log, writes.codec),
            ),
        }
        services = Services(
            bus=bus,
            log=log,
            codec=writes.codec,
            opening=writes.ring,
            access_log=await stack.enter_async_context(recording(database.writer)),
            masking=settings.masks,
            rows=rows,
            as_of=RowsAsOf(log, writes.codec),
            progress=progress,
            feed=feed,
            guard=probe.guard,
            pin=live.pin,
            secret=settings.derive("cursors"),
            after_wait=settings.after_wait_ms / 1000,
            longest_resume=settings.resume_events,
            twins={view: reading.twin(twin) for context in CONTEXTS for view, twin in context.twins.items()},
            sights=VisibilityRules(
                rule=VISIBILITY.rule(database, live),
                messages=VISIBILITY.messages,
                changes=VISIBILITY.changes,
                shown_in={topic: shown.view for topic, shown in VISIBILITY.shown.items()},
                needs={topic: shown.needs for topic, shown in VISIBILITY.shown.items()},
            ),
            language=LANGUAGE(reading),
            ports=ports,
        )
        sign_in = create_sign_in(
            settings,
            pool=database.writer,
            redis=redis,
            redis_breaker=reading.redis_breaker,
            platform=services,
            place=TenantService(settings, database, bus),
            nobody=True,
        )
        platform_ports |= provided(*sign_in.ports())
        ports |= platform_ports
        await stack.enter_async_context(sign_in.watching(feed, log))
        yield Assembly(
            settings=settings,
            database=database,
            log=log,
            feed=feed,
            services=services,
            sign_in=sign_in,
            live=live,
            probe=probe,
            guard=guard,
            platform_ports=platform_ports,
            helpful={
                "redis": redis.ping,
                "search": partial(_ping, client),
                "feed": partial(_has_read, feed),
            },
        )


async def _ping(client: "AsyncOpenSearch | None") -> object:
    if client is None:
        return ABSENT
    if not await client.ping():
        raise ConnectionError("OpenSearch does not answer.")
    return None


async def _has_read(feed: RecentEvents) -> None:
    """A feed that stands still looks like a quiet day; its last successful read tells them apart."""
    if feed.last_read_at is None or time.monotonic() - feed.last_read_at > _SILENCE:
        raise TimeoutError("The log has not been read for a while.")
