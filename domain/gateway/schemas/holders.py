"""What keeps lists and objects of one schema from being such of another: their sizes, and what they hold."""

from collections.abc import Iterator
from typing import Protocol

from domain.gateway.schemas.differences import Pair, SchemaDifference, size_differences
from domain.gateway.schemas.keywords import Json
from domain.kit.refusals import Path

ENDLESS = float("inf")


class PairComparison(Protocol):
    """What compares the schemas of what lists and objects hold."""

    @property
    def lenient(self) -> bool:
        """Whether properties that a schema does not name are neither sent nor read."""
        ...

    def compare(self, writer: Json, reader: Json, path: Path) -> list[SchemaDifference]:
        """What differs at one place and below."""
        ...


def list_differences(comparison: PairComparison, pair: Pair) -> Iterator[SchemaDifference]:
    """Lists that the reader does not take."""
    writer, reader = pair.writer, pair.reader
    most = _most_items(writer)
    yield from size_differences(pair, "minItems", "maxItems", writer.get("minItems", 0), most)
    if reader.get("uniqueItems") and not writer.get("uniqueItems") and most > 1:
        yield pair.differ("uniqueItems", "{w} takes lists that hold an entry twice.")
    ours, needed = writer.get("prefixItems", []), reader.get("prefixItems", [])
    named = max(len(ours), len(needed))
    for place in range(named):
        if place < most:
            item, need = _item(writer, place), _item(reader, place)
            yield from _told(pair, comparison.compare(item, need, (*pair.path, place)), (place,), need)
    if named < most:
        item, need = writer.get("items", True), reader.get("items", True)
        yield from _told(pair, comparison.compare(item, need, (*pair.path, "*")), ("*",), need)


def _told(pair: Pair, found: list[SchemaDifference], at: Path, need: Json) -> Iterator[SchemaDifference]:
    if found and need is False:
        yield pair.differ("items", "{w} takes entries here, and {r} takes none.", at=at)
    else:
        yield from found


def _item(schema: dict[str, Json], place: int) -> Json:
    items = schema.get("prefixItems", [])
    return items[place] if place < len(items) else schema.get("items", True)


def _most_items(schema: dict[str, Json]) -> float:
    said: float = schema.get("maxItems", ENDLESS)
    items = schema.get("prefixItems", [])
    first = next((place for place, item in enumerate(items) if item is False), ENDLESS)
    return min(said, first, len(items) if schema.get("items") is False else ENDLESS)


def object_differences(comparison: PairComparison, pair: Pair) -> Iterator[SchemaDifference]:
    """Objects that the reader does not take."""
    writer, reader = pair.writer, pair.reader
    ours, needed = writer.get("properties", {}), reader.get("properties", {})
    required = set(writer.get("required", ()))
    for name in sorted(set(reader.get("required", ())) - required):
        need = needed.get(name)
        filled = isinstance(need, dict) and "default" in need
        if not (comparison.lenient and filled):
            yield pair.differ("required", "{w} lets this property be left out, and {r} needs it.", at=(name,))
    closed = writer.get("additionalProperties") is False and "patternProperties" not in writer
    most = min(writer.get("maxProperties", ENDLESS), len(ours) if closed else ENDLESS)
    least = max(writer.get("minProperties", 0), len(required))
    yield from size_differences(pair, "minProperties", "maxProperties", least, most)
    yield from _dependent(pair, required)
    if writer.get("patternProperties") or reader.get("patternProperties"):
        unlike = list(_patterns(comparison, pair))
        yield from unlike
        if unlike:
            return
    yield from _properties(comparison, pair, ours, needed)


def _dependent(pair: Pair, required: set[str]) -> Iterator[SchemaDifference]:
    ours = pair.writer.get("dependentRequired", {})
    for name, needs in sorted(pair.reader.get("dependentRequired", {}).items()):
        if set(needs) - required - set(ours.get(name, ())):
            text = "{r} needs other properties beside this one, which {w} lets be left out."
            yield pair.differ("dependentRequired", text, at=(name,))


def _patterns(comparison: PairComparison, pair: Pair) -> Iterator[SchemaDifference]:
    """Names by patterns: decided where both have the same patterns, and the same properties by name."""
    ours, needed = (side.get("patternProperties", {}) for side in (pair.writer, pair.reader))
    names = (side.get("properties", {}).keys() for side in (pair.writer, pair.reader))
    if ours.keys() != needed.keys() or len({frozenset(each) for each in names}) > 1:
        text = "{w} and {r} name properties by different patterns, which cannot be compared."
        yield pair.differ("patternProperties", text, decided=False)
        return
    for pattern in sorted(ours):
        yield from comparison.compare(ours[pattern], needed[pattern], (*pair.path, pattern))


def _properties(
    comparison: PairComparison, pair: Pair, ours: dict[str, Json], needed: dict[str, Json]
) -> Iterator[SchemaDifference]:
    others, taken = (side.get("additionalProperties", True) for side in (pair.writer, pair.reader))
    for name in sorted(ours.keys() | needed.keys()):
        if comparison.lenient and not (name in ours and name in needed):
            continue
        sent, need = ours.get(name, others), needed.get(name, taken)
        found = comparison.compare(sent, need, (*pair.path, name))
        if found and need is False:
            yield pair.differ(
                "additionalProperties" if name not in needed else "properties",
                "{w} has this property, and {r} does not allow it.",
                at=(name,),
            )
        elif found and name not in ours and (sent is True or not sent):
            text = (
                "{w} is open here: its documents may hold this property with other values than {r} takes."
                " The lenient policy supposes that nobody sends what is not named."
            )
            yield pair.differ("properties", text, at=(name,), decided=all(each.decided for each in found))
        else:
            yield from found
    if comparison.lenient:
        return
    found = comparison.compare(others, taken, (*pair.path, "*"))
    if found and taken is False:
        yield pair.differ("additionalProperties", "{w} lets there be other properties, and {r} does not.")
    else:
        yield from found
