"""The platform's own database, as the processes of a tenant with a database of its own need it besides theirs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from app.composition.write_side import WriteSide, written
from app.contexts import VIEWS
from app.files.factory import files_of
from app.keys import KeyRing
from app.privacy.erasure import Whereabouts
from app.privacy.search.folders import Folders
from app.privacy.search.redis_scan import Keyspace
from app.privacy.search.search import SubjectSearch
from app.privacy.search.sent_files import SentFiles
from app.privacy.search.tables import Tables
from app.privacy.search.traces import SearchableStore
from app.settings import Settings
from app.storage.clients import redis_client, search_client
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.codec import Codec
from projections.kit.context.subject import PrivacyDatabase
from projections.kit.read.live_generations import pointers
from projections.kit.read.postgres_reader import PostgresRows

if TYPE_CHECKING:
    from opensearchpy import AsyncOpenSearch


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Where accounts and sessions are."""

    bus: Bus
    codec: Codec
    rows: PostgresRows
    whereabouts: Whereabouts
    store: PrivacyDatabase
    """What an export reads of accounts and sessions."""
    writes: WriteSide | None = None
    """All of its writing side, where the database is not the tenant's own."""


@asynccontextmanager
async def platform_of(settings: Settings) -> AsyncIterator[Platform]:
    """The platform whose stores these settings name, on connections of its own."""
    async with AsyncExitStack() as stack:
        writes = await stack.enter_async_context(written(settings))
        redis, client = await servers(settings, stack)
        live = await stack.enter_async_context(
            pointers(writes.database.writer, VIEWS, rest=writes.database.news.rest("generations"))
        )
        rows = PostgresRows(writes.database, live)
        yield Platform(
            bus=writes.bus,
            codec=writes.codec,
            rows=rows,
            store=PrivacyDatabase(rows=rows, pool=writes.database.writer, opening=writes.ring),
            writes=writes,
            whereabouts=Whereabouts(
                search_of(settings, writes.database, writes.ring, redis, client), writes.ring
            ),
        )


async def servers(settings: Settings, stack: AsyncExitStack) -> "tuple[Redis, AsyncOpenSearch | None]":
    """Connections to what holds views beside Postgres, closed with the ``stack``."""
    redis = redis_client(settings)
    stack.push_async_callback(redis.aclose)
    client = search_client(settings) if settings.opensearch_url else None
    if client is not None:
        stack.push_async_callback(client.close)
    return redis, client


def search_of(
    settings: Settings, database: Database, keys: KeyRing, redis: Redis, client: "AsyncOpenSearch | None"
) -> SubjectSearch:
    """What looks through all stores of one database."""
    others: list[SearchableStore] = [Keyspace(redis, prefix=settings.redis_prefix)]
    if client is not None:
        from app.privacy.search.indexes import Indexes

        others.append(Indexes(client, settings.index_prefix))
    others.append(Folders(settings.data_dir))
    sent = SentFiles(files_of(settings, keys))
    return SubjectSearch(Tables(database), others, keys, unread=[sent])
