"""Which fields of an event are personal, and which commands carry what must not be guessed from a digest."""

import types
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from domain.kit.events import Event
from domain.kit.fields import Personal, Restricted, marks


@dataclass(frozen=True, slots=True)
class PersonalField:
    """A personal field of an event: ``subject`` names the field with the person's id, ``searchable`` the name
    under which a fingerprint is kept, "" for none."""

    name: str
    subject: str
    searchable: str


@cache
def personal_fields(event: type[Event]) -> tuple[PersonalField, ...]:
    """The personal fields of an event. Raises TypeError for one that is no text, or whose subject is no field."""
    hints = get_type_hints(event, include_extras=True)
    own = {field.name for field in fields(event)}
    found: list[PersonalField] = []
    for name in own:
        mark = next((mark for mark in marks(hints[name]) if isinstance(mark, Personal)), None)
        if mark is None:
            continue
        if not _is_text(hints[name]):
            raise TypeError(f"{event.__qualname__}.{name} is personal, but only texts can be sealed.")
        if mark.subject not in own | {"originator_id"}:
            raise TypeError(f"{event.__qualname__}.{name} is of {mark.subject!r}, which is no field.")
        found.append(PersonalField(name, mark.subject, mark.searchable))
    return tuple(sorted(found, key=lambda field: field.name))


def is_secret(command: type[Any]) -> bool:
    """Whether a command has a personal or restricted field, so that a bare hash of it would let one guess."""
    known = _secret.get(command)
    if known is None:
        known = _secret[command] = _has_secrets(command)
    return known


_secret: dict[type[Any], bool] = {}


def _has_secrets(command: type[Any]) -> bool:
    hints = get_type_hints(command, include_extras=True)
    return any(
        isinstance(mark, Personal | Restricted)
        for field in fields(command)
        for mark in marks(hints[field.name])
    )


# Type hints have no static type, hence Any.
def _is_text(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _is_text(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return all(option is types.NoneType or _is_text(option) for option in get_args(hint))
    return hint is str
