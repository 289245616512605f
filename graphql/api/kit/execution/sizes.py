"""How long the values of fields may be, from the limits that the domain sets; costs and weights follow from it."""

from collections.abc import Iterator
from typing import Any, TypeGuard, get_args, get_origin

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from domain.kit.fields import Len, Longest, marks
from domain.tenancy.json_limits import LARGEST

LONGEST = "longest"
"""Under which a field's metadata say how many characters its value may have."""

MOST = "most"
"""Under which a field's metadata say how many things its list holds at most, where no argument says that."""

_JSON = LARGEST
_UNSAID = 255
"""The characters of a text of a row that says nothing."""
_UNSAID_JSON = 1_000
"""The characters of JSON of any shape, such as what an event holds: a guess, for its kind is not known."""
_BYTES = 4
"""What a character takes at most."""
_ROW = 1_000
"""What a row takes beside its texts."""
_PART = (50, 500)
"""What it costs at least and at most to look once for a part of a text: long ones can be looked into as well."""
_DEARER = 1_000
"""So many characters of a text cost as much as a field."""


def longest(hint: Any) -> int:
    """How many characters a value of this type hint may have, 0 where none is said. Hints have no static type."""
    for mark in marks(hint):
        if isinstance(mark, Longest):
            return mark.characters
    most = [mark.max_length for mark in marks(hint) if isinstance(mark, Len) and mark.max_length is not None]
    bare = next(_bare(hint), None)
    if get_origin(bare) in (list, tuple, set, frozenset):
        return longest(get_args(bare)[0]) * (most[-1] if most else 1)
    if bare is dict or get_origin(bare) is dict:
        return _JSON
    return most[-1] if most else _UNSAID if bare is str else 0


def _bare(hint: Any) -> Iterator[Any]:
    """What is left without annotations and without None."""
    args = get_args(hint)
    if hasattr(hint, "__metadata__") or (args and type(None) in args):
        for argument in args[:1] if hasattr(hint, "__metadata__") else args:
            yield from _bare(argument)
    elif hint is not type(None):
        yield hint


class Sizes:
    """The sizes of a schema's fields and of the rows that its types show."""

    def __init__(self, schema: GraphQLSchema) -> None:
        objects = [
            argument for argument in schema.type_map.values() if isinstance(argument, GraphQLObjectType)
        ]
        self._lengths = {
            (kind.name, name): length
            for kind in objects
            if not kind.name.startswith("__")
            for name, field in kind.fields.items()
            if (length := _length(field))
        }
        self._rows = {
            kind.name: _ROW + _BYTES * sum(self._lengths.get((kind.name, name), 0) for name in kind.fields)
            for kind in objects
        }

    def cost(self, parent: GraphQLNamedType | None, name: str) -> int:
        """What a field without fields of its own costs."""
        return 1 + self._lengths.get((parent.name if parent else "", name), 0) // _DEARER

    def part(self, field: GraphQLField, column: str) -> int:
        """What it costs to look once for a part of a text in what a field lists, which no index finds: 1 for two
        characters that each may have."""
        kind = get_named_type(field.type)
        if _is_page(kind):
            kind = get_named_type(kind.fields["nodes"].type)
        least, most = _PART
        return min(max(self._lengths.get((kind.name, column), _UNSAID) // 2, least), most)

    def most(self, field: GraphQLField) -> int:
        """How many things a field without a page size leads to."""
        declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        most: int = getattr(declared, "metadata", {}).get(MOST, 1)
        return most

    def row(self, field: GraphQLField, parent: GraphQLNamedType) -> int:
        """How many bytes each thing that a field leads to may take, whatever is selected of it: rows are read
        whole. A page's are counted where the page is asked for."""
        kind = get_named_type(field.type)
        if _is_page(parent) or parent.name.endswith("Edge"):
            return 0
        if _is_page(kind):
            kind = get_named_type(kind.fields["nodes"].type)
        return self._rows.get(kind.name, _ROW)


def _is_page(kind: GraphQLNamedType) -> TypeGuard[GraphQLObjectType]:
    return isinstance(kind, GraphQLObjectType) and {"nodes", "pageInfo"} <= kind.fields.keys()


def _length(field: GraphQLField) -> int:
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    length: int = getattr(declared, "metadata", {}).get(LONGEST, 0)
    return length or (_UNSAID_JSON if get_named_type(field.type).name == "JSON" else 0)
