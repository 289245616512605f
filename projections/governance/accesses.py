"""Who read what: the record of accesses, as a tenant reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Confidential, Describe, Internal
from projections.kit.declare.filters import EVERYTHING, Filter
from projections.kit.read.conditions import Condition, bound, equals, filtered, since, until
from projections.kit.store.generations import ReaderPool

_COLUMNS = (
    "id, at, user_id, session_id, kind, operation, root_fields, fields, subjects, revealed, correlation_id, "
    "outcome, asked_by"
)


class AccessKind(StrEnum):
    """How the caller of an operation was authenticated."""

    PERSON = "person"
    """A user, with an access token."""
    SERVICE = "service"
    """A service, with a token of its own."""
    KEY = "key"
    """An API key."""
    NOBODY = "nobody"
    """Nobody was signed in."""
    OPERATOR = "operator"
    """Whoever was at the command line of a machine."""
    WEBHOOK = "webhook"
    """A webhook or destination that was sent it, in the name of whoever vouches for it."""


class AccessOutcome(StrEnum):
    """The outcome of an operation."""

    DONE = "done"
    """It was answered."""
    REFUSED = "refused"
    """A rule refused the command."""
    DENIED = "denied"
    """A permission was missing for some of it, or for all."""
    FAILED = "failed"
    """It was answered with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRow:
    """An operation that read or changed something."""

    id: Annotated[int, Internal(), Describe("The number of the access in its database.")]
    at: Annotated[datetime, Internal(), Describe("When the operation ended.")]
    user_id: Annotated[UUID | None, Confidential(), Describe("The caller; null when nobody was signed in.")]
    session_id: Annotated[str | None, Confidential(), Describe("The caller's session.")]
    kind: Annotated[str, Internal(), Describe("How the caller was authenticated.")]
    operation: Annotated[str, Internal(), Describe("The operation's name, if it has one.")]
    root_fields: Annotated[tuple[str, ...], Internal(), Describe("The operation's root fields.")]
    fields: Annotated[tuple[str, ...], Internal(), Describe("The selected fields, such as `Task.title`.")]
    subjects: Annotated[tuple[UUID, ...], Confidential(), Describe("The people whose data was read.")]
    revealed: Annotated[
        tuple[str, ...], Internal(), Describe("Confidential fields that were shown unmasked.")
    ]
    correlation_id: Annotated[
        str | None, Internal(), Describe("The correlation id, shared by everything that one request caused.")
    ]
    outcome: Annotated[str, Internal(), Describe("The operation's outcome.")]
    asked_by: Annotated[
        str | None,
        Internal(),
        Describe("An operator at the command line: their account and the machine; null for others."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFilter:
    """Which accesses: those that meet all that is given."""

    user_id: UUID | None = None
    subject_id: UUID | None = None
    since: datetime | None = None
    """Inclusive."""
    until: datetime | None = None
    """Exclusive."""
    narrowed: Filter = EVERYTHING
    """What they are to meet besides, by the columns of the record."""

    def where(self) -> tuple[list[str], list[object]]:
        """Conditions in SQL, and their values, which are its first parameters."""
        given = (
            *equals("user_id", self.user_id),
            *([] if self.subject_id is None else [Condition("{} = any(subjects)", self.subject_id)]),
            *since("at", self.since),
            *until("at", self.until),
            filtered(None, self.narrowed),
        )
        values: list[object] = []
        return bound(given, values), values


Place = tuple[datetime, int]
"""Where a page ended: time and number."""


def select(
    filter: AccessFilter, *, limit: int, before: Place | None, tenant: UUID | None
) -> tuple[str, list[object]]:
    """The query for a page, the newest first, and its arguments; without a tenant, of all in sight."""
    conditions, arguments = filter.where()
    if tenant is not None:
        arguments.append(tenant)
        conditions.append(f"tenant_id = ${len(arguments)}")
    if before is not None:
        arguments += before
        conditions.append(f"(at, id) < (${len(arguments) - 1}, ${len(arguments)})")
    where = f"where {' and '.join(conditions)}" if conditions else ""
    arguments.append(limit)
    columns = _COLUMNS if tenant is not None else f"tenant_id, {_COLUMNS}"
    return (
        f"select {columns} from audit.data_access {where} order by at desc, id desc limit ${len(arguments)}",
        arguments,
    )


class Accesses:
    """Reads the record in the tenant's own scope, which the database enforces."""

    def __init__(self, reader: ReaderPool) -> None:
        self._reader = reader

    async def page(
        self, tenant_id: UUID, filter: AccessFilter, *, limit: int, before: Place | None = None
    ) -> Sequence[AccessRow]:
        """At most ``limit`` accesses, the newest first, after the place where another page ended."""
        sql, arguments = select(filter, limit=limit, before=before, tenant=tenant_id)
        async with self._reader.reading(tenant_id) as connection:
            records = await connection.fetch(sql, *arguments)
        return [_row(dict(record)) for record in records]


def _row(values: dict[str, object]) -> AccessRow:
    many = {
        name: tuple(values_of_field)
        for name, values_of_field in values.items()
        if isinstance(values_of_field, list)
    }
    return AccessRow(**{**values, **many})  # type: ignore[arg-type]  # The columns' types are the table's.
