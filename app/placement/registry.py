"""The registry of placements: kept in the platform's database, and known in memory by every process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from uuid import UUID

import asyncpg

from app.placement.places import PlacementRecord, Silo, State
from app.storage.database import Pool
from projections.kit.background import Rest, happens, running

_logger = logging.getLogger(__name__)

_AGAIN = 1.0

_NEWS = "select count(*) as rows, coalesce(max(token), 0) as token from placement.tenants"
_ALL = "select * from placement.tenants order by slug"
_ADD = """
insert into placement.tenants
       (tenant_id, name, slug, kind, region, server, database, redis_prefix, index_prefix, state)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (tenant_id) do nothing
"""
_SET = """
update placement.tenants set state = $2, token = nextval('placement.tokens'), updated_at = clock_timestamp()
 where tenant_id = $1 and state <> $2
"""


async def placements(pool: Pool) -> list[PlacementRecord]:
    """All rows, in order of their slugs."""
    return [PlacementRecord.of(row) for row in await pool.fetch(_ALL)]


async def placement(pool: Pool, tenant_id: UUID) -> PlacementRecord | None:
    """The row of one tenant."""
    row = await pool.fetchrow("select * from placement.tenants where tenant_id = $1", tenant_id)
    return None if row is None else PlacementRecord.of(row)


async def add(
    pool: Pool,
    tenant_id: UUID,
    name: str,
    slug: str,
    region: str,
    silo: Silo | None,
    *,
    state: State = "provisioning",
) -> None:
    """Add a tenant; nothing happens when it is there.

    Raises asyncpg.UniqueViolationError when another one has the slug or the database.
    """
    places = (silo.server, silo.database, silo.redis_prefix, silo.index_prefix) if silo else (None,) * 4
    await pool.execute(_ADD, tenant_id, name, slug, "silo" if silo else "pooled", region, *places, state)


async def remove(pool: Pool, tenant_id: UUID) -> None:
    """Take a tenant out."""
    await pool.execute("delete from placement.tenants where tenant_id = $1", tenant_id)


async def set_state(pool: Pool, tenant_id: UUID, state: State) -> None:
    """Change how a tenant stands."""
    await pool.execute(_SET, tenant_id, state)


async def set_names(pool: Pool, tenant_id: UUID, name: str, slug: str) -> None:
    """Change what a tenant is called.

    Raises asyncpg.UniqueViolationError when another one has the slug.
    """
    await pool.execute(
        """update placement.tenants
              set name = $2, slug = $3, token = nextval('placement.tokens'), updated_at = clock_timestamp()
            where tenant_id = $1 and (name, slug) <> ($2, $3)""",
        tenant_id,
        name,
        slug,
    )


async def give_silo(pool: Pool, tenant_id: UUID, silo: Silo) -> Silo | None:
    """Note the silo that a pooled tenant goes to, unless it has one already; which it then is.

    None when there is no such tenant, or another one has this database.
    """
    try:
        await pool.execute(
            """update placement.tenants
                  set server = $2, database = $3, redis_prefix = $4, index_prefix = $5,
                      token = nextval('placement.tokens'), updated_at = clock_timestamp()
                where tenant_id = $1 and database is null""",
            tenant_id,
            silo.server,
            silo.database,
            silo.redis_prefix,
            silo.index_prefix,
        )
    except asyncpg.UniqueViolationError:
        return None
    found = await placement(pool, tenant_id)
    return None if found is None else found.silo


async def take_silo(pool: Pool, tenant_id: UUID) -> None:
    """Note that a pooled tenant has no silo any more."""
    await pool.execute(
        """update placement.tenants
              set server = null, database = null, redis_prefix = null, index_prefix = null,
                  token = nextval('placement.tokens'), updated_at = clock_timestamp()
            where tenant_id = $1 and kind = 'pooled'""",
        tenant_id,
    )


async def switch(pool: Pool, tenant_id: UUID, kind: str) -> None:
    """Send everybody to the tenant's other place, which is ready, in one transaction."""
    await pool.execute(
        """update placement.tenants
              set kind = $2, state = 'ready', token = nextval('placement.tokens'), updated_at = clock_timestamp()
            where tenant_id = $1""",
        tenant_id,
        kind,
    )


class Registry:
    """What the registry says, looked at every ``pause`` seconds, and between two looks out of memory.

    What is known goes on to hold while the platform's database is away. That a copy is a little old does no harm:
    the database that a tenant was moved away from refuses its writes and hides its rows by itself. Whoever finds
    nobody there looks again.
    """

    def __init__(self, pool: Pool, *, pause: float = 0.5, rest: Rest | None = None) -> None:
        """``rest``: waits in place of the pause for news of it."""
        self._pool = pool
        self._rest: Rest = rest or partial(asyncio.sleep, pause)
        self._version: tuple[int, int] | None = None
        self._looked_at = 0.0
        self._known: Mapping[UUID, PlacementRecord] = {}
        self._news = asyncio.Event()
        self.on_news: Callable[[], object] = lambda: None
        """Called as soon as something else is known, before anybody acts on it."""

    def of(self, tenant_id: UUID) -> PlacementRecord | None:
        """A tenant's row; None for one that is pooled and has none."""
        return self._known.get(tenant_id)

    def all(self) -> list[PlacementRecord]:
        """All rows."""
        return list(self._known.values())

    async def changed(self, *, seconds: float) -> None:
        """Wait for news, at most so long."""
        await happens(self._news, within=seconds)

    async def look(self) -> None:
        """Read the registry when it has changed."""
        self._looked_at = monotonic()
        row = await self._pool.fetchrow(_NEWS)
        assert row is not None, "an aggregate without groups is one row"
        version = row["rows"], row["token"]
        if version != self._version:
            self._known = {placement.tenant_id: placement for placement in await placements(self._pool)}
            self._version = version
            self.on_news()
            news, self._news = self._news, asyncio.Event()
            news.set()

    async def look_again(self) -> None:
        """Look for whoever has reason to think that news were not heard, as often as once a second."""
        if monotonic() - self._looked_at >= _AGAIN:
            await self.look()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  # Whatever it is, what is known goes on to hold.
                _logger.warning("The registry of placements cannot be read: %r", error)
            await self._rest()


@asynccontextmanager
async def registered(pool: Pool, *, rest: Rest | None = None) -> AsyncIterator[Registry]:
    """The registry, kept up to date as long as the block lasts."""
    registry = Registry(pool, rest=rest)
    await registry.look()
    async with running(registry.run, name="placements"):
        yield registry
