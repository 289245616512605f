"""Puts the parts of one API process together: log, bus, readers, feed, caches."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from opensearchpy import AsyncOpenSearch

from api.auth.port import Auth
from api.kit.schema.context import Services
from api.kit.schema.row_visibility import VisibilityRules
from app.audit.access_writer import recording
from app.auth.factory import SignInServices, create_sign_in
from app.composition.write_side import writing
from app.contexts import VIEWS
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
from domain.work.access import READ
from domain.work.notifications import Notification
from projections.governance.accesses import Accesses
from projections.governance.activity import ActivityLog
from projections.governance.privacy import Privacy
from projections.identity.memberships import Memberships as TenantMemberships
from projections.identity.people import People
from projections.identity.person_sessions import PersonSessions
from projections.identity.profiles import ProfileCards, UserProfiles
from projections.identity.unattached import Unattached
from projections.kit.declare.redis import RedisView
from projections.kit.declare.search import SearchView
from projections.kit.read.as_of import RowsAsOf
from projections.kit.read.cache import Cache
from projections.kit.read.fallback_search import Finder
from projections.kit.read.live_generations import LiveGenerations, pointers
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.postgres_search import TextSearch
from projections.kit.read.redis_reader import RedisRows, redis_breaker
from projections.kit.read.search_reader import SearchReader, search_breaker
from projections.kit.read.status import Positions
from projections.operations.operator_requests import OperatorRequests
from projections.operations.rebuild_watch import RebuildWatch
from projections.tenancy.flags import FLAGS, Flags, FlagTags
from projections.tenancy.guard import TenantGuard
from projections.tenancy.languages import TenantLanguages
from projections.work.projects import ProjectCards, ProjectMemberLists, Projects, ProjectSearch
from projections.work.reader import Days, ProjectMembershipReader, SeenCounts, UserTasks, WorkReader
from projections.work.stats import ProjectCounts, ProjectProgress, UserCounts, UserStats
from projections.work.tags import CACHED, PROJECT_SEARCHES, TASK_SEARCHES, WorkTags
from projections.work.tasks import Tasks, TaskSearch
from projections.work.visibility import CHANGES, ProjectSight

_SILENCE = 10.0
"""Seconds after which a feed that has read nothing is not well; it looks each second."""


_ABOUT_ANYTHING = {ActivityLog: ("entity_id", "entity_type = 'notification'")}


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
        progress = Positions(database.writer, live)
        rows = PostgresRows(database, live)
        tenant_guard = TenantGuard(rows, here=settings.region)
        bus.admits = tenant_guard.admit
        redis_fuse = redis_breaker()

        def twin(view: type[RedisView[Any]]) -> RedisRows[Any]:
            return RedisRows(view(), redis, live, settings.redis_prefix, redis_fuse)

        cache = Cache(redis, twin(WorkTags), CACHED, breaker=redis_fuse, prefix=settings.redis_prefix)
        flag_cache = Cache(redis, twin(FlagTags), (FLAGS,), breaker=redis_fuse, prefix=settings.redis_prefix)
        client = search_client(settings) if settings.opensearch_url else None
        if client is not None:
            stack.push_async_callback(client.close)
        search_fuse = search_breaker()

        def searched(view: type[SearchView[Any]]) -> SearchReader[Any] | None:
            if client is None:
                return None
            return SearchReader(view(), client, live, settings.index_prefix, search_fuse)

        reading = WorkReader(
            user_tasks=UserTasks(rows, progress, cache),
            counts=SeenCounts(rows),
            days=Days(rows),
            memberships=ProjectMembershipReader(rows, twin(ProjectMemberLists)),
            tasks=Finder(
                search=searched(TaskSearch),
                text=TextSearch(Tasks, database, live),
                cache=cache,
                cached=TASK_SEARCHES,
                positions=progress,
                facets=("status", "priority", "tags"),
            ),
            projects=Finder(
                search=searched(ProjectSearch),
                text=TextSearch(Projects, database, live),
                cache=cache,
                cached=PROJECT_SEARCHES,
                positions=progress,
                facets=("status",),
            ),
        )
        directing = writes.operations(settings)
        ports: dict[type, object] = {
            WorkReader: reading,
            Flags: Flags(rows, progress, flag_cache),
            OperatorRequests: directing,
            RebuildWatch: RebuildWatch(directing.rebuilds),
            Consents: LoggedConsents(Repository(log, writes.codec)),
            Privacy: privacy_desk(bus, rows, database, writes.ring),
            ExportFiles: export_files(settings, writes.ring, rows, database),
            Accesses: Accesses(database),
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
            twins={
                Projects: twin(ProjectCards),
                UserStats: twin(UserCounts),
                ProjectProgress: twin(ProjectCounts),
                UserProfiles: twin(ProfileCards),
            },
            sights=VisibilityRules(
                rule=ProjectSight(
                    database,
                    live,
                    TenantMemberships,
                    {ActivityLog: ("entity_id", "entity_type = 'notification'")},
                ),
                messages=frozenset({Notification.topic}),
                changes=frozenset(event.stored_as for event in CHANGES),
                shown_in={"work.task": Tasks, "work.project": Projects, "identity.user": People},
                needs={"work.task": READ, "work.project": READ, "identity.user": "people:read"},
            ),
            language=TenantLanguages(rows).of,
            ports=ports,
        )
        sign_in = create_sign_in(
            settings,
            pool=database.writer,
            redis=redis,
            redis_breaker=redis_fuse,
            platform=services,
            place=TenantService(settings, database, bus),
            nobody=True,
        )
        ports[Auth] = sign_in.auth
        ports[Inviting] = Inviting(sign_in.inviting.prepared)
        ports[PersonSessions] = PersonSessions(rows)
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
