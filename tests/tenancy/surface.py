"""All that a GraphQL schema offers, read from the schema: root fields, where ids and texts go in, what can be
selected. So a new field is visited without anybody having thought of it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from api.kit.execution.access import COVERED, Access

Granted = Callable[[str], bool]
"""Whether a caller has what a field needs."""

KINDS = ("query", "mutation", "subscription")
PAGE = 3
"""How many things of each list are looked at."""
_DEEPEST = 7
_SHALLOW = {"Campaign": 4, "TemplateConnection": 4}
"""How deep documents go that would cost too much: the bodies of templates are long."""
_LONGEST = 900
"""Tokens of a selection: several of them have to fit into one document of 2000."""


@dataclass(frozen=True)
class Slot:
    """A place in a root field's arguments that takes an id or a text."""

    path: tuple[str, ...]
    """Names of the argument and of the fields of inputs below it."""
    kind: str
    """``ID`` or ``String``."""
    many: bool
    required: bool

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Root:
    """A root field."""

    kind: str
    name: str
    field: GraphQLField
    need: str | None

    @property
    def shown(self) -> str:
        """The name of the type that it answers with."""
        return str(get_named_type(self.field.type).name)

    @cached_property
    def slots(self) -> list[Slot]:
        """Every place that takes an id or a text, but for the command's own id."""
        return [
            slot
            for name, argument in self.field.args.items()
            if name != "commandId"
            for slot in _slots(argument.type, (name,), is_required_argument(argument))
        ]

    @property
    def creates(self) -> bool:
        """Whether it makes a thing whose id the caller may choose: then that id names nothing that is there."""
        return any(slot.path == ("input", "id") and not slot.required for slot in self.slots)

    @property
    def of_all(self) -> bool:
        """Whether it is about all tenants, for the platform's operators: views, and where tenants are."""
        return bool(self.need and self.need.startswith("ops:")) and not self.shown.startswith("TenantSub")

    def named(self) -> list[Slot]:
        """The slots that name something which has to be there."""
        return [slot for slot in self.slots if not (self.creates and slot.path == ("input", "id"))]


WRITTEN = {
    "Project.description",
    "Task.description",
    "User.firstName",
    "User.lastName",
}
"""Texts of people, which are shown as they wrote them; a name is empty once its user is erased."""
_OF_OTHERS = {"sendCommands"}
"""Root fields that do what others do; tests/work/test_commands_together.py has what they might do besides."""


@dataclass(frozen=True)
class Surface:
    """A schema and what each of its fields needs."""

    schema: GraphQLSchema
    selected: set[tuple[str, str]] = field(default_factory=set)
    """The types and fields that any selection so far held."""
    _written: dict[tuple[str, frozenset[str]], dict[str, str]] = field(default_factory=dict)

    @cached_property
    def access(self) -> Access:
        return Access(self.schema)

    def roots(self, kind: str) -> list[Root]:
        """The root fields of a kind of operation, in the schema's order."""
        types = {"query": self.schema.query_type, "mutation": self.schema.mutation_type}
        found = types.get(kind, self.schema.subscription_type)
        if found is None:
            return []
        return [
            Root(kind, name, field, self.need(found.name, name))
            for name, field in found.fields.items()
            if name not in _OF_OTHERS
        ]

    def need(self, kind: str, name: str) -> str | None:
        return self.access.by_field.get((kind, name))

    def selections(self, shown: str, granted: Granted) -> dict[str, str]:
        """What to ask of a type: every field that is granted, as deep as a document may be; for one that may be
        many types one selection each, by their names."""
        key = shown, frozenset(filter(granted, self._needs))
        if key not in self._written:
            self._written[key] = self._selections(shown, granted)
        return self._written[key]

    @cached_property
    def _needs(self) -> frozenset[str]:
        return frozenset(need for need in self.access.by_field.values() if need not in (None, COVERED))

    def _selections(self, shown: str, granted: Granted) -> dict[str, str]:
        kind = self.schema.type_map[shown]
        if is_leaf_type(kind):
            return {shown: ""}
        members = self.members(kind)
        if len(members) > 2:
            return {member.name: self._selection([member], granted) for member in members}
        return {shown: self._selection([kind] if isinstance(kind, GraphQLObjectType) else members, granted)}

    def selection(self, shown: str, granted: Granted) -> str:
        """The first of them."""
        return next(iter(self.selections(shown, granted).values()))

    def _selection(self, members: list[GraphQLObjectType], granted: Granted) -> str:
        deepest = _SHALLOW.get(members[0].name, _DEEPEST) + 1
        text, selecting = "", Selecting(self, granted)
        while deepest > 1 and (not text or tokens(text) > _LONGEST):
            deepest, selecting = deepest - 1, Selecting(self, granted)
            text = selecting.any_of(members, deepest)
        self.selected.update(selecting.noted)
        return text

    def members(self, kind: Any) -> list[GraphQLObjectType]:
        """What a thing of an abstract type may be."""
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            return list(self.schema.get_possible_types(kind))
        return []

    def empty(self, data: Any) -> Iterator[str]:
        """The fields that answer with an empty text, but for what people may have written so."""
        if isinstance(data, list):
            for each in data:
                yield from self.empty(each)
        # What has no type is JSON, such as the data of an event.
        elif isinstance(data, dict) and "__typename" in data:
            for name, value in data.items():
                where = f"{data['__typename']}.{name}"
                if value == "" and where not in WRITTEN:
                    yield where
                yield from self.empty(value)

    def reachable(self) -> set[tuple[str, str]]:
        """Every field of an object type that some root field leads to, but for those with an argument that must be
        given."""
        found: set[tuple[str, str]] = set()
        pending: list[Any] = [get_named_type(root.field.type) for kind in KINDS for root in self.roots(kind)]
        seen: set[str] = set()
        while pending:
            kind = pending.pop()
            if kind.name in seen or is_leaf_type(kind):
                continue
            seen.add(kind.name)
            pending += self.members(kind)
            if isinstance(kind, GraphQLObjectType):
                found |= {
                    (kind.name, name)
                    for name, field in kind.fields.items()
                    if not any(map(is_required_argument, field.args.values()))
                }
                pending += [get_named_type(field.type) for field in kind.fields.values()]
        return found


@dataclass
class Selecting:
    """Writes one selection and notes which fields it holds."""

    surface: Surface
    granted: Granted
    noted: set[tuple[str, str]] = field(default_factory=set)

    def any_of(self, members: list[GraphQLObjectType], deeper: int, above: tuple[str, ...] = ()) -> str:
        """The fields of whichever of these a thing is. Two of them may give one name two types, which no
        document may ask for: the second one's is left out."""
        taken: dict[str, str] = {}
        parts = [f"... on {member.name} {self._fields(member, deeper, above, taken)}" for member in members]
        return f"{{ __typename {' '.join(parts)} }}"

    def _fields(
        self, kind: GraphQLObjectType, deeper: int, above: tuple[str, ...], taken: dict[str, str]
    ) -> str:
        parts = ["__typename"]
        for name, declared in kind.fields.items():
            need = self.surface.need(kind.name, name)
            shape = str(declared.type)
            if (
                need is None
                or (need != COVERED and not self.granted(need))
                or taken.get(name, shape) != shape
            ):
                continue
            if part := self._field(name, declared, deeper, (*above, kind.name)):
                self.noted.add((kind.name, name))
                taken[name] = shape
                parts.append(part)
        return f"{{ {' '.join(parts)} }}"

    def _field(self, name: str, field: GraphQLField, deeper: int, above: tuple[str, ...]) -> str:
        kind = get_named_type(field.type)
        if any(is_required_argument(argument) for argument in field.args.values()):
            return ""
        if is_leaf_type(kind):
            return name
        # A thing inside a thing of its own kind shows nothing new.
        if deeper == 1 or kind.name in above:
            return ""
        page = f"(first: {PAGE})" if "first" in field.args else ""
        members = self.surface.members(kind)
        if members:
            return f"{name}{page} {self.any_of(members, deeper - 1, above)}"
        assert isinstance(kind, GraphQLObjectType)
        return f"{name}{page} {self._fields(kind, deeper - 1, above, {})}"


def _slots(
    kind: Any, path: tuple[str, ...], required: bool, many: bool = False, within: tuple[Any, ...] = ()
) -> Iterator[Slot]:
    if isinstance(kind, GraphQLNonNull):
        yield from _slots(kind.of_type, path, required, many, within)
    elif isinstance(kind, GraphQLList):
        yield from _slots(kind.of_type, path, required, True, within)
    elif isinstance(kind, GraphQLInputObjectType) and not many and kind not in within:
        # A filter takes filters: what holds of a column holds of it inside these. Other operators than these two
        # find what is there although they name what is another's, or find what these find.
        fields = {
            n: f
            for n, f in kind.fields.items()
            if "isNull" not in kind.fields or n in ("eq", "in", "contains")
        }
        for name, input in fields.items():
            needed = required and is_required_input_field(input)
            yield from _slots(input.type, (*path, name), needed, within=(*within, kind))
    elif not isinstance(kind, GraphQLInputObjectType) and kind.name in ("ID", "String"):
        yield Slot(path, kind.name, many, required)


def tokens(text: str) -> int:
    """About how many tokens a text has."""
    return len(re.findall(r"\w+|[^\w\s]", text))
