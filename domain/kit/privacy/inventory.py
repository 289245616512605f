"""What the fields of events say about themselves, as plain facts, and what is wrong with what they say."""

import dataclasses
import enum
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from domain.kit.events import Event
from domain.kit.fields import (
    Authored,
    Confidential,
    Describe,
    Internal,
    Opened,
    Personal,
    Public,
    Purpose,
    Restricted,
    field_names,
    marks,
)

LEVELS = (Public, Internal, Confidential, Restricted)
"""The four classifications, from what anyone may see to what nobody is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """One field of an event or of a view's row."""

    name: str
    type: str
    """As Python writes it, without annotations: ``str | None``."""
    classifications: tuple[str, ...]
    """``public``, ``internal``, ``confidential`` or ``restricted``: one, unless the declaration is at fault."""
    personal: bool
    subject: str
    """The field that holds the id of the person whose data it is; empty when it is nobody's."""
    searchable: str
    """The name under which equal values can be found without opening them; empty when they cannot."""
    opened: bool
    """Whether a view holds it in plain text although its event is sealed."""
    authored: bool
    """Whether people chose or wrote it."""
    purpose: str
    """What it is kept for, when the field says so itself; else what it means, or nothing."""
    masked_inside: frozenset[str] = frozenset()
    """Where it holds objects with fields of their own: the names of those that are masked."""

    @property
    def masked(self) -> bool:
        """Whether a dump for tests must not show it."""
        return self.personal or self.authored or self.level is None or self.level >= _MASKED_FROM

    @property
    def level(self) -> int | None:
        """Its place in `LEVELS`, the highest when it names several; None when it names none."""
        return max((_NAMES.index(name) for name in self.classifications), default=None)


_MASKED_FROM = LEVELS.index(Confidential)
_NAMES = tuple(level.__name__.lower() for level in LEVELS)


def level_name(level: int) -> str:
    """``confidential`` for 2."""
    return _NAMES[level]


# Any, because this takes event classes and row classes alike; both are dataclasses.
def field_facts(cls: Any) -> tuple[FieldFacts, ...]:
    """The facts of every field of a dataclass, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_facts(name, hints[name]) for name in field_names(cls))


def faults(event: type[Event]) -> list[str]:
    """What is wrong with the declarations of an event's fields, a sentence each; empty when nothing is."""
    names = {field.name for field in dataclasses.fields(event)}
    hints = get_type_hints(event, include_extras=True)
    return [fault for name in names for fault in _faults(event, name, hints[name], names)]


def _facts(name: str, hint: Any) -> FieldFacts:
    declared = list(marks(hint))
    personal = next((mark for mark in declared if isinstance(mark, Personal)), None)
    purpose = [mark.text for mark in declared if isinstance(mark, Purpose)]
    meaning = [mark.text for mark in declared if isinstance(mark, Describe)]
    return FieldFacts(
        name=name,
        type=type_name(hint),
        classifications=tuple(type(mark).__name__.lower() for mark in declared if isinstance(mark, LEVELS)),
        personal=personal is not None,
        subject=personal.subject if personal else "",
        searchable=personal.searchable if personal else "",
        opened=any(isinstance(mark, Opened) for mark in declared),
        authored=any(isinstance(mark, Authored) for mark in declared),
        purpose=(purpose or meaning or [""])[-1],
        masked_inside=frozenset(
            fact.name
            for inner in _inside(hint)
            if dataclasses.is_dataclass(inner)
            for fact in field_facts(inner)
            if fact.masked
        ),
    )


def _faults(event: type[Event], name: str, hint: Any, names: set[str]) -> Iterator[str]:
    field, declared = f"{event.__qualname__}.{name}", list(marks(hint))
    levels = [type(mark).__name__ for mark in declared if isinstance(mark, LEVELS)]
    if len(levels) != 1:
        yield (
            f"{field} must have exactly one classification of Public, Internal, Confidential and Restricted; "
            f"it has {' and '.join(levels) or 'none'}."
        )
    own = max(
        (LEVELS.index(type(mark)) for mark in declared if isinstance(mark, LEVELS)), default=len(LEVELS)
    )
    for mark in (mark for inner in _inside(hint) for mark in marks(inner)):
        if isinstance(mark, Personal):
            yield f"{field} contains what is personal; only a text by itself can be sealed."
        if isinstance(mark, LEVELS) and LEVELS.index(type(mark)) > own:
            yield f"{field} contains what is {type(mark).__name__}, so it must not say less."
    personal = [mark for mark in declared if isinstance(mark, Personal)]
    if not personal:
        return
    if type_name(hint) not in ("str", "str | None"):
        yield f"{field} is personal, so it must be a str, not {type_name(hint)}: only texts can be sealed."
    if not any(isinstance(mark, Purpose) for mark in declared):
        yield f"{field} is personal and must say with Purpose(...) what it is kept for."
    subject = personal[-1].subject
    if subject != "originator_id" and subject not in names:
        yield f"{field} belongs to {subject!r}, which is no field of the event."


def _inside(hint: Any) -> Iterator[Any]:
    """What a list, tuple, set, dict or dataclass holds, however deep: `marks` does not look there."""
    if get_origin(hint) is Annotated or get_origin(hint) in (Union, types.UnionType):
        inner = get_args(hint)[:1] if get_origin(hint) is Annotated else get_args(hint)
        for option in inner:
            yield from _inside(option)
    elif get_origin(hint) is not None:
        for inner in get_args(hint):
            yield inner
            yield from _inside(inner)
    elif dataclasses.is_dataclass(hint):
        for inner in get_type_hints(hint, include_extras=True).values():
            yield inner
            yield from _inside(inner)


# Type hints have no static type, hence Any.
def type_name(hint: Any) -> str:
    """A hint without annotations, as Python writes it; an enum by its values."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return type_name(args[0])
    if origin in (Union, types.UnionType):
        return " | ".join(type_name(option) for option in args)
    if origin is not None:
        inner = ", ".join("..." if arg is Ellipsis else type_name(arg) for arg in args)
        return f"{getattr(origin, '__name__', origin)}[{inner}]"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return "/".join(str(member.value) for member in hint)
    if hint is types.NoneType:
        return "None"
    return str(getattr(hint, "__name__", hint))
