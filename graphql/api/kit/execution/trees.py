"""Syntax trees made small enough to be kept."""

from graphql import DocumentNode, Node, Token, TokenKind

_NODE_BYTES = 450
"""About what a node takes with its location."""
_NO_TOKEN = Token(TokenKind.SOF, 0, 0, 0, 0)


def compact(document: DocumentNode) -> int:
    """Let go of the tokens, which are linked to one another and take more room than the tree; about how many
    bytes the tree takes then. Errors know their places all the same."""
    nodes, pending = 0, list[Node]([document])
    while pending:
        node = pending.pop()
        nodes += 1
        if node.loc is not None:
            node.loc.start_token = node.loc.end_token = _NO_TOKEN
        for key in node.keys:
            value = getattr(node, key, None)
            if isinstance(value, Node):
                pending.append(value)
            elif isinstance(value, tuple | list):
                pending.extend(child for child in value if isinstance(child, Node))
    return nodes * _NODE_BYTES
