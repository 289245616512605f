"""What a command's ``handle`` asks for, and how it is found; `domain.kit.commands` says what may be asked for."""

import dataclasses
import inspect
import types
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.caller import Caller
from domain.kit.refusals import NotFound

# Any, here and below, because the module of commands imports this one.
Commanded = Any

Found = Aggregate | Mapping[UUID, Aggregate] | None
"""What ``handle`` is given for one parameter."""

_BEFORE = datetime(1970, 1, 1, tzinfo=UTC)
"""When an aggregate that has no event yet was made; no event is stamped with it."""


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

    def __init__(self, command: type[Commanded]) -> None:
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
        self.many: dict[str, tuple[type[Aggregate], str]] = {}
        """Parameters that are given several aggregates: of which class, and which attribute has their ids."""
        self.only: dict[str, type[Aggregate]] = {}
        """Parameters that are given the one aggregate of a class that each tenant has."""
        self.injected: dict[str, type] = {}
        for name in list(inspect.signature(handle).parameters)[1:]:
            wanted = hints.get(name)
            aggregate, optional = _aggregate(wanted)
            if (several := _several(wanted)) is not None:
                ids = f"{name.removesuffix('s')}_ids"
                if not hasattr(command, ids) and ids not in fields:
                    raise TypeError(f"{command.__name__}.handle asks for {name!r}, but it has no {ids!r}.")
                self.many[name] = several, ids
            elif aggregate is not None and aggregate.only is not None:
                self.only[name] = aggregate
            elif aggregate is not None:
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
    def direct(self) -> list[Need]:
        """What the command itself names."""
        return [need for need in self.needs if need.via is None]

    @property
    def changes(self) -> Need | None:
        """The aggregate that the command's ``id`` names, when it is there already."""
        return next((need for need in self.direct if need.field == "id"), None)

    @property
    def target(self) -> type[Aggregate] | None:
        """The aggregate that the command's ``id`` names: the one it makes or changes."""
        return self.creates or next((need.aggregate for need in self.needs if need.field == "id"), None)

    def besides(self, command: Commanded) -> list[UUID]:
        """The ids of what the command needs and names in no field of its own."""
        ids = [id for _, attribute in self.many.values() for id in getattr(command, attribute)]
        return [*ids, *(only for kind in self.only.values() if (only := kind.only) is not None)]

    def turn(self, command: Commanded) -> UUID:
        """The stream whose turn a command waits for: of all that it changes, the one that most others change."""
        return next((only for kind in self.only.values() if (only := kind.only) is not None), command.id)

    def call(
        self, command: Commanded, found: Mapping[str, Found], by: Caller, now: datetime
    ) -> tuple[Aggregate, ...]:
        """Run ``handle`` and return every aggregate that it made or was given."""
        injected = {name: by if kind is Caller else now for name, kind in self.injected.items()}
        created = command.handle(**found, **injected)
        touched: list[Aggregate] = [] if created is None else [created]
        for given in found.values():
            if isinstance(given, Aggregate):
                touched.append(given)
            elif given is not None:
                touched += given.values()
        return tuple(touched)

    def held(self, command: Commanded, found: Mapping[UUID, Aggregate]) -> list[UUID]:
        """The ids of what the aggregates found so far hold, and the command needs besides."""
        ids = (self._id(need, command, found) for need in self.needs if need.via is not None)
        return [id for id in ids if id is not None]

    def resolved(self, command: Commanded, found: Mapping[UUID, Aggregate]) -> dict[str, Found]:
        """What is given for each need. Raises NotFound, naming the field, for one that is absent or has ended."""
        given: dict[str, Found] = {
            need.parameter: resolve(need, self._id(need, command, found), found) for need in self.needs
        }
        for parameter, (kind, attribute) in self.many.items():
            named = {
                id: found.get(id) or (kind.blank(id, 0, _BEFORE) if kind.always else None)
                for id in getattr(command, attribute)
            }
            given[parameter] = {
                id: each for id, each in named.items() if isinstance(each, kind) and not each.ended
            }
        for parameter, kind in self.only.items():
            assert kind.only is not None
            given[parameter] = found.get(kind.only) or kind.blank(kind.only, 0, _BEFORE)
        return given

    def _id(self, need: Need, command: Commanded, found: Mapping[UUID, Aggregate]) -> UUID | None:
        if need.via is None:
            return id_of(command, need.field)
        holder = found.get(command.id)
        held: UUID | None = getattr(holder, f"{need.parameter}_id", None)
        return held


def _several(hint: Any) -> type[Aggregate] | None:
    """The class of which a ``Mapping[UUID, Product]`` holds several."""
    arguments = get_args(hint)
    if get_origin(hint) is not Mapping or len(arguments) != 2 or arguments[0] is not UUID:
        return None
    return _aggregate(arguments[1])[0]


def _aggregate(hint: object) -> tuple[type[Aggregate] | None, bool]:
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    classes = [option for option in options if isinstance(option, type) and issubclass(option, Aggregate)]
    return (classes[0] if classes else None), types.NoneType in options


def id_of(command: Commanded, field: str) -> UUID | None:
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
