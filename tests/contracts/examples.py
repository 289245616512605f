"""Example payloads: every field filled, with values that are easily spoilt on their way."""

import dataclasses
import types
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from domain.kit.codec import PlainCodec
from domain.kit.events import Event

_EXAMPLES: dict[Any, Any] = {
    str: 'Grüße, "\\" 🦆\n',
    int: 2**53 + 1,
    float: 0.1,
    Decimal: Decimal("1999999999.90"),
    bool: True,
    UUID: UUID("018f0000-0000-7000-8000-00000000000a"),
    datetime: datetime(2038, 1, 19, 3, 14, 8, 123_456, tzinfo=UTC),
    date: date(2038, 1, 19),
}


def example_payload(event: type[Event]) -> Any:
    """The payload of an example of this event, as plain JSON."""
    return msgspec.json.decode(PlainCodec().encode(example(event), tenant_id=UUID(int=1)))


def example(event: type[Event]) -> Event:
    """An event with a value in every field."""
    hints = get_type_hints(event, include_extras=True)
    return event(**{field.name: _value(hints[field.name]) for field in dataclasses.fields(event)})


def _value(hint: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated or origin in (Union, types.UnionType):
        return _value(args[0])
    if origin is tuple:
        return (_value(args[0]), _value(args[0]))
    if origin is dict:
        return {"Grüße": ["\\", 0.1, None, {"🦆": True}]}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)[-1]
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        return hint(**{field.name: _value(hints[field.name]) for field in dataclasses.fields(hint)})
    if hint not in _EXAMPLES:
        raise LookupError(f"Put an example of {hint!r} into _EXAMPLES of tests/contracts/examples.py.")
    return _EXAMPLES[hint]
