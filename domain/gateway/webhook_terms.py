"""What a webhook is for: the types of events, and what their fields must hold."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, get_type_hints
from uuid import UUID

from domain.kit.events import Event, event_classes
from domain.kit.fields import Confidential, Len, Pattern, Personal, Restricted, marks
from domain.kit.model import ONE_LINE

EventType = Annotated[
    str, Len(1, 100), Pattern("[a-z0-9_]+([.][a-z0-9_]+)*", "is no type of events, as work.task.created")
]
Condition = Annotated[
    str, Len(3, 200), ONE_LINE, Pattern("[A-Za-z0-9_]+=.*", "is no condition, as status=completed")
]
WITHHELD = "gateway.webhook."
"""What is done to webhooks is sent to none: each delivery would be the cause of another."""


def known_types(term: str) -> bool:
    """Whether an event may have this type, or one that begins with it."""
    return any(_begins(type, term) and not type.startswith(WITHHELD) for type in event_classes())


def _begins(type: str, term: str) -> bool:
    return type == term or type.startswith(f"{term}.")


def camel(name: str) -> str:
    """``due_date`` as clients know it, ``dueDate``."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


@cache
def shown_fields(event: type[Event]) -> Mapping[str, str]:
    """The fields of an event that are for everybody of the tenant, by the names that clients know."""
    hints = get_type_hints(event, include_extras=True)
    secret = (Confidential, Restricted, Personal)
    return {
        camel(field.name): field.name
        for field in dataclasses.fields(event)
        if not any(isinstance(mark, secret) for mark in marks(hints[field.name]))
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTerms:
    """Which events a webhook is for."""

    types: tuple[str, ...]
    conditions: tuple[str, ...] = ()

    def cover(self, type: str, event: Event) -> bool:
        """Whether an event is one of them. Fields that are not for everybody match nothing."""
        if type.startswith(WITHHELD) or not any(_begins(type, term) for term in self.types):
            return False
        shown = shown_fields(event.__class__)
        return all(_holds(event, shown, condition) for condition in self.conditions)

    def names(self, types: Iterable[str]) -> list[str]:
        """Those of the types that a webhook is for."""
        return [
            type
            for type in types
            if not type.startswith(WITHHELD) and any(_begins(type, term) for term in self.types)
        ]


def _holds(event: Event, shown: Mapping[str, str], condition: str) -> bool:
    name, _, wanted = condition.partition("=")
    return name in shown and _text(getattr(event, shown[name], None)) == wanted


# A field of an event, of any type.
def _text(value: Any) -> str | None:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case Enum():
            return str(value.value)
        case str() | int() | UUID():
            return str(value)
        case _:
            return None
