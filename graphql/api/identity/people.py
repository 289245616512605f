"""People: who the ids of other things stand for."""

from uuid import UUID

import strawberry

from api.kit.commands import receipt, sends
from api.kit.connections import listed
from api.kit.fields import derived, found
from api.kit.shows import Node, shows
from domain.identity.users import RegisterUser
from projections.identity.people import People, PersonRow
from projections.kit.conditions import Condition, one_of
from projections.kit.rows import Order


@shows(PersonRow)
class Person(Node):
    """A person of the tenant."""

    name = derived(str, lambda row: f"{row.first_name} {row.last_name}".strip(), "First and last name.")


@strawberry.input(description="Which people to list: those that meet all that is given.")
class PersonFilter:
    """What the listed people must meet."""

    ids: list[UUID] | None = strawberry.field(default=None, description="Any of these.")

    def conditions(self) -> list[Condition]:
        return one_of("id", self.ids)


PersonReceipt = receipt(Person, People, name="person")


@strawberry.type
class Query:
    person = found(Person, People, "A person by id.")
    people = listed(
        Person,
        People,
        filter=PersonFilter,
        orders={"LAST_NAME": Order("last_name"), "CREATED_AT": Order("created_at")},
        description="The people of the tenant, by pages.",
    )


@strawberry.type
class Mutation:
    register_user = sends(RegisterUser, PersonReceipt)
