"""Commands: frozen requests to change something, each with a ``handle`` method that decides on them.

    class CompleteTask(Command):
        \"\"\"Complete a task.\"\"\"

        def handle(self, task: Task) -> None:
            task.complete()

Every command has an ``id``: that of the aggregate which it makes or changes, chosen by whoever sends it.
``handle`` names what it needs and is given it: an aggregate parameter ``task`` is loaded from the field
``task_id``, or from ``id`` when there is no such field. Beside an aggregate ``task`` that ``id`` names,
``project`` is the one that the task holds as its ``project_id``, ended or not. A ``Mapping[UUID, Product]`` called
``products`` holds, by their ids, the living ones of those that the command's ``product_ids`` name. An aggregate of
which each tenant has one (`Aggregate.only`) needs no field. ``by: Caller`` is who asks; ``now: datetime`` is the
moment. A command that makes an aggregate returns it. ``handle`` does no I/O and may run twice.

    class UpdateTask(Command, of=(RenameTask, DescribeTask)):
        \"\"\"Change several fields of a task at once.\"\"\"

is an edit: it has the fields of the commands that it stands for, each of which may be left out, and those that are
said are carried out one after the other, all or none.

    class ReplayWebhook(Command, requires=(require_some_time,)):

has rules of several fields at once, or of a field and the moment: `require_some_time(since, until, now)` is a
function of what it names. They are checked with the limits of the fields, before anything is loaded.
"""

import dataclasses
import hashlib
import inspect
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from typing import Any, ClassVar, TypeAlias, dataclass_transform, get_type_hints
from uuid import UUID

import msgspec

from domain.kit.events import snake
from domain.kit.fields import KEPT, Kept, References, marks
from domain.kit.wiring.needs import Wiring

Rule: TypeAlias = Callable[..., object]
"""A rule of fields, which its parameters name, and of the moment, ``now``: it raises a refusal about one of them.
It runs where each of these fields was said and is within its limits."""


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
    rules: ClassVar[tuple[tuple[Rule, tuple[str, ...]], ...]]
    """What several fields, or a field and the moment, must be besides, with the names of what each rule takes."""
    wiring: ClassVar[Wiring]
    handle: ClassVar[Callable[..., Any]]
    """Each command has its own signature; `Wiring` checks it when the class is made."""

    def __init_subclass__(
        cls, *, of: tuple["type[Command]", ...] = (), requires: tuple[Rule, ...] = ()
    ) -> None:
        cls.of = of
        for name, hint in _joined(cls).items():
            cls.__annotations__ = {**inspect.get_annotations(cls), name: hint}
            setattr(cls, name, KEPT)
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        cls.wiring = of[0].wiring if of else Wiring(cls)
        cls.stored_as = cls.__dict__.get("stored_as") or _stored_name(cls)
        cls.rules = (
            *(rule for command in of for rule in command.rules),
            *((rule, _taken_by(rule, cls)) for rule in requires),
        )
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


def _taken_by(rule: Rule, command: type[Command]) -> tuple[str, ...]:
    """The names of what a rule takes. Raises TypeError for what the command has not."""
    names = tuple(inspect.signature(rule).parameters)
    fields = {field.name for field in dataclasses.fields(command)}
    for name in names:
        if name not in fields | {NOW}:
            raise TypeError(f"{command.__name__} has no field {name!r}, which {rule.__name__} takes.")
    return names


NOW = "now"
"""The parameter of a rule that is given the moment."""


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
