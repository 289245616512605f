"""Visits every root field as somebody, with all that is known of another tenant, and tells what should not be."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from tests.tenancy.actors import Asks
from tests.tenancy.documents import Document, filled, paged
from tests.tenancy.marks import Marks, hexes
from tests.tenancy.surface import Root, Slot, Surface
from tests.tenancy.values import Values

NOBODYS = str(uuid4())
"""An id that nothing has: whoever names it, or what is another tenant's, must be told the same."""
ECHOES = frozenset(["checkTemplate"])
"""They show what they were given, and read nothing by its words."""
_AT_ONCE = 8
_IN = 100
"""Values that one filter may name."""
_DENIED = {"FORBIDDEN", "UNAUTHENTICATED"}


@dataclass(frozen=True)
class Finding:
    """Something that should not be."""

    root: str
    caller: str
    what: str
    arguments: str = ""
    way: str = ""
    """By which slot, filled with what kind of thing, where that is known."""
    crossed: frozenset[str] = frozenset()
    """The marks that were shown."""

    def __str__(self) -> str:
        return f"{self.caller}: {self.root}({self.arguments}) {self.what}"


@dataclass(frozen=True)
class Call:
    """A root field with arguments; ``twin`` has ids that nothing has in place of the others'."""

    arguments: Mapping[str, Any]
    twin: Mapping[str, Any] | None = None
    way: str = ""
    """Which slot was filled with what kind of thing."""


@dataclass(frozen=True)
class Sweep:
    """One caller's visit."""

    surface: Surface
    caller: Asks
    marks: Marks
    ids: Mapping[str, str]
    """The other tenant's, one of every kind."""
    texts: Mapping[str, str]
    """What else names something of the other tenant's: words, keys, streams."""
    cursors: Mapping[str, str] = field(default_factory=dict)
    """Cursors of the other tenant's lists, by the names of fields."""
    ways: frozenset[tuple[str, str]] | None = None
    """Root fields and ways by which the other tenant itself finds something. Texts are tried in these alone, for
    most of them mean nothing to most fields. None: all are tried."""
    thorough: bool = False
    """Whether fields are given every kind of id, not only those that their names speak of, or by which the other
    tenant itself finds something."""
    compared: bool = True
    """Whether what is told of the other's ids is compared with what is told of ids that nothing has."""
    position: str = ""
    """Where the log stands, for looks at the past; none are taken without it."""

    async def denied(self, kind: str, arguments: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
        """Ask for every field that the caller was not granted; ``arguments`` by the names of fields."""
        found = []
        for root in self.surface.roots(kind):
            if self.caller.granted(root.need):
                continue
            document = Document(kind)
            selection = "{ __typename }" if self.surface.selection(root.shown, lambda _: False) else ""
            document.add(root, arguments.get(root.name) or self._least(root), selection)
            answer = await self.caller.ask(document.text, document.variables)
            codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
            if answer.get("data") is not None or not codes or codes - _DENIED:
                found.append(self._finding(root, f"is not denied: {str(answer)[:300]}"))
        return found

    async def read(self, names: Collection[str] = ()) -> list[Finding]:
        """Read every query field that the caller was granted, with everything that names what is another's;
        with ``names`` these fields alone."""
        found = []
        for root in self.surface.roots("query"):
            if self.caller.granted(root.need) and not root.of_all and (not names or root.name in names):
                found += await self.visit(root, self.readings(root))
        return found

    def readings(self, root: Root) -> list[Call]:
        """A query field's calls: plain, and with each slot filled; now, and as of the past."""
        least = self._least(root)
        calls = [Call(paged(root, least))]
        for slot in root.slots:
            if slot.path[-1] in ("after", "before"):
                back = slot.path[-1] == "before"
                cursor = self.cursors.get(root.name)
                calls += [Call(paged(root, filled(least, slot, cursor), backwards=back))] if cursor else []
                continue
            for kind, value in fillings(slot, self.ids if slot.kind == "ID" else self.texts):
                way = f"{slot} with {kind}"
                known = self.ways is None or (root.name, way) in self.ways
                if known or (slot.kind == "ID" and (self.thorough or _likely(root, slot, kind))):
                    given, twin = (paged(root, filled(least, slot, id)) for id in (value, _twin(value)))
                    calls.append(Call(given, twin if self.compared and twin != given else None, way))
        if self.position and "asOf" in root.field.args:
            past = {"asOf": {"position": self.position}}
            calls += [
                Call({**call.arguments, **past})
                for call in calls
                if not call.way or (self.ways and (root.name, call.way) in self.ways)
            ]
        return calls

    async def write(self, arguments: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
        """Send every mutation that the caller was granted, with own ``arguments`` but for each id in turn, in
        whose place stands each of the other tenant's."""
        found = []
        for root in self.surface.roots("mutation"):
            if self.caller.granted(root.need) and not root.of_all:
                least = arguments.get(root.name) or self._least(root)
                found += await self.visit(
                    root,
                    [
                        Call(filled(least, slot, id), filled(least, slot, NOBODYS), f"{slot} with {kind}")
                        for slot in root.named()
                        if slot.kind == "ID"
                        for kind, id in self.ids.items()
                        if self.thorough or _likely(root, slot, kind)
                    ],
                )
        return found

    async def visit(self, root: Root, calls: Iterable[Call]) -> list[Finding]:
        """Make the calls and look at every answer."""
        answers: dict[str, Any] = {}
        found = []
        wanted = {
            _key(given): given for call in calls for given in (call.arguments, call.twin) if given is not None
        }
        given = list(wanted.values())
        selections = self.surface.selections(root.shown, self.caller.granted)
        if root.kind == "query" and len(selections) > 1:
            # Each thing is of one type: it is asked for that type's fields alone.
            found += await self._compared(root, calls, given, "{ __typename }", answers)
            kinds = {key: str(answer["data"]) for key, answer in answers.items()}
            for name, selection in selections.items():
                some = [each for each in given if f"'{name}'" in kinds[_key(each)]]
                found += await self._compared(root, calls, some, selection, answers)
        else:
            for selection in selections.values():
                found += await self._compared(root, calls, given, selection, answers)
        return found

    async def _compared(
        self,
        root: Root,
        calls: Iterable[Call],
        given: list[Mapping[str, Any]],
        selection: str,
        answers: dict[str, Any],
    ) -> list[Finding]:
        ways = {_key(call.arguments): call.way for call in calls}
        found = [
            replace(answer, way=ways.get(answer.arguments, ""))
            for answer in await self._asked(root, given, selection, answers)
        ]
        for call in calls:
            if call.twin is not None and self._told_apart(answers, call):
                what = f"differs from what is told of nobody's: {answers[_key(call.arguments)]}"
                found.append(self._finding(root, what[:500], call.arguments))
        return found

    async def _asked(
        self, root: Root, given: list[Mapping[str, Any]], selection: str, answers: dict[str, Any]
    ) -> list[Finding]:
        found: list[Finding] = []
        pending = [given[at : at + _AT_ONCE] for at in range(0, len(given), _AT_ONCE)]
        while pending:
            batch = pending.pop()
            document = Document(root.kind)
            names = [document.add(root, variables, selection) for variables in batch]
            answer = await self.caller.ask(document.text, document.variables)
            errors = answer.get("errors", [])
            if len(batch) > 1 and answer.get("data") is None:
                # Too much for one document, or an answer that must not be null took all the others with it.
                pending += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
                continue
            for name, variables in zip(names, batch, strict=True):
                mine = [error for error in errors if (error.get("path") or [name])[0] == name]
                data = (answer.get("data") or {}).get(name)
                answers[_key(variables)] = {
                    "data": data,
                    "errors": [error["extensions"]["code"] for error in mine],
                }
                found += self._look(root, variables, data, mine)
        return found

    def _look(self, root: Root, given: Mapping[str, Any], data: Any, errors: list[Any]) -> Iterator[Finding]:
        marks = self.marks.without(*self.marks.words) if root.name in ECHOES else self.marks
        if crossed := marks.found(data, but=given):
            shown = self._finding(root, f"shows {sorted(crossed)} in {str(data)[:300]}", given)
            yield replace(shown, crossed=frozenset(crossed))
        said = str([(error["message"], error["extensions"]) for error in errors])
        crossed = self.marks.found(said, but=given)
        # A refusal may repeat what it was given.
        crossed -= {word for word in self.marks.words if word in json.dumps(given)}
        if crossed:
            yield self._finding(root, f"says {sorted(crossed)} in {said[:300]}", given)
        for name in sorted(set(self.surface.empty(data))):
            yield self._finding(root, f"says nothing: {name} is an empty text", given)
        if any(error["extensions"]["code"] == "INTERNAL" for error in errors):
            yield self._finding(root, "fails", given)

    def _told_apart(self, answers: Mapping[str, Any], call: Call) -> bool:
        assert call.twin is not None
        mine, other = answers[_key(call.arguments)], answers[_key(call.twin)]
        if _kind(other["data"]).endswith("Receipt"):
            # What was carried out once may well be refused the next time.
            return False
        if {"too_many_attempts", "too_many_jobs"} & {_code(mine["data"]), _code(other["data"])}:
            # How often it was tried says nothing of whose the id is.
            return False
        return _blank(mine, call.arguments) != _blank(other, call.twin)

    def _least(self, root: Root) -> dict[str, Any]:
        return Values("x", lambda _: [NOBODYS]).arguments(root)

    def _finding(self, root: Root, what: str, given: Mapping[str, Any] | None = None) -> Finding:
        return Finding(root.name, self.caller.name, what, _key(given) if given else "")


def fillings(slot: Slot, things: Mapping[str, str]) -> Iterable[tuple[str, Any]]:
    """What a slot is filled with, by what kind of thing that is."""
    match slot.path[-1]:
        case "in":
            known = [*things.values()]
            return [("several", known[at : at + _IN]) for at in range(0, len(known), _IN)]
        case "eq":
            # One by one they find what they find together.
            return [*things.items()][:1]
        case "contains" if slot.kind == "String":
            return [(kind, text) for kind, text in things.items() if not hexes(text)]
        case _:
            return things.items()


def _likely(root: Root, slot: Slot, kind: str) -> bool:
    name = kind.rpartition(".")[2].replace("_", "")
    return name in ("user", "tenant") or name in f"{root.name}{root.shown}{slot}".lower()


def _key(given: Mapping[str, Any]) -> str:
    return json.dumps(given, sort_keys=True)


def _twin(value: Any) -> Any:
    """The same text, or texts, about what nobody has."""
    if not isinstance(value, str):
        return [_twin(each) for each in value]
    for id in hexes(value):
        value = value.replace(str(_uuid(id)), NOBODYS).replace(id, NOBODYS.replace("-", ""))
    return value


def _blank(answer: Any, given: Mapping[str, Any]) -> str:
    """An answer without the ids that were named in asking."""
    text = json.dumps(answer, default=str, sort_keys=True)
    for id in hexes(json.dumps(given)):
        text = text.replace(_uuid(id), "ID").replace(id, "ID")
    return text


def _uuid(id: str) -> str:
    return "-".join((id[:8], id[8:12], id[12:16], id[16:20], id[20:]))


def _code(data: Any) -> str | None:
    return data.get("code") if isinstance(data, dict) else None


def _kind(data: Any) -> str:
    return str(data.get("__typename", "")) if isinstance(data, Mapping) else ""
