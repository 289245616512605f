"""Filters: GraphQL inputs that follow from the columns of a row.

TaskFilter = row_filter("TaskFilter", Tasks, {"status": one_of, "due_from": since("due_date")}, description="...")

A field of the input is met by a column, as its operator says, in SQL and, for live changes, by the row.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias, get_args, get_type_hints

import strawberry

from api.kit.schema.masking import is_marked
from api.kit.schema.node_types import deprecation, described_as, plain
from domain.kit.fields import Confidential, Opened, Personal, Restricted
from domain.kit.text import key
from projections.kit.declare.postgres import PostgresView
from projections.kit.read import conditions as sql
from projections.kit.read.conditions import Condition

AnyView: TypeAlias = type[PostgresView[Any]]


@dataclass(frozen=True, slots=True)
class Operator:
    """How a column meets what a client gives: ``status=one_of``; called, it says what differs from the usual,
    ``due_from=since("due_date", text="Due at or after this.")``."""

    # The types of columns are those of rows, hence Any.
    condition: Callable[[AnyView, str, Any], list[Condition]]
    meets: Callable[[Any, Any], bool] | None = None
    """Whether a value meets what is given; None where only SQL can say."""
    takes_list: bool = False
    of_texts: bool = False
    """Whether the column is a list of texts."""
    of_words: bool = False
    """Whether it is about no column, but the texts of the view that are searched."""
    text: str = ""
    """Describes the field; what the row says of the column by default."""
    column: str = ""
    """The column, unless the field is called like it."""
    default: Any = None
    """What is meant where nothing is given; everything by default."""

    def __call__(self, column: str = "", *, text: str = "", default: Any = None) -> "Operator":
        """The same on another column, or with a text or a default of its own."""
        return replace(self, column=column or self.column, text=text or self.text, default=default)


equal = Operator(lambda view, column, value: sql.equals(column, value), operator.eq)
one_of = Operator(
    lambda view, column, values: sql.one_of(column, values),
    lambda value, values: value in values,
    takes_list=True,
    text="Any of these.",
)
since = Operator(lambda view, column, value: sql.since(column, value), operator.ge)
until = Operator(lambda view, column, value: sql.until(column, value), operator.lt)
contains = Operator(
    sql.contains, lambda value, texts: set(map(key, texts)) <= set(map(key, value)), of_texts=True
)
matches = Operator(lambda view, column, words: sql.matches(view, words), of_words=True)


class RowFilter:
    """Base of the inputs that `row_filter` makes."""

    view: ClassVar[AnyView]
    operators: ClassVar[Mapping[str, Operator]]
    """By field, each with its column."""

    def conditions(self) -> list[Condition]:
        """What the rows must meet. Raises BadQuery for what cannot be asked."""
        return [
            condition
            for name, how in self.operators.items()
            for value in (getattr(self, name),)
            for condition in how.condition(self.view, how.column, how.default if value is None else value)
        ]


def row_filter(
    name: str, view: AnyView, fields: Mapping[str, Operator], *, description: str
) -> type[RowFilter]:
    """The GraphQL input with these fields, which all may be left out. Raises as `settled` does."""
    known, hints = settled(name, view, fields), get_type_hints(view.row, include_extras=True)
    body: dict[str, Any] = {
        field: strawberry.field(
            default=None,
            description=how.text,
            deprecation_reason=deprecation(hints.get(how.column)),
        )
        for field, (how, _) in known.items()
    }
    body |= {
        "__annotations__": {field: shown | None for field, (_, shown) in known.items()},
        "__module__": __name__,
        "view": view,
        "operators": {field: how for field, (how, _) in known.items()},
    }
    declared = type(name, (RowFilter,), body)
    return strawberry.input(declared, name=name, description=description)


def settled(name: str, view: AnyView, fields: Mapping[str, Operator]) -> dict[str, tuple[Operator, Any]]:
    """Each field's operator, with its column and text, and the GraphQL type of what it takes.

    Raises TypeError for a field that is met by no column, or by one that is not for everybody's eyes: who asks for
    a value and sees what is found has read it.
    """
    return {field: _settled(f"{name}.{field}", view, field, how) for field, how in fields.items()}


def _settled(called: str, view: AnyView, field: str, how: Operator) -> tuple[Operator, Any]:
    finds = {index.finds for index in view.indexes}
    if how.of_words:
        if not view.words or "@@ tsquery" not in finds:
            raise TypeError(f"{called}: {view.__name__} has no texts that are searched by an index.")
        if how.column or not how.text:
            raise TypeError(f"{called} is about no column, so it takes a text, and no column.")
        return how, str
    column = how.column or field
    hints = get_type_hints(view.row, include_extras=True)
    if column not in hints:
        raise TypeError(f"{called}: {view.row.__name__} has no column {column!r}.")
    hint = hints[column]
    sealed = is_marked(hint, Personal) and not is_marked(hint, Opened)
    if sealed or is_marked(hint, Restricted, Confidential):
        raise TypeError(f"{called}: {view.row.__name__}.{column} is sealed or not for everybody to read.")
    if how.of_texts and (column not in view.keyed or "@> text[]" not in finds):
        raise TypeError(f"{called}: {view.__name__} keys no texts {column!r} that an index finds.")
    shown = plain(hint)
    if how.takes_list:
        shown = list[_given(shown)]  # type: ignore[misc]
    return replace(how, column=column, text=how.text or described_as(view.row, column, hint)), shown


def _given(shown: Any) -> Any:
    """A type without null. Types have no static type, hence Any."""
    kinds = [kind for kind in get_args(shown) if kind is not type(None)]
    return kinds[0] if type(None) in get_args(shown) else shown
