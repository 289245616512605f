"""Uses of what the schema says is deprecated: found in an operation once, and counted for each request.

What is used is named by its coordinate in the schema: ``Task.owner``, ``Query.tasks(page:)``, ``TaskFilter.owner``
or ``TaskStatus.DONE``.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    EnumValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ObjectFieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_introspection_type,
    type_from_ast,
    visit,
)

_MOST = 200
OTHERS = "others"
"""Stands for every coordinate beyond the first 200."""

USES: Counter[str] = Counter()
"""How many requests of this process used what is deprecated, by coordinate; 0 for what none has used."""


@dataclass(frozen=True)
class DeprecatedUse:
    """What an operation uses whatever its variables hold, and those of them that have to be looked into."""

    always: frozenset[str] = frozenset()
    variables: tuple[tuple[str, Any], ...] = ()
    """Names, each with the type of its value."""
    deprecated: frozenset[str] = frozenset()
    """All coordinates of the schema that are."""

    def count(self, variables: Mapping[str, object]) -> None:
        """Count a request with these variables, once for each coordinate."""
        if not self.always and not self.variables:
            return
        found = {*self.always}
        for name, type in self.variables:
            found.update(self.deprecated.intersection(_given(type, variables.get(name))))
        for coordinate in found:
            USES[_label(coordinate)] += 1


_NONE = DeprecatedUse()


class Deprecations:
    """What is deprecated in a schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._coordinates = frozenset(_declared(schema))
        for coordinate in sorted(self._coordinates):
            USES[_label(coordinate)] += 0

    def use(
        self, document: DocumentNode, operation: OperationDefinitionNode, fields: Collection[str]
    ) -> DeprecatedUse:
        """What an operation of a valid document uses; ``fields`` are those that it selects, as ``Task.title``."""
        if not self._coordinates:
            return _NONE
        finder = _Finder(TypeInfo(self._schema))
        fragments = {f.name.value: f for f in document.definitions if isinstance(f, FragmentDefinitionNode)}
        pending: list[OperationDefinitionNode | FragmentDefinitionNode] = [operation]
        seen = set[str]()
        while pending:
            visit(pending.pop(), TypeInfoVisitor(finder.types, finder))
            pending += [fragments[name] for name in finder.spread - seen]
            seen |= finder.spread
        variables = (
            (each.variable.name.value, type_from_ast(self._schema, each.type))
            for each in operation.variable_definitions or ()
        )
        return DeprecatedUse(
            self._coordinates & {*fields, *finder.found},
            tuple((name, type) for name, type in variables if self._reaches(type, set())),
            self._coordinates,
        )

    def _reaches(self, type: Any, seen: set[str]) -> bool:
        """Whether a value of an input type may hold what is deprecated."""
        named: Any = get_named_type(type)
        if named.name in seen:
            return False
        seen.add(named.name)
        if any(coordinate.startswith(f"{named.name}.") for coordinate in self._coordinates):
            return True
        fields = named.fields.values() if isinstance(named, GraphQLInputObjectType) else ()
        return any(self._reaches(field.type, seen) for field in fields)


class _Finder(Visitor):
    """Collects the arguments, fields of inputs and enum values that literals of a document give."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: set[str] = set()
        self.spread: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        """Note a fragment whose fields are selected."""
        self.spread.add(node.name.value)

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        """Note an argument of a field; one of a directive is never deprecated."""
        parent, field = self.types.get_parent_type(), self.types.get_field_def()
        if parent is not None and field is not None and self.types.get_directive() is None:
            name = next((name for name, each in getattr(parent, "fields", {}).items() if each is field), "")
            self.found.add(f"{parent.name}.{name}({node.name.value}:)")

    def enter_object_field(self, node: ObjectFieldNode, *_: object) -> None:
        """Note a field of an input."""
        parent = get_named_type(self.types.get_parent_input_type())
        if parent is not None:
            self.found.add(f"{parent.name}.{node.name.value}")

    def enter_enum_value(self, node: EnumValueNode, *_: object) -> None:
        """Note a value of an enum."""
        type = get_named_type(self.types.get_input_type())
        if type is not None:
            self.found.add(f"{type.name}.{node.value}")


def _declared(schema: GraphQLSchema) -> Iterator[str]:
    """The coordinates of all that is deprecated."""
    for kind in schema.type_map.values():
        if is_introspection_type(kind):
            continue
        fields: Mapping[str, Any] = getattr(kind, "fields", {})
        members = kind.values if isinstance(kind, GraphQLEnumType) else fields
        for name, member in members.items():
            if member.deprecation_reason is not None:
                yield f"{kind.name}.{name}"
            for argument, taken in getattr(member, "args", {}).items():
                if taken.deprecation_reason is not None:
                    yield f"{kind.name}.{name}({argument}:)"


# Values of variables are of any type until they are coerced, hence Any.
def _given(type: Any, value: Any) -> Iterator[str]:
    """The coordinates that the value of a variable names, deprecated or not."""
    if isinstance(type, GraphQLNonNull):
        yield from _given(type.of_type, value)
    elif isinstance(type, GraphQLList):
        for each in value if isinstance(value, list) else [value]:
            yield from _given(type.of_type, each)
    elif isinstance(type, GraphQLInputObjectType) and isinstance(value, Mapping):
        for name in value.keys() & type.fields.keys():
            yield f"{type.name}.{name}"
            yield from _given(type.fields[name].type, value[name])
    elif isinstance(type, GraphQLEnumType) and isinstance(value, str):
        yield f"{type.name}.{value}"


def _label(coordinate: str) -> str:
    return coordinate if coordinate in USES or len(USES) < _MOST else OTHERS
