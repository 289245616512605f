"""Views: a typed row, pure folds of events into it, and the storage it lives in, in one class.

    class TaskBoard(PostgresView[TaskRow], name="work.task_board", version=1, key="id"):
        \"\"\"What a project's board shows.\"\"\"

        created = carried(Task.Created, first=True, status=TaskStatus.TODO)

        @on(Task.Rated)
        def rated(self, row: TaskRow, event: Task.Rated) -> TaskRow:
            return replace(row, best=max(row.best, event.stars))

A fold is pure: no clock, no I/O, no randomness; the same events always make the same rows. It may ask, by
naming them, for the ``key`` it is folding into and the ``envelope`` around the event (who, which position).
It returns the new row, the same row when nothing changed, or None to delete the row. Every row belongs to
the tenant of its events; the kit keeps that, a row class never mentions it.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from types import MethodType
from typing import Any, ClassVar, Generic, get_args, get_origin
from uuid import UUID

from domain.kit.events import Event, event_classes
from domain.kit.log import Envelope
from projections.kit.declare.fold_code import FoldCode
from projections.kit.declare.folds import BY_STREAM, By, DeclaredFold, FoldMark, Key
from projections.kit.declare.row import R, Row

FullKey = tuple[UUID, Key]
"""A row's tenant and key: unique in a view."""


class ViewStore(StrEnum):
    """Where the rows of a view are kept."""

    POSTGRES = "postgres"
    REDIS = "redis"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold, ready to run: which rows an event touches, and how it changes one of them."""

    keys: Callable[[Event, Envelope], list[Key]]
    apply: Callable[[Any, Event, Key, Envelope], Any]
    by_stream: bool = False
    """Whether an event touches just the row whose key is its stream, as most do: bulk builds take a shortcut."""
    plain: Callable[[Any, Event], Any] | None = None
    """``apply``, where the fold asks for nothing but row and event."""
    first: bool = False
    """Whether there is no row before the event, so that none is loaded."""
    changes: frozenset[str] | None = None
    """The only columns that it may change; None where that is not known, as of a method."""
    rolled: bool = False
    """Whether its rows count many events: of those in one page, the last tells of all."""


class View(Generic[R]):
    """Base of the three kinds of view; a context declares `PostgresView`, `RedisView` or `SearchView`."""

    name: ClassVar[str]
    """Stored: checkpoints, generations and metrics are filed under it."""
    version: ClassVar[int]
    """Raise it when the row or a fold changes meaning; the view is then rebuilt beside the old one."""
    inline: ClassVar[bool] = False
    """Folded inside the append's transaction rather than after it. Postgres only; every append pays for it."""
    key: ClassVar[tuple[str, ...]]
    # A class attribute cannot be of the type of the row, hence Any.
    row: ClassVar[type[Any]]
    store: ClassVar[ViewStore]
    """Which store holds it."""
    _declared: ClassVar[list[tuple[type[Event], Fold]]]
    """The folds that need no method, with their events."""

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
        if not issubclass(cls.row, Row):
            raise TypeError(f"{cls.__name__}'s row {cls.row.__name__} is not a Row.")
        if unknown := set(cls.key) - {*cls.row.__struct_fields__}:
            raise TypeError(f"{cls.__name__}'s row has no field {', '.join(sorted(unknown))}.")
        cls._declared = []
        folded: dict[type[Event], str] = {}
        makes_row = False
        for attribute, member in inspect.getmembers_static(cls):
            where = f"{cls.__name__}.{attribute}"
            taken: FoldMark | None = (
                member.mark if isinstance(member, DeclaredFold) else getattr(member, "folds", None)
            )
            for event in taken.events if taken is not None else ():
                if (other := folded.setdefault(event, attribute)) != attribute:
                    raise TypeError(f"{where} takes {event.__qualname__}, and so does {other}.")
            if isinstance(member, DeclaredFold):
                codes = [member.code(where, cls.row, cls.key, event) for event in member.mark.events]
                cls._declared += [(code.event, _declared(code, member.mark)) for code in codes]
                makes_row |= any(code.makes_row for code in codes)
            elif taken is not None:
                _require_agreement(where, member, taken, single=len(cls.key) == 1)
                makes_row |= _takes_none(member)
        if folded and not makes_row:
            raise TypeError(
                f"{cls.__name__}: no fold makes a {cls.row.__name__}; one says first=True, or upsert=True."
            )

    def __init__(self) -> None:
        self.folds: dict[str, Fold] = {}
        """The folds by stored event type."""
        for event, fold in self._declared:
            self._add(event, fold)
        kind_of_view: Any = type(self)  # For a cache, mypy takes no class that is generic.
        for name in _methods(kind_of_view):
            method = getattr(self, name)
            mark: FoldMark = method.folds
            for event in mark.events:
                for kind in _own() if event is Event else (event,):
                    self._add(kind, _written(method, mark, kind))

    def _add(self, event: type[Event], fold: Fold) -> None:
        if event.stored_as in self.folds:
            raise TypeError(f"{type(self).__name__} folds {event.stored_as} twice.")
        self.folds[event.stored_as] = fold

    def touched(self, event: Event, envelope: Envelope) -> list[Key]:
        """The keys of the rows that an event touches; empty when the view does not fold it."""
        fold = self.folds.get(envelope.type)
        return fold.keys(event, envelope) if fold else []

    def apply(self, row: R | None, event: Event, key: Key, envelope: Envelope) -> R | None:
        """The row after the event. Only for keys that `touched` named."""
        after: R | None = self.folds[envelope.type].apply(row, event, key, envelope)
        return after


def _own() -> list[type[Event]]:
    return [event for event in event_classes().values() if not event.from_outside]


@cache
def _methods(view: type[View[Any]]) -> tuple[str, ...]:
    """The names of its folds that are methods."""
    members = inspect.getmembers(view, inspect.isfunction)
    return tuple(name for name, method in members if hasattr(method, "folds"))


def _declared(code: FoldCode, mark: FoldMark) -> Fold:
    keys, by_stream, fold = _keys(mark.by, code.event), mark.by == BY_STREAM, code.fold
    changes = frozenset(code.changes)
    if code.plain:
        return Fold(keys, _plain(fold), by_stream, fold, mark.first, changes, mark.rolled)
    return Fold(keys, fold, by_stream, None, mark.first, changes, mark.rolled)


def _require_agreement(where: str, method: Callable[..., Any], mark: FoldMark, *, single: bool) -> None:
    hints = inspect.get_annotations(method)
    if single and hints.get("key") == Key:
        raise TypeError(f"{where}: the key of one field is its value, not a tuple.")
    hint = hints.get("row", Row)
    if mark.first and hint is not None:
        raise TypeError(f"{where} takes the first events of its rows, so it declares row: None.")
    if hint is None and not mark.first:
        raise TypeError(f"{where} declares row: None, so it says on(..., first=True).")


def _takes_none(method: Callable[..., Any]) -> bool:
    hint = inspect.get_annotations(method).get("row")
    return hint is None or type(None) in get_args(hint)


@cache
def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def _written(method: MethodType, mark: FoldMark, event: type[Event]) -> Fold:
    wanted = _parameters(method.__func__)
    want_key, want_envelope = "key" in wanted, "envelope" in wanted

    def apply(row: Any, happened: Event, key: Key, envelope: Envelope) -> Any:
        extra: dict[str, Any] = {}
        if want_key:
            extra["key"] = key[0] if len(key) == 1 else key
        if want_envelope:
            extra["envelope"] = envelope
        return method(row, happened, **extra)

    keys, by_stream = _keys(mark.by, event), mark.by == BY_STREAM
    if want_key or want_envelope:
        return Fold(keys, apply, by_stream, None, mark.first)
    return Fold(keys, _plain(method), by_stream, method, mark.first)


def _plain(method: Callable[..., Any]) -> Callable[[Any, Event, Key, Envelope], Any]:
    return lambda row, event, key, envelope: method(row, event)


def _keys(by: By, event: type[Event]) -> Callable[[Event, Envelope], list[Key]]:
    if not isinstance(by, str):
        find = by
        return lambda happened, envelope: _normal(find(happened, envelope))
    if by == BY_STREAM:
        return lambda happened, envelope: [(envelope.originator_id,)]
    if by not in {field.name for field in fields(event)}:
        raise TypeError(f"{event.stored_as} has no field {by!r} to find a row by.")
    name = by
    return lambda happened, envelope: _normal(getattr(happened, name))


def _normal(found: Any) -> list[Key]:
    """Keys as tuples, each once, in order; None names no row."""
    many: Iterable[Any] = found if isinstance(found, list) else (found,)
    return list(dict.fromkeys(key if isinstance(key, tuple) else (key,) for key in many if key is not None))


class LoadedRows(dict[FullKey, R], Generic[R]):
    """Loaded rows; ``positions`` says, where the store knows it, by which event a row (also a deleted one)
    came to be. A store that cannot write rows and checkpoint as one step needs it: after a crash between
    the two, rows are ahead of the checkpoint, and `fold` skips what they already hold."""

    def __init__(self) -> None:
        super().__init__()
        self.positions: dict[FullKey, int] = {}


class RowChanges(dict[FullKey, "R | None"], Generic[R]):
    """Rows after a page: the new row, or None where it is deleted; ``positions`` says by which event."""

    def __init__(self) -> None:
        super().__init__()
        self.positions: dict[FullKey, int] = {}
