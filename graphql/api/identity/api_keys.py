"""API keys: what machines of the tenant show; the key itself is told once, when it is made."""

import hashlib
import secrets
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.identity.commands import ids, sent
from api.identity.people import Person
from api.kit.execution.access import covered
from api.kit.schema.commands import COMMAND_ID, Refused, receipt, sends
from api.kit.schema.connections import listed
from api.kit.schema.context import Info
from api.kit.schema.fields import argument, field, linked
from api.kit.schema.node_types import Node, shows, takes
from api.kit.schema.scalars import Position
from domain.identity import api_keys as domain
from projections.identity.admission import ApiKeyRow, ApiKeys
from projections.identity.people import People
from projections.kit.read.conditions import Condition, one_of
from projections.kit.read.postgres_reader import Order


@shows(ApiKeyRow, needs="keys:read", leave_out=("created_by",))
class ApiKey(Node):
    """A key with which a program acts for the tenant. The secret itself is not stored."""

    maker = linked(Person, People, "created_by", "Who created it.")


@strawberry.input(description="Which API keys to list: those that meet all that is given.")
class ApiKeyFilter:
    """What the listed keys must meet."""

    ids: list[UUID] | None = strawberry.field(default=None, description="Any of these.")

    def conditions(self) -> list[Condition]:
        return one_of("id", self.ids)


ApiKeyReceipt = receipt(ApiKey, ApiKeys, name="api_key")


@covered
@strawberry.type(description="The receipt of a new API key, with the key itself, which is never shown again.")
class NewApiKeyReceipt(ApiKeyReceipt):  # type: ignore[valid-type,misc]
    """A receipt that holds a secret."""

    key: str = strawberry.field(description="The API key itself. Store it safely: it cannot be read again.")


_CreateApiKey: Any = takes(domain.CreateApiKey, leave_out=("secret_hash",))
_Made: Any = NewApiKeyReceipt
_Answer = Annotated[
    _Made | Refused, strawberry.union("NewApiKeyAnswer", description="A receipt or a refusal.")
]


@strawberry.type
class Query:
    api_keys = listed(
        ApiKey,
        ApiKeys,
        filter=ApiKeyFilter,
        orders={"CREATED_AT": Order("created_at"), "EXPIRES_AT": Order("expires_at")},
        description="The tenant's API keys, by pages.",
        needs="keys:read",
    )


@strawberry.type
class Mutation:
    @field("Create an API key with permissions that you hold.", _Answer, needs="keys:write")
    async def create_api_key(
        self,
        info: Info,
        input: Annotated[_CreateApiKey, argument("The command's input.")],  # pyright: ignore[reportInvalidTypeForm]
        command_id: Annotated[UUID | None, argument(COMMAND_ID)] = None,
    ) -> Any:
        chosen, id = ids(input, command_id)
        key = f"hw_{info.context.caller.tenant_id.hex}_{id.hex}_{secrets.token_urlsafe(32)}"
        # Sent again, the same command id is refused: the secret would be another, and nobody has the first.
        hashed = hashlib.sha256(key.encode()).hexdigest()
        outcome = await sent(info, domain.CreateApiKey, input, chosen, secret_hash=hashed)
        if isinstance(outcome, Refused):
            return outcome
        return _Made(
            command_id=chosen, position=Position(outcome.last), repeated=outcome.repeated, target=id, key=key
        )

    revoke_api_key = sends(domain.RevokeApiKey, ApiKeyReceipt, needs="keys:write")
