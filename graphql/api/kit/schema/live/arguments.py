"""The arguments of a subscription to changes: ids that must be given, and the filter that the list takes."""

import inspect
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any
from uuid import UUID

from api.kit.schema.fields import argument
from api.kit.schema.filters import RowFilter


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
