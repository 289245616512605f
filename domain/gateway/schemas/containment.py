"""Whether every document of one schema is one of another, decided for a closed set of keywords.

What is decided is so: where nothing differs, the reader's schema takes all that the writer's does. Where that
cannot be told, it is said. Alternatives are told apart by their types or taken one by one; patterns, `not`, `if`
and their like are compared as equal or not.
"""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from domain.gateway.schemas.differences import (
    Pair,
    SchemaDifference,
    number_differences,
    text_differences,
    type_differences,
    types,
    undecided,
)
from domain.gateway.schemas.holders import list_differences, object_differences
from domain.gateway.schemas.keywords import Json, definition
from domain.gateway.schemas.parts import AROUND, OPAQUE, Identities, conjuncts
from domain.gateway.schemas.patterns import MOST_STATES
from domain.gateway.schemas.recursion import evaluations
from domain.gateway.schemas.schema_rules import LARGEST, PATTERNS
from domain.kit.refusals import Path

MOST_COMPARED = 2_000
"""How many pairs of schemas are looked at before it is said that the two are too much to compare."""


_COMPILED = 20
"""As how many pairs it counts to make what checks values."""


class _TooMuchError(Exception):
    """More pairs than `MOST_COMPARED`."""


class Containment:
    """One comparison of a writer's schema with a reader's, both of which can be used."""

    def __init__(
        self,
        writer: dict[str, Json],
        reader: dict[str, Json],
        *,
        names: tuple[str, str],
        lenient: bool,
        left: int = MOST_COMPARED,
    ) -> None:
        self._roots = writer, reader
        self._names = names
        self.lenient = lenient
        self.left = left
        """How many pairs of schemas may still be looked at."""
        # Pairs that are being compared: that they go together is taken for granted further in, as documents end.
        self._open: set[tuple[int, int]] = set()
        # Parts that are made here live as long as the comparison, or their addresses would be used again.
        self._made: list[Json] = []
        self._identities = Identities()
        writer_identity, reader_identity = map(self._identities.of, self._roots)
        self._same_roots = writer_identity.text == reader_identity.text
        mine, yours = (self._identities.of({"$defs": root.get("$defs", {})}) for root in self._roots)
        self._same_names = mine.text == yours.text

    def differences(self) -> list[SchemaDifference]:
        """Every place at which they do not go together, or may not."""
        try:
            return self.compare(*self._roots, ())
        except (_TooMuchError, RecursionError):
            reason = "These schemas are too large to be compared."
            return [SchemaDifference("", "", reason, decided=False)]

    def compare(self, writer: Json, reader: Json, path: Path) -> list[SchemaDifference]:
        """What differs at one place and below."""
        self.left -= 1
        if self.left < 0:
            raise _TooMuchError
        writer, reader = self._followed(writer, 0), self._followed(reader, 1)
        if writer is False or reader is True or self._equal(writer, reader):
            return []
        pair = id(writer), id(reader)
        if pair in self._open:
            return []
        self._open.add(pair)
        try:
            return list(self._compared(writer, reader, path))
        finally:
            self._open.discard(pair)

    def _followed(self, schema: Json, side: int) -> Json:
        """What a schema that is a reference alone names: a definition has one address, wherever it is named."""
        while isinstance(schema, dict) and schema.keys() == {"$ref"}:
            name = definition(schema["$ref"])
            schema = self._roots[side] if name is None else self._roots[side]["$defs"][name]
        return schema

    def _equal(self, writer: Json, reader: Json) -> bool:
        same, other = self._identities.of(writer), self._identities.of(reader)
        if same.text != other.text:
            return False
        return self._same_roots or (not same.itself and (self._same_names or not same.names))

    def _compared(self, writer: Json, reader: Json, path: Path) -> Iterator[SchemaDifference]:
        parts, needs = self._conjuncts(writer, 0), self._conjuncts(reader, 1)
        listed = self._listed(writer, parts, needs)
        if listed is not None:
            valid = self._validator(reader, 1)
            if valid is not None:
                for value in listed:
                    if not valid.is_valid(value):
                        reason = f"{{w}} takes the value {value!r}, which {{r}} does not."
                        yield self._at({}, {}, path).differ("enum", reason[:200])
                return
        for need in needs:
            yield from self._against(parts, need, path)

    def _against(self, parts: list[Json], need: Json, path: Path) -> list[SchemaDifference]:
        """What differs between all that the writer's schema says at once and one thing that the reader's says."""
        if need is False:
            return [self._at({}, {}, path).differ("false", "{r} takes nothing here, and {w} does.")]
        if any(part is False or self._equal(part, need) for part in parts):
            return []
        alternatives = next((key for key in ("anyOf", "oneOf") if key in need), None)
        if alternatives and not AROUND & need.keys():
            return self._any(parts, need, alternatives, path)
        if found := next((key for key in (*AROUND, *need) if key in need and key in OPAQUE), None):
            reason = (
                f"{{r}} says {found}, which is compared as equal or not, and {{w}} does not say the same."
            )
            return [self._at({}, {}, path).differ(found, reason, decided=False)]
        plain = [part for part in parts if not OPAQUE & part.keys()]
        tried = [list(self._plain(part, need, path)) for part in plain or [{}]]
        if [] in tried:
            return []
        for part in parts:
            for key in ("anyOf", "oneOf"):
                if key in part:
                    branches = [self.compare(branch, need, path) for branch in part[key]]
                    if not any(branches):
                        return []
                    if len(parts) == 1 and key == "anyOf":
                        return [difference for branch in branches for difference in branch]
        fewest = min(tried, key=len)
        return fewest if len(parts) == len(plain) == 1 or not parts else undecided(fewest)

    def _any(
        self, parts: list[Json], need: dict[str, Json], keyword: str, path: Path
    ) -> list[SchemaDifference]:
        """What differs from alternatives of the reader's: one of them has to take all of one of the writer's."""
        branches: list[Json] = need[keyword]
        if keyword == "oneOf" and not _apart([self._types(branch, 1) for branch in branches]):
            reason = "{r} takes one of several kinds that may overlap, which cannot be compared."
            return [self._at({}, {}, path).differ(keyword, reason, decided=False)]
        for part in parts:
            for key in ("anyOf", "oneOf"):
                if key in part:
                    each = [self.compare(branch, need, path) for branch in part[key]]
                    if not any(each):
                        return []
        whole = self._make(parts[0] if len(parts) == 1 else {"allOf": parts} if parts else {})
        if any(not self.compare(whole, branch, path) for branch in branches):
            return []
        if len(parts) <= 1 and len(types(whole)) > 1 and not (OPAQUE | {"enum", "const"}) & whole.keys():
            # A value has one type, so each may have a kind of its own.
            apart = types(whole) - ({"integer"} if "number" in types(whole) else frozenset())
            return [
                difference
                for kind in sorted(apart)
                for difference in self.compare(self._make({**whole, "type": kind}), need, path)
            ]
        kinds = self._types(whole, 0)
        taken = frozenset().union(*(self._types(branch, 1) for branch in branches))
        if kinds and not kinds & taken:
            listed = " or ".join(sorted(kinds))
            reason = f"{{w}} lets it be of the type {listed}, which none of the kinds that {{r}} takes is."
            return [self._at({}, {}, path).differ(keyword, reason)]
        reason = (
            "{w} fits none of the kinds that {r} takes as a whole; whether it fits several cannot be told."
        )
        return [self._at({}, {}, path).differ(keyword, reason, decided=False)]

    def _plain(
        self, writer: dict[str, Json], reader: dict[str, Json], path: Path
    ) -> Iterator[SchemaDifference]:
        pair = self._at(writer, reader, path)
        if "enum" in reader or "const" in reader:
            yield pair.differ("enum", "{r} takes listed values alone, and {w} has no such list.")
            return
        yield from type_differences(pair)
        both = types(writer) & types(reader)
        if "integer" in both:
            yield from number_differences(pair)
        if "string" in both:
            yield from text_differences(pair)
        if "array" in both:
            yield from list_differences(self, pair)
        if "object" in both:
            yield from object_differences(self, pair)

    def _conjuncts(self, schema: Json, side: int) -> list[Json]:
        found = conjuncts(schema, self._roots[side])
        self._made.extend(found)
        return found

    def _make(self, schema: Json) -> Json:
        self._made.append(schema)
        return schema

    def _types(self, schema: Json, side: int) -> frozenset[str]:
        """The types that a value may have, as far as the keyword says so in all that holds at once."""
        found = types(True)
        for part in self._conjuncts(schema, side):
            found &= types(part)
            for key in ("anyOf", "oneOf"):
                if isinstance(part, dict) and key in part:
                    found &= frozenset().union(*(self._types(branch, side) for branch in part[key]))
        return found

    def _listed(self, writer: Json, parts: list[Json], needs: list[Json]) -> list[Any] | None:
        """All values that the writer's schema takes, when they are a list; None when they are not."""
        lists = any(isinstance(need, dict) and ("enum" in need or "const" in need) for need in needs)
        for part in parts:
            values: list[Any] | None = None
            if isinstance(part, dict):
                if "const" in part:
                    values = [part["const"]]
                elif "enum" in part:
                    values = part["enum"]
                elif lists and types(part) <= {"null", "boolean"}:
                    values = [None] * ("null" in types(part)) + [True, False] * ("boolean" in types(part))
            if values is not None:
                valid = self._validator(writer, 0)
                return None if valid is None else [value for value in values if valid.is_valid(value)]
        return None

    def _validator(self, schema: Json, side: int) -> jsonschema_rs.Draft202012Validator | None:
        """What checks a value by a part of a schema; None where that refers to the whole, or costs too much."""
        self.left -= _COMPILED
        whole = schema
        if isinstance(schema, dict) and schema is not self._roots[side]:
            names = self._roots[side].get("$defs", {})
            identity = self._identities.of(schema)
            if identity.itself or (identity.names and self._identities.of({"$defs": names}).itself):
                return None
            whole = {**schema, "$defs": names} if identity.names else schema
        if isinstance(whole, dict) and evaluations(whole)[""].states * LARGEST > MOST_STATES:
            return None
        return jsonschema_rs.Draft202012Validator(
            whole, validate_formats=True, offline=True, pattern_options=PATTERNS
        )

    def _at(self, writer: dict[str, Json], reader: dict[str, Json], path: Path) -> Pair:
        return Pair(writer, reader, path, self._names)


def _apart(kinds: list[frozenset[str]]) -> bool:
    """Whether no two have a type in common."""
    return sum(map(len, kinds)) == len(frozenset().union(*kinds))
