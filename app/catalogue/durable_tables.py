"""The durable tables, which no view owns, as the migrations make and describe them; a test compares."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import migrations

_FOLDER = Path(migrations.__file__).parent
_SCRIPT = re.compile(r'\bscript\(((?:"[\w.]+"(?:, )?)+)\)')
_TABLE = re.compile(
    r"create table ([\w.]+) \(\n(.*?)^\)|alter table ([\w.]+)(\s+add column .*?)[;\"]", re.S | re.M
)
_COLUMN = re.compile(r"(?:^ {4}(?!add )|\badd column )(\w+) (\w+(?:\(\d+\)|\[\])?)", re.M)
_COMMENT = re.compile(r"comment on (table|column) ([\w.]+) is\s+'((?:[^']|'')*)';")
_KEPT = re.compile(r"(.*) Kept (.*)\.")
_LEVEL = re.compile(r"(.*) (Public|Confidential|Restricted)\.")
_CONTEXTS = {"es": "log", "ops": "operations"}
"""Schemas that are not called as what they are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a durable table."""

    name: str
    type: str
    classification: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A durable table: ``columns`` in the order of their comments."""

    context: str
    purpose: str
    retention: str
    columns: tuple[Column, ...]


def durable_tables(text: str) -> dict[str, Table]:
    """The tables that a text of migrations comments on, by name; of two comments the later one holds.

    Raises ValueError for a table that does not say how long it is kept, and for a column without a table.
    """
    # Alembic makes its own table.
    types = {"es.migrations.version_num": "varchar(32)"}
    for created, columns, altered, added in _TABLE.findall(re.sub("--.*", "", text)):
        types |= {f"{created or altered}.{name}": kind for name, kind in _COLUMN.findall(columns or added)}
    said = {(kind, name): what.replace("''", "'") for kind, name, what in _COMMENT.findall(text)}
    columns_of: dict[str, list[Column]] = {name: [] for kind, name in said if kind == "table"}
    for (kind, name), what in said.items():
        if kind == "column":
            table, _, column = name.rpartition(".")
            if table not in columns_of or name not in types:
                raise ValueError(f"There is a comment on {name}, which no migration makes and describes.")
            marked = _LEVEL.fullmatch(what)
            purpose, level = marked.groups() if marked else (what, "internal")
            columns_of[table].append(
                Column(name=column, type=types[name], classification=level.lower(), purpose=purpose)
            )
    return {name: _table(name, said["table", name], columns) for name, columns in columns_of.items()}


def _table(name: str, what: str, columns: list[Column]) -> Table:
    kept = _KEPT.fullmatch(what)
    if kept is None:
        raise ValueError(f"The comment on {name} does not end with how long its rows are kept.")
    schema = name.partition(".")[0]
    return Table(
        context=_CONTEXTS.get(schema, schema), purpose=kept[1], retention=kept[2], columns=tuple(columns)
    )


def _migrated() -> Iterator[str]:
    """What the migrations do, in their order: each upgrade, and the scripts that it runs."""
    for revision in sorted(_FOLDER.glob("versions/r*.py")):
        upgrade = revision.read_text().partition("def downgrade")[0]
        yield upgrade
        for found in _SCRIPT.findall(upgrade):
            yield _FOLDER.joinpath(*re.findall(r'"([\w.]+)"', found)).read_text()


TABLES = durable_tables("\n".join(_migrated()))
"""Every durable table, by name."""
