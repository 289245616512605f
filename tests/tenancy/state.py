"""All that Postgres holds of the first tenant, in one digest for each table, whatever tables there are."""

import asyncpg

from domain.identity.api_keys import ApiKeyUse
from tests.tenancy.scene import Scene

_TABLES = """
select format('%I.%I', n.nspname, c.relname) as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema')
order by 1
"""
_READING = "audit.data_access"
"""What is kept of who reads: it grows while one looks."""


async def digests(scene: Scene) -> dict[str, str]:
    """For each table a digest of the tenant's rows, and of those about its owner that are neither its own nor the
    second tenant's, such as their account and their sessions."""
    connection = await asyncpg.connect(scene.product.settings.database_url)
    try:
        names = [row["name"] for row in await connection.fetch(_TABLES)]
        assert len(names) > 20
        return {
            name: await connection.fetchval(
                "select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') "
                f"from {name} t where tenant_id = $1 or (tenant_id <> all($2) and t::text ~ $3)",
                scene.first.id,
                [scene.second.id, scene.operators],
                str(scene.first.owner.caller.user_id),
            )
            for name in names
            if name != _READING
        }
    finally:
        await connection.close()


async def head(scene: Scene) -> int:
    """The position of the last event, but for uses of API keys, which are noted by the by."""
    connection = await asyncpg.connect(scene.product.settings.database_url)
    try:
        return int(
            await connection.fetchval(
                "select max(position) from es.events where type <> $1", ApiKeyUse.Noted.stored_as
            )
        )
    finally:
        await connection.close()
