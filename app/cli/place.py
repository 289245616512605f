"""Where the commands for operators work: on the platform's servers, or on those of one tenant."""

import getpass
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from app.cli.answers import Declined
from app.embedded import attached
from app.settings import Settings, read_settings
from projections.kit.follow.lease_locks import SILENCE

if TYPE_CHECKING:
    import asyncpg

    from app.storage.database import Database, Pool
    from domain.kit.refusals import Refusal
    from projections.operations.operator_requests import Operation, OperationDone, OperatorRequests

InSilo = Annotated[
    str | None,
    typer.Option("--tenant", metavar="SLUG|ID", help="In this tenant's own database."),
]
"""Which silo a command works on that is about a whole database."""

_WORKERS = """
select name from ops.workers
 where kind = 'worker' and clock_timestamp() - heartbeat_at < make_interval(secs => $1) order by name
"""
_KNOWN = """
select exists (select from es.streams where tenant_id = $1)
    or exists (select from keys.tenant_keys where tenant_id = $1)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The servers that a command works on, and the tenant that it is about."""

    settings: Settings
    tenant: UUID | None = None
    name: str = ""
    """The tenant as people call it."""
    silo: bool = False
    """Whether the whole database is that tenant's."""

    @property
    def only(self) -> UUID | None:
        """The one tenant of a database of many; None: all that is there."""
        return None if self.silo else self.tenant


@asynccontextmanager
async def placed(
    tenant: str | None = None, *, whole: bool = False, stores: bool = False
) -> AsyncIterator[Place]:
    """The place of a tenant, by its slug or id, or of the platform.

    With ``whole`` the command is about a whole database, with ``stores`` about Redis and OpenSearch too. Raises
    Declined for a tenant that is not there, or that shares one then.
    """
    async with attached(read_settings(), stores=stores) as settings:
        place = Place(settings) if tenant is None else await _found(settings, tenant)
        if whole and place.only is not None:
            raise Declined(f"{place.name} has no database of its own: this is about all who share one.")
        yield place


async def _found(settings: Settings, tenant: str) -> Place:
    import asyncpg

    from app.storage.database import plain_url

    connection = await asyncpg.connect(plain_url(settings.database_url), timeout=10)
    try:
        return await found(connection, settings, tenant)
    finally:
        await connection.close()


# Both take the same statements, and have no type in common that says so.
async def found(
    database: "Pool | asyncpg.Connection[asyncpg.Record]", settings: Settings, tenant: str
) -> Place:
    """The place of a tenant, by its slug or id. Raises Declined for one that is not there."""
    from app.placement.places import PlacementRecord

    try:
        id = UUID(tenant)
    except ValueError:
        id = None
    # An id names the tenant that has it, and never one whose slug is spelt so.
    by = "slug = $1" if id is None else "tenant_id = $1"
    row = await database.fetchrow(f"select * from placement.tenants where {by}", id or tenant.lower())
    if row is not None:
        placement: PlacementRecord = PlacementRecord.of(row)
        served_by = placement.served_by
        there = settings if served_by is None else served_by.settings(settings)
        return Place(there, placement.tenant_id, placement.slug, served_by is not None)
    # Not every tenant that shares the platform's database is in the registry.
    if id is None or not await database.fetchval(_KNOWN, id):
        raise Declined(f"There is no tenant {tenant}.", code="not_found")
    return Place(settings, id, str(id))


async def placed_everywhere(tenant: str | None = None) -> AsyncIterator[Place]:
    """Every database of this region: the platform's, and that of each silo; or only the one of a tenant."""
    from app.placement.registry import placements

    async with placed(tenant) as place:
        yield place
        if tenant is not None:
            return
        async with reading_at(place) as pool:
            rows = await placements(pool)
        for placement in rows:
            if (silo := placement.served_by) is not None and placement.region == place.settings.region:
                yield Place(silo.settings(place.settings), placement.tenant_id, placement.slug, True)


@asynccontextmanager
async def reading(tenant: str | None = None) -> AsyncIterator["Pool"]:
    """The database of the platform or of a silo, for those who only look."""
    async with placed(tenant, whole=True) as place, reading_at(place) as pool:
        yield pool


@asynccontextmanager
async def reading_at(place: Place) -> AsyncIterator["Pool"]:
    """The database of a place, for those who only look."""
    import asyncpg

    from app.storage.database import plain_url

    url = plain_url(place.settings.database_url)
    async with asyncpg.create_pool(url, min_size=1, max_size=1, timeout=10) as pool:
        yield pool


@asynccontextmanager
async def opened(settings: Settings, *, writers: int = 1) -> AsyncIterator["Database"]:
    """The database, by the roles that bind whoever uses it."""
    from app.storage.database import Database

    settings.derive("roles")  # Says so where there is no secret.
    database = await Database.open(settings.database_url, secret=settings.secret, writers=writers, readers=1)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def operating(tenant: str | None = None) -> AsyncIterator[tuple["OperatorRequests", "Pool"]]:
    """The operations on the views of the platform or of a silo, and the database."""
    async with placed(tenant, whole=True) as place, operating_at(place) as both:
        yield both


@asynccontextmanager
async def operating_at(place: Place) -> AsyncIterator[tuple["OperatorRequests", "Pool"]]:
    """The operations on the views of a place, and its database."""
    from app.views.operations import operating as assembled

    async with assembled(place.settings) as (database, operations):
        yield operations, database.writer


def asker() -> str:
    """How the audit names whoever types a command: the account and the machine."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "somebody"
    return f"{account} on {socket.gethostname()}"[:200]


async def carry_out(operations: "OperatorRequests", operation: "Operation") -> "OperationDone | Refusal":
    """Carry out an operation on behalf of the operator at the machine."""
    from domain.kit.caller import PLATFORM, SYSTEM, Caller

    return await operations.carry_out(operation, by=Caller(tenant_id=PLATFORM, user_id=SYSTEM))


async def workers(pool: "Pool") -> list[str]:
    """The names of the workers that are at work."""
    return [row["name"] for row in await pool.fetch(_WORKERS, SILENCE)]
