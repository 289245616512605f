"""Filters of lists whose rows stand in no view, such as those that operators look at."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

from strawberry.types import get_object_definition

from api.kit.schema.filters import FilterField, RowFilter, filter_input
from api.kit.schema.node_types import columns_of
from api.kit.schema.operators import operators_of
from domain.kit.events import snake
from domain.kit.fields import field_names
from projections.kit.declare.filters import ComparedColumn, Filter, meets

T = TypeVar("T")


def held_filter(
    shown: type, row: type, *, plural: str, defaults: Mapping[str, Collection[Any]] = MappingProxyType({})
) -> type[RowFilter]:
    """The input that compares what a type shows as it stands in a row, a dataclass, by the names that it is shown
    by; ``defaults`` as in `row_filter`."""
    text = f"Which {plural}: those that meet all that is given."
    return filter_input(f"{shown.__name__}Filter", text, dict(_fields(shown, row)), defaults=defaults)


def _fields(shown: type, row: type) -> Iterator[tuple[str, FilterField]]:
    held = field_names(row)
    kinds: Any = {**get_type_hints(shown), **columns_of(shown)}
    for field in get_object_definition(shown, strict=True).fields:
        column, kind = field.python_name, kinds.get(field.python_name)
        if column in held and kind is not None and operators_of(kind, keyed=False) is not None:
            name = snake(field.graphql_name) if field.graphql_name else column
            yield name, FilterField(ComparedColumn(column), kind, field.description or "")


def meeting(rows: Sequence[T], filter: Filter) -> list[T]:
    """Those of the rows that meet the filter."""
    return [row for row in rows if meets(filter, row)]
