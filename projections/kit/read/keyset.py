"""Keyset pagination: the order of rows, those after or before one of them, and what reading them needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

import msgspec

from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R
from projections.kit.store.derived_columns import derived
from projections.kit.store.tables import table_shape


@dataclass(frozen=True, slots=True)
class Order:
    """By which column a page is sorted; the key breaks ties. Empty values come last either way."""

    column: str
    descending: bool = False
    nullable: bool = False

    def by(self, view: type[PostgresView[Any]]) -> str:
        """The column of the table that the rows are sorted by."""
        return view.sort_column(self.column)

    # The type is the column's.
    def value(self, view: type[PostgresView[Any]], row: object) -> Any:
        """What a row is sorted by."""
        name = self.by(view)
        found = next((column.binary(row) for column in derived(view) if column.name == name), None)
        return getattr(row, self.column) if found is None else found

    def terms(self, view: type[PostgresView[Any]], *, reverse: bool = False) -> str:
        """What rows are sorted by, as SQL."""
        direction = "desc" if self.descending is not reverse else "asc"
        terms = [f"{self.by(view)} {direction}", *(f"{name} {direction}" for name in view.key)]
        if self.nullable:
            terms.insert(0, f"({self.by(view)} is null) {'desc' if reverse else 'asc'}")
        return ", ".join(terms)

    def between(
        self,
        view: type[PostgresView[Any]],
        after: "RowPlace | None",
        before: "RowPlace | None",
        arguments: list[Any],
    ) -> list[str]:
        """The rows after one place and before another, as SQL; their values join the arguments."""
        return [
            self.beyond(view, place, following=following, arguments=arguments)
            for place, following in ((after, True), (before, False))
            if place is not None
        ]

    def beyond(
        self, view: type[PostgresView[Any]], place: "RowPlace", *, following: bool, arguments: list[Any]
    ) -> str:
        """The rows that stand after (or before) a place, as SQL; its values join the arguments."""
        sign = ">" if following is not self.descending else "<"
        names, column = ", ".join(view.key), self.by(view)

        def key() -> str:
            arguments.extend(place.key)
            first = len(arguments) - len(place.key) + 1
            return ", ".join(f"${n}" for n in range(first, len(arguments) + 1))

        if place.value is None:
            same = f"{column} is null and ({names}) {sign} ({key()})"
            return f"({same})" if following else f"({column} is not null or {same})"
        arguments.append(place.value)
        value = f"${len(arguments)}"
        other = f"({column}, {names}) {sign} ({value}, {key()})"
        return f"({other} or {column} is null)" if self.nullable and following else f"({other})"


@dataclass(frozen=True, slots=True)
class RowPlace:
    """A place between rows: right at the row with this value of the order's column and this key."""

    # The type is the column's.
    value: Any
    key: Key


@dataclass(frozen=True, slots=True)
class RowPage(Generic[R]):
    """Rows in order, and whether there are more on either side."""

    rows: list[R]
    more_before: bool
    more_after: bool


def as_json(select: str) -> str:
    """All rows as one JSON array: decoded to typed rows in one go, several times faster than records."""
    return f"select coalesce(json_agg(r), '[]')::text as rows from ({select}) r"


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What reading a view needs to know of it, worked out once."""

    columns: str
    types: Mapping[str, str]
    decoder: "msgspec.json.Decoder[list[Any]]"


_plans: dict[str, RowPlan] = {}


def row_plan(view: type[PostgresView[Any]]) -> RowPlan:
    """What reading this view needs."""
    plan = _plans.get(view.name)
    if plan is None:
        types = {name: _bare(kind) for name, kind in table_shape(view, 1).columns.items()}
        decoder = msgspec.json.Decoder(list[view.row])  # type: ignore[name-defined]
        plan = _plans[view.name] = RowPlan(", ".join(types), types, decoder)
    return plan


def columns_of(view: type[PostgresView[Any]]) -> str:
    """The columns that a row is read from, as SQL."""
    return row_plan(view).columns


def _bare(kind: str) -> str:
    bare, _, rest = kind.partition("(")
    return bare + rest.partition(")")[2]
