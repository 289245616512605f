"""What a column of a filter takes: one input for each type of value, with the operators that fit it."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, ClassVar, get_args, get_origin
from uuid import UUID

import strawberry
from strawberry.types import get_object_definition

from api.kit.schema.node_types import enum
from api.kit.schema.scalars import Position
from domain.kit.text import normal
from projections.kit.declare.filters import All, Compare, ComparedColumn, Comparison, Filter, Not, plain_value

MOST_VALUES = 100
"""Values of an operator that takes a list."""
NAMES = {
    "eq": "eq",
    "not_": "not",
    "in_": "in",
    "not_in": "notIn",
    "gt": "gt",
    "gte": "gte",
    "lt": "lt",
    "lte": "lte",
    "contains": "contains",
    "is_null": "isNull",
}
"""Operators by the attributes of the inputs, as clients write them."""
_TEXTS = {
    "eq": "Equal to this.",
    "not_": "Anything but this; null as well.",
    "in_": "One of these, at most 100.",
    "not_in": "None of these, at most 100; null as well.",
    "gt": "After or greater than this.",
    "gte": "At or after this, or equal to it.",
    "lt": "Before or less than this.",
    "lte": "At or before this, or equal to it.",
    "contains": "With this in it, whatever the case; nothing in it is a wildcard. At most 200 characters.",
    "is_null": "Whether it is null.",
}
_SAME = ("eq", "not_")
_AMONG = (*_SAME, "in_", "not_in")
_ORDERED = (*_AMONG, "gt", "gte", "lt", "lte")
_KINDS: Mapping[Any, tuple[str, tuple[str, ...]]] = {
    UUID: ("Id", _AMONG),
    strawberry.ID: ("Id", _AMONG),
    bool: ("Boolean", _SAME),
    int: ("Int", _ORDERED),
    float: ("Float", _ORDERED),
    str: ("String", (*_AMONG, "contains")),
    datetime: ("DateTime", _ORDERED),
    date: ("Date", _ORDERED),
    Decimal: ("Decimal", _ORDERED),
    Position: ("Position", _ORDERED),
}
_LISTS = ("in_", "not_in")
_COMPARED = {
    "eq": Comparison.EQ,
    "in_": Comparison.IN,
    "gt": Comparison.GT,
    "gte": Comparison.GTE,
    "lt": Comparison.LT,
    "lte": Comparison.LTE,
    "contains": Comparison.PART,
}


class Operators:
    """Base of the inputs that say how a column is compared."""

    most: ClassVar[int] = MOST_VALUES
    """Values of an operator that takes a list."""

    def given(self) -> Iterator[tuple[str, Any]]:
        """The operators that are given, by their attributes, with their values; values are of any type."""
        for name in self.__annotations__:
            if (value := getattr(self, name)) is not strawberry.UNSET:
                yield name, value

    def test(self, column: ComparedColumn, name: str, value: Any) -> Filter:
        """What a value of an operator means for a column."""
        if name == "is_null":
            return _either(Compare(column, Comparison.NULL), met=value)
        if name == "not_":
            return Not(Compare(column, Comparison.EQ, _stored(value)))
        if name == "not_in":
            return Not(Compare(column, Comparison.IN, _stored(value)))
        return Compare(column, _COMPARED[name], _stored(value))

    def tests(self, value: Any) -> int:
        """How many conditions a value of an operator is."""
        return 1


class ListOperators(Operators):
    """Base of the inputs for columns that hold lists."""

    def test(self, column: ComparedColumn, name: str, value: Any) -> Filter:
        """What a value of an operator means for a column."""
        return Compare(column, Comparison.HOLDS, tuple(value)) if value else All()


class EntryOperators(Operators):
    """Base of the input for columns that hold texts by keys."""

    most = 5

    def tests(self, value: Any) -> int:
        """How many conditions a value of an operator is: each entry is looked for by itself."""
        return len(value or ()) or 1

    def test(self, column: ComparedColumn, name: str, value: Any) -> Filter:
        """What a value of an operator means for a column."""
        return All(
            tuple(
                Compare(column, Comparison.ENTRY, (_stored(each.key), _stored(each.value))) for each in value
            )
        )


class Entries(dict[str, str]):
    """The type, in a filter, of a column that holds texts by keys."""


def _either(test: Compare, *, met: bool) -> Filter:
    return test if met else Not(test)


def _stored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_stored, value))
    # Enums of texts are texts, too.
    if isinstance(value, Enum):
        return plain_value(value)
    return normal(value) if isinstance(value, str) else value


def longest(compared: Any) -> int:
    """How long a text is that something is compared with, or the longest of several. It is of any type."""
    texts = compared if isinstance(compared, list) else [compared]
    return max((len(text) for text in texts if isinstance(text, str)), default=0)


def operators_of(shown: Any, *, keyed: bool) -> type[Operators] | None:
    """The input for a column that is shown as this type, or None where there is none; ``keyed`` says that a list
    of texts is found by an index. Types have no static type, hence Any."""
    kinds = [kind for kind in get_args(shown) if kind is not type(None)]
    bare = kinds[0] if type(None) in get_args(shown) and len(kinds) == 1 else shown
    if bare is Entries:
        return _entries()
    if get_origin(bare) is list:
        (item,) = get_args(bare)
        return _held(item) if keyed and item in (str, UUID) else None
    if isinstance(bare, type) and issubclass(bare, Enum):
        return _operators(bare)
    return _operators(bare) if bare in _KINDS else None


@cache
def _operators(kind: Any) -> type[Operators]:
    name: str
    names: tuple[str, ...]
    if isinstance(kind, type) and issubclass(kind, Enum):
        name, names = _name_of(kind), _AMONG
    else:
        name, names = _KINDS[kind]
        if kind is not (first := next(each for each, (known, _) in _KINDS.items() if known == name)):
            return _operators(first)
    taken: dict[str, Any] = {each: list[kind] if each in _LISTS else kind for each in names}
    return _declared(f"{name}Filter", Operators, {**taken, "is_null": bool}, _TEXTS)


@cache
def _held(kind: Any) -> type[Operators]:
    case = ", whatever their case" if kind is str else ""
    length = " of at most 200 characters" if kind is str else ""
    texts = {"contains": f"With all of these{case}; at most 100{length}."}
    return _declared(f"{_KINDS[kind][0]}ListFilter", ListOperators, {"contains": list[kind]}, texts)


@cache
def _entries() -> type[Operators]:
    body = {
        "__annotations__": {"key": str, "value": str},
        "__module__": __name__,
        "key": strawberry.field(description="Under which key."),
        "value": strawberry.field(description="Which text, as it is shown."),
    }
    entry: Any = strawberry.input(
        type("EntryInput", (), body), name="EntryInput", description="A text under a key."
    )
    texts = {"contains": f"With all of these; at most {EntryOperators.most}."}
    return _declared("EntryListFilter", EntryOperators, {"contains": list[entry]}, texts)


def _name_of(kind: type[Enum]) -> str:
    definition: Any = vars(enum(kind))["__strawberry_definition__"]
    return str(definition.name)


def _declared(
    name: str, base: type[Operators], taken: Mapping[str, Any], texts: Mapping[str, str]
) -> type[Operators]:
    body: dict[str, Any] = {
        each: strawberry.field(name=NAMES[each], default=strawberry.UNSET, description=texts[each])
        for each in taken
    }
    body |= {"__annotations__": {each: kind | None for each, kind in taken.items()}, "__module__": __name__}
    text = "How a column is compared: all that is given must be met. No value may be null."
    declared: type[Operators] = strawberry.input(type(name, (base,), body), name=name, description=text)
    assert get_object_definition(declared) is not None
    return declared
