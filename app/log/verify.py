"""Proves that the log is whole: positions, streams, commands and event ids agree with one another."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.log.reader import head_of
from app.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: which check found it, and where."""

    check: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was looked at and what was found; an empty ``findings`` means that the log is whole."""

    head: int
    events: int
    streams: int
    commands: int
    findings: tuple[Finding, ...]


Check: TypeAlias = Callable[[Connection, int], Awaitable[Sequence[Finding]]]
"""Given a connection that sees one moment of the whole log, and the head of that moment."""

_MOST = 20
"""How many findings one check reports; a broken log has thousands of the same kind."""

_GAPS = """
select 'no event between positions ' || before || ' and ' || position as detail
  from (select position, lag(position, 1, 0::bigint) over (order by position) as before from es.events) p
 where position <> before + 1
"""
_STREAMS = """
select 'stream ' || coalesce(e.originator_id, s.originator_id) || ' of tenant '
       || coalesce(e.tenant_id, s.tenant_id) || case
            when e.n is null then ' is known but has no event'
            when s.version is null then ' has events but is not known'
            when not e.dense then ' has versions missing, doubled or out of order'
            else ' is known with another version, topic or place than its events have' end as detail
  from (
    select tenant_id, originator_id, count(*) as n, min(position) as first, max(position) as last,
           min(topic) as topic,
           bool_and(originator_version = rank) and min(topic) = max(topic) as dense
      from (select tenant_id, originator_id, originator_version, position, topic,
                   row_number() over (partition by tenant_id, originator_id order by position) as rank
              from es.events) ranked
     group by tenant_id, originator_id
  ) e
  full join es.streams s on s.tenant_id = e.tenant_id and s.originator_id = e.originator_id
 where e.n is null or s.version is null or not e.dense
    or (s.version, s.topic, s.first, s.last) is distinct from (e.n, e.topic, e.first, e.last)
"""
_COMMANDS = """
select 'command ' || coalesce(e.command_id, c.command_id) || ' of tenant '
       || coalesce(e.tenant_id, c.tenant_id) || case
            when c.command_id is null then ' has events but no receipt'
            else ' has a receipt that does not name its events' end as detail
  from (select tenant_id, command_id, count(*) as n, min(position) as first, max(position) as last
          from es.events group by tenant_id, command_id) e
  full join es.commands c on c.tenant_id = e.tenant_id and c.command_id = e.command_id
 where c.command_id is null
    or coalesce(e.n, 0) <> c.last - c.first + 1
    or e.first <> c.first or e.last <> c.last or c.last > $1
"""
_EVENT_IDS = """
select 'event ' || coalesce(e.event_id, i.event_id) || ' at position ' || coalesce(e.position, i.position)
       || ' is not claimed under its id' as detail
  from es.events e
  full join es.event_ids i
    on i.tenant_id = e.tenant_id and i.event_id = e.event_id and i.position = e.position
 where e.position is null or i.position is null
"""
_QUERIES = (("density", _GAPS), ("streams", _STREAMS), ("commands", _COMMANDS), ("event ids", _EVENT_IDS))
_COUNTS = """
select (select count(*) from es.events) as events, (select count(*) from es.streams) as streams,
       (select count(*) from es.commands) as commands
"""


Tell: TypeAlias = Callable[[int, int], object]


def _unheard(done: int, of: int) -> None:
    """Nobody wants to know."""


async def verify(database: Database, *, checks: Sequence[Check] = (), tell: Tell = _unheard) -> Verdict:
    """Look at the whole log as of one moment; appends go on meanwhile. Views add their ``checks``.

    ``tell`` is called with how many checks are done, and of how many.
    """
    connection = await database.connect()
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await examine(connection, checks=checks, tell=tell)
    finally:
        await connection.close()


async def examine(connection: Connection, *, checks: Sequence[Check] = (), tell: Tell = _unheard) -> Verdict:
    """Look at the log as the connection sees it; its transaction says as of which moment."""
    head = await head_of(connection)
    findings: list[Finding] = []
    of = len(_QUERIES) + len(checks)
    for done, (name, query) in enumerate(_QUERIES):
        tell(done, of)
        arguments = (head,) if "$1" in query else ()
        rows = await connection.fetch(f"{query} limit {_MOST}", *arguments)
        findings += [Finding(name, row["detail"]) for row in rows]
    counts = await connection.fetchrow(_COUNTS)
    assert counts is not None, "counts are one row"
    if counts["events"] != head:
        findings.append(Finding("density", f"{counts['events']} events up to position {head}"))
    for done, check in enumerate(checks, start=len(_QUERIES)):
        tell(done, of)
        findings += await check(connection, head)
    return Verdict(head=head, findings=tuple(findings), **counts)
