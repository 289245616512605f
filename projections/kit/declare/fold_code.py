"""The code of a declared fold: made once for a view and an event, and as fast as if it were written by hand."""

import functools
import inspect
import types
from collections.abc import Callable, Collection
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from domain.kit.events import Event
from domain.kit.fields import marks
from projections.kit.declare.row import Row, Stamp, replace


class FoldCode:
    """What a fold does to the row of one view at one event; all that is assigned is checked at once."""

    def __init__(
        self,
        where: str,
        row: type[Row],
        key: tuple[str, ...],
        event: type[Event],
        *,
        of_stream: bool,
        first: bool,
    ) -> None:
        self.where, self.row, self.event = where, row, event
        self.changes: dict[str, str] = {}
        """The expression for each field that changes."""
        self._key, self._of_stream, self._first = key, of_stream, first
        self._scope: dict[str, object] = {"Row": row, "replace": replace}
        self._only_at_first: dict[str, str] = {}
        self._counts = self._deletes = self._upsert = self._begins = False
        self._types, self._given = _types(row), _types(event)
        self._required = {field.name for field in msgspec.structs.fields(row) if field.required}

    def share(self, *, but: Collection[str]) -> None:
        """Assign every field of the event that the row has too, ``but`` for these."""
        for name in [name for name in self._types if name in self._given and name not in (*self._key, *but)]:
            self.assign(name, *self.event_field(name))

    # Type hints have no static type, hence Any.
    def event_field(self, name: str) -> tuple[str, Any]:
        """The expression for a field of the event, or for a property of it, and its type."""
        property = inspect.getattr_static(self.event, name, None)
        if name not in self._given and (read := getattr(property, "fget", None)) is not None:
            return f"event.{name}", get_type_hints(read)["return"]
        if name not in self._given:
            raise TypeError(f"{self.where}: {self.event.__qualname__} has no field {name!r}.")
        return f"event.{name}", self._given[name]

    def assign(self, name: str, expression: str, type: Any) -> None:
        """Give a field of the row the value of an expression of this type."""
        self.require(name, type)
        self.changes[name] = expression

    def require(self, name: str, type: Any) -> None:
        """Raise TypeError unless the row has a field of this name that can hold this type."""
        if name not in self._types:
            raise TypeError(f"{self.where}: {self.row.__name__} has no field {name!r}.")
        if not _fits(type, self._types[name]):
            raise TypeError(
                f"{self.where}: {self.row.__name__}.{name} is {_named(self._types[name])}, but"
                f" {self.event.__qualname__} gives {_named(type)}."
            )

    def assign_constant(self, name: str, value: object) -> None:
        """Give a field of the row this value."""
        members = [get_origin(member) or member for member in _members(self._types.get(name, Any))]
        if name in self._types and not any(member is Any or isinstance(value, member) for member in members):
            raise TypeError(
                f"{self.where}: {self.row.__name__}.{name} is {_named(self._types[name])}, not {value!r}."
            )
        self._scope[f"constant_{name}"] = value
        self.assign(name, f"constant_{name}", self._types.get(name, Any))

    def stamp(self) -> None:
        """Assign the row's stamps. Those of the version are of the stream, so other rows have none."""
        hints = get_type_hints(self.row, include_extras=True)
        stamps = {
            name: mark.name for name, hint in hints.items() for mark in marks(hint) if isinstance(mark, Stamp)
        }
        for name, stamp in stamps.items():
            if name in self.changes:
                continue
            if stamp == "created":
                self._only_at_first[name] = "event.timestamp"
            elif stamp == "updated":
                self.changes[name] = "event.timestamp"
            elif self._of_stream:
                self.changes[name] = "event.originator_version"

    def begin_at_defaults(self) -> None:
        """Have a row that is not there begin at its defaults, and change from these."""
        self._counts = True
        given = {name for name, text in self.changes.items() if "row." not in text}
        missing = self._required - {*self._key, *self._only_at_first, *given}
        # Of a row that is the stream's own, the event that made it gave the rest.
        if missing and not self._of_stream:
            raise TypeError(f"{self.where}: {self.row.__name__}.{min(missing)} has no default to begin at.")

    # The row's type is the view's, hence Any.
    def begin_by(self, begin: Callable[[Any, UUID, Any], Any]) -> None:
        """Have a row that is not there made by a function of the event, the tenant and the row's id."""
        self._begins = True
        self._scope["begin"] = begin

    def upsert(self) -> None:
        """Have the row made if there is none."""
        self._upsert = True

    def delete(self) -> None:
        """Have the row deleted."""
        self._deletes = True

    @functools.cached_property
    def fold(self) -> Callable[..., Any]:
        """The function of ``row, event, key, envelope``, or of ``row, event`` where it is `plain`."""
        arguments = "row, event" if self.plain else "row, event, key, envelope"
        # As dataclasses make their methods: a loop over the fields would take five times as long.
        exec("\n".join([f"def fold({arguments}):", *self._lines]), self._scope)
        fold: Callable[..., Any] = self._scope["fold"]  # type: ignore[assignment]
        return fold

    @property
    def makes_row(self) -> bool:
        """Whether there is a row after it where there was none."""
        return self._begins or "Row(" in self._text

    @functools.cached_property
    def plain(self) -> bool:
        """Whether it asks for nothing but row and event."""
        return "envelope." not in self._text and "key[" not in self._text

    @property
    def _text(self) -> str:
        return "\n".join(self._lines)

    @functools.cached_property
    def _lines(self) -> list[str]:
        if self._deletes:
            return ["    return None"]
        changed = f"    return replace(row, {_arguments(self.changes)})"
        if self._begins:
            return ["    if row is None:", "        row = begin(event, envelope.tenant_id, key[0])", changed]
        if self._counts:
            begun = {n: text for n, text in self.changes.items() if n in self._required}
            begun_fields = self._keyed() | self._only_at_first | begun
            if self._required - begun_fields.keys():
                return [changed]
            return ["    if row is None:", f"        row = Row({_arguments(begun_fields)})", changed]
        if not (self._first or self._upsert):
            return [changed]
        begun_fields = self._keyed() | self._only_at_first | self.changes
        if missing := self._required - begun_fields.keys():
            raise TypeError(
                f"{self.where}: {self.event.__qualname__} does not give {self.row.__name__}.{min(missing)}."
            )
        created = f"return Row({_arguments(begun_fields)})"
        return [f"    {created}"] if self._first else ["    if row is None:", f"        {created}", changed]

    def _keyed(self) -> dict[str, str]:
        if self._of_stream and len(self._key) == 1:
            return {self._key[0]: "event.originator_id"}
        return {name: f"key[{at}]" for at, name in enumerate(self._key)}


def _arguments(expressions: dict[str, str]) -> str:
    return ", ".join(f"{name}={text}" for name, text in expressions.items())


def _types(kind: type) -> dict[str, Any]:
    names = kind.__struct_fields__ if issubclass(kind, Row) else kind.__dataclass_fields__  # type: ignore[attr-defined]
    return {name: hint for name, hint in get_type_hints(kind).items() if name in names}


# Type hints have no static type, hence Any.
def _members(hint: Any) -> frozenset[Any]:
    """What a value of this type may be, without Nones in the way of comparing."""
    if get_origin(hint) in (Union, types.UnionType):
        return frozenset().union(*(_members(argument) for argument in get_args(hint)))
    return frozenset([hint])


def _fits(given: Any, wanted: Any) -> bool:
    """Whether every value of one type is one of the other."""
    allowed = _members(wanted)
    classes = tuple(member for member in allowed if isinstance(member, type))
    return Any in allowed or all(
        member in allowed or (isinstance(member, type) and issubclass(member, classes))
        for member in _members(given)
    )


def _named(hint: Any) -> str:
    return getattr(hint, "__name__", None) or str(hint)
