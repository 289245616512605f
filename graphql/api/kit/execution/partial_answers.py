"""Answers in part: of what is refused nothing is resolved, and an error stands at its path; the rest is answered.

Which fields are refused is known before anything runs, so that it does not depend on what a resolver does.
Mutations and subscriptions are never carried out in part, nor is a query of which nothing would be answered.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution import Executor

from api.kit.execution.errors import lacking

Refused = Mapping[str, str | None]
"""The permission that each refused field needs, by type and field as ``Task.title``; None where nobody has it."""


def answerable(root_fields: tuple[str, ...], refused: Refused) -> bool:
    """Whether anything of a query is answered: a field of its root that is not refused."""
    return any(not name.startswith("__") and f"Query.{name}" not in refused for name in root_fields)


def permitting(executor: type[Executor[Any]]) -> type[Executor[Any]]:
    """The executor that leaves out what its context says is refused."""

    class PermittingExecutor(executor):  # type: ignore[misc, valid-type]
        # The signature is graphql-core's, of which only this much is used, hence Any.
        def execute_field(
            self,
            parent_type: GraphQLObjectType,
            source: Any,
            field_details_list: Any,
            path: Any,
            position_context: Any,
        ) -> Any:
            refused: Refused = self.context_value.refused
            if refused:
                name = field_details_list[0].node.name.value
                shown = self.schema.get_field(parent_type, name)
                kinds = (parent_type.name, *(interface.name for interface in parent_type.interfaces))
                for field in (f"{kind}.{name}" for kind in kinds):
                    if field in refused:
                        assert shown is not None, "validated before"
                        error = lacking(field, refused[field])
                        self.handle_field_error(error, shown.type, field_details_list, path)
                        return None
            return super().execute_field(parent_type, source, field_details_list, path, position_context)

    return PermittingExecutor
