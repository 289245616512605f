"""Puts the parts of one API process together: log, bus, readers, feed, caches."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from opensearchpy import AsyncOpenSearch

from api.auth.port import Auth
from api.kit.schema.context import Services
from api.kit.schema.row_visibility import VisibilityRules
from app.audit.access_writer import recording
from app.auth.factory import SignInServices, create_sign_in
from app.composition.write_side import writing
from app.contexts import CONTEXTS, VIEWS, VISIBILITY
from app.log.feed import RecentEvents
from app.log.postgres import PostgresLog
from app.placement.fence import refusing
from app.placement.tenant_service import TenantService
from app.privacy.consents import LoggedConsents
from app.privacy.export.files import ExportFiles
from app.privacy.factory import desk as privacy_desk
from app.privacy.factory import export_files
from app.settings import Settings
from app.storage.clients import redis_client, search_client
from app.storage.database import Database
from app.storage.database_probe import DatabaseProbe, probed
from app.telemetry.health import ABSENT
from app.telemetry.metrics import timed
from app.telemetry.tracing import traced_append
from domain.governance.consents import Consents
from domain.identity.invitations import Inviting
from domain.kit.bus.repository import Repository
from domain.kit.log import Append, Outcome
from projections.governance.privacy import Privacy
from projections.identity.unattached import Unattached
from projections.kit.context.context import ports_of
from projections.kit.context.read_side import ReadSide
from projections.kit.read.as_of import RowsAsOf
from projections.kit.read.live_generations import LiveGenerations, pointers
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions
from projections.operations.operator_requests import OperatorRequests
from projections.operations.rebuild_watch import RebuildWatch
from projections.tenancy.guard import TenantGuard
from projections.tenancy.languages import TenantLanguages

_SILENCE = 10.0
"""Seconds after which a feed that has read nothing is not well; it looks each second."""


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
    tenant_guard: TenantGuard
    """Judges which tenants' commands are taken."""
    platform_ports: Mapping[type, object]
    """What contexts read with of that which belongs to no tenant."""
    helpful: Mapping[str, Callable[[], Awaitable[object]]]
    """Checks of what the product can do without for a while, by the names in `HELPFUL`; each raises."""


HELPFUL = ("redis", "search", "feed")


class MeasuredLog(PostgresLog):
    """The log, with its appends timed and traced."""

    async def append(self, append: Append) -> Outcome:
        return await refusing(traced_append(timed(super().append)))(append)


@asynccontextmanager
async def assembled(settings: Settings) -> AsyncIterator[Assembly]:
    """Everything an API process needs, closed in order at the end."""
    async with AsyncExitStack() as stack:
        database = await Database.open(
            settings.database_url,
            secret=settings.secret,
            writers=settings.pool_writers,
            readers=settings.pool_readers,
            asked=True,
        )
        stack.push_async_callback(database.close)
        probe = await stack.enter_async_context(probed(database.connect))
        writes = await stack.enter_async_context(writing(settings, database, log=MeasuredLog))
        log, bus = writes.log, writes.bus
        live = await stack.enter_async_context(pointers(database.writer, VIEWS))
        feed = RecentEvents(database)
        await feed.start()
        stack.push_async_callback(feed.close)
        redis = redis_client(settings)
        stack.push_async_callback(redis.aclose)
        progress = Positions(database.writer, live, known={view.name for view in VIEWS})
        rows = PostgresRows(database, live)
        tenant_guard = TenantGuard(rows, here=settings.region)
        bus.admits = tenant_guard.admit
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
        )
        platform_ports = ports_of(reading, *(make for one in CONTEXTS for make in one.platform_readers))
        directing = writes.operations(settings)
        ports: dict[type, object] = {
            **ports_of(reading, *(make for one in CONTEXTS for make in one.readers)),
            **platform_ports,
            OperatorRequests: directing,
            RebuildWatch: RebuildWatch(directing.rebuilds),
            Consents: LoggedConsents(Repository(log, writes.codec)),
            Privacy: privacy_desk(bus, rows, database, writes.ring),
            ExportFiles: export_files(settings, writes.ring, rows, database),
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
            twins={view: reading.twin(twin) for one in CONTEXTS for view, twin in one.twins.items()},
            sights=VisibilityRules(
                rule=VISIBILITY.rule(database, live),
                messages=VISIBILITY.messages,
                changes=VISIBILITY.changes,
                shown_in={topic: shown.view for topic, shown in VISIBILITY.shown.items()},
                needs={topic: shown.needs for topic, shown in VISIBILITY.shown.items()},
            ),
            language=TenantLanguages(rows).of,
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
        ports[Auth] = sign_in.auth
        ports[Inviting] = Inviting(sign_in.inviting.prepared)
        ports[Unattached] = Unattached(sign_in.alone.find)
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
            tenant_guard=tenant_guard,
            platform_ports=platform_ports,
            helpful={
                "redis": redis.ping,
                "search": partial(_ping, client),
                "feed": partial(_has_read, feed),
            },
        )


async def _ping(client: AsyncOpenSearch | None) -> object:
    if client is None:
        return ABSENT
    if not await client.ping():
        raise ConnectionError("OpenSearch does not answer.")
    return None


async def _has_read(feed: RecentEvents) -> None:
    """A feed that stands still looks like a quiet day; its last successful read tells them apart."""
    if feed.last_read_at is None or time.monotonic() - feed.last_read_at > _SILENCE:
        raise TimeoutError("The log has not been read for a while.")
