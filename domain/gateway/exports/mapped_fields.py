"""What the mapping of a destination may name: fields of the events that it is for."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

from domain.gateway.events import OutsideEvent
from domain.gateway.tools.destinations import DestinationMappingUnmet
from domain.gateway.webhook_terms import WebhookTerms, camel
from domain.kit.events import event_classes
from domain.kit.fields import Restricted, is_marked

PARTS = ("payload", "metadata")
"""What the data of an outside event consist of; a mapping names them as fields of the event, or of its data."""


def require_found(types: tuple[str, ...], mapping: tuple[str, ...]) -> None:
    """Raise DestinationMappingUnmet for a path that no event of these types can have."""
    known = event_classes()
    events = [known[type] for type in WebhookTerms(types=types).names(known)]
    for each in mapping:
        path = each.partition("=")[2]
        if not any(_has(event, path) for event in events):
            raise DestinationMappingUnmet(mapped=path, field="mapping")


def _has(event: type, path: str) -> bool:
    name, *further = path.split(".")
    if event is OutsideEvent.Accepted:
        if name == "data" and further:
            name, *_ = further
        if name in PARTS:
            return True
    hint = _shown(event).get(name)
    return hint is not None and _leads(hint, further)


# Type hints have no static type.
def _shown(event: type) -> Mapping[str, Any]:
    hints = get_type_hints(event, include_extras=True)
    return {
        camel(field.name): hints[field.name]
        for field in dataclasses.fields(event)
        if not is_marked(hints[field.name], Restricted)
    }


def _leads(hint: Any, path: list[str]) -> bool:
    """Whether a field of this type can have something at a path of its own."""
    if not path:
        return True
    kind = get_origin(hint) or hint
    if hasattr(hint, "__metadata__"):
        return _leads(hint.__origin__, path)
    if kind in (Union, types.UnionType):
        return any(_leads(each, path) for each in get_args(hint))
    if dataclasses.is_dataclass(kind):
        named = {camel(name): each for name, each in get_type_hints(kind, include_extras=True).items()}
        return path[0] in named and _leads(named[path[0]], path[1:])
    return kind is dict or kind is Any
