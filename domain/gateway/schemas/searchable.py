"""What a schema lets be kept in plain of its events, to be searched and summed: values that are about no person.

    "metadata": {"properties": {"campaign": {"type": "string", "x-searchable": true}}}

It is a note, no rule: it limits no document, and no version goes less together with another for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.gateway.schemas.json_text import canonical, unstorable
from domain.gateway.schemas.keywords import LISTS, ONE, Json
from domain.kit.refusals import Path, Violation, ViolationCode
from domain.kit.sealed import resembles_sealed
from domain.kit.text import normal

SEARCHABLE = "x-searchable"
PERSONAL = ("x-personal", "x-pii")
"""What says that a value, or all that it holds, is about a person."""
MOST_SEARCHABLE = 20
"""How many properties of a schema may be searchable."""
LONGEST_KEY = 100
LONGEST_VALUE = 256
"""Characters of a text that is kept; a longer one is left out."""

_ABOUT_PEOPLE = frozenset({"email", "ipv4", "ipv6"})
_SCALARS = frozenset({"string", "number", "integer", "boolean"})
_ELSEWHERE = ONE | LISTS | {"$ref"}
_SAYS_MORE = frozenset(
    {"$ref", "allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "patternProperties", "then"}
)
"""Keywords by which a schema says more of what its properties say something of."""
_NAME = re.compile("[A-Za-z0-9_-]{1,64}")

Searchable = dict[str, str | int | float | bool]
"""Values by their keys."""
Places = tuple[tuple[str, Path], ...]
"""Properties by their keys, with where each stands in the data."""


def searchable_violations(
    schema: dict[str, Json], parts: Iterable[tuple[Path, dict[str, Json]]]
) -> Iterator[Violation]:
    """What is wrong with what a schema calls searchable; ``parts`` are all schemas in it, itself included."""
    named = 0
    for path, part in parts:
        said = part.get(SEARCHABLE, False)
        here = (*path, SEARCHABLE)
        if not isinstance(said, bool):
            yield Violation(ViolationCode.FORMAT, "must be true or false", here)
        if said is not True:
            continue
        named += 1
        if named == MOST_SEARCHABLE + 1:
            text = f"says more than {MOST_SEARCHABLE} properties to be searchable"
            yield Violation(ViolationCode.TOO_MANY, text, maximum=MOST_SEARCHABLE)
        if (reason := _unsuitable(schema, path)) is not None:
            yield Violation(ViolationCode.UNSUITABLE, reason, here)


def _unsuitable(schema: dict[str, Json], path: Path) -> str | None:
    words, names = path[::2], path[1::2]
    if len(path) % 2 or {*words} != {"properties"} or len(names) < 2 or names[0] not in _ROOTS:
        return "may stand at properties of payload and of metadata alone, and at such of objects in these"
    plain = all(isinstance(name, str) and _NAME.fullmatch(name) for name in names)
    long = len(_key(names)) > LONGEST_KEY
    if not plain or names[:2] == ("metadata", "payload") or long or resembles_sealed(_key(names)):
        return (
            "needs names of A to Z, digits, - and _ around it, none of metadata being payload,"
            f" with {LONGEST_KEY} characters at most"
        )
    part: Json = schema
    around: list[Json] = []
    for word, name in zip(words, names, strict=True):
        around.append(part)
        part = part[word][name]
    kinds = part.get("type")
    kinds = {kinds} if isinstance(kinds, str) else {*kinds} if isinstance(kinds, list) else set()
    if not kinds - {"null"} or not kinds <= _SCALARS | {"null"} or part.keys() & _ELSEWHERE:
        return "needs a type beside it, one or more of string, number, integer and boolean"
    if any(each.keys() & _SAYS_MORE for each in around):
        return "may not stand where allOf, $ref, patternProperties or the like around it could say more of it"
    marked = any(each.get(mark, False) is not False for each in (*around, part) for mark in PERSONAL)
    if marked or part.get("format") in _ABOUT_PEOPLE:
        return "is about a person, so it is kept sealed alone"
    return None


_ROOTS = ("payload", "metadata")


def _key(names: Path) -> str:
    return ".".join(map(str, names[1:] if names[0] == "metadata" else names))


def searchable_places(schema: dict[str, Json]) -> Places:
    """What a schema without violations says to be searchable: ``campaign`` in metadata, ``payload.amount``."""
    return tuple((_key(names), names) for names in _said(schema, ()))


def _said(part: Json, names: Path) -> Iterator[Path]:
    if isinstance(part, dict):
        if part.get(SEARCHABLE) is True:
            yield names
        for name, inner in part.get("properties", {}).items():
            yield from _said(inner, (*names, name))


# Documents are JSON of any shape, hence Any.
def searchable_values(places: Places, data: Mapping[str, Any]) -> Searchable:
    """What of a document that keeps to its schema is kept, by key: no empty text, none that is too
    long, and none that whoever reads stored texts could take for a sealed one."""
    found: Searchable = {}
    for key, names in places:
        value: Any = data
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str):
            value = None if resembles_sealed(value) else normal(value)
        scalar = isinstance(value, str | bool | int | float) and unstorable(value, deepest=1) is None
        if scalar and 0 < len(as_text(value)) <= LONGEST_VALUE:
            found[key] = canonical(value)
    return found


def as_text(value: object) -> str:
    """A searchable value as it is looked for: ``12``, ``12.5``, ``true``, or the text that it is."""
    if isinstance(value, bool):
        return str(value).lower()
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
