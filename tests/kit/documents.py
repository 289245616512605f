"""The documents that clients send, by the name of the operation: those in ``graphql/operations``."""

from functools import cache
from pathlib import Path

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, parse, print_ast
from graphql.language import FragmentSpreadNode, Node, Visitor, visit

FOLDER = Path(__file__).parents[2] / "graphql" / "operations"


@cache
def operations() -> dict[str, str]:
    """Every operation by name, each with the fragments that it uses and nothing else."""
    definitions = whole().definitions
    fragments = {one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)}
    found: dict[str, str] = {}
    for definition in definitions:
        if isinstance(definition, OperationDefinitionNode):
            assert definition.name is not None, "there is an operation without a name"
            used = [fragments[name] for name in sorted(_spreads(definition, fragments))]
            found[definition.name.value] = print_ast(DocumentNode(definitions=(definition, *used)))
    return found


def whole() -> DocumentNode:
    """All documents as one, as clients' tools load them."""
    return parse("\n".join(path.read_text() for path in sorted(FOLDER.rglob("*.graphql"))))


def _spreads(node: Node, fragments: dict[str, FragmentDefinitionNode]) -> set[str]:
    """The fragments that a node uses, also by way of others."""
    names: set[str] = set()

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            names.add(spread.name.value)

    visit(node, Spreads())
    return names.union(*(_spreads(fragments[name], fragments) for name in names))
