"""Databases of silos: made, marked as the tenant's, and dropped, as their server's owner."""

from uuid import UUID

import asyncpg

from app.placement.places import Silo, with_database
from app.settings import Settings
from app.storage.database import READER, SETTINGS, WRITER, plain_url
from domain.kit.process.effects import EffectRefused

_MARK = "Headwater silo of tenant {}"


async def create(settings: Settings, silo: Silo, tenant_id: UUID) -> None:
    """Make the database. One that stands there already is taken only if it is this tenant's, or empty.

    Raises EffectRefused for one that holds anything else.
    """
    mark = _MARK.format(tenant_id)
    server = await _server(settings, silo)
    try:
        there = await server.fetchrow(
            "select shobj_description(oid, 'pg_database') as mark from pg_database where datname = $1",
            silo.database,
        )
        if there is None:
            await server.execute(f"create database {_quoted(silo.database)}")
        elif there["mark"] == mark:
            return
        elif not await _empty(settings, silo):
            raise EffectRefused(f"The database {silo.database} is not empty.")
        # Marked before anything is put into it: without a mark it is empty, so a kill in between does no harm.
        await server.execute(f"comment on database {_quoted(silo.database)} is '{mark}'")
    finally:
        await server.close()


async def close_to_others(settings: Settings, silo: Silo) -> None:
    """Let only Headwater's own roles connect, once migrating has made them."""
    server = await _server(settings, silo)
    try:
        name = _quoted(silo.database)
        await server.execute(f"revoke connect, temporary on database {name} from public")
        await server.execute(f"grant connect on database {name} to {READER}, {WRITER}")
    finally:
        await server.close()


async def drop(settings: Settings, silo: Silo, tenant_id: UUID) -> None:
    """Drop the database with all that is in it, if it is this tenant's; whoever is connected is thrown out."""
    server = await _server(settings, silo)
    try:
        mark = await server.fetchval(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = $1", silo.database
        )
        if mark == _MARK.format(tenant_id):
            await server.execute(f"drop database if exists {_quoted(silo.database)} with (force)")
    finally:
        await server.close()


async def _server(settings: Settings, silo: Silo) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection beside the silo: to the platform's own database, or to the one that every server has."""
    url = settings.database_url if silo.server is None else with_database(silo.server, "postgres")
    return await asyncpg.connect(plain_url(url), server_settings=SETTINGS, timeout=10)


async def _empty(settings: Settings, silo: Silo) -> bool:
    connection = await asyncpg.connect(silo.settings(settings).database_url, timeout=10)
    try:
        return not await connection.fetchval(
            "select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname !~ '^pg_' and n.nspname <> 'information_schema')"
        )
    finally:
        await connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
