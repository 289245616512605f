"""A schema taken apart into what holds at once: what it says itself, what it refers to, its alternatives."""

import hashlib
from dataclasses import dataclass
from typing import Any

from domain.gateway.schemas.json_text import canonical_text
from domain.gateway.schemas.keywords import LISTS, NAMED, NOTES, ONE, ROOT_ONLY, Json, definition

OPAQUE = frozenset(
    {
        "anyOf",
        "contains",
        "dependentSchemas",
        "else",
        "if",
        "maxContains",
        "minContains",
        "not",
        "oneOf",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""Keywords that are not compared with what stands beside them."""
_APART = (
    ("anyOf",),
    ("oneOf",),
    ("not",),
    ("propertyNames",),
    ("dependentSchemas",),
    ("if", "then", "else"),
    ("contains", "minContains", "maxContains"),
)
"""Those of them that hold whatever stands beside them, each with what belongs to it."""
AROUND = frozenset({"unevaluatedItems", "unevaluatedProperties"})
"""Those that are about what stands beside them."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a schema says, but for what is for people: equal ones say the same."""

    text: bytes
    """A digest of it."""
    names: bool
    """Whether it refers to a definition."""
    itself: bool
    """Whether it refers to the whole schema that it stands in."""


class Identities:
    """Of the parts of schemas, each worked out once; they are kept for as long as this is."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Json, Identity]] = {}

    def of(self, schema: Json) -> Identity:
        """What this schema says."""
        known = self._known.get(id(schema))
        if known is None:
            known = schema, self._made(schema)
            self._known[id(schema)] = known
        return known[1]

    def _made(self, schema: Json) -> Identity:
        if not isinstance(schema, dict):
            return Identity(b"true" if schema else b"false", False, False)
        parts: list[Identity] = []

        def inner(part: Json) -> str:
            parts.append(self.of(part))
            return parts[-1].text.hex()

        said: dict[str, Any] = {}
        for keyword, value in schema.items():
            if keyword in NOTES or keyword in ("$id", "$schema") or keyword.startswith("x-"):
                continue
            if keyword in ONE:
                said[keyword] = inner(value)
            elif keyword in LISTS:
                said[keyword] = [inner(part) for part in value]
            elif keyword in NAMED:
                said[keyword] = {name: inner(part) for name, part in value.items()}
            elif keyword == "required" or (keyword == "type" and isinstance(value, list)):
                said[keyword] = sorted(value)
            else:
                said[keyword] = value
        reference = said.get("$ref")
        return Identity(
            hashlib.blake2b(canonical_text(said), digest_size=16).digest(),
            reference not in (None, "#") or any(part.names for part in parts),
            reference == "#" or any(part.itself for part in parts),
        )


def conjuncts(schema: Json, root: dict[str, Json]) -> list[Json]:
    """What a schema says, as schemas that all hold at once; plain ones are put together where they can be.

    Nothing is left for one that takes everything.
    """
    if isinstance(schema, bool):
        return [] if schema else [False]
    found: list[Json] = []
    bare = {
        keyword: value
        for keyword, value in schema.items()
        if not (keyword in NOTES or keyword in ROOT_ONLY or keyword.startswith("x-"))
    }
    if any(keyword in bare for keyword in AROUND):
        found.append(schema)
        bare = {keyword: value for keyword, value in bare.items() if keyword not in AROUND}
    if "$ref" in bare:
        name = definition(bare.pop("$ref"))
        found += conjuncts(root if name is None else root["$defs"][name], root)
    for part in bare.pop("allOf", ()):
        found += conjuncts(part, root)
    for group in _APART:
        if any(keyword in bare for keyword in group):
            found.append({keyword: bare.pop(keyword) for keyword in group if keyword in bare})
    if bare:
        found.insert(0, bare)
    return _together(found)


def _together(parts: list[Json]) -> list[Json]:
    found: list[Json] = []
    for part in parts:
        for place, other in enumerate(found):
            joined = _joined(other, part)
            if joined is not None:
                found[place] = joined
                break
        else:
            found.append(part)
    return found


def _joined(part: Json, other: Json) -> dict[str, Json] | None:
    """Two plain parts as one, where no keyword of one has to do with what the other says."""
    if not isinstance(part, dict) or not isinstance(other, dict) or OPAQUE & (part.keys() | other.keys()):
        return None
    joined = dict(part)
    for keyword, value in other.items():
        if keyword not in joined or joined[keyword] == value:
            joined[keyword] = value
        elif keyword == "required":
            joined[keyword] = sorted({*joined[keyword], *value})
        elif keyword == "properties" and not joined[keyword].keys() & value.keys():
            joined[keyword] = {**joined[keyword], **value}
        else:
            return None
    around = {"additionalProperties", "patternProperties"}
    if around & joined.keys() and part.get("properties", {}) != other.get("properties", {}):
        return None
    if "items" in joined and part.get("prefixItems") != other.get("prefixItems"):
        return None
    return joined
