"""Scalars of the API: ids, instants, days, 64-bit positions, decimals and JSON, as standards write them."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NewType
from uuid import UUID

import strawberry
from graphql import GraphQLFloat, GraphQLNamedType, GraphQLScalarType
from strawberry.types.scalar import ScalarDefinition

from domain.kit.ids import read_id

Position = NewType("Position", int)
"""A place in the log: the position of an event."""

Json = NewType("Json", object)
"""Plain JSON of any shape."""

_LAST = 2**63 - 1
# Python reads more of ISO 8601, such as weeks, and of some texts something else than other readers.
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_INSTANT = re.compile(
    rf"{_DAY}[Tt ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,9}})?([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("An instant is a text as 2030-01-31T12:00:00Z.")
    try:
        if not _INSTANT.fullmatch(value):
            raise ValueError
        instant = datetime.fromisoformat(value.upper())
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        # What Python says of it is about Python.
        raise ValueError("An instant is a text as 2030-01-31T12:00:00Z.") from None
    raise ValueError("An instant must have an offset from UTC, as 2030-01-31T12:00:00Z.")


def _instant_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _position(value: object) -> Position:
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 19:
        raise ValueError("A position is a whole number from 0 to 9223372036854775807.")
    if int(text) > _LAST:
        raise ValueError("A position is a whole number from 0 to 9223372036854775807.")
    return Position(int(text))


def _day(value: object) -> date:
    if not isinstance(value, str):
        raise ValueError("A day is a text as 2030-01-31.")
    try:
        if not re.fullmatch(_DAY, value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("A day is a text as 2030-01-31.") from None


class _Id(GraphQLScalarType):
    """GraphQL's ``ID``, read as a UUID; graphql-core keeps the name for its own, which gives texts."""

    reserved_types: Mapping[str, GraphQLNamedType] = {}


_ID = ScalarDefinition(
    name="ID",
    description=None,
    specified_by_url=None,
    serialize=str,
    parse_value=read_id,
    parse_literal=None,
    implementation=_Id("ID", serialize=str, parse_value=read_id),
)


class _Number(GraphQLScalarType):
    """GraphQL's ``Float``, which writes a whole number as one: the minimum of a text is 1, not 1.0."""

    reserved_types: Mapping[str, GraphQLNamedType] = {}


def _number(value: object) -> float | int:
    number: float = GraphQLFloat.serialize(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


_FLOAT = ScalarDefinition(
    name="Float",
    description=None,
    specified_by_url=None,
    serialize=_number,
    parse_value=GraphQLFloat.parse_value,
    parse_literal=None,
    implementation=_Number(
        "Float",
        serialize=_number,
        parse_value=GraphQLFloat.parse_value,
        parse_literal=GraphQLFloat.parse_literal,
    ),
)

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_DIGITS = 40
"""More than any amount has, and few enough for Python to read at once."""


def _decimal(value: object) -> Decimal:
    whole = isinstance(value, int) and not isinstance(value, bool)
    # A float is not what was written any more.
    if not isinstance(value, str) and not whole:
        raise ValueError("A decimal is a text such as 12.50, or a whole number.")
    text = value if isinstance(value, str) else f"{value:d}"
    if len(text) > _DIGITS or not _DECIMAL.fullmatch(text):
        raise ValueError(
            f"A decimal is a text such as 12.50, of at most {_DIGITS} digits and without an exponent."
        )
    return Decimal(text)


_RFC, _XSD = "https://datatracker.ietf.org/doc/html/", "https://www.w3.org/TR/xmlschema11-2/"

# Strawberry types a scalar map's keys as plain objects.
SCALARS: dict[object, ScalarDefinition] = {
    # GraphQL's own name, by which clients know what identifies an object.
    UUID: _ID,
    float: _FLOAT,
    strawberry.ID: _ID,
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant as RFC 3339 writes it, with its offset from UTC; answers are in UTC.",
        specified_by_url=f"{_RFC}rfc3339#section-5.6",
        serialize=_instant_text,
        parse_value=_instant,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day as RFC 3339 writes it, such as 2030-01-31.",
        specified_by_url=f"{_RFC}rfc3339#section-5.6",
        serialize=date.isoformat,
        parse_value=_day,
    ),
    Position: strawberry.scalar(
        name="Position",
        description="A position in the event log, from 1; a string of digits, since it may exceed 53 bits.",
        specified_by_url=f"{_XSD}#nonNegativeInteger",
        serialize=str,
        parse_value=_position,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="A decimal number; a text such as 12.50, since a float would not keep it.",
        specified_by_url=f"{_XSD}#decimal",
        serialize=lambda value: format(value, "f"),
        parse_value=_decimal,
    ),
    Json: strawberry.scalar(
        name="JSON",
        description="Plain JSON of any shape.",
        specified_by_url=f"{_RFC}rfc8259",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}
