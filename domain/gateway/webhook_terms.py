"""What a webhook is for: the types of events, and what their fields must hold."""

import dataclasses
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from domain.kit.events import Event, event_classes
from domain.kit.fields import Confidential, Len, Pattern, Personal, Restricted, marks
from domain.kit.ids import in_one_spelling
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
    held = _text(getattr(event, shown[name], None)) if name in shown else None
    return held is not None and in_one_spelling(held) == in_one_spelling(wanted)


# A field of an event, of any type.
def _text(value: Any) -> str | None:
    """A value as the data of a message have it, if it is one that a condition can name."""
    match plain := sent_value(value):
        case bool():
            return "true" if plain else "false"
        case None:
            return "null"
        case str() | int():
            return str(plain)
        case _:
            return None


def sent_value(value: Any) -> Any:
    """A field's value as it is sent, with the names that clients know of the parts of things."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {camel(each.name): sent_value(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, list | tuple | set | frozenset):
        return [sent_value(each) for each in value]
    return msgspec.to_builtins(value)


def unmet(condition: str, types: Iterable[str]) -> str | None:
    """Why no event of these types can ever meet a condition, as the end of a sentence."""
    name, _, wanted = condition.partition("=")
    events = [
        event
        for type, event in event_classes().items()
        if not type.startswith(WITHHELD) and any(_begins(type, term) for term in types)
    ]
    held = [get_type_hints(event)[shown[name]] for event in events if name in (shown := shown_fields(event))]
    if not held:
        return f"names {name}, which no event of these types shows"
    values = [_values(hint) for hint in held]
    if all(each is not None and wanted not in each for each in values):
        known = sorted({value for each in values for value in each or ()})
        return f"asks for {wanted}, but {name} is one of {', '.join(known)}"
    return None


# Type hints have no static type.
def _values(hint: Any) -> set[str] | None:
    """The texts that a field of enums, or of yes and no, can hold; None for one that holds any."""
    kinds = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    found = set[str]()
    for kind in kinds:
        if kind is NoneType:
            found.add("null")
        elif kind is bool:
            found |= {"true", "false"}
        elif isinstance(kind, type) and issubclass(kind, Enum):
            found |= {str(each.value) for each in kind}
        else:
            return None
    return found
