"""A platform without workers, a child process that places tenants on it, and what can be seen of them outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.composition.write_side import commanding
from app.placement.tenant_service import TenantService
from app.settings import Settings
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.log import AppendReceipt
from domain.kit.tenants import Placement
from domain.operations.tenant_commands import RequestTenant
from tests.kit.process_worker import Child, child_of
from tests.placement.conftest import silo_name

OPERATOR = Caller(tenant_id=PLATFORM, user_id=SYSTEM)


@dataclass
class Places:
    """Looks into the servers."""

    settings: Settings
    tenants: TenantService
    _child: Child

    async def ask(self, slug: str, kind: Placement = Placement.SILO, **more: Any) -> UUID:
        """Ask for a tenant."""
        id = uuid4()
        values = {"region": self.settings.region, **more}
        command = RequestTenant(id=id, name="Acme", slug=slug, placement=kind, asked_by="tests", **values)
        outcome = await self.tenants.ask(command, by=OPERATOR)
        assert isinstance(outcome, AppendReceipt), repr(outcome)
        return id

    async def work(self, killed_at: int | str = 0, *, verb: str = "place") -> str:
        """A worker's run; see `tests.placement.child`."""
        return await self._child.run(f"{verb} {killed_at}")

    async def fetch(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Rows of the platform's database."""
        connection = await asyncpg.connect(self.settings.database_url)
        try:
            return [tuple(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    async def left(self, id: UUID, slug: str) -> dict[str, bool]:
        """What there is of a tenant, by kind of thing."""
        name = silo_name(self.settings, id)
        searched = AsyncOpenSearch(self.settings.opensearch_url)
        redis: Redis = Redis.from_url(self.settings.redis_url)
        try:
            return {
                "database": bool(await self.fetch("select from pg_database where datname = $1", name)),
                "place": bool(await self.fetch("select from placement.tenants where tenant_id = $1", id)),
                "slug": bool(await self.fetch("select from es.reservations where value = $1", slug)),
                "indexes": bool(await searched.indices.get(index=f"*{id.hex}*")),
                "keys": bool([key async for key in redis.scan_iter(match=f"*{id.hex}*")]),
            }
        finally:
            await searched.close()
            await redis.aclose()


async def events_of(connection: "asyncpg.Connection[asyncpg.Record]", tenant: UUID) -> list[tuple[Any, ...]]:
    """Ids and payloads of the tenant's events, in order; left out is what a move itself adds where it ends."""
    rows = await connection.fetch(
        """select event_id, payload from es.events
            where tenant_id = $1 and type <> 'tenancy.tenant.moved' order by position""",
        tenant,
    )
    return [tuple(row) for row in rows]


@asynccontextmanager
async def places_on(settings: Settings) -> AsyncIterator[Places]:
    """The platform of these settings, whose processes are made known."""
    async with (
        child_of("tests.placement.child", environ=settings.environ()) as child,
        commanding(settings) as (database, bus),
    ):
        yield Places(settings, TenantService(settings, database, bus), child)
