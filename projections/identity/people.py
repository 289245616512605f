"""People as other contexts show them: a name behind an id."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.users import User
from domain.kit.fields import Confidential, Describe, Len
from projections.kit.postgres import Index, PostgresView
from projections.kit.view import on


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person of the tenant."""

    id: Annotated[UUID, Describe("The person's id.")]
    email: Annotated[str, Len(max_length=255), Confidential(), Describe("Where mail reaches the person.")]
    first_name: Annotated[str, Len(max_length=100), Describe("The first name.")]
    last_name: Annotated[str, Len(max_length=100), Describe("The last name; may be empty.")]
    created_at: Annotated[datetime, Describe("Since when the person is known here.")]


class People(PostgresView[PersonRow], name="users.people", version=1):
    """Everybody in the tenant."""

    indexes = (Index("idx_people_name", ("last_name", "first_name", "id")),)

    @on(User.Registered)
    def registered(self, row: None, event: User.Registered) -> PersonRow:
        return PersonRow(
            id=event.originator_id,
            email=event.email,
            first_name=event.first_name,
            last_name=event.last_name,
            created_at=event.timestamp,
        )
