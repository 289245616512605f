"""The keywords of JSON Schema 2020-12 that a schema may use here, and where in it other schemas stand."""

import re
from collections.abc import Iterator
from typing import Any

from domain.kit.refusals import Path

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The one value that ``$schema`` may have."""

# Schemas are JSON objects or booleans, hence Any.
Json = Any

TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})

ONE = frozenset(
    {
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""Keywords whose value is one schema."""
LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keywords whose value is a list of schemas."""
NAMED = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
"""Keywords whose value is an object of schemas."""
PLAIN = frozenset(
    {
        "const",
        "dependentRequired",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "required",
        "type",
        "uniqueItems",
    }
)
"""Keywords that limit a value by themselves."""
NOTES = frozenset(
    {
        "$comment",
        "contentEncoding",
        "contentMediaType",
        "default",
        "deprecated",
        "description",
        "examples",
        "readOnly",
        "title",
        "writeOnly",
    }
)
"""Keywords that are for people and programs, and limit nothing."""
ROOT_ONLY = frozenset({"$defs", "$id", "$schema"})
"""Keywords that stand at the top alone."""
KNOWN = ONE | LISTS | NAMED | PLAIN | NOTES | ROOT_ONLY | {"$ref"}

INSTEAD = {
    "$anchor": "name a schema in $defs and refer to it as #/$defs/NAME",
    "$dynamicAnchor": "name a schema in $defs and refer to it as #/$defs/NAME",
    "$dynamicRef": "name a schema in $defs and refer to it as #/$defs/NAME",
    "$recursiveRef": "name a schema in $defs and refer to it as #/$defs/NAME",
    "additionalItems": "use items beside prefixItems",
    "definitions": "use $defs",
    "dependencies": "use dependentRequired or dependentSchemas",
    "id": "use $id",
    "nullable": "add null to the types",
}
"""What to use instead of keywords of other versions of JSON Schema."""

FORMATS = frozenset(
    {
        "date",
        "date-time",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "json-pointer",
        "time",
        "uri",
        "uri-reference",
        "uuid",
    }
)
"""The formats that are asserted; any other is refused, as it would pass over everything in silence."""


_LOCAL = re.compile(r"#/\$defs/([A-Za-z0-9_.-]{1,100})")


def subschemas(schema: dict[str, Json]) -> Iterator[tuple[Path, Json]]:
    """The schemas that stand directly in one, with their places; what is no schema comes as it is."""
    for keyword, value in schema.items():
        if keyword in ONE:
            yield (keyword,), value
        elif keyword in LISTS and isinstance(value, list):
            for place, part in enumerate(value):
                yield (keyword, place), part
        elif keyword in NAMED and isinstance(value, dict):
            for name, part in value.items():
                yield (keyword, name), part


def pointer(path: Path) -> str:
    """A path as a JSON pointer: ``("a/b", 0)`` is ``/a~1b/0``, and the whole document the empty text."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def definition(ref: str) -> str | None:
    """The name in ``$defs`` that a ``$ref`` names, None for ``#``, the schema itself.

    Raises ValueError for any other, which would have to be fetched.
    """
    if ref == "#":
        return None
    found = _LOCAL.fullmatch(ref)
    if found is None:
        raise ValueError(ref)
    return found[1]
