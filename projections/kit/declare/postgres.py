"""Postgres views: the table, its checks and indexes stand in the view's own class."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from projections.kit.declare.partitions import ByHash, ByTime
from projections.kit.declare.retention import Retain
from projections.kit.declare.row import R
from projections.kit.declare.view import View, ViewStore

WORDS = "search_words"
"""The column with the words that a row is found by."""
_TABLE = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")
_COLUMN = re.compile(r"(\w+)(?: (?:asc|desc))?(?: nulls (?:first|last))?")
"""A column by which an index sorts; other expressions are Postgres' to check."""


def key_of(column: str) -> str:
    """The column with the keys of an array's texts, by which they are equal whatever their case."""
    return f"{column}_key"


def order_of(column: str) -> str:
    """The column by which a text is sorted as people sort names."""
    return f"{column}_order"


def rank_of(column: str) -> str:
    """The column by which an enum is sorted in the order of its values."""
    return f"{column}_rank"


@dataclass(frozen=True, slots=True)
class Index:
    """An index of the view's table: SQL expressions for its columns, and a predicate to make it partial.

    The tenant is put in front of a B-tree's columns, since every query names it (``tenant=False``: not).

    ``finds`` is what a GIN index is for: an operator and the type to its right, as ``@> text[]``. Under
    row-level security Postgres uses only leakproof operators to search an index, and none of GIN's are. So
    the kit makes a function with the index's name, ``tasks.idx_tasks_tags(text[])``, which answers the keys
    of the rows found in the tenant in scope, and which alone searches with the owner's rights (ADR 10).
    """

    name: str
    columns: tuple[str, ...]
    where: str | None = None
    using: str = "btree"
    unique: bool = False
    tenant: bool = True
    finds: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A check constraint, as SQL."""

    name: str
    condition: str


class PostgresView(View[R]):
    """A view in a table named as the view is, ``schema.table``, readable by SQL under that name.

    Columns follow from the row's fields: ``Annotated[str, Len(max_length=500)]`` is varchar(500), other str
    text, UUID uuid, datetime timestamptz, int bigint, bool, Decimal numeric, date, ``tuple[str, ...]``
    text[], an enum of str varchar(50), a dict jsonb; ``| None`` makes it nullable. The kit adds
    ``tenant_id`` (in the primary key) and ``position`` (of the last event folded into the row), and forces
    row-level security.
    """

    store = ViewStore.POSTGRES
    indexes: ClassVar[tuple[Index, ...]] = ()
    words: ClassVar[tuple[str, ...]] = ()
    """Texts to be found by their words, the most telling one first, at most four (see `text_analysis`)."""
    keyed: ClassVar[tuple[str, ...]] = ()
    """Arrays of texts, such as tags, to be found by a text in any case."""
    collated: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Texts by which rows are sorted as people sort names, each with the texts that decide, itself first."""
    ranked: ClassVar[tuple[str, ...]] = ()
    """Enums by which rows are sorted in the order in which their values are declared."""
    checks: ClassVar[tuple[Check, ...]] = ()
    sorted_by: ClassVar[tuple[str, ...]] = ()
    """The columns by which pages of rows are read without a sort, in the order of the row's fields: an index holds
    each with the key, or leaves out nothing but its empty values."""
    vast: ClassVar[bool] = False
    """Whether it has a row for each event, or for each thing of all kinds: lists of it are then filtered only by
    columns with which an index begins."""
    retain: ClassVar[Retain | None] = None
    """For how long rows are kept that are deleted; as long as the log, if nothing is said."""
    partitions: ClassVar[ByTime | ByHash | None] = None
    """How the table is divided. Its primary key has the column, so no event may change that: it is a part of the
    view's key, or is given by the first event of a row alone."""

    def __init_subclass__(
        cls, *, name: str = "", version: int = 1, key: str | tuple[str, ...] = "id", inline: bool = False
    ) -> None:
        super().__init_subclass__(name=name, version=version, key=key, inline=inline)
        if not name:
            return
        if not _TABLE.fullmatch(name):
            raise TypeError(f"{cls.__name__} is called {name!r}, which is not schema.table.")
        columns = {*cls.row.__struct_fields__, "tenant_id", "position"}
        columns |= {WORDS, *map(key_of, cls.keyed), *map(order_of, cls.collated), *map(rank_of, cls.ranked)}
        named = [(index.name, column) for index in cls.indexes for column in index.columns]
        fields = [("words", name) for name in cls.words] + [("keyed", name) for name in cls.keyed]
        fields += [("collated", name) for texts in cls.collated.values() for name in texts]
        fields += [("ranked", name) for name in cls.ranked]
        for part, column in (*named, *fields):
            plain = _COLUMN.fullmatch(column)
            if plain is not None and plain[1] not in columns:
                raise TypeError(f"{cls.__name__}: {part} names {plain[1]}, which {cls.row.__name__} has not.")
        if cls.partitions is not None:
            cls._require_fixed(cls.partitions.by)
        cls.sorted_by = tuple(
            column for column in cls.row.__struct_fields__ if any(map(cls._sorts(column), cls.indexes))
        )

    @classmethod
    def horizon(cls) -> Retain | ByTime | None:
        """What says which rows are too old to be kept; None where all are."""
        return cls.partitions if isinstance(cls.partitions, ByTime) else cls.retain

    @classmethod
    def primary_key(cls) -> tuple[str, ...]:
        """The columns by which rows of a tenant are unique."""
        extra = () if cls.partitions is None else (cls.partitions.by,)
        return tuple(dict.fromkeys((*cls.key, *extra)))

    @classmethod
    def _require_fixed(cls, column: str) -> None:
        if column not in cls.row.__struct_fields__:
            raise TypeError(f"{cls.__name__}: partitions name {column}, which {cls.row.__name__} has not.")
        for type, fold in cls().folds.items():
            keeps = (
                column in cls.key or fold.first or (fold.changes is not None and column not in fold.changes)
            )
            if not keeps:
                raise TypeError(f"{cls.__name__}: its table is divided by {column}, which {type} may change.")
        if cls.retain is not None and isinstance(cls.partitions, ByTime):
            raise TypeError(f"{cls.__name__}: its partitions say already for how long rows are kept.")

    @classmethod
    def sort_column(cls, column: str) -> str:
        """The column of the table by which rows are sorted when people sort them by a column of the row."""
        if column in cls.collated:
            return order_of(column)
        return rank_of(column) if column in cls.ranked else column

    @classmethod
    def leads(cls, *columns: str) -> bool:
        """Whether the key, or an index of all rows, begins with these columns of the table."""
        whole = (i.columns for i in cls.indexes if i.using == "btree" and i.tenant and i.where is None)
        return any(
            tuple(each.split()[0] for each in names[: len(columns)]) == columns for names in (cls.key, *whole)
        )

    @classmethod
    def _sorts(cls, column: str) -> Callable[[Index], bool]:
        by = cls.sort_column(column)

        def sorts(index: Index) -> bool:
            whole = index.where is None and index.columns == (by, *cls.key)
            filled = index.where == f"{by} is not null" and index.columns in ((by,), (by, *cls.key))
            return index.using == "btree" and index.tenant and (whole or filled)

        return sorts
