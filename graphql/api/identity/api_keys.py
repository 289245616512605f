"""API keys: what machines of the tenant show; the key itself is told once, when it is made."""

import hashlib
import secrets

import strawberry

from api.identity.users import User
from api.kit.model import Node, Refusal, Resource, Sending, Sent, covered, linked, shows
from domain.identity import api_keys as domain
from projections.identity.admission import ApiKeyRow, ApiKeys
from projections.identity.people import People


@shows(ApiKeyRow, needs="keys:read", leave_out=("created_by",))
class ApiKey(Node):
    """A key with which a program acts for the tenant. The secret itself is not stored."""

    maker = linked(User, People, "created_by", "Who created it.")


_api_keys = Resource(ApiKey, ApiKeys, read="keys:read", write="keys:write", plural="API keys")


@covered
@strawberry.type(description="The receipt of a new API key, with the key itself, which is never shown again.")
class NewApiKeyReceipt(_api_keys.receipt):  # type: ignore[misc,name-defined]
    """A receipt that holds a secret."""

    key: str = strawberry.field(description="The API key itself. Store it safely: it cannot be read again.")


async def _create(sending: Sending) -> Sent | Refusal:
    key = f"hw_{sending.ask.caller.tenant_id.hex}_{sending.new_id.hex}_{secrets.token_urlsafe(32)}"
    # Sent again, the same command id is refused: the secret would be another, and nobody has the first.
    hashed = hashlib.sha256(key.encode()).hexdigest()
    return await sending.send(await sending.command(domain.CreateApiKey, secret_hash=hashed), key=key)


@strawberry.type
class Query:
    api_keys = _api_keys.list("The tenant's API keys, by pages.")


@strawberry.type
class Mutation:
    create_api_key = _api_keys.mutation(
        domain.CreateApiKey, send=_create, leave_out=("secret_hash",), receipt=NewApiKeyReceipt
    )
    revoke_api_key = _api_keys.mutation(domain.RevokeApiKey)
