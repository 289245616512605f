"""Operations that walk the schema, whole ones and broken ones, for every transport."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from graphql import GraphQLArgument, get_named_type, is_leaf_type, is_required_argument

from api.kit.execution.access import COVERED
from tests.hostile.values import argument, literal
from tests.tenancy.surface import Granted, Root, Surface

TRANSPORTS = ("POST", "GET", "WebSocket", "SSE")
_KINDS = {
    "POST": ("query", "mutation", "mutation", "subscription"),
    "GET": ("query", "query", "subscription", "mutation"),
    "WebSocket": ("query", "mutation", "subscription"),
    "SSE": ("query", "mutation", "subscription"),
}
_DEEPEST = 5
_MOST = 25
"""Aliases of a document; the product takes a few more."""
_REPLACED = [
    "",
    "{",
    "}",
    "(",
    "...",
    "$",
    "@skip(if: true)",
    '"',
    '"""',
    "#",
    "\ud800",
    "\0",
    "\ufeff",
    "!",
    "é",
]
_WHOLE = [
    "", " ", "#", "{", "{}", "{ }", "query", "null", "{ __typename }" * 2, "{ __schema { types { name } } }",
    "{ a { " + "a { " * 500, "{" + " a" * 3_000 + "}", "{ ...F } fragment F on Query { ...F }",
    "{ ...F ...G } fragment F on Query { ...G } fragment G on Query { ...F }",
    "query A { __typename } query B { __typename }", "type Query { a: Int }", "extend type Query { a: Int }",
    "query($a: Int = 1, $a: Int) { __typename }", "query($a: [[[[[[Nothing]]]]]]) { __typename }",
    "{ " + " ".join(f"a{n}: __typename" for n in range(200)) + " }",
    "{ __typename " + "@include(if: true) " * 90 + "}", "query @skip(if: true) { __typename }",
    "{ __type(name: \"Task\") { fields { type { ofType { ofType { ofType { fields { name } } } } } } } }",
    "subscription { __typename }", "subscription { a: taskStatsChanged { open } b: taskStatsChanged { open } }",
    "{ task(id: " + "[" * 300 + "]" * 300 + ") { id } }",
    "{ tasks(filter: " + "{a:" * 90 + "1" + "}" * 90 + ") { __typename } }",
]  # fmt: skip
_VARIABLES: list[Any] = [None, [], "x", 1, {"": 1}, {"v0": {"a": [1]}}, {"x" * 5_000: "y" * 5_000}]
_GOOD = {"query": "{ __typename }"}
_PERSISTED = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
_PAYLOADS: list[Any] = [
    None, [], "x", 7, {}, {"query": None}, {"query": ["{ __typename }"]}, [_GOOD], {**_GOOD, "operationName": 7},
    {**_GOOD, "operationName": "No"}, {**_GOOD, "extensions": []}, {**_GOOD, "extensions": _PERSISTED},
    {"extensions": _PERSISTED}, {**_GOOD, "id": "1", "documentId": "x"},
]  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """What somebody sends."""

    transport: str
    payload: Any
    """The members of the request; not an object where the request itself is broken."""
    kind: str = "query"
    roots: Mapping[str, Root] = field(default_factory=dict, repr=False)
    """The root fields by their names in the answer."""


def operation(chance: Random, surface: Surface, granted: Granted) -> Operation:
    """An operation of somebody who was granted this: one in five is broken in some way."""
    transport, luck = chance.choice(TRANSPORTS), chance.random()
    if luck < 0.04:
        return Operation(transport, chance.choice(_PAYLOADS))
    if luck < 0.08:
        return Operation(transport, {"query": chance.choice(_WHOLE)})
    whole = Writer(chance, surface, granted).operation(transport)
    return replace(whole, payload=_broken(chance, whole.payload)) if luck < 0.2 else whole


@dataclass
class Writer:
    """Writes a document that fits the schema, but for its arguments."""

    chance: Random
    surface: Surface
    granted: Granted
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    aliases: int = 0

    def operation(self, transport: str) -> Operation:
        """An operation of one root field or a few."""
        kind = self.chance.choice(_KINDS[transport])
        roots = self.surface.roots(kind)
        # Most are such as are carried out; the others must be denied, whatever else they hold.
        allowed = (
            [root for root in roots if root.need and self.granted(root.need)]
            if self.chance.random() < 0.9
            else []
        )
        chosen: dict[str, Root] = {}
        parts = []
        for number in range(1 if kind == "subscription" else self.chance.choice([1, 1, 2, 3])):
            root = self.chance.choice(allowed or roots)
            chosen[f"r{number}"] = root
            given, below = self._arguments(root.field.args), self._selection(root.shown, 1)
            parts.append(f"r{number}: {root.name}{given} {below}")
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        text = "\n".join([f"{kind} Walk{declared} {{ {' '.join(parts)} }}", *self.fragments])
        payload = {"query": text, "variables": self.variables}
        if self.chance.random() < 0.3:
            payload["operationName"] = "Walk"
        return Operation(transport, payload, kind, chosen)

    def _arguments(self, taken: Mapping[str, GraphQLArgument]) -> str:
        parts = []
        for name, kind in taken.items():
            if not is_required_argument(kind) and self.chance.random() < 0.75:
                continue
            value = argument(self.chance, kind.type, name)
            if self.chance.random() < 0.7:
                variable = f"v{len(self.declared)}"
                self.declared.append(f"${variable}: {kind.type}")
                self.variables[variable] = value
                parts.append(f"{name}: ${variable}")
            else:
                parts.append(f"{name}: {literal(value, kind.type)}")
        return f"({', '.join(parts)})" if parts else ""

    def _selection(self, shown: str, deep: int) -> str:
        kind: Any = self.surface.schema.type_map[shown]
        if is_leaf_type(kind):
            return ""
        parts = self._members(kind, deep) if self.surface.members(kind) else self._fields(kind, deep)
        return f"{{ __typename {' '.join(parts)} }}"

    def _members(self, kind: Any, deep: int) -> list[str]:
        members = self.surface.members(kind)
        parts = []
        for member in self.chance.sample(members, min(len(members), self.chance.randrange(1, 4))):
            below = self._selection(member.name, deep)
            if self.chance.random() < 0.7:
                parts.append(f"... on {member.name}{self._directive()} {below}")
            else:
                name = f"F{len(self.fragments)}"
                self.fragments.append(f"fragment {name} on {member.name} {below}")
                parts.append(f"...{name}{self._directive()}")
        return parts

    def _fields(self, kind: Any, deep: int) -> list[str]:
        fields = [
            (name, declared)
            for name, declared in kind.fields.items()
            if (deep < _DEEPEST or is_leaf_type(get_named_type(declared.type)))
            and (self._may_see(kind.name, name) or self.chance.random() < 0.005)
        ]
        parts = []
        for name, declared in self.chance.sample(fields, min(len(fields), self.chance.randrange(7))):
            if self.aliases >= _MOST:
                break
            self.aliases += 1
            alias = f"a{self.aliases}: {name}"
            below = self._selection(get_named_type(declared.type).name, deep + 1)
            parts.append(f"{alias}{self._arguments(declared.args)}{self._directive()} {below}")
        return parts

    def _may_see(self, kind: str, name: str) -> bool:
        need = self.surface.need(kind, name)
        return need == COVERED or (need is not None and self.granted(need))

    def _directive(self) -> str:
        if self.chance.random() < 0.95:
            return ""
        return self.chance.choice([" @include(if: true)", " @skip(if: true)", " @skip(if: null)", " @no"])


def _broken(chance: Random, payload: dict[str, Any]) -> dict[str, Any]:
    """The request with something wrong in its document, its variables or its members."""
    text: str = payload["query"]
    at = chance.randrange(len(text))
    cut = text[:at] + chance.choice(_REPLACED) + text[at + chance.randrange(9) :]
    return chance.choice(
        [
            {**payload, "query": cut},
            {**payload, "query": cut},
            {**payload, "variables": chance.choice(_VARIABLES)},
            {**payload, "operationName": "Nobody"},
            {**payload, "query": f"{text}\n{text}"},
        ]
    )
