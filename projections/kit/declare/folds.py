"""Folds: the mark on a method that folds events, and folds that need no method.

    class Labels(PostgresView[LabelRow], name="work.labels", version=1):
        created = carried(Label.Created, first=True)
        renamed = carried(Label.Renamed)
        deleted = removed(Label.Deleted)

    class LabelCounts(RedisView[LabelCount], name="work.label_counts", version=1, key="project_id"):
        created = counted(Label.Created, by="project_id", labels=1)
        deleted = counted(Label.Deleted, by="project_id", labels=-1)

What they match by name is checked when the view's class is made: each raises TypeError, with the class and the
field, for a field that is missing or of another type.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.fold_code import FoldCode
from projections.kit.declare.row import Row
from projections.kit.declare.sketches import Spread, UniqueCount

F = TypeVar("F", bound=Callable[..., Any])

Key = tuple[Any, ...]
"""The values of a row's key fields, in their declared order. Their types are the row's own, hence Any."""

By = str | Callable[[Any, Envelope], Any]
"""Which row an event touches. A name: that field of the event (``originator_id``, the stream, by default).
A function of event and envelope: a value, a tuple for a key of several fields, or a list of either for an
event that touches many rows. None, alone or in the list, touches nothing."""

BY_STREAM = "originator_id"


@dataclass(frozen=True, slots=True)
class FoldMark:
    """Which events a fold takes, which rows they touch, and whether they are the ``first`` of their row."""

    events: tuple[type[Event], ...]
    by: By
    first: bool = False
    rolled: bool = False
    """Whether it counts them together with others."""


def on(*events: type[Event], by: By = BY_STREAM, first: bool = False) -> Callable[[F], F]:
    """Mark the fold for these events; ``on(Event)`` takes every event of every context but those `from_outside`.

    ``first``: there is no row before these events, so none is loaded; the fold declares ``row: None``.
    """

    def mark(method: F) -> F:
        method.__dict__["folds"] = FoldMark(events, by, first)
        return method

    return mark


@dataclass(frozen=True, slots=True)
class FoldValue:
    """Where the value of a field comes from: an expression over ``event`` and ``envelope``, and its type."""

    expression: str
    type: Any


TIME = FoldValue("event.timestamp", datetime)
"""When the event happened."""
STREAM = FoldValue("event.originator_id", UUID)
"""The id of the event's stream."""
POSITION = FoldValue("envelope.position", int)
"""The position of the event in the log."""


@dataclass(frozen=True, slots=True)
class EventField:
    """The event's field of this name, for a field of the row that has another."""

    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Adds the event's field of this name, or a `FoldValue`, ``times`` over."""

    name: str | FoldValue
    times: int = 1


@dataclass(frozen=True, slots=True)
class Distinct:
    """Counts the different values of the event's field of this name, or of a `FoldValue`, in a `UniqueCount`."""

    name: str | FoldValue


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Notes the event's field of this name, or a `FoldValue`, in a `Spread`."""

    name: str | FoldValue


@dataclass(frozen=True, slots=True)
class First:
    """Keeps what came first: the event's field of this name, or its time."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Last:
    """Takes what came last: the event's field of this name, or its time."""

    name: str | None = None


class DeclaredFold:
    """A fold that a view states rather than writes; its code is made for each view and event."""

    def __init__(self, mark: FoldMark, write: Callable[[FoldCode], None]) -> None:
        self.mark, self._write = mark, write

    def code(self, where: str, row: type[Row], key: tuple[str, ...], event: type[Event]) -> FoldCode:
        """What the fold does. ``where`` names it in the TypeError that says what does not fit."""
        stream = self.mark.by == BY_STREAM
        code = FoldCode(where, row, key, event, of_stream=stream, first=self.mark.first)
        self._write(code)
        return code


def carried(
    *events: type[Event], by: By = BY_STREAM, first: bool = False, upsert: bool = False, **values: object
) -> DeclaredFold:
    """The fold that gives the row every field that it and the event both have, its stamps, and these ``values``.

    A value is a constant, a `FoldValue` such as `TIME`, or an `EventField`. ``first`` (see `on`) makes the row;
    with ``upsert``, the event does if there is none. Both need an event that gives all that has no default.
    """

    def write(code: FoldCode) -> None:
        code.share(but=values.keys())
        for name, value in values.items():
            _assign(code, name, value)
        if not code.changes:
            raise TypeError(
                f"{code.where}: {code.event.__qualname__} and {code.row.__name__} share no field."
            )
        code.stamp()
        if upsert:
            code.upsert()

    return DeclaredFold(FoldMark(events, by, first), write)


def stamped(*events: type[Event], by: By = BY_STREAM) -> DeclaredFold:
    """The fold that only notes in the row's stamps that something happened."""

    def write(code: FoldCode) -> None:
        code.stamp()
        if not code.changes:
            raise TypeError(f"{code.where}: {code.row.__name__} has no stamp.")

    return DeclaredFold(FoldMark(events, by), write)


def removed(*events: type[Event], by: By = BY_STREAM) -> DeclaredFold:
    """The fold that deletes the row."""
    return DeclaredFold(FoldMark(events, by), FoldCode.delete)


def counted(*events: type[Event], by: By = BY_STREAM, **steps: object) -> DeclaredFold:
    """The fold that counts: it adds a number, or a `Sum`, to fields that begin at their defaults, and keeps the
    `First` or `Last` of something. It makes the row if there is none.

    An average is a sum beside a count: only these can take back what an event adds.
    """

    def write(code: FoldCode) -> None:
        for name, step in steps.items():
            count(code, name, step)
        code.stamp()
        code.begin_at_defaults()

    return DeclaredFold(FoldMark(events, by), write)


def _assign(code: FoldCode, name: str, value: object) -> None:
    match value:
        case FoldValue():
            code.assign(name, value.expression, value.type)
        case EventField():
            code.assign(name, *code.event_field(value.name))
        case _:
            code.assign_constant(name, value)


def count(code: FoldCode, name: str, step: object) -> None:
    """Have a field of the row counted by this step: a number, or what this module has for it."""
    match step:
        case Distinct(source):
            code.assign(name, f"row.{name}.plus({_given(code, source)[0]})", UniqueCount)
        case Percentiles(source):
            code.assign(name, f"row.{name}.plus({_given(code, source)[0]})", Spread)
        case Sum():
            expression, type = _given(code, step.name)
            code.assign(name, f"row.{name} + {step.times} * {expression}", type)
        case First(at) | Last(at):
            expression, type = (TIME.expression, TIME.type) if at is None else code.event_field(at)
            kept = f"{expression} if row.{name} is None else row.{name}"
            code.assign(name, kept if isinstance(step, First) else expression, type)
        case int():
            code.assign(name, f"row.{name} + {step}", int)
        case _:
            raise TypeError(f"{code.where}: {name} cannot be counted by {step!r}.")


# Type hints have no static type, hence Any.
def _given(code: FoldCode, source: str | FoldValue) -> tuple[str, Any]:
    return (source.expression, source.type) if isinstance(source, FoldValue) else code.event_field(source)
