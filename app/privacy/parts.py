"""What an export holds of a person: one entry for each kind of thing, which contexts add to as they come.

Only what is his own is in it. Of things that he shares with others there are neither the texts that are sealed
under another person's key nor the ids of other people.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_type_hints
from uuid import UUID

import msgspec

from app.privacy.every import every
from domain.kit.caller import ACCOUNTS
from domain.kit.fields import Restricted, marks
from projections.governance.consents import ConsentRows
from projections.identity.auth_sessions import UserSessions
from projections.identity.profiles import UserPreferences, UserProfiles
from projections.identity.users import Users
from projections.kit.conditions import equals
from projections.kit.postgres import PostgresView
from projections.kit.rows import Rows
from projections.work.notifications import Notifications
from projections.work.projects import ProjectMembers, Projects
from projections.work.tasks import Tasks

# A row of any view as plain JSON values, hence Any.
Record = dict[str, Any]
Read = Callable[[Rows, UUID, UUID], AsyncIterator[Record]]
"""Reads the records of (tenant, person)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the file."""

    section: str
    """Under which name at the root of the document."""
    name: str
    """Under which name in the section."""
    read: Read
    one: bool = False
    """Whether it is one object (or null) rather than a list."""
    tenant_id: UUID | None = None
    """The tenant that its sealed texts belong to, when that is not the person's."""

    @property
    def path(self) -> str:
        """Its full name, as ``activity_data.tasks``."""
        return f"{self.section}.{self.name}"


def owned(
    view: type[PostgresView[Any]],
    *columns: str,
    people: Sequence[str] = (),
    without: Sequence[str] = (),
) -> Read:
    """The rows of a view that name the person in one of these columns, each once.

    ``people`` are the columns that hold ids of people: others' are left empty. Restricted fields are left out.
    """
    shown = _shown(view, without)

    async def read(rows: Rows, tenant: UUID, person: UUID) -> AsyncIterator[Record]:
        for number, column in enumerate(columns):
            async for row in every(rows, view, tenant, equals(column, person)):
                if all(getattr(row, before) != person for before in columns[:number]):
                    yield record(row, shown, people, person)

    return read


async def _sessions(rows: Rows, tenant_id: UUID, person: UUID) -> AsyncIterator[Record]:
    """Those in this tenant: where else somebody signs in is no business of who exports him here."""
    shown = _shown(UserSessions, ("in_tenant",))
    async for row in every(rows, UserSessions, ACCOUNTS, equals("user_id", person)):
        if row.in_tenant == tenant_id:
            yield record(row, shown, (), person)


async def _projects(rows: Rows, tenant_id: UUID, person: UUID) -> AsyncIterator[Record]:
    shown = _shown(Projects, ())
    async for member in every(rows, ProjectMembers, tenant_id, equals("user_id", person)):
        found = await rows.get(Projects, tenant_id, [(member.project_id,)])
        for row in found.values():
            yield {**record(row, shown, ("owner_id",), person), "joined_at": member.joined_at}


def record(row: Any, shown: Sequence[str], people: Sequence[str], person: UUID) -> Record:
    """A row as the export shows it."""
    values = {name: getattr(row, name) for name in shown}
    values |= {name: None for name in people if values[name] != person}
    made: Record = msgspec.to_builtins(values)
    return made


def _shown(view: type[PostgresView[Any]], without: Sequence[str]) -> list[str]:
    hints: Mapping[str, Any] = get_type_hints(view.row, include_extras=True)
    return [
        field.name
        for field in fields(view.row)
        if field.name not in without
        and not any(isinstance(one, Restricted) for one in marks(hints[field.name]))
    ]


PARTS: tuple[Part, ...] = (
    Part(
        section="personal_data",
        name="user",
        read=owned(Users, "id", without=("email_key",)),
        one=True,
    ),
    Part(section="personal_data", name="profile", read=owned(UserProfiles, "id"), one=True),
    Part(
        section="activity_data",
        name="tasks",
        read=owned(Tasks, "created_by", "assigned_to", people=("created_by", "assigned_to")),
    ),
    Part(section="activity_data", name="projects", read=_projects),
    Part(section="additional_data", name="preferences", read=owned(UserPreferences, "user_id"), one=True),
    Part(
        section="additional_data",
        name="sessions",
        read=_sessions,
        tenant_id=ACCOUNTS,
    ),
    Part(section="additional_data", name="consents", read=owned(ConsentRows, "subject_id")),
    Part(
        section="additional_data", name="notifications", read=owned(Notifications, "user_id", people=("by",))
    ),
)
"""Every part, in the order of the file; a context that keeps something about people adds its own here."""
