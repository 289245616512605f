"""What a durable table is, in the inventory of data: its columns, and how long it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a durable table."""

    name: str
    type: str
    classification: str = "internal"
    personal: bool = False
    subject: str = ""
    searchable: bool = False
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A durable table: ``columns`` in their order."""

    name: str
    context: str
    purpose: str
    retention: str
    columns: tuple[Column, ...]


def table(
    name: str, context: str, purpose: str, retention: str, columns: str, levels: Mapping[str, str] = {}
) -> Table:
    """A table from a line: ``"position bigint, payload jsonb"``; ``levels`` of those that are not internal."""
    found = []
    for column in columns.split(", "):
        called, _, kind = column.partition(" ")
        found.append(Column(name=called, type=kind, classification=levels.get(called, "internal")))
    if unknown := levels.keys() - {column.name for column in found}:
        raise ValueError(f"{name} has no column {', '.join(sorted(unknown))}.")
    return Table(name=name, context=context, purpose=purpose, retention=retention, columns=tuple(found))
