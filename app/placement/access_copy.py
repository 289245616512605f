"""Copies a tenant's part of the access log into another database, so that who asks there is told of all of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.audit.retention import ACCESSES
from app.storage.database import Connection
from domain.kit.process.effects import EffectRefused

_BATCH = 2000
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES = {
    "tenant_id": "uuid", "at": "timestamptz", "user_id": "uuid", "session_id": "text", "kind": "text",
    "operation": "text", "root_fields": "text[]", "fields": "text[]", "subjects": "uuid[]", "revealed": "text[]",
    "correlation_id": "text", "outcome": "text", "asked_by": "text",
}  # fmt: skip
_COLUMNS = ", ".join(_TYPES)

_KEPT = "select since from audit.retention where log = $1"
_MONTHS = f"""
select distinct date_trunc('month', at, 'UTC') as month from {ACCESSES}
 where tenant_id = $1 and at > $2 order by month
"""
# Whole moments, for rows of one moment are only told apart as a whole.
_READ = f"""
with page as (select {_COLUMNS} from {ACCESSES} where tenant_id = $1 and at > $2
               order by at fetch first {_BATCH} rows with ties)
select json_agg(page)::text as rows, min(at) as first, max(at) as last from page
"""
# A row's number is its database's own, so rows are told apart by all else that they say, as often as they say it.
_NEW = f"""
select {_COLUMNS}
  from json_to_recordset($1::json) as came({", ".join(f"{name} {type}" for name, type in _TYPES.items())})
 where at >= $5
except all
select {_COLUMNS} from {ACCESSES} where tenant_id = $2 and at between $3 and $4
"""
_LATE = """
select accesses_from, accesses_noted from placement.away where tenant_id = $1 and accesses_from is not null
"""
_CARRIED = "update placement.away set accesses_from = null where tenant_id = $1 and accesses_noted = $2"
_ADD = f"insert into {ACCESSES} ({_COLUMNS}) select * from ({_NEW}) new order by at"
_MISSING = f"select count(*) from ({_NEW}) missing"


async def copy_accesses(
    source: Connection, target: Connection, tenant_id: UUID, *, after: datetime = _EARLIEST
) -> None:
    """Copy every access ``after`` a time that the target does not have yet and is still to keep. Safe to repeat,
    also after the tenant was moved back."""
    since = await _kept_since(target)
    for record in await source.fetch(_MONTHS, tenant_id, after):
        if record["month"] >= since:
            await target.execute("select audit.make_month($1)", record["month"])
    while (page := await source.fetchrow(_READ, tenant_id, after)) and page["rows"] is not None:
        async with target.transaction():
            # Two that copy at the same moment would each find what is not there.
            await target.execute(
                "select pg_advisory_xact_lock(hashtextextended($1, 0))", f"accesses of {tenant_id}"
            )
            await target.execute(_ADD, page["rows"], tenant_id, page["first"], page["last"], since)
        after = page["last"]


async def verify_accesses(source: Connection, target: Connection, tenant_id: UUID) -> None:
    """Copy what was read meanwhile, and compare. Raises EffectRefused when the target lacks an access."""
    missing, since, after = 0, await _kept_since(target), _EARLIEST
    # Reading goes on, so both look at the accesses of one moment.
    async with source.transaction(isolation="repeatable_read", readonly=True):
        await copy_accesses(source, target, tenant_id)
        while (page := await source.fetchrow(_READ, tenant_id, after)) and page["rows"] is not None:
            missing += await target.fetchval(
                _MISSING, page["rows"], tenant_id, page["first"], page["last"], since
            )
            after = page["last"]
    if missing:
        raise EffectRefused(f"{missing} accesses were to be copied, and were not found.")


async def carry_late(source: Connection, target: Connection, tenant_id: UUID) -> None:
    """Copy what was recorded at the old place since its fence went up, as the database there has noted. What is
    recorded meanwhile, or was being copied by a process that is killed, stays noted."""
    late = await source.fetchrow(_LATE, tenant_id)
    if late is not None:
        after = late["accesses_from"] - timedelta(microseconds=1)
        await copy_accesses(source, target, tenant_id, after=after)
        await source.execute(_CARRIED, tenant_id, late["accesses_noted"])


async def _kept_since(connection: Connection) -> datetime:
    """From when on a database keeps accesses; what is older went there, and does not come back."""
    since: datetime | None = await connection.fetchval(_KEPT, ACCESSES)
    return since or _EARLIEST
