"""What is told of a document that does not keep to its schema: never what it holds, which may be about people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import ValidationErrorKind as Kind

from domain.gateway.schemas.keywords import pointer
from domain.kit.refusals import Path, ViolationCode

MOST_ALLOWED = 20
"""How many of the allowed values are told."""


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """One value that does not keep to its schema."""

    place: Path
    """Where it stands in the document, or would stand; empty is the whole of it."""
    rule: str
    """The keyword of the schema that it breaks; empty where the document is no JSON that can be checked."""
    code: ViolationCode
    message: str
    """A sentence for people."""
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    """What would do, for people: types, the format, the first values of a list."""

    @property
    def path(self) -> str:
        """Its place as a JSON pointer."""
        return pointer(self.place)


CODES: Mapping[str, ViolationCode] = {
    "additionalProperties": ViolationCode.UNSUITABLE,
    "anyOf": ViolationCode.UNSUITABLE,
    "const": ViolationCode.UNSUITABLE,
    "contains": ViolationCode.TOO_FEW,
    "enum": ViolationCode.UNSUITABLE,
    "exclusiveMaximum": ViolationCode.TOO_LARGE,
    "exclusiveMinimum": ViolationCode.TOO_SMALL,
    "falseSchema": ViolationCode.UNSUITABLE,
    "format": ViolationCode.FORMAT,
    "maxItems": ViolationCode.TOO_MANY,
    "maxLength": ViolationCode.TOO_LONG,
    "maxProperties": ViolationCode.TOO_MANY,
    "maximum": ViolationCode.TOO_LARGE,
    "minItems": ViolationCode.TOO_FEW,
    "minLength": ViolationCode.TOO_SHORT,
    "minProperties": ViolationCode.TOO_FEW,
    "minimum": ViolationCode.TOO_SMALL,
    "multipleOf": ViolationCode.FORMAT,
    "not": ViolationCode.UNSUITABLE,
    "oneOf": ViolationCode.UNSUITABLE,
    "pattern": ViolationCode.FORMAT,
    "propertyNames": ViolationCode.FORMAT,
    "required": ViolationCode.REQUIRED,
    "type": ViolationCode.FORMAT,
    "unevaluatedItems": ViolationCode.TOO_MANY,
    "unevaluatedProperties": ViolationCode.UNSUITABLE,
    "uniqueItems": ViolationCode.UNSUITABLE,
}
"""The code of each rule."""

_TEXTS = {
    "additionalProperties": "The schema has no such property.",
    "anyOf": "The value is none of the kinds that the schema allows.",
    "const": "The value is not the one that the schema allows.",
    "contains": "The list does not hold as many entries of the kind that the schema asks for.",
    "exclusiveMaximum": "The number must be less than {limit}.",
    "exclusiveMinimum": "The number must be more than {limit}.",
    "falseSchema": "The schema allows no value here.",
    "format": "The text is not written as {allowed} is.",
    "maxItems": "The list must have at most {limit} entries.",
    "maxLength": "The text must have at most {limit} characters.",
    "maxProperties": "The object must have at most {limit} properties.",
    "maximum": "The number must be at most {limit}.",
    "minItems": "The list must have at least {limit} entries.",
    "minLength": "The text must have at least {limit} characters.",
    "minProperties": "The object must have at least {limit} properties.",
    "minimum": "The number must be at least {limit}.",
    "multipleOf": "The number must be a multiple of {limit}.",
    "not": "The value is of a kind that the schema excludes.",
    "oneOf": "The value is not of exactly one of the kinds that the schema allows.",
    "pattern": "The text does not match the pattern of the schema.",
    "propertyNames": "A property has a name that the schema does not allow.",
    "required": "The property is missing.",
    "type": "The value must be of the type {allowed}.",
    "enum": "The value must be one of {allowed}.",
    "unevaluatedItems": "The list has more entries than the schema speaks of.",
    "unevaluatedProperties": "The schema has no such property.",
    "uniqueItems": "The list holds the same entry twice.",
}


def limits(kind: Kind) -> tuple[float | None, float | None, tuple[str, ...]]:
    """The least, the most and the values that would do, where the rule has such."""
    match kind:
        case Kind.Type(types=types):
            return None, None, tuple(types)
        case Kind.Format(format=name):
            return None, None, (name,)
        case Kind.Enum(options=options):
            return None, None, tuple(_shown(option) for option in options[:MOST_ALLOWED])
        case Kind.Constant(expected_value=value):
            return None, None, (_shown(value),)
    limit: Any = getattr(kind, "limit", None)
    if limit is None:
        return None, None, ()
    least = kind.name in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
    return (float(limit), None, ()) if least else (None, float(limit), ())


def reason(rule: str, kind: Kind) -> str:
    """What is wrong, in a sentence."""
    *_, allowed = limits(kind)
    limit = getattr(kind, "limit", getattr(kind, "multiple_of", ""))
    text = _TEXTS.get(rule, "The value does not keep to this rule of the schema.")
    return text.format(limit=limit, allowed=" or ".join(allowed))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 100 else f"{text[:99]}…"
