"""Subscriptions that go on where a client left off, told beside the document."""

import re
from dataclasses import replace

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from api.kit.execution.documents import Operation

RESUME_FROM = "resumeFrom"
"""The argument that says after which position a subscription goes on."""
_CURSOR = re.compile("[0-9]{1,19}")
_LAST = 2**63 - 1
"""No log comes so far: whoever goes on from there is told that messages may be missing."""


def resumed(schema: GraphQLSchema, operation: Operation, cursor: str) -> Operation:
    """The subscription as if the cursor had been given as its `resumeFrom`, in place of any that was.

    One that cannot be read is of no log, as of the last position. Whatever takes no `resumeFrom` stays as it is.
    """
    if operation.kind is not OperationType.SUBSCRIPTION:
        return operation
    position = cursor if _CURSOR.fullmatch(cursor) and int(cursor) <= _LAST else str(_LAST)
    types, value = TypeInfo(schema), StringValueNode(value=position)
    begins = _Begins(schema, types, ArgumentNode(name=NameNode(value=RESUME_FROM), value=value))
    document: DocumentNode = visit(operation.document, TypeInfoVisitor(types, begins))
    if document is operation.document:
        return operation
    node = next(
        definition
        for definition, before in zip(document.definitions, operation.document.definitions, strict=True)
        if before is operation.node and isinstance(definition, OperationDefinitionNode)
    )
    return replace(operation, document=document, node=node, resume_points=(value,))


class _Begins(Visitor):
    """Gives each field of the root that can take it this argument."""

    def __init__(self, schema: GraphQLSchema, types: TypeInfo, argument: ArgumentNode) -> None:
        super().__init__()
        self._root, self._types, self._argument = schema.subscription_type, types, argument

    def enter_field(self, node: FieldNode, *_: object) -> FieldNode | None:
        field = self._types.get_field_def()
        if self._types.get_parent_type() is not self._root or field is None or RESUME_FROM not in field.args:
            return None
        others = [it for it in node.arguments or () if it.name.value != RESUME_FROM]
        return replace(node, arguments=(*others, self._argument))
