"""The partitions of views' tables: made ahead, filled, and dropped once all of their rows are too old."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_type_hints

from projections.kit.declare.partitions import ByHash, ByTime, Span
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.retention import MOVE, SINCE
from projections.kit.store.generations import Connection
from projections.kit.store.table_names import TableName, table_name

_AHEAD = 3
"""Partitions made before they begin."""
_FORMATS = {Span.DAY: "%Y_%m_%d", Span.MONTH: "%Y_%m"}
_KINDS = (datetime, date)
_SLACK = timedelta(days=1)
"""How far ahead of the newest event a clock is believed."""
_ENDS = """
select (select timestamp from es.events order by position limit 1),
       (select timestamp from es.events order by position desc limit 1)
"""
_PARTS = """
select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
 where i.inhparent = to_regclass($1) and c.relname <> $2
"""


def divided(view: type[PostgresView[Any]]) -> str | None:
    """How the table is divided, as SQL; None when it is not."""
    match view.partitions:
        case ByTime(by):
            return f'range ("{by}")'
        case ByHash(by):
            return f'hash ("{by}")'
        case None:
            return None


def kept(view: type[PostgresView[Any]]) -> str:
    """A condition for the rows that are not too old; empty when all are kept."""
    horizon = view.horizon()
    if horizon is None:
        return ""
    since = f"({SINCE.format(view.name)})"
    if not _of_times(view, horizon.by):
        since = f"({since} at time zone 'UTC')::date"
    return f"\"{horizon.by}\" >= coalesce({since}, '-infinity')"


def lasting_parts(view: type[PostgresView[Any]], place: TableName) -> Iterator[str]:
    """Statements that make the partitions which are there from the beginning, permanently."""
    match view.partitions:
        case ByTime():
            name = _other(place)
            yield f"create table {name} partition of {place} default"
            yield from _guard(name)
        case ByHash(parts=parts):
            for number in range(parts):
                name = _part(place, f"part_{number}")
                bounds = f"with (modulus {parts}, remainder {number})"
                yield f"create table {name} partition of {place} for values {bounds}"
                yield from _guard(name)


async def arrange(
    owner: Connection, view: type[PostgresView[Any]], generation: int, *, now: datetime | None = None
) -> list[str]:
    """Make the partitions of the table that are needed from now on, and drop those whose rows are all too old;
    which these were. Does nothing for a table that is not divided by time. Safe to repeat, and to be killed.

    A clock that is far ahead of the newest event is not believed, and the boundary moves by a day or month at a
    time: the newest event was stamped by the same clock, perhaps. Raises LockNotAvailableError when somebody
    uses a partition for long; what was done stays.
    """
    if not isinstance(view.partitions, ByTime):
        return []
    by_time, place, every = view.partitions, table_name(view, generation), view.partitions.every
    if not await owner.fetchval("select to_regclass($1) is not null", str(place)):
        return []
    now = now or datetime.now(UTC)
    record = await owner.fetchrow(_ENDS)
    assert record is not None
    first, newest = record
    if newest is not None:
        now = min(now, newest + _SLACK)
        was: datetime | None = await owner.fetchval(SINCE.format(view.name))
        boundary = by_time.boundary(now)
        await owner.execute(MOVE, view.name, boundary if was is None else min(boundary, every.end(was)))
    since: datetime = await owner.fetchval(SINCE.format(view.name)) or every.begin(now)
    there = await _parts(owner, by_time, place)
    begin, until = every.begin(max(min(first or now, now), since)), every.begin(now)
    for _ in range(_AHEAD):
        until = every.end(until)
    wanted = await _misplaced(owner, view, place, since, until)
    while begin <= until:
        wanted.add(begin)
        begin = every.end(begin)
    for begin in sorted(wanted - there.keys()):
        await _make(owner, view, place, begin)
    old = [name for begin, name in there.items() if every.end(begin) <= since]
    for name in old:
        async with owner.transaction():
            # The table is locked whole, but for no longer than it takes to say that the partition is gone.
            await owner.execute("set local lock_timeout = '2s'")
            await owner.execute(f"drop table {name}")
    await owner.execute(f'delete from {_other(place)} where "{by_time.by}" < {_bound(view, since)}')
    return old


async def _parts(owner: Connection, by_time: ByTime, place: TableName) -> dict[datetime, str]:
    """The partitions of days or months that there are, by their first moments."""
    form = f"{place.table}_{_FORMATS[by_time.every]}"
    records = await owner.fetch(_PARTS, str(place), f"{place.table}_other")
    return {
        datetime.strptime(record["name"], form).replace(tzinfo=UTC): f'"{place.schema}"."{record["name"]}"'
        for record in records
    }


async def _make(owner: Connection, view: type[PostgresView[Any]], place: TableName, begin: datetime) -> None:
    """Make a partition, with the rows for which there was none before. It is made beside the table, so that who
    uses other partitions does not wait."""
    assert isinstance(view.partitions, ByTime)
    every, by = view.partitions.every, f'"{view.partitions.by}"'
    name = _part(place, begin.strftime(_FORMATS[every]))
    low, high = _bound(view, begin), _bound(view, every.end(begin))
    async with owner.transaction():
        await owner.execute("set local lock_timeout = '2s'")
        await owner.execute(f"lock table {_other(place)} in access exclusive mode")
        await owner.execute(f"create table {name} (like {place} including all)")
        await owner.execute(
            f"with moved as (delete from {_other(place)} where {by} >= {low} and {by} < {high} returning *)"
            f" insert into {name} select * from moved"
        )
        await owner.execute(
            f"alter table {place} attach partition {name} for values from ({low}) to ({high})"
        )
        for statement in _guard(name):
            await owner.execute(statement)


async def _misplaced(
    owner: Connection, view: type[PostgresView[Any]], place: TableName, since: datetime, until: datetime
) -> set[datetime]:
    """The beginnings of the days or months, within these, of which rows are in no partition of theirs."""
    assert isinstance(view.partitions, ByTime)
    at = f'"{view.partitions.by}"'
    if not _of_times(view, view.partitions.by):
        at = f"({at}::timestamp at time zone 'UTC')"
    unit = f"date_trunc('{view.partitions.every}', {at}, 'UTC')"
    sql = f"select distinct at from (select {unit} as at from {_other(place)}) o where at between $1 and $2"
    return {record["at"] for record in await owner.fetch(sql, since, until)}


def _guard(name: str) -> Iterator[str]:
    """Rows are read and written through the table that it is a part of, by its policies."""
    yield f"alter table {name} enable row level security"
    yield f"alter table {name} force row level security"
    yield f"create policy owner on {name} to current_user using (true) with check (true)"


def _other(place: TableName) -> str:
    """The partition of what is in none of the others."""
    return _part(place, "other")


def _part(place: TableName, what: str) -> str:
    return f'"{place.schema}"."{place.table}_{what}"'


def _of_times(view: type[PostgresView[Any]], column: str) -> bool:
    kind = get_type_hints(view.row)[column]
    if kind not in _KINDS:
        raise TypeError(f"{view.__name__} is divided by {column}, which is neither a time nor a date.")
    return kind is datetime


def _bound(view: type[PostgresView[Any]], at: datetime) -> str:
    assert isinstance(view.partitions, ByTime)
    return f"'{at.isoformat() if _of_times(view, view.partitions.by) else at.date().isoformat()}'"
