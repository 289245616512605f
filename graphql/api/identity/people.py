"""People: who the ids of other things stand for."""

import strawberry

from api.kit.commands import receipt, sends
from api.kit.fields import derived, found
from api.kit.shows import Node, shows
from domain.identity.users import RegisterUser
from projections.identity.people import People, PersonRow


@shows(PersonRow)
class Person(Node):
    """A person of the tenant."""

    name = derived(str, lambda row: f"{row.first_name} {row.last_name}".strip(), "First and last name.")


PersonReceipt = receipt(Person, People, name="person")


@strawberry.type
class Query:
    person = found(Person, People, "A person by id.")


@strawberry.type
class Mutation:
    register_user = sends(RegisterUser, PersonReceipt)
