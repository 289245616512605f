"""Views: a typed row, pure folds of events into it, and the storage it lives in, in one class.

    class TaskBoard(PostgresView[TaskRow], name="work.task_board", version=1, key="id"):
        \"\"\"What a project's board shows.\"\"\"

        @on(Task.Created)
        def created(self, row: None, event: Task.Created) -> TaskRow: ...

        @on(Task.Completed)
        def completed(self, row: TaskRow, event: Task.Completed) -> TaskRow:
            return replace(row, status="completed", completed_at=event.timestamp)

A fold is pure: no clock, no I/O, no randomness; the same events always make the same rows. It may ask, by
naming them, for the ``key`` it is folding into and the ``envelope`` around the event (who, which position).
It returns the new row, the same row when nothing changed, or None to delete the row. Every row belongs to
the tenant of its events; the kit keeps that, a row class never mentions it.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin
from uuid import UUID

from domain.kit.events import Event, event_classes
from domain.kit.log import Envelope
from projections.kit.declare.fast_replace import replace

Row = TypeVar("Row")
V = TypeVar("V")
F = TypeVar("F", bound=Callable[..., Any])

Key = tuple[Any, ...]
"""The values of a row's key fields, in their declared order. Their types are the row's own, hence Any."""

FullKey = tuple[UUID, Key]
"""A row's tenant and key: unique in a view."""

By = str | Callable[[Any, Envelope], Any]
"""Which row an event touches. A name: that field of the event (``originator_id``, the stream, by default).
A function of event and envelope: a value, a tuple for a key of several fields, or a list of either for an
event that touches many rows. None, alone or in the list, touches nothing."""


@dataclass(frozen=True, slots=True)
class FoldMark:
    """What ``@on`` wrote on a method."""

    events: tuple[type[Event], ...]
    by: By


def on(*events: type[Event], by: By = "originator_id") -> Callable[[F], F]:
    """Marks the fold for these events; ``on(Event)`` takes every event of every context."""

    def mark(method: F) -> F:
        method.__dict__["folds"] = FoldMark(events, by)
        return method

    return mark


def carried(*events: type[Event], stamp: str | None = None) -> Callable[..., Any]:
    """A fold that copies every field which event and row both have, the event's time to ``stamp``, and the version
    that the stream has come to with it to ``version``, where the row has that.

    changed = carried(Task.Renamed, Task.PriorityChanged, stamp="updated_at")
    """

    def change(self: Any, row: Any, event: Event) -> Any:
        shared = _shared.get((type(row), type(event))) or _shared_fields(type(row), type(event))
        values = {name: getattr(event, name) for name in shared}
        if stamp is not None:
            values[stamp] = event.timestamp
        if "version" in type(row).__dataclass_fields__:
            values["version"] = event.originator_version
        return replace(row, **values)

    change.__dict__["folds"] = FoldMark(events, "originator_id")
    return change


_shared: dict[tuple[type, type], tuple[str, ...]] = {}


def _shared_fields(row: type[Any], event: type[Any]) -> tuple[str, ...]:
    own = {field.name for field in fields(row)}
    found = tuple(field.name for field in fields(event) if field.name in own)
    if not found:
        raise TypeError(f"{event.__qualname__} carries no field of {row.__name__}.")
    _shared[row, event] = found
    return found


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold, ready to run: which rows an event touches, and how it changes one of them."""

    keys: Callable[[Event, Envelope], list[Key]]
    apply: Callable[[Any, Event, Key, Envelope], Any]
    by_stream: bool = False
    """Whether an event touches just the row whose key is its stream, as most do: bulk builds take a shortcut."""
    plain: Callable[[Any, Event], Any] | None = None
    """``apply``, where the fold asks for nothing but row and event."""


class View(Generic[Row]):
    """Base of the three kinds of view; a context declares `PostgresView`, `RedisView` or `SearchView`."""

    name: ClassVar[str]
    """Stored: checkpoints, generations and metrics are filed under it."""
    version: ClassVar[int]
    """Raise it when the row or a fold changes meaning; the view is then built anew beside the old one."""
    inline: ClassVar[bool] = False
    """Folded inside the append's transaction rather than after it. Postgres only; every append pays for it."""
    key: ClassVar[tuple[str, ...]]
    row: ClassVar[type]
    store: ClassVar[str]
    """Which store holds it: ``postgres``, ``redis`` or ``search``."""

    def __init_subclass__(
        cls, *, name: str = "", version: int = 1, key: str | tuple[str, ...] = "id", inline: bool = False
    ) -> None:
        super().__init_subclass__()
        if not name:
            return
        cls.name, cls.version, cls.inline = name, version, inline
        cls.key = (key,) if isinstance(key, str) else key
        bases = cls.__orig_bases__  # type: ignore[attr-defined]
        cls.row = next(get_args(base)[0] for base in bases if issubclass(get_origin(base) or object, View))
        if not is_dataclass(cls.row):
            raise TypeError(f"{cls.__name__}'s row {cls.row.__name__} is not a dataclass.")
        if unknown := set(cls.key) - {field.name for field in fields(cls.row)}:
            raise TypeError(f"{cls.__name__}'s row has no field {', '.join(sorted(unknown))}.")

    def __init__(self) -> None:
        self.folds: dict[str, Fold] = {}
        """The folds by stored event type."""
        for _, method in inspect.getmembers(self, inspect.ismethod):
            marked: FoldMark | None = getattr(method, "folds", None)
            for event in marked.events if marked else ():
                for one in event_classes().values() if event is Event else (event,):
                    assert marked is not None
                    if one.stored_as in self.folds:
                        raise TypeError(f"{type(self).__name__} folds {one.stored_as} twice.")
                    self.folds[one.stored_as] = _fold(method, marked.by, one)

    def touched(self, event: Event, envelope: Envelope) -> list[Key]:
        """The keys of the rows that an event touches; empty when the view does not fold it."""
        fold = self.folds.get(envelope.type)
        return fold.keys(event, envelope) if fold else []

    def apply(self, row: Row | None, event: Event, key: Key, envelope: Envelope) -> Row | None:
        """The row after the event. Only for keys that `touched` named."""
        after: Row | None = self.folds[envelope.type].apply(row, event, key, envelope)
        return after


def _fold(method: Callable[..., Any], by: By, event: type[Event]) -> Fold:
    wanted = list(inspect.signature(method).parameters)
    want_key, want_envelope = "key" in wanted, "envelope" in wanted

    def apply(row: Any, happened: Event, key: Key, envelope: Envelope) -> Any:
        extra: dict[str, Any] = {}
        if want_key:
            extra["key"] = key[0] if len(key) == 1 else key
        if want_envelope:
            extra["envelope"] = envelope
        return method(row, happened, **extra)

    keys, by_stream = _keys(by, event), by == "originator_id"
    if want_key or want_envelope:
        return Fold(keys, apply, by_stream)
    return Fold(keys, _plain(method), by_stream, method)


def _plain(method: Callable[..., Any]) -> Callable[[Any, Event, Key, Envelope], Any]:
    return lambda row, event, key, envelope: method(row, event)


def _keys(by: By, event: type[Event]) -> Callable[[Event, Envelope], list[Key]]:
    if not isinstance(by, str):
        find = by
        return lambda happened, envelope: _normal(find(happened, envelope))
    if by == "originator_id":
        return lambda happened, envelope: [(envelope.originator_id,)]
    if by not in {field.name for field in fields(event)}:
        raise TypeError(f"{event.stored_as} has no field {by!r} to find a row by.")
    name = by
    return lambda happened, envelope: _normal(getattr(happened, name))


def _normal(found: Any) -> list[Key]:
    """Keys as tuples, each once, in order; None names no row."""
    many: Iterable[Any] = found if isinstance(found, list) else (found,)
    return list(dict.fromkeys(one if isinstance(one, tuple) else (one,) for one in many if one is not None))


class LoadedRows(dict[FullKey, Row], Generic[Row]):
    """Loaded rows; ``positions`` says, where the store knows it, by which event a row (also a deleted one)
    came to be. A store that cannot write rows and checkpoint as one step needs it: after a crash between
    the two, rows are ahead of the checkpoint, and `fold` skips what they already hold."""

    def __init__(self) -> None:
        super().__init__()
        self.positions: dict[FullKey, int] = {}


class RowChanges(dict[FullKey, "Row | None"], Generic[Row]):
    """Rows after a page: the new row, or None where it is deleted; ``positions`` says by which event."""

    def __init__(self) -> None:
        super().__init__()
        self.positions: dict[FullKey, int] = {}


def fold(
    view: View[Row], before: dict[FullKey, Row], events: Iterable[tuple[Event, Envelope]]
) -> "RowChanges[Row]":
    """Folds events, in order, over loaded rows; returns only what changed. Pure."""
    rows: dict[FullKey, Row | None] = dict(before)
    folded = before.positions if isinstance(before, LoadedRows) else {}
    changes: RowChanges[Row] = RowChanges()
    for event, envelope in events:
        for key in view.touched(event, envelope):
            full = (envelope.tenant_id, key)
            if envelope.position <= folded.get(full, 0):
                continue
            was = rows.get(full)
            now = view.apply(was, event, key, envelope)
            if now is not was:
                rows[full] = changes[full] = now
                changes.positions[full] = envelope.position
    return changes
