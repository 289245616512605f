"""Postgres views: the table, its checks and indexes stand in the view's own class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from projections.kit.declare.retention import Retain
from projections.kit.declare.row import R
from projections.kit.declare.view import View


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

    store = "postgres"
    indexes: ClassVar[tuple[Index, ...]] = ()
    words: ClassVar[tuple[str, ...]] = ()
    """Texts to be found by their words, the most telling one first, at most four (see `text_analysis`)."""
    keyed: ClassVar[tuple[str, ...]] = ()
    """Arrays of texts, such as tags, to be found by a text in any case."""
    collated: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Texts by which rows are sorted as people sort names, each with the texts that decide, itself first."""
    checks: ClassVar[tuple[Check, ...]] = ()
    retain: ClassVar[Retain | None] = None
    """For how long rows are kept; as long as the log, if nothing is said."""
