"""Reads of the log: by stream, by position, by what a selection names; and snapshots."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.log.columns import COLUMNS
from app.storage.database import Connection, Database, Lent
from domain.kit.log import EVERYTHING, AppendReceipt, Envelope, Selection, StoredSnapshot

_STREAMS = f"select {COLUMNS} from es.read_streams($1, $2, $3)"
_NEWEST_OF = f"""
select found.* from unnest($3::text[]) as given (id), lateral (
    select {COLUMNS} from es.events
     where tenant_id = $1 and type = $2 and correlation_id = given.id order by position desc limit 1
) as found
"""
_SIZE = "select coalesce(sum(octet_length(payload::text)), 0) from es.read_streams($1, $2, 0)"
_POSITION = """
select coalesce((select e.position from es.events e
                  where e.tenant_id = s.tenant_id and e.originator_id = s.originator_id
                    and e.originator_version = $3 and e.position between s.first and s.last), 0), s.version
  from es.streams s where s.tenant_id = $1 and s.originator_id = $2
"""
_RECEIPTS = """
select command_id, first, last, digest from es.commands where tenant_id = $1 and command_id = any($2)
"""
_AT = """
select position from es.events where tenant_id = $1 and timestamp <= $2 order by position desc limit 1
"""
_MORE_THAN = """
select count(*) > $3
  from (select from es.events where tenant_id = $1 and position > $2 order by position limit $3 + 1) as counted
"""
_LIVING = """
select originator_id from es.streams
 where tenant_id = $1 and topic = $2 and originator_id = any($3) and not ended
"""
_RESERVED = """
select value from es.reservations
 where scope_id = $1 and tenant_id = $1 and name = $2 and value = any($3)
"""
_SNAPSHOTS = """
select distinct on (originator_id) originator_id, originator_version, timestamp, topic, state, class_version
  from es.snapshots
 where tenant_id = $1 and originator_id = any($2) and originator_version <= $3
 order by originator_id, originator_version desc
"""
_KEEP_SNAPSHOT = """
insert into es.snapshots
       (tenant_id, originator_id, originator_version, timestamp, topic, state, class_version)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tenant_id, originator_id, originator_version) do update
   set timestamp = excluded.timestamp, topic = excluded.topic, state = excluded.state,
       class_version = excluded.class_version
"""
_NEWEST = 2**31 - 1


class LogReader:
    """Reads through the tenant's own scope where a tenant is named, and as the writer otherwise."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._head = 0

    async def streams(
        self, tenant_id: UUID, ids: Sequence[UUID], *, after: int = 0
    ) -> dict[UUID, list[Envelope]]:
        """``after`` is a version: only later events are read."""
        found: dict[UUID, list[Envelope]] = {}
        async with self._database.reading(tenant_id) as connection:
            rows = await connection.fetch(_STREAMS, tenant_id, ids, after)
        for row in rows:
            envelope = Envelope(*row)
            found.setdefault(envelope.originator_id, []).append(envelope)
        return found

    async def newest(self, tenant_id: UUID, type: str, correlation_ids: Sequence[str]) -> dict[str, Envelope]:
        """The newest event of a type by each correlation id that has any."""
        async with self._database.reading(tenant_id) as connection:
            rows = await connection.fetch(_NEWEST_OF, tenant_id, type, correlation_ids)
        return {found.correlation_id: found for found in (Envelope(*row) for row in rows)}

    async def size_of(self, tenant_id: UUID, ids: Sequence[UUID]) -> int:
        async with self._database.reading(tenant_id) as connection:
            size: int = await connection.fetchval(_SIZE, tenant_id, ids)
        return size

    async def position_of(self, tenant_id: UUID, id: UUID, version: int) -> tuple[int, int]:
        async with self._database.reading(tenant_id) as connection:
            row = await connection.fetchrow(_POSITION, tenant_id, id, version)
        return (0, 0) if row is None else (row[0], row[1])

    async def read(
        self, *, after: int = 0, until: int | None = None, limit: int, select: Selection = EVERYTHING
    ) -> list[Envelope]:
        where, arguments = conditions(after, until, select)
        query = f"select {COLUMNS} from es.events where {where} order by position limit ${len(arguments) + 1}"
        if select.tenant_id is None:
            async with self._database.writer.acquire() as connection:
                rows = await connection.fetch(query, *arguments, limit)
        else:
            async with self._database.reading(select.tenant_id) as scoped:
                rows = await scoped.fetch(query, *arguments, limit)
        return [Envelope(*row) for row in rows]

    async def head(self) -> int:
        async with self._database.writer.acquire() as connection:
            self._head = await head_of(connection, self._head)
        return self._head

    async def count(self, *, after: int, until: int, select: Selection = EVERYTHING) -> int:
        """How many events there are with ``after`` < position <= ``until``."""
        where, arguments = conditions(after, until, select)
        async with self._database.writer.acquire() as connection:
            found: int = await connection.fetchval(
                f"select count(*) from es.events where {where}", *arguments
            )
        return found

    async def more_than(self, most: int, tenant_id: UUID, *, after: int) -> bool:
        """Whether a tenant has more than so many events after a position; at most one more is looked at."""
        async with self._database.reading(tenant_id) as connection:
            more: bool = await connection.fetchval(_MORE_THAN, tenant_id, after, most)
        return more

    async def position_at(self, tenant_id: UUID, time: datetime) -> int:
        """Look back from the newest event, so a long way back takes longer."""
        async with self._database.reading(tenant_id) as connection:
            position: int | None = await connection.fetchval(_AT, tenant_id, time)
        return position or 0

    async def receipts(
        self, tenant_id: UUID, command_ids: Sequence[UUID]
    ) -> dict[UUID, tuple[AppendReceipt, bytes]]:
        """The receipts say ``repeated``."""
        async with self._database.reading(tenant_id) as connection:
            rows = await connection.fetch(_RECEIPTS, tenant_id, command_ids)
        return {
            row["command_id"]: (
                AppendReceipt(row["command_id"], row["first"], row["last"], repeated=True),
                row["digest"],
            )
            for row in rows
        }

    async def living(self, tenant_id: UUID, topic: str, ids: Sequence[UUID]) -> set[UUID]:
        async with self._database.reading(tenant_id) as connection:
            rows = await connection.fetch(_LIVING, tenant_id, topic, ids)
        return {row["originator_id"] for row in rows}

    async def reserved(self, tenant_id: UUID, name: str, values: Sequence[str]) -> set[str]:
        async with self._database.reading(tenant_id) as connection:
            rows = await connection.fetch(_RESERVED, tenant_id, name, values)
        return {row["value"] for row in rows}

    async def snapshots(
        self, tenant_id: UUID, ids: Sequence[UUID], *, until: int = _NEWEST
    ) -> dict[UUID, StoredSnapshot]:
        """``until`` is a version: later snapshots are left aside."""
        async with self._database.reading(tenant_id) as connection:
            rows = await connection.fetch(_SNAPSHOTS, tenant_id, ids, until)
        plain = [dict(row) for row in rows]
        return {row.pop("originator_id"): StoredSnapshot(**row) for row in plain}

    async def keep_snapshot(self, tenant_id: UUID, originator_id: UUID, snapshot: StoredSnapshot) -> None:
        async with self._database.writer.acquire() as connection:
            await connection.execute(
                _KEEP_SNAPSHOT,
                tenant_id,
                originator_id,
                snapshot.originator_version,
                snapshot.timestamp,
                snapshot.topic,
                snapshot.state,
                snapshot.class_version,
            )


async def head_of(connection: "Connection | Lent", known: int = 0) -> int:
    """The last committed position; a position known before lets old partitions be left out."""
    query = "select position from es.events where position >= $1 order by position desc limit 1"
    head: int | None = await connection.fetchval(query, known)
    if head is None and known:
        # The log was restored from a copy that does not reach as far as what was seen.
        head = await connection.fetchval(query, 0)
    return head or 0


def conditions(after: int, until: int | None, select: Selection) -> tuple[str, list[object]]:
    """What a read asks for as SQL and its arguments."""
    parts = ["position > $1"]
    arguments: list[object] = [after]
    for part, value in (
        ("position <= ${}", until),
        ("type = any(${})", select.types),
        ("tenant_id = ${}", select.tenant_id),
        ("originator_id = ${}", select.originator_id),
        ("correlation_id = ${}", select.correlation_id),
        ("timestamp >= ${}", select.since),
        ("timestamp < ${}", select.until),
    ):
        if value is not None:
            arguments.append(value)
            parts.append(part.format(len(arguments)))
    return " and ".join(parts), arguments
