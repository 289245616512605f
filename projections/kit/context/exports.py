"""What a context declares of the export of a person: a part for each kind of thing, and what it shows of a view.

Only what is their own is in it. Of things that they share with others there are neither the texts that are sealed
under another person's key nor the ids of other people.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints
from uuid import UUID

import msgspec

from domain.kit.fields import Restricted, marks
from projections.kit.context.every import every
from projections.kit.context.subject import About, Scope
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.conditions import equals

# A row of any view as plain JSON values, hence Any.
Record = dict[str, Any]
Read = Callable[[About], AsyncIterator[Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPart:
    """A part of the file."""

    section: str
    """Under which name at the root of the document."""
    name: str
    """Under which name in the section."""
    holds: tuple[str, ...]
    """The views and tables that it shows."""
    read: Read
    """Reads the records. Texts of others and ids of others are taken out of them afterwards."""
    single: bool = False
    """Whether it is one object (or null) rather than a list."""
    platform: bool = False
    """Whether it is read in the platform's own tenant, where accounts and sessions are."""
    own: bool = False
    """Whether only the person is given it, and nobody who may export others."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Fields that it does not show, as ``users.users.email_key``, each with the reason."""

    @property
    def path(self) -> str:
        """Its full name, as ``activity_data.tasks``."""
        return f"{self.section}.{self.name}"

    def scope(self, about: About) -> Scope:
        """Where its texts are sealed."""
        return about.accounts if self.platform else about.here


def listed(
    section: str,
    name: str,
    view: type[PostgresView[Any]],
    *columns: str,
    people: Sequence[str] = (),
    single: bool = False,
    platform: bool = False,
    own: bool = False,
    left_out: Mapping[str, str] | None = None,
) -> ExportPart:
    """The rows of a view that name the person, or what else is theirs, in one of these columns, each once.

    ``people``: the columns with ids of people, whom the tenant may not know. Those of others are left empty.
    ``left_out``: fields that are not shown, each with the reason.
    """
    hidden = left_out or {}
    shown = exported(view, *hidden)

    async def read(about: About) -> AsyncIterator[Record]:
        scope, seen = about.accounts if platform else about.here, about.sight.conditions(view)
        for number, column in enumerate(columns):
            for subject in [about.person] if single else sorted(scope.subjects):
                rows = every(scope.store.rows, view, scope.tenant_id, [*equals(column, subject), *seen])
                async for row in rows:
                    if all(getattr(row, before) not in scope.subjects for before in columns[:number]):
                        yield record(row, shown, people, about.person)

    return ExportPart(
        section=section,
        name=name,
        holds=(view.name,),
        read=read,
        single=single,
        platform=platform,
        own=own,
        left_out={f"{view.name}.{field}": reason for field, reason in hidden.items()},
    )


def record(row: Any, shown: Sequence[str], people: Sequence[str], person: UUID) -> Record:
    """A row as the export shows it."""
    values = {name: getattr(row, name) for name in shown}
    values |= {name: None for name in people if values[name] != person}
    fields: Record = msgspec.to_builtins(values)
    return fields


def exported(view: type[PostgresView[Any]], *left_out: str) -> list[str]:
    """The fields of a view's rows that an export shows: all but what is restricted and what is left out."""
    hints: Mapping[str, Any] = get_type_hints(view.row, include_extras=True)
    return [
        name
        for name in view.row.__struct_fields__
        if name not in left_out and not any(isinstance(mark, Restricted) for mark in marks(hints[name]))
    ]
