"""How the events of an aggregate change its state: by a method, or by copying what both have."""

import dataclasses
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from domain.kit.events import Event

# Any, because each aggregate has its own state and each event its own fields.
Applier = Callable[[Any, Any], None]
M = TypeVar("M", bound=Applier)


def applies(*events: type[Event]) -> Callable[[M], M]:
    """Mark the method that changes the aggregate's state for these events.

    It runs on every replay: it only assigns, never raises, never reads a clock, does no I/O.
    """

    def mark(method: M) -> M:
        method.__dict__["applies"] = events
        return method

    return mark


@dataclasses.dataclass(frozen=True, slots=True)
class Assignment:
    """That these events change the state by nothing but what they say."""

    events: tuple[type[Event], ...]


def assigns(*events: type[Event]) -> Assignment:
    """Copy every field of these events to the aggregate's attribute of the same name.

        changed = assigns(Created, Renamed)

    Fields that the state lacks are left out; an event that also says how things stood, which is not what it
    changes, has a method by `applies`. An event that has none of its attributes, or a value which the
    attribute cannot hold, is a TypeError when the aggregate's class is made.
    """
    return Assignment(events)


def appliers(aggregate: type[Any], events: Iterable[type[Event]]) -> dict[type[Event], Applier]:
    """What an aggregate's class, or one that it derives from, says about its events.

    What is said about an event holds for those that derive from it as well, unless something is said about them.
    Raises TypeError for an event that is named twice.
    """
    said: dict[type[Event], Assignment | Applier] = {}
    for cls in reversed(aggregate.__mro__):
        own: dict[type[Event], Assignment | Applier] = {}
        for member in vars(cls).values():
            for event in member.events if isinstance(member, Assignment) else getattr(member, "applies", ()):
                if event in own:
                    raise TypeError(f"{aggregate.__qualname__} says twice what {event.__qualname__} changes.")
                own[event] = member
        said |= own
    found: dict[type[Event], Applier] = {}
    for event in dict.fromkeys([*said, *events]):
        change = next((said[kind] for kind in event.__mro__ if kind in said), None)
        if isinstance(change, Assignment):
            found[event] = _copying(_shared(aggregate, event))
        elif change is not None:
            found[event] = change
    if said and all(isinstance(change, Assignment) for change in said.values()):
        copied = {name for event in found for name in _shared(aggregate, event)}
        _require_begun(aggregate, copied)
    return found


def _require_begun(aggregate: type[Any], copied: Collection[str]) -> None:
    """Raise TypeError for an attribute that neither an event nor a default ever gives a value."""
    for field in dataclasses.fields(aggregate) if dataclasses.is_dataclass(aggregate) else ():
        defaults = (field.default, field.default_factory)
        if field.name not in copied and defaults == (dataclasses.MISSING, dataclasses.MISSING):
            raise TypeError(f"{aggregate.__qualname__}.{field.name} has no default, and no event assigns it.")


def _shared(aggregate: type[Any], event: type[Event]) -> tuple[str, ...]:
    """The fields of the event that the state has an attribute for, in their order."""
    state, given = _types(aggregate), _types(event)
    shared = tuple(name for name in given if name in state)
    if not shared:
        raise TypeError(f"{aggregate.__qualname__} has no attribute for any field of {event.__qualname__}.")
    for name in shared:
        if not given[name] <= state[name] and object not in state[name]:
            raise TypeError(f"{aggregate.__qualname__}.{name} cannot hold every {event.__qualname__}.{name}.")
    return shared


def _types(cls: type[Any]) -> Mapping[str, frozenset[Any]]:
    if not dataclasses.is_dataclass(cls):
        return {}
    hints = get_type_hints(cls)
    return {field.name: frozenset(_options(hints[field.name])) for field in dataclasses.fields(cls)}


# Type hints have no static type, hence Any.
def _options(hint: Any) -> Iterable[Any]:
    """What a hint allows, one by one: ``str | None`` is a text or nothing."""
    if get_origin(hint) in (Union, types.UnionType):
        for option in get_args(hint):
            yield from _options(option)
    else:
        yield _plain(hint)


def _plain(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    inner = get_args(hint)
    return (get_origin(hint), *map(_plain, inner)) if inner else object if hint is Any else hint


@cache
def _copying(names: tuple[str, ...]) -> Applier:
    """The method that somebody would write by hand; a loop over the names would make every replay slower."""
    lines = [f"    self.{name} = event.{name}" for name in names]
    scope: dict[str, Applier] = {}
    exec("\n".join(["def assign(self, event):", *lines]), scope)
    return scope["assign"]
