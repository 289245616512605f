"""Who may ask for which field: each names the permission it needs, and a document is checked before it runs.

A field says it itself (``needs="work:read"``), or its type does for all of its fields. A type that is only met
behind a field which said it is `covered`. What says nothing is denied.
"""

from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_introspection_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from domain.kit.caller import Caller

T = TypeVar("T", bound=type)

ANYONE = "anyone"
"""Needs nothing, and takes no notice of who asks: a token that is no longer good does not matter."""
WHOEVER = "whoever"
"""Needs nothing, but is another thing for those who have signed in; a token that is shown must be good."""
IDENTIFIED = "identified"
"""Needs that the caller says who they are, as a person, a service or by an API key."""
SIGNED_IN = "self"
"""Needs that the caller has signed in."""
COVERED = ""
"""Needs what the field needed that leads here."""


class Permit(Enum):
    """The answer to whether an identity may ask for a field."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "unknown"
    """The caller has not said who they are."""


def permits(caller: Caller, need: str | None) -> Permit:
    """Whether a caller may ask for a field that needs this; None is what nobody may ask for."""
    if need in (ANYONE, WHOEVER):
        return Permit.GRANTED
    if caller.kind == "nobody":
        return Permit.UNKNOWN
    if need == IDENTIFIED:
        return Permit.GRANTED
    # A key acts for its creator, but is not the creator.
    own = need == SIGNED_IN and caller.kind != "key"
    granted = own or (need is not None and caller.may(need))
    return Permit.GRANTED if granted else Permit.DENIED


_INTROSPECTION = {"__typename": COVERED, "__schema": IDENTIFIED, "__type": IDENTIFIED}


def needing(kind: T, permission: str) -> T:
    """Say which permission the fields of a GraphQL type need."""
    kind.__needs__ = permission  # type: ignore[attr-defined]
    return kind


def covered(kind: T) -> T:
    """Say that whoever was given a thing of this GraphQL type may read all of its fields."""
    return needing(kind, COVERED)


class Access:
    """What each field of a schema needs."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.by_field: Mapping[tuple[str, str], str | None] = {
            (kind.name, name): _need(kind, field)
            for kind in schema.type_map.values()
            if not is_introspection_type(kind)
            for name, field in getattr(kind, "fields", {}).items()
            if isinstance(field, GraphQLField)
        }
        """By names of type and field; None where nothing is said."""
        self._own = frozenset(
            (kind, name)
            for kind, name in self.by_field
            if _declared(cast(Any, schema.type_map[kind]).fields[name], "own")
        )

    def require_known(self, permissions: Collection[str]) -> None:
        """Raise TypeError for a field that needs none of these permissions, and so would be nobody's."""
        for (kind, name), need in self.by_field.items():
            if need is not None and need not in (
                ANYONE,
                WHOEVER,
                IDENTIFIED,
                SIGNED_IN,
                COVERED,
                *permissions,
            ):
                raise TypeError(f"{kind}.{name} needs {need}, which is no permission.")

    def undeclared(self) -> list[str]:
        """The fields that say nothing, which nobody may ask for."""
        return sorted(f"{kind}.{name}" for (kind, name), need in self.by_field.items() if need is None)

    def needs(self, document: DocumentNode, operation: OperationDefinitionNode) -> dict[str | None, str]:
        """What an operation needs, each with the name of a field that needs it; None is for nobody."""
        found: dict[str | None, str] = {}
        for kind, name, _ in self._selected(document, operation):
            need = _INTROSPECTION[name] if name in _INTROSPECTION else self.by_field[kind, name]
            if need != COVERED:
                found.setdefault(need, f"{kind}.{name}")
        return found

    def need(self, field: str) -> str | None:
        """What a field of a document needs, by its type and name as ``Task.title``."""
        kind, _, name = field.partition(".")
        return _INTROSPECTION[name] if name in _INTROSPECTION else self.by_field[kind, name]

    def fields(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, object] | None = None,
    ) -> tuple[str, ...]:
        """What an operation selects, as ``Task.title``, each once; of introspection only its root. With variables,
        without what is left out by these (``@skip``, ``@include``)."""
        given = None if variables is None else _with_defaults(operation, variables)
        return tuple(f"{kind}.{name}" for kind, name, _ in self._selected(document, operation, given))

    def root(self, document: DocumentNode, operation: OperationDefinitionNode, field: str) -> str:
        """Under which name of an answer a field would stand that an operation selects."""
        selected = self._selected(document, operation)
        return next(root for kind, name, root in selected if f"{kind}.{name}" == field)

    def own(self, document: DocumentNode, operation: OperationDefinitionNode) -> bool:
        """Whether a field that an operation selects, at whatever depth, is declared as each caller's own."""
        return any((kind, name) in self._own for kind, name, _ in self._selected(document, operation))

    def _selected(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        given: Mapping[str, object] | None = None,
    ) -> Iterator[tuple[str, str, str]]:
        fragments = {
            selection.name.value: selection
            for selection in document.definitions
            if isinstance(selection, FragmentDefinitionNode)
        }
        root = self._schema.get_root_type(operation.operation)
        assert root is not None, "validated before"
        return self._fields(root.name, operation.selection_set, fragments, given)

    def _fields(
        self,
        kind: str,
        selections: SelectionSetNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        given: Mapping[str, object] | None,
    ) -> Iterator[tuple[str, str, str]]:
        """Every type and field that is selected, with the name in the answer of the root field above it; below
        introspection nothing more is said."""
        pending, seen = [(kind, selections, "")], set[tuple[str, str]]()
        spread = set[tuple[str, str]]()
        while pending:
            kind, selections, root = pending.pop()
            for selection in selections.selections:
                if given is not None and _left_out(selection, given):
                    continue
                if isinstance(selection, InlineFragmentNode):
                    inner = selection.type_condition.name.value if selection.type_condition else kind
                    pending.append((inner, selection.selection_set, root))
                elif isinstance(selection, FragmentSpreadNode):
                    fragment = fragments[selection.name.value]
                    if (fragment.name.value, kind) not in spread:
                        spread.add((fragment.name.value, kind))
                        pending.append((fragment.type_condition.name.value, fragment.selection_set, root))
                else:
                    assert isinstance(selection, FieldNode)
                    name = selection.name.value
                    above = root or (selection.alias or selection.name).value
                    if (kind, name) not in seen:
                        seen.add((kind, name))
                        yield kind, name, above
                    if selection.selection_set is not None and not name.startswith("__"):
                        pending.append((self._below(kind, name), selection.selection_set, above))

    def _below(self, kind: str, name: str) -> str:
        parent: Any = self._schema.type_map[kind]
        below: str = get_named_type(parent.fields[name].type).name
        return below


def _with_defaults(
    operation: OperationDefinitionNode, variables: Mapping[str, object]
) -> Mapping[str, object]:
    defaults = {
        each.variable.name.value: each.default_value.value
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, BooleanValueNode)
    }
    return {**defaults, **variables}


def _left_out(selection: SelectionNode, given: Mapping[str, object]) -> bool:
    """Whether a directive leaves this out."""
    for directive in selection.directives or ():
        if (name := directive.name.value) not in ("skip", "include"):
            continue
        for argument in directive.arguments or ():
            value = argument.value
            said = given.get(value.name.value) if isinstance(value, VariableNode) else None
            said = value.value if isinstance(value, BooleanValueNode) else said
            if said is (name == "skip"):
                return True
    return False


def _need(kind: Any, field: GraphQLField) -> str | None:
    own = _declared(field, "needs")
    if own is not None:
        return str(own)
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return _said(getattr(definition, "origin", None) or object)


@cache
def _said(origin: type[object]) -> str | None:
    """A type's own word, or that of the generic type it was made from; what an interface needs says nothing
    about what implements it."""
    for kind in (origin, *origin.__bases__):
        generic = getattr(vars(kind).get("__strawberry_definition__"), "is_graphql_generic", False)
        if (kind is origin or generic) and "__needs__" in vars(kind):
            said: str = vars(kind)["__needs__"]
            return said
    return None


def _declared(field: GraphQLField, name: str) -> Any:
    """What a field's declaration says under a name of its metadata, which is open, hence Any."""
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return getattr(declared, "metadata", {}).get(name)
