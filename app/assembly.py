"""Puts the parts of one API process together: log, bus, readers, feed, caches."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from api.kit.context import Services
from app.contexts import VIEWS
from app.database import Database
from app.health import ABSENT
from app.log.feed import Feed
from app.log.postgres import PostgresLog
from app.observability import timed
from app.settings import Settings
from app.tracing import TracedBus, traced_append
from domain.kit.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.kit.log import Append, Outcome
from projections.kit.as_of import AsOf
from projections.kit.cache import Cache
from projections.kit.documents import Search, search_breaker
from projections.kit.finder import Finder
from projections.kit.generations import enroll_all
from projections.kit.inline import Inline
from projections.kit.live import Live, pointers
from projections.kit.parking import ParkedStreams
from projections.kit.postgres import PostgresView
from projections.kit.postgres_store import PostgresStore
from projections.kit.rebuilds import Rebuilds
from projections.kit.redis import RedisView
from projections.kit.redis_rows import RedisRows, redis_breaker
from projections.kit.rows import Rows
from projections.kit.search import SearchView
from projections.kit.status import Positions
from projections.kit.text_search import TextSearch
from projections.operations.operating import Operations
from projections.operations.watching import Watching
from projections.work.projects import ProjectCards, ProjectMemberLists, Projects, ProjectSearch
from projections.work.reading import Memberships, UserTasks, WorkReading
from projections.work.stats import ProjectCounts, ProjectProgress, UserCounts, UserStats
from projections.work.tags import CACHED, PROJECT_SEARCHES, TASK_SEARCHES, WorkTags
from projections.work.tasks import Tasks, TaskSearch

_SILENCE = 10.0
"""Seconds after which a feed that has read nothing is not well; it looks each second."""


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """The parts of one running API process."""

    settings: Settings
    database: Database
    log: PostgresLog
    feed: Feed
    services: Services
    live: Live
    helpful: Mapping[str, Callable[[], Awaitable[object]]]
    """Checks of what the product can do without for a while, by the names in `HELPFUL`; each raises."""


HELPFUL = ("redis", "search", "feed")


class MeasuredLog(PostgresLog):
    """The log, with its appends timed and traced."""

    async def append(self, append: Append) -> Outcome:
        """See the port."""
        return await traced_append(timed(super().append))(append)


@asynccontextmanager
async def assembled(settings: Settings) -> AsyncIterator[Assembly]:
    """Everything an API process needs, closed in order at the end."""
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret)
        stack.push_async_callback(database.close)
        inline = await inline_views(database)
        live = await stack.enter_async_context(pointers(database.writer, VIEWS))
        log = MeasuredLog(database, inline=inline)
        stack.push_async_callback(log.close)
        feed = Feed(database)
        await feed.start()
        stack.push_async_callback(feed.close)
        redis: Redis = Redis.from_url(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        progress = Positions(database.writer, live)
        rows = Rows(database, live)
        redis_fuse = redis_breaker()

        def twin(view: type[RedisView[Any]]) -> RedisRows[Any]:
            return RedisRows(view(), redis, live, breaker=redis_fuse)

        cache = Cache(redis, twin(WorkTags), CACHED, breaker=redis_fuse)
        client = AsyncOpenSearch(settings.opensearch_url) if settings.opensearch_url else None
        if client is not None:
            stack.push_async_callback(client.close)
        search_fuse = search_breaker()

        def searched(view: type[SearchView[Any]]) -> Search[Any] | None:
            if client is None:
                return None
            return Search(view(), client, live, settings.index_prefix, search_fuse)

        reading = WorkReading(
            user_tasks=UserTasks(rows, progress, cache),
            memberships=Memberships(rows, twin(ProjectMemberLists)),
            tasks=Finder(
                search=searched(TaskSearch),
                text=TextSearch(
                    Tasks, database, live, document=Tasks.document, texts=("title", "description")
                ),
                cache=cache,
                cached=TASK_SEARCHES,
                positions=progress,
                facets=("status", "priority", "tags"),
            ),
            projects=Finder(
                search=searched(ProjectSearch),
                text=TextSearch(
                    Projects, database, live, document=Projects.document, texts=("name", "description")
                ),
                cache=cache,
                cached=PROJECT_SEARCHES,
                positions=progress,
                facets=("status",),
            ),
        )
        bus = bus_of(log, settings)
        directing = _operations(database, bus, inline, settings)
        services = Services(
            bus=bus,
            log=log,
            codec=PlainCodec(),
            rows=rows,
            as_of=AsOf(log, PlainCodec()),
            progress=progress,
            feed=feed,
            pin=live.pin,
            secret=settings.derive("cursors"),
            after_wait=settings.after_wait_ms / 1000,
            longest_resume=settings.resume_events,
            twins={
                Projects: twin(ProjectCards),
                UserStats: twin(UserCounts),
                ProjectProgress: twin(ProjectCounts),
            },
            ports={
                WorkReading: reading,
                Operations: directing,
                Watching: Watching(directing.rebuilds),
            },
        )
        yield Assembly(
            settings=settings,
            database=database,
            log=log,
            feed=feed,
            services=services,
            live=live,
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


async def _has_read(feed: Feed) -> None:
    """A feed that stands still looks like a quiet day; its last successful read tells them apart."""
    if feed.last_read_at is None or time.monotonic() - feed.last_read_at > _SILENCE:
        raise TimeoutError("The log has not been read for a while.")


@asynccontextmanager
async def commanding(settings: Settings) -> AsyncIterator[tuple[Database, Bus]]:
    """What a program needs that only sends commands."""
    async with _commanding(settings) as (database, bus, _):
        yield database, bus


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[tuple[Database, Operations]]:
    """What a program needs that directs the views as operators do."""
    async with _commanding(settings) as (database, bus, inline):
        yield database, _operations(database, bus, inline, settings)


@asynccontextmanager
async def _commanding(settings: Settings) -> AsyncIterator[tuple[Database, Bus, Inline]]:
    database = await Database.open(settings.database_url, secret=settings.secret, writers=4, readers=4)
    try:
        inline = await inline_views(database)
        log = PostgresLog(database, inline=inline)
        try:
            yield database, bus_of(log, settings), inline
        finally:
            await log.close()
    finally:
        await database.close()


def _operations(database: Database, bus: Bus, inline: Inline, settings: Settings) -> Operations:
    pool = database.writer
    rebuilds = Rebuilds(pool, VIEWS, keep=settings.rollback, owner=database.owner)
    return Operations(bus, rebuilds, ParkedStreams(pool), partial(inline.answer, pool))


def bus_of(log: PostgresLog, settings: Settings) -> Bus:
    """What sends commands to this log."""
    return TracedBus(
        log,
        PlainCodec(),
        SystemClock(),
        TimeOrderedIds(),
        environment=settings.environment,
        region=settings.region,
    )


async def prepared(database: Database) -> None:
    """Gives every view a generation in this version, and every Postgres view its table."""
    generations = await enroll_all(database.writer, VIEWS)
    for view in VIEWS:
        if issubclass(view, PostgresView):
            await PostgresStore(view, database.writer, database.owner, generations[view.name]).prepare()


async def inline_views(database: Database) -> Inline:
    """The inline views for an appender, brought to the head of the log."""
    await prepared(database)

    def store(view: PostgresView[Any], generation: int) -> PostgresStore[Any]:
        return PostgresStore(type(view), database.writer, database.owner, generation)

    views = [view() for view in VIEWS if issubclass(view, PostgresView) and view.inline]
    inline = Inline(views, PlainCodec(), store)
    await inline.catch_up(database.writer)
    return inline
