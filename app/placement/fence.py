"""The fence around a tenant whose place is another database: no writes there, and at the end no reads."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

import asyncpg

from app.storage.database import Connection, Pool
from domain.operations.tenants import TenantMoving

A = TypeVar("A")
O = TypeVar("O")  # noqa: E741
_REFUSED = "HW001"
"""What `placement.refuse` raises."""

_HIDING = """
create or replace function es.tenant() returns uuid language sql stable
    return placement.here(nullif(current_setting('headwater.tenant', true), '')::uuid)
"""


async def freeze(owner: Connection, tenant_id: UUID) -> None:
    """From here on the database refuses the tenant's commands; those under way have ended."""
    async with owner.transaction():
        await owner.execute(
            "insert into placement.away (tenant_id) values ($1) on conflict do nothing", tenant_id
        )
        # Waits for the appends under way, and whoever appends next meets the trigger.
        await owner.execute("set local lock_timeout = '10s'")
        if await _is_disabled(owner):
            await owner.execute("alter table es.commands enable always trigger placed")
        # Accesses being recorded now will be copied; the database notes those recorded from here on.
        await owner.execute("lock table only audit.data_access in share row exclusive mode")


async def hide(owner: Connection, tenant_id: UUID) -> None:
    """From here on no reader of the database sees a row of the tenant, in the log or in any view, and nothing is
    written for it."""
    async with owner.transaction():
        await owner.execute("set local lock_timeout = '10s'")
        await owner.execute(
            """insert into placement.away (tenant_id, hidden) values ($1, true)
               on conflict (tenant_id) do update set hidden = true""",
            tenant_id,
        )
        if await _is_disabled(owner):
            await owner.execute("alter table es.commands enable always trigger placed")
        body = await owner.fetchval("select pg_get_functiondef('es.tenant()'::regprocedure)")
        if "placement.here" not in body:
            await owner.execute(_HIDING)


async def lift(owner: Connection, tenant_id: UUID) -> None:
    """Let the tenant in again."""
    await owner.execute("delete from placement.away where tenant_id = $1", tenant_id)


async def is_hidden(owner: Connection, tenant_id: UUID) -> bool:
    """Whether the tenant has been here and was moved away."""
    query = "select exists (select from placement.away where tenant_id = $1 and hidden)"
    return bool(await owner.fetchval(query, tenant_id))


async def is_away(pool: Pool, tenant_id: UUID) -> bool:
    """Whether the tenant was moved away from here, or is on its way: nothing can be written for it."""
    query = "select exists (select from placement.away where tenant_id = $1)"
    return bool(await pool.fetchval(query, tenant_id))


def refusing(append: Callable[[A], Awaitable[O]]) -> Callable[[A], Awaitable[O]]:
    """An append that raises the refusal TenantMoving where the database refuses the tenant."""

    async def fenced(request: A) -> O:
        with refused():
            return await append(request)

    return fenced


@contextmanager
def refused() -> Iterator[None]:
    """Raise the refusal TenantMoving where the database refuses the tenant."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if error.sqlstate == _REFUSED:
            raise TenantMoving() from None
        raise


async def _is_disabled(owner: Connection) -> bool:
    return bool(
        await owner.fetchval(
            "select tgenabled = 'D' from pg_trigger where tgrelid = 'es.commands'::regclass and tgname = 'placed'"
        )
    )
