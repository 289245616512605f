"""What the role that the API reads with may read, listed from Postgres, so that no new table is forgotten."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from app.settings import Settings
from app.storage.database import READER, role_url

_READABLE = """
select format('%I.%I', n.nspname, c.relname) as name, c.relkind::text as kind,
       c.relrowsecurity and c.relforcerowsecurity as forced,
       coalesce('security_invoker=true' = any(c.reloptions), false) as invoker,
       exists (select from pg_policy p where p.polrelid = c.oid
               and $1::regrole = any(p.polroles) and p.polcmd <> 'r') as writes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname !~ '^pg_toast' and has_any_column_privilege($1, c.oid, 'select')
order by 1
"""
_FUNCTIONS = """
select format('%I.%I', n.nspname, p.proname) as name, p.prosrc as source
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
  and has_function_privilege($1, p.oid, 'execute')
order by 1
"""


@dataclass(frozen=True)
class Relation:
    """A table, partition or view that the reader may select from."""

    name: str
    kind: str
    """As in ``pg_class``: r, p, v, m, f."""
    forced: bool
    invoker: bool
    writes: bool

    @property
    def guarded(self) -> bool:
        """Whether every row that is read goes through a policy."""
        return (self.invoker if self.kind == "v" else self.forced) and not self.writes


async def readable(owner: "asyncpg.Connection[asyncpg.Record]") -> list[Relation]:
    """Everything that the reader may select from."""
    return [Relation(**row) for row in await owner.fetch(_READABLE, READER)]


async def definers(owner: "asyncpg.Connection[asyncpg.Record]") -> dict[str, str]:
    """The bodies of the functions that the reader may call and that run with their owner's rights."""
    return {row["name"]: row["source"] for row in await owner.fetch(_FUNCTIONS, READER)}


async def reader(settings: Settings, tenant: UUID | None = None) -> "asyncpg.Connection[asyncpg.Record]":
    """A plain session of the reader, with this tenant in scope or none."""
    connection = await asyncpg.connect(role_url(settings.database_url, READER, settings.secret))
    if tenant is not None:
        await connection.execute("select set_config('headwater.tenant', $1, false)", str(tenant))
    return connection
