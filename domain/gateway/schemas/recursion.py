"""How often a schema has to be looked at for one value: references may multiply that, or never end."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from domain.gateway.schemas.keywords import Json, definition, subschemas
from domain.gateway.schemas.patterns import heavy_states, patterns_of

_HERE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"})
"""Keywords whose schemas are about the same value; those of all others are about what it holds."""


@dataclass(frozen=True, slots=True)
class Evaluations:
    """What a definition may take."""

    count: int
    """How many schemas, at most, are looked at for a value and what it holds, once for each place in it.

    A reference to what it stands in counts once, as the value becomes smaller each time.
    """
    recurs: int
    """How often, at most, it comes back to what it stands in for one part of a value: from 2 on that doubles with
    each level of the document."""
    depth: int
    """How many schemas stand inside one another, with those that are referred to, until one comes back."""
    states: int
    """Of all patterns that have many, for a value and what it holds; see `heavy_states`."""
    looks: int
    """How many schemas, at most, one place in a value is looked at by."""
    divisions: int
    """How often, at most, a number has to be divided by a step, once for each place in a value; a division by one
    of hundreds of digits counts as several."""
    endless: bool
    """Whether it comes back to itself for the very same value."""


def evaluations(schema: dict[str, Json]) -> dict[str, Evaluations]:
    """By the name of each definition, the schema itself under the empty one. References must be known ones.

    Raises RecursionError where definitions name one another thousands deep.
    """
    roots: dict[str, Json] = {"": {key: part for key, part in schema.items() if key != "$defs"}}
    roots |= schema.get("$defs", {})
    named = {name: frozenset(_named(part)) for name, part in roots.items()}
    reached = {name: _reached(name, named) for name in roots}
    sees = {name: frozenset(_named(part, here=True)) for name, part in roots.items()}
    # What names each other belongs together: whatever of it is looked at comes back to itself.
    circles = {name: frozenset(other for other in reached[name] if name in reached[other]) for name in roots}
    sizes: dict[str, _Size] = {}

    def size_of(name: str) -> _Size:
        if name not in sizes:
            sizes[name] = size(roots[name], circles[name])
        return sizes[name]

    def size(part: Json, circle: frozenset[str]) -> _Size:
        if not isinstance(part, dict):
            return _Size(1, 1, 0, 1, 0)
        inside, named = list[_Size](), list[_Size]()
        for (keyword, *_), inner in subschemas(part):
            # A property has one name.
            (named if keyword == "properties" else inside).append(size(inner, circle))
        if "$ref" in part:
            target = definition(part["$ref"]) or ""
            inside.append(_Size(1, 1, 0, 1, 0) if target in circle else size_of(target))
        # Large enough to be refused, and no larger: numbers of thousands of digits take time as well.
        own, both = sum(map(heavy_states, patterns_of(part))), [*inside, *named]
        looks = 1 + sum(each.looks for each in inside) + max((each.looks for each in named), default=0)
        return _Size(
            count=min(1 + sum(each.count for each in both), _MANY),
            depth=1 + max((each.depth for each in both), default=0),
            states=min(own + sum(each.states for each in both), _MANY),
            looks=min(looks, _MANY),
            divisions=min(_divisions(part) + sum(each.divisions for each in both), _MANY),
        )

    return {
        name: Evaluations(
            count=size_of(name).count,
            depth=size_of(name).depth,
            states=size_of(name).states,
            looks=size_of(name).looks,
            divisions=size_of(name).divisions,
            recurs=_recurs(part, circles[name]),
            endless=name in _reached(name, sees),
        )
        for name, part in roots.items()
    }


_MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class _Size:
    """See `Evaluations`."""

    count: int
    depth: int
    states: int
    looks: int
    divisions: int


def _divisions(part: dict[str, Json]) -> int:
    step = part.get("multipleOf", 0)
    return 1 + int(abs(math.log10(step)) // 100) if isinstance(step, int | float) and step > 0 else 0


def _named(part: Json, *, here: bool = False) -> Iterator[str]:
    """What a schema refers to; with ``here``, for the same value alone."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield definition(part["$ref"]) or ""
        for (keyword, *_), inner in subschemas(part):
            if not here or keyword in _HERE:
                yield from _named(inner, here=here)


def _reached(name: str, named: dict[str, frozenset[str]]) -> frozenset[str]:
    """Whatever is named from there on; itself only if it comes back."""
    found: set[str] = set()
    todo = [name]
    while todo:
        for other in named[todo.pop()] - found:
            found.add(other)
            todo.append(other)
    return frozenset(found)


def _recurs(part: Json, circle: frozenset[str]) -> int:
    """The most references back into the circle that one place of a document can be met by."""
    return _most(_places(part, circle)) if circle else 0


def _places(part: Json, circle: frozenset[str]) -> Counter[str]:
    """References back into the circle by the place that they are about, as seen from a value.

    That is the value itself, each of its properties that has a name, all of its properties, and its items.
    """
    found: Counter[str] = Counter()
    if not isinstance(part, dict):
        return found
    if "$ref" in part and (definition(part["$ref"]) or "") in circle:
        found[_SELF] += 1
    for (keyword, *names), inner in subschemas(part):
        below = _places(inner, circle)
        if keyword in _HERE:
            found.update(below)
        elif keyword == "properties":
            found[f"property {names[0]}"] += _most(below)
        elif keyword in ("items", "prefixItems", "contains", "unevaluatedItems"):
            found[f"{_ITEMS} {names[0]}" if keyword == "prefixItems" else _ITEMS] += _most(below)
        elif keyword != "$defs":
            found[_PROPERTIES] += _most(below)
    return found


_SELF, _PROPERTIES, _ITEMS = "itself", "properties", "items"


def _most(places: Counter[str]) -> int:
    everywhere = places[_PROPERTIES]
    items = places[_ITEMS]
    named = [
        count + (everywhere if place.startswith("property ") else items if place != _SELF else 0)
        for place, count in places.items()
        if place not in (_PROPERTIES, _ITEMS)
    ]
    return max([everywhere, items, *named])
