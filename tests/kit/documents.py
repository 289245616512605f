"""The documents that clients send, by the name of the operation: those in ``graphql/operations``."""

from functools import cache
from pathlib import Path

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, parse, print_ast
from graphql.language import FragmentSpreadNode, Node, Visitor, visit

FOLDER = Path(__file__).parents[2] / "graphql" / "operations"


@cache
def operations() -> dict[str, str]:
    """Every operation by name, each with the fragments that it uses and nothing else."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.rglob("*.graphql")):
        document = parse(path.read_text())
        fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                assert definition.name is not None, f"{path.name} has an operation without a name"
                used = [fragments[name] for name in sorted(_spreads(definition, fragments))]
                found[definition.name.value] = print_ast(DocumentNode(definitions=(definition, *used)))
    return found


def _spreads(node: Node, fragments: dict[str, FragmentDefinitionNode]) -> set[str]:
    """The fragments that a node uses, also by way of others."""
    names: set[str] = set()

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            names.add(spread.name.value)

    visit(node, Spreads())
    return names.union(*(_spreads(fragments[name], fragments) for name in names))
