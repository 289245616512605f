"""What is stored under names, as the loaded code declares it: from events and their state to refusals."""

import dataclasses
import importlib
import inspect
import pkgutil
import sys
import types
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import structs

import domain
from app.contexts import VIEWS
from domain.kit.aggregate import Aggregate
from domain.kit.claims import Unique
from domain.kit.commands import Command, commands
from domain.kit.events import Event, event_classes
from domain.kit.fields import Confidential, Internal, Public, Restricted, marks
from domain.kit.process.process import Process
from domain.kit.refusals import Refusal
from projections.kit.declare.row import Row
from projections.kit.declare.view import View

T = TypeVar("T")

# What the lock file holds is plain JSON, hence Any.
Names = dict[str, Any]

_ROOT = Path(domain.__path__[0]).parent
_SOURCES = [_ROOT / name for name in ("domain", "projections", "graphql", "app")]
_CLASSES = (Public, Internal, Confidential, Restricted)


def stored_names() -> Names:
    """Every stored name with its shape; what tests declare is left out."""
    _load()
    events = product_events()
    aggregates = sorted({event.aggregate for event in events.values()}, key=lambda aggregate: aggregate.topic)
    return {
        "events": {name: _event(event) for name, event in events.items()},
        "aggregates": {aggregate.topic: _aggregate(aggregate) for aggregate in aggregates},
        "reservations": {
            unique.stored_as: _reservation(aggregate.topic, unique)
            for aggregate in aggregates
            for unique in aggregate.unique
        },
        "commands": {name: _command(command) for name, command in commands().items() if ours(command)},
        "effects": {
            f"{process.name} {name}": _fields(effect)
            for process in sorted(filter(_is_named, _below(Process)), key=lambda kind: kind.name)
            for name, effect in sorted(process.effects.items())
        },
        "refusals": sorted(kind.code for kind in product_refusals()),
        "views": {view.name: _view(view) for view in sorted(VIEWS, key=lambda view: view.name)},
    }


def product_refusals() -> list[type[Refusal]]:
    """The product's own refusals."""
    _load()
    return [kind for kind in _below(Refusal) if ours(kind)]


def _load() -> None:
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    # The API, with the refusals that are its own.
    importlib.import_module("app.entry.asgi")


def product_events() -> dict[str, type[Event]]:
    """The product's own events by stored name."""
    return {name: event for name, event in event_classes().items() if ours(event)}


def ours(cls: type) -> bool:
    """Whether the product declares the class, and not a test, nor the guide's example."""
    source = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return source is not None and any(Path(source).is_relative_to(place) for place in _SOURCES)


def _event(event: type[Event]) -> Names:
    shape: Names = {"version": event.class_version, "fields": _fields(event)}
    return shape | {"ends": True} if event.ends else shape


def _aggregate(aggregate: type[Aggregate]) -> Names:
    return {"version": aggregate.class_version, "snapshot": _fields(aggregate)}


def _reservation(topic: str, unique: Unique) -> Names:
    return {"topic": topic, "everywhere": unique.everywhere, "personal": unique.personal}


def _command(command: type[Command]) -> Names:
    return _fields(command)


def _view(view: type[View[Any]]) -> Names:
    return {
        "version": view.version,
        "store": view.store,
        "key": list(view.key),
        "fields": _fields(view.row),
    }


def _fields(cls: Any) -> Names:
    hints = get_type_hints(cls, include_extras=True)
    if issubclass(cls, Row):
        return {field.name: _field(hints[field.name], not field.required) for field in structs.fields(cls)}
    return {
        field.name: _field(
            hints[field.name],
            field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING,
        )
        for field in dataclasses.fields(cls)
    }


def _field(hint: Any, optional: bool) -> str:
    said = [type(mark).__name__.lower() for mark in marks(hint) if isinstance(mark, _CLASSES)]
    return ", ".join([shape(hint), *said, *(["optional"] if optional else [])])


def shape(hint: Any) -> str:
    """A type as it looks in storage: an enum is its values, an annotation says nothing."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return shape(args[0])
    if origin in (Union, types.UnionType):
        return " | ".join(shape(argument) for argument in args)
    if origin is not None:
        held = ", ".join("..." if argument is Ellipsis else shape(argument) for argument in args)
        return f"{origin.__name__}[{held}]"
    if inspect.isclass(hint) and issubclass(hint, Enum):
        return "/".join(str(member.value) for member in hint)
    if inspect.isclass(hint) and dataclasses.is_dataclass(hint):
        return f"({', '.join(f'{name}: {kind}' for name, kind in _fields(hint).items())})"
    if hint is types.NoneType:
        return "None"
    return str(getattr(hint, "__name__", hint))


# Processes have states of their own, hence Any.
def _is_named(process: type[Process[Any]]) -> bool:
    return hasattr(process, "name") and ours(process)


def _below(cls: type[T]) -> list[type[T]]:
    return [kind for below in cls.__subclasses__() for kind in (below, *_below(below))]
