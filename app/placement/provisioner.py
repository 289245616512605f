"""The adapter by which provisioning makes what a tenant needs, on this installation's servers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import asyncpg

from app.composition.write_side import commanding, prepared
from app.keys import master_of
from app.keys.tenant_keys import NOBODY, TenantKeys
from app.placement import databases, fence, registry
from app.placement.places import PlacementRecord, Silo, silo_for
from app.processes.declared import EVERYWHERE
from app.processes.lease import enroll
from app.settings import Settings
from app.storage.clients import redis_client, search_client
from app.storage.database import Connection, Database
from app.storage.migrate import migrate
from app.storage.stores import Stores
from domain.kit.caller import SYSTEM, Caller
from domain.kit.process.effects import EffectRefused
from domain.kit.refusals import Refusal
from domain.kit.tenants import Placement
from domain.processes.tenant_names import TenantNames
from domain.processes.tenant_provisioning import NewTenant
from domain.tenancy.tenant_commands import CreateTenant
from domain.tenancy.tenants import SLUG
from projections.kit.declare.search import SearchView
from projections.kit.store.generations import enroll_all

_BATCH = 500
_KEYS = "select tenant_id, generation, master_key, wrapped from keys.tenant_keys where tenant_id = $1"
_ADD_KEY = """
insert into keys.tenant_keys (tenant_id, generation, master_key, wrapped) values ($1, $2, $3, $4)
on conflict do nothing
"""


class PlacingProvisioner:
    """The application's `tenant_provisioning.Provisioner`. What a pooled tenant shares exists already."""

    def __init__(self, settings: Settings, platform: Database) -> None:
        self._settings = settings
        self._platform = platform
        self._pool = platform.writer

    async def register(self, tenant: NewTenant) -> None:
        if tenant.region != self._settings.region:
            raise EffectRefused(
                f"Tenants of {tenant.region} are made there; this is {self._settings.region}."
            )
        # Those who were made before there was a registry have their slugs from the platform's log alone.
        taken = await self._pool.fetchval(
            "select exists (select from es.reservations where name = $1 and value = $2 and tenant_id <> $3)",
            SLUG,
            tenant.slug,
            tenant.id,
        )
        if taken:
            raise EffectRefused("The slug is in use.")
        silo = None
        if tenant.placement is Placement.SILO:
            silo = silo_for(self._settings, tenant.id, tenant.database_url)
        try:
            await registry.add(self._pool, tenant.id, tenant.name, tenant.slug, tenant.region, silo)
        except asyncpg.UniqueViolationError as error:
            raise EffectRefused("Another tenant has this slug or this database.") from error
        if silo is not None:
            # Whoever has not read of it in the registry yet takes it for a pooled tenant.
            async with self._owner() as owner:
                await fence.hide(owner, tenant.id)

    async def forget(self, tenant: NewTenant) -> None:
        if await self._silo(tenant.id) is not None:
            async with self._owner() as owner:
                await fence.lift(owner, tenant.id)
        await registry.remove(self._pool, tenant.id)

    async def create_database(self, tenant: NewTenant) -> None:
        if (silo := await self._silo(tenant.id)) is not None:
            await databases.create(self._settings, silo, tenant.id)

    async def drop_database(self, tenant: NewTenant) -> None:
        if (silo := await self._silo(tenant.id)) is not None:
            await databases.drop(self._settings, silo, tenant.id)

    async def migrate(self, tenant: NewTenant) -> None:
        if (silo := await self._silo(tenant.id)) is not None:
            await migrate(silo.settings(self._settings).database_url, secret=self._settings.secret)
            await databases.close_to_others(self._settings, silo)

    async def make_views(self, tenant: NewTenant) -> None:
        if (silo := await self._silo(tenant.id)) is not None:
            async with AsyncExitStack() as stack:
                database = await self._database(silo, stack)
                await prepared(database)
                # The tenant may change its slug before a worker has found the silo.
                await enroll(database.writer, TenantNames)

    async def make_indexes(self, tenant: NewTenant) -> None:
        if (silo := await self._silo(tenant.id)) is None or not self._settings.opensearch_url:
            return
        async with AsyncExitStack() as stack:
            database = await self._database(silo, stack)
            stores = await self._stores(silo, database, stack)
            views = [view for view in stores.views if isinstance(view, SearchView)]
            generations = await enroll_all(database.writer, [type(view) for view in views])
            for view in views:
                await stores.of(view, generations[view.name]).prepare()

    async def drop_indexes(self, tenant: NewTenant) -> None:
        if (silo := await self._silo(tenant.id)) is None:
            return
        async with AsyncExitStack() as stack:
            if self._settings.opensearch_url:
                search = search_client(self._settings)
                stack.push_async_callback(search.close)
                await search.indices.delete(
                    index=f"{silo.index_prefix}-*", params={"ignore_unavailable": "true"}
                )
            redis = redis_client(self._settings)
            stack.push_async_callback(redis.aclose)
            batch: list[bytes] = []
            async for key in redis.scan_iter(match=f"{silo.redis_prefix}:*", count=_BATCH):
                batch.append(key)
                if len(batch) == _BATCH:
                    await redis.unlink(*batch)
                    batch.clear()
            if batch:
                await redis.unlink(*batch)

    async def make_key(self, tenant: NewTenant) -> None:
        master = await master_of(self._settings, self._pool)
        shared = TenantKeys(self._pool, master)
        silo = await self._silo(tenant.id)
        if silo is None:
            await shared.newest(tenant.id)
            return
        await shared.newest(NOBODY)
        async with AsyncExitStack() as stack:
            database = await self._database(silo, stack)
            # Values have the same fingerprints everywhere, so that what a tenant has sealed can move.
            same = await self._pool.fetch(_KEYS, NOBODY)
            await database.writer.executemany(_ADD_KEY, [tuple(row) for row in same])
            await TenantKeys(database.writer, master).newest(tenant.id)

    async def found(self, tenant: NewTenant, command_id: UUID) -> None:
        silo = await self._silo(tenant.id)
        settings = self._settings if silo is None else silo.settings(self._settings)
        create = CreateTenant(
            id=tenant.id,
            name=tenant.name,
            slug=tenant.slug,
            region=tenant.region,
            placement=tenant.placement,
        )
        async with commanding(settings) as (database, bus):
            # Much can happen in the tenant before a worker has found the silo. Not in `make_views`: where one
            # moves to, processes begin after what was copied.
            for process in EVERYWHERE if silo is not None else ():
                await enroll(database.writer, process)
            by = Caller(tenant_id=tenant.id, user_id=SYSTEM, kind="service")
            outcome = await bus.send(create, by=by, command_id=command_id)
        if isinstance(outcome, Refusal):
            raise EffectRefused(outcome.message)

    async def open(self, tenant: NewTenant) -> None:
        await registry.set_state(self._pool, tenant.id, "ready")

    @asynccontextmanager
    async def _owner(self) -> AsyncIterator[Connection]:
        owner = await self._platform.owner()
        try:
            yield owner
        finally:
            await owner.close()

    async def _silo(self, tenant_id: UUID) -> Silo | None:
        """The tenant's silo as it is registered; also None once it has been forgotten."""
        found: PlacementRecord | None = await registry.placement(self._pool, tenant_id)
        return None if found is None else found.silo

    async def _database(self, silo: Silo, stack: AsyncExitStack) -> Database:
        url = silo.settings(self._settings).database_url
        database = await Database.open(url, secret=self._settings.secret, writers=4, readers=1)
        stack.push_async_callback(database.close)
        return database

    async def _stores(self, silo: Silo, database: Database, stack: AsyncExitStack) -> Stores:
        redis = redis_client(self._settings)
        stack.push_async_callback(redis.aclose)
        search = search_client(self._settings)
        stack.push_async_callback(search.close)
        return Stores(database, database.writer, redis, search, silo.index_prefix, silo.redis_prefix)
