"""What the log and the audit hold of a person, as an export shows it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kit.events import event_classes
from domain.kit.fields import Restricted, hints_of, marks
from projections.kit.context.exports import Record
from projections.kit.context.subject import About, Scope

_PAGE = 200
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

_EVENTS = f"""
select position, timestamp, type, topic, originator_id, originator_version as version, user_id,
       payload::text as payload, metadata::text as metadata
  from es.events
 where tenant_id = $1 and position > $2
   and (originator_id = any($3::uuid[]) or user_id = any($3::uuid[])
        or exists (select from unnest($4::text[]) one where strpos(payload::text, one) > 0))
 order by position limit {_PAGE}
"""
_ACCESSES = f"""
select id, at, user_id, session_id, kind, operation, root_fields, fields, revealed, correlation_id, outcome
  from audit.data_access
 where tenant_id = $1 and (user_id = $2 or $2 = any(subjects)) and (at, id) > ($3, $4)
 order by at, id limit {_PAGE}
"""


async def events(about: About) -> AsyncIterator[Record]:
    """Every event of the tenant that is about the person, holds a text of theirs, was caused by them, or names
    them. Of one that others caused and that merely names them, only what names them is shown."""
    async for record in _events(about.here, about.person):
        yield record


async def account_events(about: About) -> AsyncIterator[Record]:
    """The same of the account and its sessions; for who belongs to no tenant, these are what `events` shows."""
    if about.here.tenant_id != about.accounts.tenant_id:
        async for record in _events(about.accounts, about.person):
            yield record


async def _events(scope: Scope, person: UUID) -> AsyncIterator[Record]:
    ids = sorted(scope.subjects)
    seals = [f"hw1.{id.hex}." for id in ids]
    after = 0
    while True:
        rows = await scope.store.pool.fetch(_EVENTS, scope.tenant_id, after, ids, [*seals, *map(str, ids)])
        for row in rows:
            after = row["position"]
            by = row["user_id"]
            by_themself = (
                by in scope.subjects
                or row["originator_id"] in scope.subjects
                or any(seal in row["payload"] for seal in seals)
            )
            yield {
                "type": row["type"],
                "timestamp": row["timestamp"].isoformat(),
                "stream": str(row["originator_id"]),
                "version": row["version"],
                "by": str(by) if by == person else None,
                "data": dict(_said(row["type"], row["payload"], None if by_themself else ids)),
                # What is known of a request is about whoever sent it.
                "metadata": msgspec.json.decode(row["metadata"]) if by in scope.subjects else {},
            }
        if len(rows) < _PAGE:
            return


# An event's values are of any type, hence Any.
def _said(type_name: str, payload: str, naming: list[UUID] | None) -> Iterator[tuple[str, Any]]:
    """The members of a payload that are not restricted; only those that name one of these, when some are given."""
    event = event_classes().get(type_name)
    hints = hints_of(event) if event is not None else {}
    for name, value in msgspec.json.decode(payload).items():
        if name not in hints or any(isinstance(mark, Restricted) for mark in marks(hints[name])):
            continue
        if naming is None or any(str(id) in str(value) for id in naming):
            yield name, value


async def accesses(about: About) -> AsyncIterator[Record]:
    """What the person asked for, and what others were shown of them: not who these were."""
    scope, place = about.here, (_EARLIEST, 0)
    while True:
        rows = await scope.store.pool.fetch(_ACCESSES, scope.tenant_id, about.person, *place)
        for row in rows:
            record = dict(row)
            if row["user_id"] != about.person:
                record |= {"user_id": None, "session_id": None, "correlation_id": None}
            yield msgspec.to_builtins(record)
            place = row["at"], row["id"]
        if len(rows) < _PAGE:
            return
