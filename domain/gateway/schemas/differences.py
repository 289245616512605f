"""What keeps documents of one schema from being documents of another, for values that hold no others."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from domain.gateway.schemas.keywords import TYPES, Json, pointer
from domain.kit.refusals import Path


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """A place at which a document of one schema, the writer's, may not be one of the other, the reader's."""

    path: str
    """Where in documents, as a JSON pointer in which ``*`` stands for every entry or every other property."""
    rule: str
    """The keyword that makes the difference."""
    reason: str
    """A sentence for people."""
    decided: bool = True
    """False where it may be that all documents go together, but that cannot be told."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two schemas without alternatives and references, at one place."""

    writer: dict[str, Json]
    reader: dict[str, Json]
    path: Path
    names: tuple[str, str]
    """What to call the two in a sentence: version 3, the new schema."""

    def differ(self, rule: str, reason: str, *, at: Path = (), decided: bool = True) -> SchemaDifference:
        """A difference here, or below; ``{w}`` and ``{r}`` in the reason name the writer's and reader's schema."""
        # No `format`: a reason may name what a schema calls its properties.
        text = reason.replace("{w}", self.names[0]).replace("{r}", self.names[1])
        return SchemaDifference(pointer((*self.path, *at)), rule, text[0].upper() + text[1:], decided)


def types(schema: Json) -> frozenset[str]:
    """The types that a value may have, by the keyword alone; a number without a fraction is both."""
    if not isinstance(schema, dict):
        return TYPES if schema else frozenset()
    said = schema.get("type")
    found = TYPES if said is None else frozenset([said] if isinstance(said, str) else said)
    if "number" in found and _whole(schema.get("multipleOf")):
        found = (found - {"number"}) | {"integer"}
    return found | {"integer"} if "number" in found else found


def _whole(step: Any) -> bool:
    return step is not None and Fraction(str(step)).denominator == 1


def type_differences(pair: Pair) -> Iterator[SchemaDifference]:
    """Types that the reader does not take."""
    missing = types(pair.writer) - types(pair.reader)
    # Whoever does not take all numbers is told about those alone.
    missing -= {"integer"} if "number" in missing else frozenset()
    if missing:
        listed = " or ".join(sorted(missing))
        yield pair.differ("type", f"{{w}} lets it be of the type {listed}, which {{r}} does not take.")


def number_differences(pair: Pair) -> Iterator[SchemaDifference]:
    """Numbers that the reader does not take."""
    low, high = _bound(pair.writer, "minimum", 1), _bound(pair.writer, "maximum", -1)
    need_low, need_high = _bound(pair.reader, "minimum", 1), _bound(pair.reader, "maximum", -1)
    if need_low is not None and (low is None or low < need_low):
        yield pair.differ("minimum", "{w} takes smaller numbers than {r} does.")
    if need_high is not None and (high is None or high < need_high):
        yield pair.differ("maximum", "{w} takes larger numbers than {r} does.")
    step = pair.reader.get("multipleOf")
    if step is not None:
        ours = pair.writer.get("multipleOf", None if "number" in types(pair.writer) else 1)
        if ours is None or Fraction(str(ours)) % Fraction(str(step)) != 0:
            yield pair.differ("multipleOf", f"{{w}} takes numbers that are no multiples of {step}.")


def _bound(schema: dict[str, Json], keyword: str, sign: int) -> tuple[Fraction, int] | None:
    """The tighter of two bounds, comparable: the larger the tighter, and an excluded one before the other."""
    name = keyword[0].upper() + keyword[1:]
    found = [
        (sign * Fraction(str(schema[key])), excluded)
        for key, excluded in ((keyword, 0), (f"exclusive{name}", 1))
        if key in schema
    ]
    if not found:
        return None
    value, excluded = max(found)
    if "number" not in types(schema):
        # Of whole numbers, more than 3 is at least 4.
        return Fraction(math.floor(value) + 1 if excluded else math.ceil(value)), 0
    return value, excluded


def text_differences(pair: Pair) -> Iterator[SchemaDifference]:
    """Texts that the reader does not take."""
    writer, reader = pair.writer, pair.reader
    # A pattern or a format may keep a text short, or make it one of another format.
    free = "pattern" not in writer and "format" not in writer
    if reader.get("minLength", 0) > writer.get("minLength", 0):
        yield pair.differ("minLength", "{w} takes shorter texts than {r} does.", decided=free)
    if "maxLength" in reader and reader["maxLength"] < writer.get("maxLength", float("inf")):
        yield pair.differ("maxLength", "{w} takes longer texts than {r} does.", decided=free)
    formats = writer.get("format"), reader.get("format")
    if formats[1] not in (None, formats[0]) and formats != ("uri", "uri-reference"):
        text = f"{{w}} takes texts that are not written as {formats[1]} is."
        yield pair.differ("format", text, decided="pattern" not in writer)
    if "pattern" in reader and reader["pattern"] != writer.get("pattern"):
        text = "{r} has a pattern that {w} does not have, and patterns are compared as equal or not."
        yield pair.differ("pattern", text, decided=False)


def size_differences(
    pair: Pair, least: str, most: str, low: float, high: float
) -> Iterator[SchemaDifference]:
    """Too few or too many entries or properties, of which the writer's have from ``low`` to ``high``."""
    if pair.reader.get(least, 0) > low:
        yield pair.differ(least, "{w} takes fewer of them than {r} does.")
    if pair.reader.get(most, float("inf")) < high:
        yield pair.differ(most, "{w} takes more of them than {r} does.")


def undecided(differences: list[SchemaDifference]) -> list[SchemaDifference]:
    """The same, of a writer who is limited by more than was looked at."""
    return [replace(difference, decided=False) for difference in differences]
