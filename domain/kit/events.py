"""Events: frozen facts, nested in the aggregate that records them, on the eventsourcing library's model."""

import dataclasses
import re
from datetime import datetime
from typing import Any, ClassVar, Self, dataclass_transform
from uuid import UUID

from eventsourcing.domain import CanMutateAggregate, MetaDomainEvent, OriginatorVersionError


def snake(name: str) -> str:
    """``InProgress`` becomes ``in_progress``, and ``NotAMember`` ``not_a_member``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


_STAMPED = {"originator_id", "originator_version", "timestamp"}


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
class EventType(MetaDomainEvent):
    """Make every event class a frozen, keyword-only dataclass."""

    ends: bool

    # Any, because a class body's namespace is untyped, and so is a class that is still being made.
    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, ends: bool = False
    ) -> Any:
        event: Any = dataclasses.dataclass(frozen=True, kw_only=True)(
            type.__new__(mcls, name, bases, namespace)
        )
        if taken := _STAMPED & {field.name for field in dataclasses.fields(event)}:
            raise TypeError(f"{name} may not have a field {taken.pop()!r}; every event is stamped with one.")
        event.ends = ends
        return event

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, ends: bool = False
    ) -> None:
        super().__init__(name, bases, namespace)


class Event(CanMutateAggregate[UUID], metaclass=EventType):
    """A fact. Its dataclass fields are its payload; who, when and where are stamped when it is recorded.

    ``class Deleted(Event, ends=True)`` ends its stream: nothing follows it or refers to it any more.

    To change a payload's shape, raise ``class_version`` and add ``upcast_v1_v2(state: dict) -> None``,
    a static method that turns the old payload (plain JSON values) into the new one in place.
    """

    # Any, because the aggregate's module imports this one.
    aggregate: ClassVar[type[Any]]
    """The aggregate that records it."""
    stored_as: ClassVar[str] = ""
    """The stored name: ``<topic>.<name in snake case>``, unless the class gives its own."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other names under which those know it who do not say where it is from, as ``user.created``."""
    class_version: ClassVar[int] = 1
    ends: ClassVar[bool] = False
    from_outside: ClassVar[bool] = False
    """Whether it tells what an outside system did, and nobody of the tenant: it is no activity of theirs, and
    views of every event leave it out."""

    def stamped(self, originator_id: UUID, originator_version: int, timestamp: datetime) -> Self:
        """A copy that stands at a place in a stream."""
        event = object.__new__(type(self))
        vars(event).update(
            vars(self),
            originator_id=originator_id,
            originator_version=originator_version,
            timestamp=timestamp,
        )
        return event

    # The library leaves the aggregate's type open here, because it may also be immutable.
    def mutate(self, aggregate: Any) -> Any:
        """Apply the event; the first event of a stream also makes the aggregate."""
        if aggregate is not None:
            super().mutate(aggregate)
            aggregate.ended = self.ends
            return aggregate
        if self.originator_version != self.aggregate.INITIAL_VERSION:
            raise OriginatorVersionError(self.originator_version, self.aggregate.INITIAL_VERSION)
        first = self.aggregate.blank(self.originator_id, self.originator_version, self.timestamp)
        self.apply(first)
        first.ended = self.ends
        return first

    # Any, because the aggregate's module imports this one.
    def apply(self, aggregate: Any) -> None:
        """Change the aggregate's state as its class says for this event, when it says anything."""
        applier = type(aggregate).appliers.get(type(self))
        if applier is not None:
            applier(aggregate, self)


_registry: dict[str, type[Event]] = {}
_aliases: dict[str, type[Event]] = {}


def register(event: type[Event]) -> None:
    """Make an event class known under its stored name.

    Raises TypeError for two classes of one name, and for a version that older payloads cannot reach.
    """
    require_upcasts(event, event.class_version)
    if _registry.setdefault(event.stored_as, event) is not event:
        raise TypeError(f"Two event classes are stored as {event.stored_as!r}.")
    for alias in event.aliases:
        if alias in _registry or _aliases.setdefault(alias, event) is not event:
            raise TypeError(f"Two event classes are known as {alias!r}.")


def require_upcasts(cls: type, class_version: int, *, oldest: int = 1) -> None:
    """Raise TypeError unless the class can raise what it stored as any version from the oldest on to this one."""
    for version in range(oldest, class_version):
        if not hasattr(cls, name := f"upcast_v{version}_v{version + 1}"):
            raise TypeError(f"{cls.__qualname__} has class_version {class_version} but no {name}.")


def event_class(type_name: str) -> type[Event]:
    """The class stored under this name, or known by it. Raises LookupError for one that no loaded code knows."""
    found = _registry.get(type_name) or _aliases.get(type_name)
    if found is None:
        raise LookupError(f"No event is stored as {type_name!r}; is its module loaded?")
    return found


def event_classes() -> dict[str, type[Event]]:
    """All known events by stored name."""
    return dict(sorted(_registry.items()))
