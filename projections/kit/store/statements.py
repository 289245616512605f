"""The SQL by which a Postgres view's rows are loaded and written."""

from functools import cache

from projections.kit.store.tables import TableShape

_FENCE = """fence as (
    update ops.lanes set position = $3, folded = $4, token = $5, moved_at = clock_timestamp()
     where view = $1 and generation = $2 and token <= $5 and position <= $3
    returning 1
)"""


class Statements:
    """Statements for one table, each made once."""

    def __init__(self, shape: TableShape) -> None:
        self._shape = shape
        self._written = {**shape.columns, **shape.derived}
        self._columns = ", ".join(_quoted(name) for name in self._written)
        self._key = ", ".join(_quoted(name) for name in ("tenant_id", *shape.key))
        self._unique = ", ".join(_quoted(name) for name in ("tenant_id", *shape.primary_key))
        self._kept = f" where {shape.retained}" if shape.retained else ""
        self.count = f"select count(*) from {shape.name}{self._kept}"
        self.load = self._load()
        # A write differs by which parts it has, so there are at most eight.
        self.write = cache(self._write)

    def _keys(self, first: int) -> str:
        """A table of keys from array parameters: tenants, then one array for each field of the key."""
        types = ["uuid", *(_bare(self._shape.columns[name]) for name in self._shape.key)]
        arrays = ", ".join(f"${first + i}::{kind}[]" for i, kind in enumerate(types))
        return f"unnest({arrays}) as k ({self._key})"

    def _load(self) -> str:
        columns = ", ".join(f"t.{_quoted(name)}" for name in ("tenant_id", *self._shape.columns))
        return (
            "select array_agg(r.tenant_id) as tenants, json_agg(r)::text as rows "
            f"from (select {columns} from {self._keys(1)}"
            f" join {self._shape.name} t using ({self._key}){self._kept}) r"
        )

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

    def _write(self, *, fenced: bool, rows: bool, deletes: bool, staged: str = "") -> str:
        """Parameters: view, generation, position, folded, token when fenced; rows as a JSON array, their
        tenants and positions when there are rows, unless these were ``staged`` in that table; tenants and
        key fields when there are deletes.

        When fenced it is one statement, so that a process that is stopped in the middle leaves neither a
        half-written page nor an open transaction that holds the lane's row.
        """
        parts: list[str] = []
        condition = "where exists (select from fence)" if fenced else ""
        first = 1
        if fenced:
            parts.append(_FENCE)
            first = 6
        if staged:
            parts.append(f"written as ({self._upsert(staged, condition)})")
        elif rows:
            parts.append(f"written as ({self._upsert(self._given(first), condition)})")
            first += 3
        if deletes:
            equal = " and ".join(f"t.{name} = k.{name}" for name in self._key.split(", "))
            more = " and exists (select from fence)" if fenced else ""
            parts.append(
                f"deleted as (delete from {self._shape.name} t using {self._keys(first)} where {equal}{more})"
            )
        return f"with {', '.join(parts)} select count(*) from {'fence' if fenced else '(select) as done'}"

    def _given(self, first: int) -> str:
        typed = ", ".join(f"{_quoted(name)} {_bare(kind)}" for name, kind in self._written.items())
        return (
            f"rows from (json_to_recordset(${first}::json) as ({typed}), "
            f"unnest(${first + 1}::uuid[]), unnest(${first + 2}::bigint[])) "
            f"as q ({self._columns}, tenant_id, position)"
        )

    def _upsert(self, source: str, condition: str) -> str:
        changing = [name for name in self._written if name not in self._shape.primary_key]
        updates = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in changing)
        # Events that were parked are folded late, into rows that may hold later ones of other streams.
        updates += f"{', ' if updates else ''}position = greatest(excluded.position, t.position)"
        # A temporary table holds them as text.
        values = ", ".join(
            f"{_quoted(name)}::tsvector" if kind == "TSVECTOR" else _quoted(name)
            for name, kind in self._written.items()
        )
        if self._shape.retained:
            condition += f"{' and' if condition else 'where'} {self._shape.retained}"
        return (
            f"insert into {self._shape.name} as t ({self._columns}, tenant_id, position) "
            f"select {values}, tenant_id, position from {source} {condition} "
            f"on conflict ({self._unique}) do update set {updates}"
        )


def _quoted(name: str) -> str:
    return '"' + name + '"'


def _bare(kind: str) -> str:
    """The type without a length, so that a value too long is refused by its column and not cut by a cast."""
    if not kind.startswith("VARCHAR("):
        return kind
    # What follows the length says that it is an array.
    return "VARCHAR" + kind.partition(")")[2]
