"""The events of the product, and those that it takes from outside, as an AsyncAPI 3 document."""

import dataclasses
import types
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from itertools import groupby
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from app.catalogue.inventory import UNMARKED, product_events
from domain.gateway.schemas.built_in import BUILT_IN, OTHER_NAMES
from domain.gateway.schemas.event_types import category
from domain.gateway.webhook_terms import camel
from domain.kit.events import Event
from domain.kit.fields import Describe, marks
from domain.kit.privacy.inventory import field_facts, level_name

# Documents are JSON, hence Any.
Json = dict[str, Any]

_PLAIN: dict[Any, Json] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Decimal: {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
    types.NoneType: {"type": "null"},
    Any: {},
}
_INGEST = "ingest"


def document() -> Json:
    """The document: a channel for each context, a message for each type of event, schemas of their payloads."""
    events = product_events()
    channels: Json = {
        context: {
            "title": f"Events of {context}",
            "description": "What happened, in the order of the log: histories show it and processes follow it.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        }
        for context, names in _by_context(events)
    }
    channels[_INGEST] = {
        "address": "/v1/events",
        "title": "Events of outside systems",
        "description": "Events that sources send. Types have schemas that tenants register; of these there is one "
        "from the start.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in BUILT_IN},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Headwater",
            "version": "1",
            "description": "Every type of event, with its payload and how sensitive each field of it is.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            name: {
                "action": "receive" if name == _INGEST else "send",
                "channel": {"$ref": f"#/channels/{name}"},
            }
            for name in channels
        },
        "components": {
            "messages": {
                **{name: _message(name, event) for name, event in events.items()},
                **{name: _outside(name, schema) for name, schema in BUILT_IN.items()},
            }
        },
    }


def payload_schema(event: type[Event]) -> Json:
    """The payload of an event as JSON Schema, its fields as webhooks and histories call them; personal ones are
    sealed texts where it is stored."""
    hints = get_type_hints(event, include_extras=True)
    facts = {fact.name: fact for fact in field_facts(event)}
    properties: Json = {}
    required: list[str] = []
    for field in dataclasses.fields(event):
        fact = facts[field.name]
        level = level_name(UNMARKED if fact.level is None else fact.level)
        described = [mark.text for mark in marks(hints[field.name]) if isinstance(mark, Describe)]
        properties[camel(field.name)] = {
            **_schema(hints[field.name]),
            **({"description": described[-1]} if described else {}),
            "x-classification": level,
            **({"x-personal": True} if fact.personal else {}),
        }
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(camel(field.name))
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _by_context(names: Iterable[str]) -> Iterable[tuple[str, list[str]]]:
    return [
        (context, list(found))
        for context, found in groupby(sorted(names), lambda name: name.partition(".")[0])
    ]


def _message(name: str, event: type[Event]) -> Json:
    schema = payload_schema(event)
    levels = [field["x-classification"] for field in schema["properties"].values()]
    return {
        "name": name,
        "title": event.__qualname__,
        **({"description": _about(event)} if _about(event) else {}),
        "payload": schema,
        "x-version": event.class_version,
        "x-classification": max(levels, key=_rank, default="public"),
        **({"x-other-names": list(event.aliases)} if event.aliases else {}),
    }


def _about(event: type[Event]) -> str:
    # A dataclass without a docstring is given its signature for one.
    text = event.__doc__ or ""
    return "" if text.startswith(f"{event.__name__}(") else " ".join(text.split())


def _rank(level: str) -> int:
    return ["public", "internal", "confidential", "restricted"].index(level)


def _outside(name: str, schema: Json) -> Json:
    others = [other for other, known in OTHER_NAMES.items() if known == name]
    return {
        "name": name,
        "title": name,
        "payload": schema,
        "x-category": category(name).value,
        **({"x-other-names": others} if others else {}),
    }


# Type hints have no static type.
def _schema(hint: Any) -> Json:
    """A type hint as JSON Schema. Raises LookupError for one that no event had before."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _schema(args[0])
    if origin in (Union, types.UnionType):
        options = [_schema(option) for option in args]
        if all(option.keys() == {"type"} for option in options):
            return {"type": [option["type"] for option in options]}
        return {"anyOf": options}
    if origin in (tuple, list, set, frozenset):
        return {"type": "array", "items": _schema(args[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(args[1])}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [value.value for value in hint]}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        return {
            "type": "object",
            "properties": {camel(each.name): _schema(hints[each.name]) for each in dataclasses.fields(hint)},
        }
    return dict(_PLAIN[hint])
