"""What a schema must keep to before anything is checked by it: known keywords, no references out of it, bounds.

Whoever registers a schema is not trusted: it may be made to read files, to call hosts, or to take for ever.
"""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec

from domain.gateway.schemas.json_text import unstorable
from domain.gateway.schemas.keywords import (
    DIALECT,
    FORMATS,
    INSTEAD,
    KNOWN,
    NAMED,
    ROOT_ONLY,
    Json,
    definition,
    subschemas,
)
from domain.gateway.schemas.recursion import evaluations
from domain.gateway.schemas.searchable import searchable_violations
from domain.kit.refusals import MOST, Path, Violation, ViolationCode

LARGEST = 65_536
"""The most bytes that a schema takes as JSON in UTF-8."""
DEEPEST = 32
"""How many schemas may stand inside one another."""
NESTED = 100
"""How many objects and lists may stand inside one another, what `const` and `default` hold included."""
MOST_LEVELS = 100
"""How many schemas may stand inside one another with those that are referred to."""
MOST_EVALUATIONS = 2_000
"""How many schemas may have to be looked at for one value, those that are referred to counted each time."""
MOST_PATTERNS = 50
LONGEST_PATTERN = 500

PATTERNS = jsonschema_rs.RegexOptions(size_limit=1 << 18, dfa_size_limit=1 << 16)
"""The engine that takes a time linear in the text, whatever the pattern, and has no look-around therefore."""


def schema_violations(schema: dict[str, Json]) -> list[Violation]:
    """What is wrong with a schema, at most `MOST`, none when it can be used; paths are places in the schema."""
    size = _size_violation(schema)
    if size is not None:
        return [size]
    found = list(_limited(_structure(schema)))
    if found:
        return found
    found = list(_limited(_bounds(schema))) or list(_limited(_meta(schema)))
    parts = ((path, part) for path, part, _ in _walk(schema))
    return found or list(_limited(searchable_violations(schema, parts)))


def misplaced(schema: dict[str, Json]) -> list[Violation]:
    """What a schema says of other properties of `data` than there are, as if that were the payload."""
    named = [(("properties", name), name) for name in schema.get("properties", {})]
    needed = [(("required", place), name) for place, name in enumerate(schema.get("required", ()))]
    reason = "is neither payload nor metadata, of which the data of an event consists"
    return [
        Violation(ViolationCode.UNSUITABLE, reason, path)
        for path, name in (*named, *needed)[:MOST]
        if name not in ("payload", "metadata")
    ]


def _limited(violations: Iterator[Violation]) -> Iterator[Violation]:
    for _, violation in zip(range(MOST), violations, strict=False):
        yield violation


def _size_violation(schema: dict[str, Json]) -> Violation | None:
    try:
        size = len(msgspec.json.encode(schema))
    except RecursionError:
        return _too_deep(NESTED)
    except (TypeError, UnicodeEncodeError):
        return Violation(ViolationCode.FORMAT, "holds what is not JSON")
    if size > LARGEST:
        return Violation(ViolationCode.TOO_LARGE, f"takes more than {LARGEST} bytes", maximum=LARGEST)
    return unstorable(schema, deepest=NESTED)


def _too_deep(limit: int, path: Path = ()) -> Violation:
    return Violation(ViolationCode.TOO_DEEP, f"is nested deeper than {limit}", path, maximum=limit)


def _walk(schema: Json, path: Path = (), depth: int = 1) -> Iterator[tuple[Path, dict[str, Json], int]]:
    """Every schema in one that is an object, itself first."""
    if isinstance(schema, dict):
        yield path, schema, depth
        if depth <= DEEPEST:
            for place, part in subschemas(schema):
                yield from _walk(part, (*path, *place), depth + 1)


def _structure(schema: dict[str, Json]) -> Iterator[Violation]:
    names = schema.get("$defs")
    names = set(names) if isinstance(names, dict) else set()
    for path, part, depth in _walk(schema):
        if depth > DEEPEST:
            yield _too_deep(DEEPEST, path)
            continue
        for place, inner in subschemas(part):
            if not isinstance(inner, dict | bool):
                yield Violation(
                    ViolationCode.FORMAT, "must be a schema, an object or a boolean", (*path, *place)
                )
        for keyword, value in part.items():
            here = (*path, keyword)
            if keyword.startswith("x-"):
                continue
            if keyword not in KNOWN:
                instead = f": {INSTEAD[keyword]}" if keyword in INSTEAD else ""
                yield Violation(ViolationCode.UNSUITABLE, f"is no keyword that is known here{instead}", here)
            elif keyword in ROOT_ONLY and path:
                yield Violation(ViolationCode.UNSUITABLE, "may stand at the top of a schema alone", here)
            elif keyword in NAMED and not isinstance(value, dict):
                yield Violation(ViolationCode.FORMAT, "must be an object", here)
            elif keyword == "$schema" and value != DIALECT:
                yield Violation(ViolationCode.UNSUITABLE, f"must be {DIALECT}", here)
            elif keyword == "$ref":
                yield from _reference(value, names, here)
            elif keyword == "format" and (not isinstance(value, str) or value not in FORMATS):
                yield Violation(ViolationCode.UNSUITABLE, f"is none of {', '.join(sorted(FORMATS))}", here)


def _reference(value: Json, names: set[str], here: Path) -> Iterator[Violation]:
    try:
        name = definition(value) if isinstance(value, str) else ""
    except ValueError:
        name = ""
    if name == "":
        text = "may refer to # or #/$defs/NAME alone, as nothing outside of the schema is read"
        yield Violation(ViolationCode.UNSUITABLE, text, here)
    elif name is not None and name not in names:
        yield Violation(ViolationCode.UNSUITABLE, f"refers to {name}, which is not in $defs", here)


def _bounds(schema: dict[str, Json]) -> Iterator[Violation]:
    patterns = 0
    for path, part, _ in _walk(schema):
        for place, text in _patterns(part):
            patterns += 1
            if patterns == MOST_PATTERNS + 1:
                yield Violation(
                    ViolationCode.TOO_MANY,
                    f"holds more than {MOST_PATTERNS} patterns",
                    maximum=MOST_PATTERNS,
                )
            if len(text) > LONGEST_PATTERN:
                yield Violation(
                    ViolationCode.TOO_LONG,
                    f"is a pattern of more than {LONGEST_PATTERN} characters",
                    (*path, *place),
                    maximum=LONGEST_PATTERN,
                )
            elif not _usable(text):
                yield Violation(
                    ViolationCode.FORMAT,
                    "is a pattern that is not understood: look-around and back-references are none that can"
                    " be, and repetitions of repetitions may be too large",
                    (*path, *place),
                )
    try:
        each = evaluations(schema)
    except RecursionError:
        yield _too_deep(DEEPEST)
        return
    for name, found in each.items():
        here: Path = ("$defs", name) if name else ()
        if found.endless:
            yield Violation(
                ViolationCode.UNSUITABLE, "refers to itself for the same value, so it never ends", here
            )
        elif found.recurs > 1:
            yield Violation(
                ViolationCode.UNSUITABLE,
                "refers to itself more than once for the same value, which may take for ever",
                here,
            )
        elif found.depth > MOST_LEVELS:
            yield _too_deep(MOST_LEVELS, here)
        elif found.count > MOST_EVALUATIONS:
            yield Violation(
                ViolationCode.TOO_LARGE,
                f"takes more than {MOST_EVALUATIONS} schemas for one value, with those that it refers to",
                here,
                maximum=MOST_EVALUATIONS,
            )


def _patterns(part: dict[str, Json]) -> Iterator[tuple[Path, str]]:
    if isinstance(part.get("pattern"), str):
        yield ("pattern",), part["pattern"]
    for text in part.get("patternProperties", ()):
        yield ("patternProperties", text), text


def _usable(text: str) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": text}, pattern_options=PATTERNS, offline=True)
    except ValueError:
        return False
    return True


def _meta(schema: dict[str, Any]) -> Iterator[Violation]:
    """What the standard's own schema finds wrong, as a limit that is no number."""
    try:
        jsonschema_rs.meta.validate(plain(schema))
    except jsonschema_rs.ValidationError as error:
        yield Violation(ViolationCode.FORMAT, "is not what this keyword takes", tuple(error.instance_path))
    except ValueError:
        yield _too_deep(DEEPEST)


def plain(schema: dict[str, Json]) -> dict[str, Json]:
    """The schema without a name and a dialect of its own, so that ``#`` is itself whatever it is called."""
    return {keyword: value for keyword, value in schema.items() if keyword not in ("$id", "$schema")}
