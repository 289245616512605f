"""The tables of Postgres views: columns, indexes and policies, as SQL made from the view's own class."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from annotated_types import Len
from msgspec import structs
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy import Index as TableIndex
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TSVECTOR
from sqlalchemy.schema import CreateIndex, CreateTable, DropIndex, SetColumnComment, SetTableComment
from sqlalchemy.sql.ddl import DDLElement
from sqlalchemy.types import TypeEngine

from domain.kit.fields import Describe, Personal, marks
from projections.kit.declare.postgres import Index, PostgresView
from projections.kit.store import partitions
from projections.kit.store.derived_columns import EMPTY, derived
from projections.kit.store.table_names import READER, WRITER, table_name

_IN_SCOPE = "nullif(current_setting('headwater.tenant', true), '')::uuid"
"""The tenant whose rows the session may see; null, which equals nothing, when it is in no tenant's scope."""

# SQLAlchemy leaves the type parameters of dialects and of types open, hence Any.
# Named parameters: with the default style a % in a condition would be doubled.
_DIALECT: Any = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_PLAIN: dict[Any, TypeEngine[Any]] = {
    str: Text(),
    UUID: Uuid(),
    datetime: DateTime(timezone=True),
    date: Date(),
    int: BigInteger(),
    float: Double(),
    bool: Boolean(),
    Decimal: Numeric(),
}
_DERIVED: dict[str, TypeEngine[Any]] = {
    "TSVECTOR": TSVECTOR(),
    "BYTEA": BYTEA(),
    "TEXT[]": ARRAY(Text()),
    "SMALLINT": SmallInteger(),
}


@dataclass(frozen=True, slots=True)
class TableShape:
    """The table of one generation of a view.

    ``name`` is where the rows are (``tasks_g1.tasks``), ``public`` the name under which the live
    generation is read (``tasks.tasks``); both are quoted. ``columns`` are the row's fields with their SQL
    types, in order; ``key`` is the row's key among them.
    """

    name: str
    public: str
    schema: str
    public_schema: str
    columns: dict[str, str]
    derived: dict[str, str]
    """The columns that are worked out from the row; see `projections.kit.store.derived_columns`."""
    key: tuple[str, ...]
    primary_key: tuple[str, ...]
    """The key, and the column by which the table is divided; see `projections.kit.declare.partitions`."""
    create: tuple[str, ...]
    """Statements that make the schemas, the table, its indexes, policies and grants."""
    comments: str
    """Statements that say in the database what the table and its columns hold."""
    drop_indexes: tuple[str, ...]
    """Statements that leave a table without its indexes but for the key's, safe to repeat."""
    make_indexes: tuple[str, ...]
    """Statements that make the indexes which are not there."""
    finders: tuple[str, ...]
    """Statements that make the functions of the indexes that find rows; see `Index`."""
    finder_names: tuple[str, ...]
    """Those functions' full names."""
    retained: str = ""
    """A condition for the rows that count; see `projections.kit.declare.retention`."""

    @property
    def digest(self) -> str:
        """Changes whenever the table would be made otherwise."""
        return sha256("\n".join(self.create).encode()).hexdigest()


_known: dict[tuple[type[PostgresView[Any]], int], TableShape] = {}


def table_shape(view: type[PostgresView[Any]], generation: int) -> TableShape:
    """Derive the table from the view's row, indexes and check. Raises TypeError for a row it cannot hold."""
    # Each takes milliseconds, and a process asks for that of each view several times.
    if (known := _known.get((view, generation))) is None:
        known = _known[view, generation] = _table_shape(view, generation)
    return known


def _table_shape(view: type[PostgresView[Any]], generation: int) -> TableShape:
    place = table_name(view, generation)
    schema, name, full = place.schema, place.table, str(place)
    public_schema = place.public_schema
    table = _table(view, schema, name)
    derived_columns = {column.name: column.kind for column in derived(view)}
    kept = ("tenant_id", "position", *derived_columns)
    own = {column.name: column for column in table.columns if column.name not in kept}
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    statements = [
        *(f'create schema if not exists "{schema_name}"' for schema_name in (public_schema, schema)),
        *(
            f'grant usage on schema "{schema_name}" to {READER}, {WRITER}'
            for schema_name in (public_schema, schema)
        ),
        _sql(CreateTable(table)),
        *(_sql(CreateIndex(index)) for index in indexes),
        *partitions.lasting_parts(view, place),
        f"alter table {full} enable row level security",
        f"alter table {full} force row level security",
        # The sub-select makes Postgres ask for the tenant once per statement, not once per row.
        f"create policy tenant on {full} for select to {READER} using (tenant_id = (select {_IN_SCOPE}))",
        # The functions that find rows run as the owner and name the tenant themselves.
        f"create policy finders on {full} for select to current_user using (true)",
        f"create policy writer on {full} to {WRITER} using (true) with check (true)",
        f"grant select on {full} to {READER}",
        f"grant select, insert, update, delete on {full} to {WRITER}",
    ]
    return TableShape(
        name=full,
        public=place.public,
        schema=schema,
        public_schema=public_schema,
        columns={name: column.type.compile(dialect=_DIALECT) for name, column in own.items()},
        derived=derived_columns,
        key=view.key,
        primary_key=view.primary_key(),
        create=tuple(statements),
        comments=";\n".join(_sql(comment) for comment in _comments(table)),
        drop_indexes=tuple(_sql(DropIndex(index, if_exists=True)) for index in indexes),
        make_indexes=tuple(_sql(CreateIndex(index, if_not_exists=True)) for index in indexes),
        finders=tuple(_finders(view, full, schema, own)),
        finder_names=tuple(f'"{schema}".{index.name}' for index in view.indexes if index.finds is not None),
        retained=partitions.kept(view),
    )


def _comments(table: Table) -> Iterator[DDLElement]:
    yield SetTableComment(table)
    for column in table.columns:
        yield SetColumnComment(column)


def _finders(
    view: type[PostgresView[Any]], table: str, schema: str, columns: dict[str, Column[Any]]
) -> Iterator[str]:
    for index in view.indexes:
        if index.finds is not None:
            (key,), (expression,) = view.key, index.columns
            operator, kind = index.finds.split(" ")
            name = f'"{schema}".{index.name}({kind})'
            yield (
                f"create or replace function {name} returns setof {columns[key].type.compile(dialect=_DIALECT)}"
                " language sql stable security definer rows 100 set search_path = pg_catalog, pg_temp as $$ "
                f"select {key} from {table} where tenant_id = {_IN_SCOPE} and {expression} {operator} $1 $$"
            )
            yield f"revoke all on function {name} from public"
            yield f"grant execute on function {name} to {READER}"


def _table(view: type[PostgresView[Any]], schema: str, name: str) -> Table:
    hints = get_type_hints(view.row, include_extras=True)
    columns: list[Column[Any]] = [Column("tenant_id", Uuid(), nullable=False, comment="Whose row it is.")]
    for field in structs.fields(view.row):
        if field.name in ("tenant_id", "position"):
            raise TypeError(f"{view.row.__name__} may not have a field {field.name}; the kit adds it.")
        kind, nullable = _type(hints[field.name])
        default = None if field.required or nullable else _default(field.default)
        meaning = [mark.text for mark in marks(hints[field.name]) if isinstance(mark, Describe)]
        columns.append(
            Column(
                field.name,
                kind,
                nullable=nullable,
                server_default=default,
                comment=meaning[-1] if meaning else None,
            )
        )
    latest = "The position of the last event that has changed the row."
    columns.append(Column("position", BigInteger(), nullable=False, comment=latest))
    columns += (
        Column(
            column.name,
            _DERIVED[column.kind],
            nullable=False,
            server_default=text(EMPTY[column.kind]),
            comment="Worked out from the row, to search it or to sort by it.",
        )
        for column in derived(view)
    )
    table = Table(
        name,
        MetaData(),
        *columns,
        PrimaryKeyConstraint("tenant_id", *view.primary_key()),
        *(CheckConstraint(text(check.condition), name=check.name) for check in view.checks),
        schema=schema,
        postgresql_partition_by=partitions.divided(view),
        comment=" ".join((view.__doc__ or "").partition("\n\n")[0].split()) or None,
    )
    for index in view.indexes:
        _add(table, index)
    return table


def _add(table: Table, index: Index) -> None:
    tenant = ["tenant_id"] if index.tenant and index.using == "btree" else []
    TableIndex(
        index.name,
        *(text(expression) for expression in (*tenant, *index.columns)),
        unique=index.unique,
        postgresql_using=index.using,
        postgresql_where=None if index.where is None else text(index.where),
        _table=table,
    )


def _type(hint: Any) -> tuple[TypeEngine[Any], bool]:
    """The column type of an annotated hint, and whether it may be null. Hints have no static type."""
    # A personal text is sealed, which makes it longer than what it says.
    sealed = any(isinstance(mark, Personal) for mark in marks(hint))
    limits = [mark.max_length for mark in marks(hint) if isinstance(mark, Len) and not sealed]
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        nullable = len(kinds) < len(get_args(hint))
        if len(kinds) != 1:
            raise TypeError(f"A column cannot hold {hint}.")
        kind, _ = _type(kinds[0])
    elif get_origin(hint) is tuple or get_origin(hint) is list:
        kind = ARRAY(_type(get_args(hint)[0])[0])
    elif get_origin(hint) is dict or hint is dict or hasattr(hint, "__struct_fields__"):
        kind = JSONB()
    elif isinstance(hint, type) and issubclass(hint, Enum):
        kind = String(50)
    elif hint in _PLAIN:
        kind = _PLAIN[hint]
    else:
        raise TypeError(f"A column cannot hold {hint}.")
    if limits and limits[-1] is not None and isinstance(kind, Text):
        kind = String(limits[-1])
    return kind, nullable


def _default(value: Any) -> Any:
    """The SQL default for a field's plain default, so that the table reads like the row."""
    if isinstance(value, bool):
        return text(str(value).lower())
    if isinstance(value, int):
        return text(str(value))
    if isinstance(value, str):
        return value.value if isinstance(value, Enum) else value
    return text("'{}'") if value == () else None


def _sql(element: DDLElement) -> str:
    return str(element.compile(dialect=_DIALECT)).strip()
