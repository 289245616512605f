"""What a command needs that looks at the rows of views: the log, the stores, and what a view leaves out."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.contexts import VIEWS
from app.keys import opened_ring
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.clients import redis_client, search_client
from app.storage.database import Database
from app.storage.stores import Stores
from domain.kit.codec import Codec, PlainCodec
from domain.kit.sealed import Opening
from domain.operations.operators import absent
from projections.kit.declare.view import View
from projections.kit.follow.lane import LeftOut
from projections.kit.follow.parking import left_out
from projections.kit.store.store import Store


@dataclass(frozen=True)
class Inspection:
    """One place, looked at."""

    log: PostgresLog
    codec: Codec
    stores: Stores
    database: Database
    opening: Opening

    # Views differ in their rows' types, hence Any.
    async def store(self, view: View[Any]) -> tuple[Store[Any], int]:
        """The store that readers of this version are sent to, and its generation.

        Raises LookupError when there is none yet, or no server for it.
        """
        generation: int | None = await self.database.writer.fetchval(
            "select ops.serving($1, $2)", view.name, view.version
        )
        if generation is None:
            raise LookupError(f"No generation of {view.name} is read in version {view.version} yet.")
        return self.stores.of(view, generation), generation

    async def away(self) -> frozenset[UUID]:
        """The tenants that were moved from here."""
        rows = await self.database.writer.fetch("select tenant_id from placement.away where hidden")
        return frozenset(row["tenant_id"] for row in rows)

    async def left_out(self, view: View[Any], generation: int) -> LeftOut:
        """The events that this generation leaves out, parked or discarded."""
        async with self.database.writer.acquire() as connection, connection.transaction(readonly=True):
            return await left_out(connection, view.name, generation)


def view_named(name: str) -> View[Any]:
    """The view with this name. Raises LookupError."""
    for view in VIEWS:
        if view.name == name:
            return view()
    raise LookupError(absent("view", name, (view.name for view in VIEWS)))


@asynccontextmanager
async def inspecting(settings: Settings) -> AsyncIterator[Inspection]:
    """The servers that the settings name."""
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=2)
        stack.push_async_callback(database.close)
        redis = redis_client(settings)
        stack.push_async_callback(redis.aclose)
        search = search_client(settings) if settings.opensearch_url else None
        if search is not None:
            stack.push_async_callback(search.close)
        log = PostgresLog(database)
        stack.push_async_callback(log.close)
        ring = await stack.enter_async_context(opened_ring(settings, database))
        stores = Stores(
            database,
            database.writer,
            redis,
            search,
            settings.index_prefix,
            settings.redis_prefix,
            opening=ring,
        )
        yield Inspection(log, PlainCodec(), stores, database, ring)
