"""Commands: frozen requests to change something, each with a ``handle`` method that decides on them.

    class CompleteTask(Command):
        \"\"\"Complete a task.\"\"\"

        def handle(self, task: Task) -> None:
            task.complete()

Every command has an ``id``: that of the aggregate which it makes or changes, chosen by whoever sends it.
``handle`` names what it needs and is given it: an aggregate parameter ``task`` is loaded from the field
``task_id``, or from ``id`` when there is no such field. Beside an aggregate ``task`` that ``id`` names,
``project`` is the one that the task holds as its ``project_id``, ended or not. ``by: Caller`` is who asks;
``now: datetime`` is the moment. A command that makes an aggregate returns it. ``handle`` does no I/O and may
run twice.

    class UpdateTask(Command, of=(RenameTask, DescribeTask)):
        \"\"\"Change several fields of a task at once.\"\"\"

is an edit: it has the fields of the commands that it stands for, each of which may be left out, and those that are
said are carried out one after the other, all or none.
"""

import dataclasses
import hashlib
import inspect
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Union, dataclass_transform, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from domain.kit.aggregate import Aggregate
from domain.kit.caller import Caller
from domain.kit.events import snake
from domain.kit.fields import KEPT, Kept, References, marks
from domain.kit.refusals import NotFound


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """An aggregate that ``handle`` asks for: which one, from which field, and whether it may be None."""

    parameter: str
    aggregate: type[Aggregate]
    field: str
    optional: bool
    via: str | None = None
    """The parameter whose aggregate holds the id, where the command has no field for it."""


class Wiring:
    """What a command's ``handle`` asks for, read once from its signature."""

    def __init__(self, command: "type[Command]") -> None:
        handle = getattr(command, "handle", None)
        if not inspect.isfunction(handle):
            raise TypeError(f"{command.__name__} has no method handle.")
        hints = get_type_hints(handle)
        fields = {field.name for field in dataclasses.fields(command)}
        returned = hints.get("return", object)
        self.creates = _aggregate(returned)[0]
        if self.creates is None and returned is not types.NoneType:
            raise TypeError(f"{command.__name__}.handle must say that it returns an aggregate, or None.")
        self.needs: list[Need] = []
        self.injected: dict[str, type] = {}
        for name in list(inspect.signature(handle).parameters)[1:]:
            wanted = hints.get(name)
            aggregate, optional = _aggregate(wanted)
            if aggregate is not None:
                field = f"{name}_id" if f"{name}_id" in fields else "id"
                if field == "id" and self.creates is not None:
                    raise TypeError(f"{command.__name__}.handle both makes and is given what its id names.")
                via = self._via(name) if field == "id" else None
                if field == "id" and via is None and self.changes is not None:
                    raise TypeError(f"{command.__name__}.handle asks for {name!r}, but no field names it.")
                self.needs.append(Need(name, aggregate, field, optional, via))
            elif isinstance(wanted, type) and wanted in (Caller, datetime):
                self.injected[name] = wanted
            else:
                raise TypeError(f"{command.__name__}.handle asks for {name!r}, which cannot be injected.")

    def _via(self, name: str) -> str | None:
        """Of two aggregates that only ``id`` could name, the later one is held by the first."""
        first = self.changes
        if first is None or f"{name}_id" not in get_type_hints(first.aggregate):
            return None
        return first.parameter

    @property
    def direct(self) -> "list[Need]":
        """What the command itself names."""
        return [need for need in self.needs if need.via is None]

    @property
    def changes(self) -> "Need | None":
        """The aggregate that the command's ``id`` names, when it is there already."""
        return next((need for need in self.direct if need.field == "id"), None)

    @property
    def target(self) -> type[Aggregate] | None:
        """The aggregate that the command's ``id`` names: the one it makes or changes."""
        return self.creates or next((need.aggregate for need in self.needs if need.field == "id"), None)

    def call(
        self, command: "Command", found: Mapping[str, Aggregate | None], by: Caller, now: datetime
    ) -> tuple[Aggregate, ...]:
        """Run ``handle`` and return every aggregate that it made or was given."""
        injected = {name: by if kind is Caller else now for name, kind in self.injected.items()}
        created = command.handle(**found, **injected)
        touched = tuple(aggregate for aggregate in found.values() if aggregate is not None)
        return touched if created is None else (created, *touched)

    def held(self, command: "Command", found: Mapping[UUID, Aggregate]) -> "list[UUID]":
        """The ids of what the aggregates found so far hold, and the command needs besides."""
        ids = (self._id(need, command, found) for need in self.needs if need.via is not None)
        return [id for id in ids if id is not None]

    def resolved(self, command: "Command", found: Mapping[UUID, Aggregate]) -> "dict[str, Aggregate | None]":
        """The aggregate for each need. Raises NotFound, naming the field, for one that is absent or has ended."""
        return {need.parameter: resolve(need, self._id(need, command, found), found) for need in self.needs}

    def _id(self, need: Need, command: "Command", found: Mapping[UUID, Aggregate]) -> UUID | None:
        if need.via is None:
            return id_of(command, need.field)
        holder = found.get(command.id)
        held: UUID | None = getattr(holder, f"{need.parameter}_id", None)
        return held


def _aggregate(hint: object) -> tuple[type[Aggregate] | None, bool]:
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    classes = [option for option in options if isinstance(option, type) and issubclass(option, Aggregate)]
    return (classes[0] if classes else None), types.NoneType in options


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
@dataclasses.dataclass(frozen=True, kw_only=True)
class Command:
    """Base of all commands.

    A field that may be left out is either one that keeps what is there (see `Kept`), or one with a default that
    says what is meant by nothing. What may be None without a default must be said.

    ``stored_as`` is a contract: ids of commands are known under it. It is the context of what the command makes or
    changes and the class's name in snake case, such as ``work.complete_task``, wherever the class stands; a class
    that is renamed keeps its name by ``stored_as = "work.complete_task"``.
    """

    id: UUID
    """The aggregate that it makes or changes."""

    stored_as: ClassVar[str]
    of: ClassVar[tuple["type[Command]", ...]] = ()
    """The commands that an edit stands for."""
    wiring: ClassVar[Wiring]
    handle: ClassVar[Callable[..., Any]]
    """Each command has its own signature; `Wiring` checks it when the class is made."""

    def __init_subclass__(cls, *, of: tuple["type[Command]", ...] = ()) -> None:
        cls.of = of
        for name, hint in _joined(cls).items():
            cls.__annotations__ = {**inspect.get_annotations(cls), name: hint}
            setattr(cls, name, KEPT)
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        cls.wiring = of[0].wiring if of else Wiring(cls)
        cls.stored_as = cls.__dict__.get("stored_as") or _stored_name(cls)
        cls._defaults = tuple((field.name, field.default) for field in dataclasses.fields(cls))
        hints = get_type_hints(cls, include_extras=True)
        cls.references = tuple(
            (name, mark.topic)
            for name, hint in hints.items()
            for mark in marks(hint)
            if isinstance(mark, References)
        )
        cls.present = tuple(
            name
            for name, hint in hints.items()
            if any(isinstance(mark, References) and mark.present for mark in marks(hint))
        )
        if _commands.setdefault(cls.stored_as, cls) is not cls:
            raise TypeError(f"Two commands are stored as {cls.stored_as!r}.")

    _defaults: ClassVar[tuple[tuple[str, object], ...]]

    references: ClassVar[tuple[tuple[str, str], ...]]
    """Fields that must name living streams, with the topic of each."""

    present: ClassVar[tuple[str, ...]]
    """Those of them that must name what is there now."""

    @property
    def steps(self) -> "tuple[Command, ...]":
        """What is carried out: the command itself, or of an edit those that its fields ask for, in its order."""
        if not self.of:
            return (self,)
        said = self.said
        return tuple(
            command(id=self.id, **{name: said[name]})
            for command in self.of
            if (name := _own_field(command)) in said
        )

    @property
    def said(self) -> dict[str, Any]:
        """What was said about each field but the id: all that is not `Kept`."""
        return {name: value for name, value in vars(self).items() if name != "id" and value is not KEPT}

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of name and content, by which a repeated command id is told from a reused one.

        Fields at their default are left out: a command sent again after a new field was added, with the
        default that means what was before, is still the same.
        """
        state = vars(self)
        given = {name: value for name, default in self._defaults if (value := state[name]) != default}
        try:
            content = msgspec.json.encode(given, order="deterministic")
        except (UnicodeEncodeError, OverflowError):
            # No check lets it pass and no log holds it, so it only has to differ from all that is stored.
            content = repr(given).encode(errors="backslashreplace")
        return hashlib.sha256(self.stored_as.encode() + b"\0" + content).digest()


def _own_field(command: type[Command]) -> str:
    """The one field that a command of an edit has beside its id."""
    names = [field.name for field in dataclasses.fields(command) if field.name != "id"]
    if len(names) != 1:
        raise TypeError(
            f"{command.__name__} has {len(names)} fields beside its id, so no edit can stand for it."
        )
    return names[0]


# Type hints have no static type, hence Any.
def _joined(edit: type[Command]) -> dict[str, Any]:
    """The fields of an edit. Raises TypeError unless its commands change one kind of aggregate, a field each."""
    found: dict[str, Any] = {}
    for command in edit.of:
        if command.wiring.changes is None or command.wiring.target is not edit.of[0].wiring.target:
            raise TypeError(f"{edit.__name__} is of {command.__name__}, which changes something else.")
        name = _own_field(command)
        if name in found:
            raise TypeError(f"{edit.__name__} is of two commands with the field {name!r}.")
        found[name] = get_type_hints(command, include_extras=True)[name] | Kept
    return found


def id_of(command: Command, field: str) -> UUID | None:
    """The id that a field holds."""
    value = getattr(command, field)
    assert value is None or isinstance(value, UUID), f"{command.stored_as}.{field} holds no id"
    return value


def resolve(need: Need, id: UUID | None, found: Mapping[UUID, Aggregate]) -> Aggregate | None:
    """The aggregate for a need. Raises NotFound, naming the field, when it is absent or has ended."""
    if id is None and need.optional:
        return None
    aggregate = found.get(id) if id is not None else None
    if need.via is not None and (aggregate is None or isinstance(aggregate, need.aggregate)):
        return aggregate
    if not isinstance(aggregate, need.aggregate) or aggregate.ended:
        raise NotFound(field=need.field, what=noun(need.aggregate.topic))
    return aggregate


def noun(topic: str) -> str:
    """What a topic's things are called in a sentence: ``work.task`` is a task."""
    return topic.rsplit(".", 1)[-1].replace("_", " ")


def _stored_name(command: type[Command]) -> str:
    target = command.wiring.target
    if target is None:
        raise TypeError(f"{command.__name__} makes and changes nothing by its id, so it needs a stored_as.")
    return f"{target.topic.split('.')[0]}.{snake(command.__name__)}"


_commands: dict[str, type[Command]] = {}


def commands() -> dict[str, type[Command]]:
    """All known commands by stored name."""
    return dict(sorted(_commands.items()))


def require_references(commands: Iterable[type[Command]], topics: Collection[str]) -> None:
    """Raise TypeError for a command with a reference to what none of these topics names."""
    for command in commands:
        for field, topic in command.references:
            if topic not in topics:
                raise TypeError(
                    f"{command.__name__}.{field} refers to {topic!r}, which no aggregate is called."
                )
