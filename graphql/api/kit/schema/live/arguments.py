"""The arguments of a subscription to changes: ids that must be given, and the filter that the list takes."""

import inspect
from collections.abc import AsyncGenerator, Collection, Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from api.kit.schema.fields import argument
from api.kit.schema.filters import AnyView, RowFilter
from api.kit.schema.live.messages import Change, ChangeKind

Within: TypeAlias = Mapping[str, AnyView]
"""Columns of a key that clients give ids for, each with the view of what has the id."""
NOTHING: Within = MappingProxyType({})


def taking(resolve: Any, ids: Mapping[str, str], filter: type[RowFilter] | None, message: Any) -> Any:
    """The resolver of these messages with an argument for each id in place of those it takes by any name, and with
    this filter or none. ``ids`` are those that must be given, each with its text."""
    signature = inspect.signature(resolve)
    kinds: dict[str, Any] = {name: Annotated[UUID, argument(text)] for name, text in ids.items()}
    arguments = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind)
        for name, kind in kinds.items()
    ]
    if filter is not None:
        kinds["filter"] = Annotated[filter | None, argument("The filter, as the list takes it.")]
        narrowed = signature.parameters["filter"]
        arguments.append(narrowed.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=kinds["filter"]))
    itself, info, _, resume_from, initial, _ = signature.parameters.values()
    last = [where.replace(kind=inspect.Parameter.KEYWORD_ONLY) for where in (resume_from, initial)]
    resolve.__signature__ = signature.replace(
        parameters=[itself, info, *arguments, *last], return_annotation=AsyncGenerator[message, None]
    )
    for name in ("given", "filter"):
        resolve.__annotations__.pop(name)
    resolve.__annotations__ |= kinds
    return resolve


def about_id(view: AnyView, others: Collection[str]) -> str:
    """What the one column of the key is that is not among the others."""
    (column,) = (column for column in view.key if column not in others)
    subject = f"the {column.removesuffix('_id')}" if column.endswith("_id") else "the changed object"
    return f"The {'id' if column == 'id' or column.endswith('_id') else column} of {subject}"


# Messages are of types made for each view, hence Any.
def is_of_others(message: Any, column: str, user_id: UUID | None) -> bool:
    """Whether it tells that somebody else's is out of sight: that would say that it is there."""
    if not isinstance(message, Change) or message.kind is not ChangeKind.REMOVED:
        return False
    return getattr(message.node, column, None) != user_id
