"""Schemas ready to check documents by, at most so many bytes of them at once."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
from cachetools import LRUCache

from domain.gateway.schemas.json_text import canonical_text
from domain.gateway.schemas.keywords import Json, subschemas
from domain.gateway.schemas.patterns import MOST_STATES
from domain.gateway.schemas.recursion import evaluations
from domain.gateway.schemas.schema_rules import PATTERNS, plain, schema_violations
from domain.gateway.schemas.searchable import searchable_places
from domain.gateway.schemas.violation_texts import CODES, SchemaViolation, limits, reason
from domain.kit.refusals import MOST, Invalid, ViolationCode

LISTED = 8_192
"""Of a document that takes more bytes than this as JSON, the first violation alone is told: each one costs."""
MOST_LOOKS = 10_000_000
"""Schemas times values of a document, each a look of at most some fifty nanoseconds."""
MOST_DIVISIONS = 20_000
"""Steps (`multipleOf`) times numbers of a document, each a division of some microseconds."""
DEEPEST_DOCUMENT = 100
"""How many objects and lists may stand inside one another in a document."""
HELD = 64 * 1024 * 1024
"""About how many bytes of compiled schemas are kept."""

_EMAIL = jsonschema_rs.EmailOptions(allow_display_text=False, allow_domain_literal=False)
# Measured: what a compiled schema takes for each byte of its text, and the most that a pattern does.
_PER_BYTE, _PER_PATTERN, _LEAST = 16, 65_536, 4_096


class CompiledSchema:
    """A schema that documents are checked by; each place that is wrong is told.

    Formats are checked, whole numbers may be written as ``1.0``, a date and time may have a leap second, and
    nothing is ever fetched. Raises Invalid, about the field ``schema``, for one that cannot be used.
    """

    def __init__(self, schema: dict[str, Json]) -> None:
        if found := schema_violations(schema):
            raise Invalid.of([violation.below("schema") for violation in found])
        self.schema = plain(schema)
        self.searchable = searchable_places(schema)
        """What of its documents may be kept in plain."""
        self.declared = _declared(schema, "payload"), _declared(schema, "metadata")
        """The members of payload and of metadata that it declares."""
        self._validator = jsonschema_rs.Draft202012Validator(
            self.schema,
            validate_formats=True,
            ignore_unknown_formats=False,
            offline=True,
            pattern_options=PATTERNS,
            email_options=_EMAIL,
        )
        patterns, longest = _measures(self.schema)
        self.weight = len(canonical_text(schema)) * _PER_BYTE + patterns * _PER_PATTERN + _LEAST
        """About how many bytes it takes in memory."""
        # Each violation of an `enum` has a copy of all that was allowed.
        self._listed = LISTED // (1 + longest // 50)
        found_of = evaluations(schema)
        self._recurs = any(found.recurs for found in found_of.values())
        self._looks, self._divisions = found_of[""].looks, found_of[""].divisions
        states = found_of[""].states
        self._most = MOST_STATES // states if states else None
        """Bytes of the longest document that its patterns are tried on; None for any."""

    def check(self, document: Any) -> list[SchemaViolation]:
        """What is wrong with a document of JSON values, at most `MOST`; nothing when it keeps to the schema.

        Raises nothing, whatever the document holds. Of a large one the first violation alone is told.
        """
        try:
            size = len(msgspec.json.encode(document))
            if self._most is not None and size > self._most:
                return [_too_costly(self._most)]
            if (violation := self._too_many(document, size)) is not None:
                return [violation]
            if self._recurs and _deeper_than(document, DEEPEST_DOCUMENT):
                return [_too_deep()]
            if self._validator.is_valid(document):
                return []
            return list(self._violations(document, size))
        except RecursionError:
            return [_too_deep()]
        # What is no JSON: a lone surrogate, a number or an object that JSON has none for.
        except (TypeError, ValueError):
            return [SchemaViolation((), "", ViolationCode.FORMAT, "The document holds what is not JSON.")]

    def _too_many(self, document: Any, size: int) -> SchemaViolation | None:
        """What is wrong with a document of more values than this schema can be looked for in a short time."""
        # A value takes two bytes at least, with what parts it from the next.
        if self._divisions * size > 2 * MOST_DIVISIONS:
            numbers = sum(type(value) in (int, float) for value in _values(document))
            if self._divisions * numbers > MOST_DIVISIONS:
                return _too_many_values("multipleOf", "numbers", MOST_DIVISIONS // self._divisions)
        if self._looks * size > 2 * MOST_LOOKS:
            values = sum(1 for _ in _values(document))
            if self._looks * values > MOST_LOOKS:
                return _too_many_values("", "values", MOST_LOOKS // self._looks)
        return None

    def _violations(self, document: Any, size: int) -> Iterator[SchemaViolation]:
        if size > self._listed:
            try:
                self._validator.validate(document)
            except jsonschema_rs.ValidationError as first:
                yield from list(_told(first))[:1]
            return
        count = 0
        for error in self._validator.iter_errors(document):
            for violation in _told(error):
                yield violation
                count += 1
                if count == MOST:
                    return


def _told(error: jsonschema_rs.ValidationError) -> Iterator[SchemaViolation]:
    """A violation for each value that is wrong; none of them repeats what the document holds."""
    kind = error.kind
    last = error.schema_path[-1] if error.schema_path else ""
    # That no other property is allowed is said as a schema that allows nothing where none has a name.
    rule = last if kind.name == "falseSchema" and last in CODES else kind.name
    places: list[tuple[str | int, ...]] = [()]
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            places = [(name,)]
        case (
            jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=names)
            | jsonschema_rs.ValidationErrorKind.UnevaluatedProperties(unexpected=names)
        ):
            places = [(name,) for name in names]
    code = CODES.get(str(rule), ViolationCode.RULE)
    minimum, maximum, allowed = limits(kind)
    text = reason(str(rule), kind)
    for place in places:
        path = (*error.instance_path, *place)
        yield SchemaViolation(path, str(rule), code, text, minimum, maximum, allowed)


def _too_deep() -> SchemaViolation:
    text = f"Objects and lists are nested deeper than {DEEPEST_DOCUMENT}."
    return SchemaViolation((), "", ViolationCode.TOO_DEEP, text, maximum=DEEPEST_DOCUMENT)


def _too_costly(most: int) -> SchemaViolation:
    text = f"The patterns of this schema are tried on documents of {most} bytes at most."
    return SchemaViolation((), "pattern", ViolationCode.TOO_LARGE, text, maximum=most)


def _too_many_values(rule: str, what: str, most: int) -> SchemaViolation:
    text = f"This schema is tried on documents of {most} {what} at most."
    return SchemaViolation((), rule, ViolationCode.TOO_LARGE, text, maximum=most)


def _values(document: Any) -> Iterator[Any]:
    """All values in a document, itself included."""
    pending = [document]
    while pending:
        value = pending.pop()
        yield value
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value


def _deeper_than(value: Any, limit: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if limit == 0:
        return True
    return any(
        _deeper_than(part, limit - 1) for part in (value.values() if isinstance(value, dict) else value)
    )


def _declared(schema: dict[str, Json], part: str) -> frozenset[str]:
    inside = schema.get("properties", {}).get(part)
    members = inside.get("properties", {}) if isinstance(inside, dict) else {}
    return frozenset(name for name, member in members.items() if member is not False)


def _measures(schema: Json) -> tuple[int, int]:
    """How many patterns there are, and how many values the longest ``enum`` has."""
    if not isinstance(schema, dict):
        return 0, 0
    inside = [_measures(part) for _, part in subschemas(schema)]
    patterns = ("pattern" in schema) + len(schema.get("patternProperties", ()))
    return (
        patterns + sum(count for count, _ in inside),
        max([len(schema.get("enum", ())), *(longest for _, longest in inside)]),
    )


class CompiledSchemas:
    """The compiled schemas of a process: those that were not used for the longest time go first."""

    def __init__(self, held: int = HELD) -> None:
        self._held: LRUCache[bytes, CompiledSchema] = LRUCache(held, getsizeof=lambda schema: schema.weight)

    def get(self, schema: dict[str, Json]) -> CompiledSchema:
        """The schema compiled, now or before. Raises Invalid as `CompiledSchema` does."""
        return self.by_text(canonical_text(schema))

    def by_text(self, text: bytes) -> CompiledSchema:
        """The same, by the canonical text of the schema, for who has it at hand."""
        compiled = self._held.get(text)
        if compiled is None:
            compiled = CompiledSchema(msgspec.json.decode(text))
            # One that is larger than all that may be held is used and not kept.
            if compiled.weight <= self._held.maxsize:
                self._held[text] = compiled
        return compiled

    def __len__(self) -> int:
        return len(self._held)
