"""The SQL by which a Postgres view's rows are loaded and written."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from projections.kit.store.tables import TableShape

# The lanes are locked in order of id, as everybody does, so that nobody waits in a circle.
_FENCE = """given as (
    select * from unnest($1::int[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
        as g(part, view, generation, position, folded, token, after)
), free as materialized (
    select l.id, g.* from ops.lanes l join given g using (view, generation)
     where l.token <= g.token and l.position <= g.after order by l.id for update of l
), fence as (
    update ops.lanes l set position = f.position, folded = f.folded, token = f.token, moved_at = clock_timestamp()
      from free f where l.id = f.id
    returning f.part
), passing as (
    select * from unnest($8::int[], $9::bigint[], $10::bigint[], $11::bigint[]) as p(id, token, position, folded)
), idle as materialized (
    -- Nobody is waited for once the lanes above are locked.
    select l.id from ops.lanes l join passing p using (id, token)
     where l.position < p.position and (select count(*) from free) >= 0
     order by l.id for update of l skip locked
), passed as (
    update ops.lanes l set position = p.position, folded = p.folded, moved_at = clock_timestamp()
      from passing p join idle using (id) where l.id = p.id
    returning l.id
)"""
_ANSWER = "select part, null::int as idle from fence union all select null, id from passed"
_FENCED = 12
"""The number of the first parameter behind those of the fence."""
_KEPT = 512
"""Statements that are kept; most events touch the same few views together."""


class Statements:
    """Statements for one table, each made once."""

    def __init__(self, shape: TableShape) -> None:
        self._shape = shape
        self.table = shape.name
        self._written = {**shape.columns, **shape.derived}
        self._columns = ", ".join(_quoted(name) for name in self._written)
        self._key = ", ".join(_quoted(name) for name in ("tenant_id", *shape.key))
        self._unique = ", ".join(_quoted(name) for name in ("tenant_id", *shape.primary_key))
        self._kept = f" where {shape.retained}" if shape.retained else ""
        self.count = f"select count(*) from {shape.name}{self._kept}"
        self.load = self.load_from(1)

    def _keys(self, first: int) -> str:
        """A table of keys from array parameters: tenants, then one array for each field of the key."""
        types = ["uuid", *(_bare(self._shape.columns[name]) for name in self._shape.key)]
        arrays = ", ".join(f"${first + i}::{kind}[]" for i, kind in enumerate(types))
        return f"unnest({arrays}) as k ({self._key})"

    def load_from(self, first: int) -> str:
        """Loads rows by their keys. Parameters from ``first`` on: tenants, and an array for each field of it."""
        columns = ", ".join(f"t.{_quoted(name)}" for name in ("tenant_id", *self._shape.columns))
        return (
            "select array_agg(r.tenant_id) as tenants, json_agg(r)::text as rows "
            f"from (select {columns} from {self._keys(first)}"
            f" join {self._shape.name} t using ({self._key}){self._kept}) r"
        )

    @property
    def key_size(self) -> int:
        """How many parameters a key takes."""
        return 1 + len(self._shape.key)

    def scan(self, *, tenant: bool, further: bool) -> str:
        """A page of rows in order of their keys, as `load` gives them. Parameters: how many; the tenant when
        only its rows are wanted; the key after which the page begins, tenant first, when it is a further one."""
        columns = ", ".join(_quoted(name) for name in ("tenant_id", *self._shape.columns))
        conditions = [self._shape.retained] if self._shape.retained else []
        first = 2
        if tenant:
            conditions.append(f"tenant_id = ${first}")
            first += 1
        if further:
            types = ["uuid", *(_bare(self._shape.columns[name]) for name in self._shape.key)]
            values = ", ".join(f"${first + i}::{kind}" for i, kind in enumerate(types))
            conditions.append(f"({self._key}) > ({values})")
        where = f"where {' and '.join(conditions)}" if conditions else ""
        return (
            "select array_agg(r.tenant_id) as tenants, json_agg(r)::text as rows "
            f"from (select {columns} from {self._shape.name} {where} order by {self._key} limit $1) r"
        )

    def parts(self, kind: "WriteKind", first: int, part: int, *, fenced: bool) -> tuple[list[str], int]:
        """What writes rows, as parts of a statement, and the number of the next parameter.

        Parameters from ``first`` on: rows as a JSON array, their tenants and positions when there are rows, unless
        these were staged; tenants and key fields when there are deletes. Nothing is written unless the fence lets
        this ``part`` through, where it is ``fenced``.
        """
        fence = f"exists (select from fence where part = {part})" if fenced else ""
        parts: list[str] = []
        if kind.staged:
            parts.append(f"written_{part} as ({self._upsert(kind.staged, fence)})")
        elif kind.rows:
            parts.append(f"written_{part} as ({self._upsert(self._given(first), fence)})")
            first += 3
        if kind.deletes:
            equal = " and ".join(f"t.{name} = k.{name}" for name in self._key.split(", "))
            more = f" and {fence}" if fence else ""
            parts.append(
                f"deleted_{part} as "
                f"(delete from {self._shape.name} t using {self._keys(first)} where {equal}{more})"
            )
            first += self.key_size
        return parts, first

    def _given(self, first: int) -> str:
        typed = ", ".join(f"{_quoted(name)} {_bare(kind)}" for name, kind in self._written.items())
        return (
            f"rows from (json_to_recordset(${first}::json) as ({typed}), "
            f"unnest(${first + 1}::uuid[]), unnest(${first + 2}::bigint[])) "
            f"as q ({self._columns}, tenant_id, position)"
        )

    def _upsert(self, source: str, fence: str) -> str:
        changing = [name for name in self._written if name not in self._shape.primary_key]
        updates = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in changing)
        # Events that were parked are folded late, into rows that may hold later ones of other streams.
        updates += f"{', ' if updates else ''}position = greatest(excluded.position, t.position)"
        # A temporary table holds them as text.
        values = ", ".join(
            f"{_quoted(name)}::tsvector" if kind == "TSVECTOR" else _quoted(name)
            for name, kind in self._written.items()
        )
        conditions = " and ".join(filter(None, (fence, self._shape.retained)))
        return (
            f"insert into {self._shape.name} as t ({self._columns}, tenant_id, position) "
            f"select {values}, tenant_id, position from {source} {conditions and 'where '}{conditions} "
            f"on conflict ({self._unique}) do update set {updates}"
        )


class WriteKind(NamedTuple):
    """Which parts a write has: rows, unless they are ``staged`` in a temporary table of this name, and deletes."""

    rows: bool
    deletes: bool
    staged: str = ""


@lru_cache(_KEPT)
def load_together(views: tuple[Statements, ...]) -> str:
    """Loads rows of several views: a row for each view, with its number as ``part``. Parameters are those of each
    view's `Statements.load_from`, one after the other."""
    return " union all ".join(_loads(views))


def _loads(views: tuple[Statements, ...]) -> Iterator[str]:
    first = 1
    for part, view in enumerate(views):
        yield f"select {part} as part, * from ({view.load_from(first)}) p{part}"
        first += view.key_size


@lru_cache(_KEPT)
def write(writes: tuple[tuple[Statements, WriteKind], ...]) -> str:
    """Writes rows of several views without a fence; parameters are those of each view's `Statements.parts`."""
    return f"with {', '.join(_parts(writes, 1, fenced=False))} select"


@lru_cache(_KEPT)
def write_fenced(writes: tuple[tuple[Statements, WriteKind], ...]) -> str:
    """Writes rows of several views and moves their lanes; answers as ``part`` the number of each let through.

    Parameters: numbers, names, generations, positions, folded, tokens of lanes and the positions from which they
    move, an array each; ids, tokens, positions and folded of lanes that events do not concern, which are moved too
    unless somebody has them locked, and answered as ``idle``; then those of each view's `Statements.parts`. It is
    one statement, so that a process that is stopped in the middle leaves neither a half-written page nor an open
    transaction that holds the lanes' rows.
    """
    parts = _parts(writes, _FENCED, fenced=True)
    return f"with {', '.join([_FENCE, *parts])} {_ANSWER}"


def _parts(writes: tuple[tuple[Statements, WriteKind], ...], first: int, *, fenced: bool) -> list[str]:
    parts: list[str] = []
    for part, (view, kind) in enumerate(writes):
        more, first = view.parts(kind, first, part, fenced=fenced)
        parts += more
    return parts


def _quoted(name: str) -> str:
    return '"' + name + '"'


def _bare(kind: str) -> str:
    """The type without a length, so that a value too long is refused by its column and not cut by a cast."""
    if not kind.startswith("VARCHAR("):
        return kind
    # What follows the length says that it is an array.
    return "VARCHAR" + kind.partition(")")[2]
