"""Whole months of a log of the audit: what each held, as a hash, before it goes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from app.storage.database import Connection
from projections.kit.declare.retention import MOVE

_FETCHED = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What one tenant's part of a month held: proof that a copy of it is whole and unchanged."""

    log: str
    month: datetime
    """Its first moment, in UTC."""
    tenant_id: UUID
    rows: int
    first: datetime
    last: datetime
    hash: bytes
    """SHA-256 over the rows in order of time and id: each as Postgres writes it as JSON, and a new line."""


def next_month(month: datetime) -> datetime:
    """The first moment of the month after."""
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)


async def anchors(
    connection: Connection, *, log: str, table: str, by: str, month: datetime
) -> AsyncIterator[Anchor]:
    """One for each tenant with rows in the month, read as they come. Needs a transaction.

    ``table`` is quoted SQL; ``by`` is the column of the time, and rows of one time go by their id.
    """
    # Times in a row's JSON are in the session's zone.
    await connection.execute("set local timezone = 'UTC'")
    # Declared in SQL, for the driver's own cursors stay open to the end, and hold the table that is to be dropped.
    await connection.execute(
        f"""declare of_the_month no scroll cursor for
            select tenant_id, "{by}" as at, row_to_json(t)::text as row from {table} t
             where "{by}" >= '{month.isoformat()}' and "{by}" < '{next_month(month).isoformat()}'
             order by tenant_id, "{by}", id"""
    )
    tenant: UUID | None = None
    digest, rows = sha256(), 0
    first = last = month
    while records := await connection.fetch(f"fetch {_FETCHED} from of_the_month"):
        for record in records:
            if record["tenant_id"] != tenant:
                if tenant is not None:
                    yield _anchor(log, month, tenant, rows, first, last, digest.digest())
                tenant, digest, rows, first = record["tenant_id"], sha256(), 0, record["at"]
            digest.update(record["row"].encode() + b"\n")
            rows, last = rows + 1, record["at"]
    await connection.execute("close of_the_month")
    if tenant is not None:
        yield _anchor(log, month, tenant, rows, first, last, digest.digest())


def _anchor(
    log: str, month: datetime, tenant: UUID, rows: int, first: datetime, last: datetime, hash: bytes
) -> Anchor:
    return Anchor(log=log, month=month, tenant_id=tenant, rows=rows, first=first, last=last, hash=hash)


async def keep(connection: Connection, anchor: Anchor) -> None:
    """Store an anchor; one that is there already stays, for what it vouches for has begun to go."""
    await connection.execute(
        """insert into audit.anchors (log, month, tenant_id, rows, first, last, hash)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing""",
        anchor.log,
        anchor.month.date(),
        anchor.tenant_id,
        anchor.rows,
        anchor.first,
        anchor.last,
        anchor.hash,
    )


async def move_boundary(connection: Connection, log: str, since: datetime) -> None:
    """From here on the log is kept from this moment; the boundary never moves back."""
    await connection.execute(MOVE, log, since)
