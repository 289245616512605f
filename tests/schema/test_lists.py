"""Lists have one shape: connections, with edges, cursors and pages of a bounded size."""

from collections import Counter
from collections.abc import Iterator

from graphql import (
    FieldDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    parse,
    print_ast,
)

from api.schema import schema
from tests.schema.published import published

ROOTS = {"Query", "Mutation", "Subscription"}
BARE = {
    "OutsideEvent.metadata": "one for each searchable property of a schema, 20 at most",
    "Query.nodes": "those of the ids that are given, 100 at most",
    "Rebuild.views": "one for each view of the code that was asked for",
    "Source.recentHours": "one for each hour that is asked for, 24 at most",
}
"""Lists of objects that are no connections, and what bounds each."""


def objects() -> Iterator[GraphQLObjectType]:
    for kind in published().type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            yield kind


def of(field: GraphQLField) -> object:
    """A field's type but for null."""
    return field.type.of_type if is_non_null_type(field.type) else field.type


def test_lists_of_objects_are_connections() -> None:
    roots = {"Query", "Mutation"}
    found = {
        f"{kind.name}.{name}"
        for kind in objects()
        if kind.name in roots or any(interface.name == "Node" for interface in kind.interfaces)
        for name, field in kind.fields.items()
        if is_list_type(of(field)) and is_composite_type(get_named_type(field.type))
    }
    assert found == set(BARE)


def test_connections_are_alike() -> None:
    connections = [kind for kind in objects() if kind.name.endswith("Connection")]
    assert len(connections) > 20
    for kind in connections:
        shown = {name: str(field.type) for name, field in kind.fields.items()}
        edge = get_named_type(kind.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        assert edge.name == kind.name.removesuffix("Connection") + "Edge"
        assert shown["edges"] == f"[{edge.name}!]!", kind.name
        assert shown["nodes"] == f"[{get_named_type(edge.fields['node'].type)}!]!", kind.name
        assert shown["pageInfo"] == "PageInfo!", kind.name
        assert str(edge.fields["cursor"].type) == "String!", kind.name


def test_connections_are_paged_alike() -> None:
    """`after` is an opaque cursor everywhere, and `first` may be left out."""
    for kind in objects():
        for name, field in kind.fields.items():
            if get_named_type(field.type).name.endswith("Connection"):
                arguments = {argument: str(given.type) for argument, given in field.args.items()}
                assert (arguments["first"], arguments["after"]) == ("Int", "String"), f"{kind.name}.{name}"


def test_a_field_with_a_permission_of_its_own_may_be_null() -> None:
    """Or for want of it the object would be withheld, and the whole list that it is in."""
    found = []
    for kind in parse(schema.as_str()).definitions:
        if not isinstance(kind, ObjectTypeDefinitionNode) or kind.name.value in ROOTS:
            continue
        needs = {field: need for field in kind.fields or () if (need := _need(field))}
        own = Counter(needs.values()).most_common(1)[0][0] if needs else None
        found += [
            f"{kind.name.value}.{field.name.value}"
            for field, need in needs.items()
            if need != own and isinstance(field.type, NonNullTypeNode)
        ]
    assert found == []


def _need(field: FieldDefinitionNode) -> str:
    """The permission that the published schema says a field takes; empty for none."""
    said = [print_ast(directive) for directive in field.directives or () if directive.name.value == "needs"]
    return said[0] if said else ""
