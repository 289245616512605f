"""Sources and their keys; a key itself is told once, when it is issued."""

import hashlib
import secrets

import strawberry

from api.kit.model import Node, Refusal, Resource, Sending, Sent, covered, headed, shows
from domain.gateway import sources as domain
from projections.gateway.sources import SourceKeyRow, SourceKeys, SourceRow, Sources
from projections.kit.read.keyset import Order


@shows(SourceKeyRow, needs="gateway:read", leave_out=("source_id",))
class SourceKey(Node):
    """A key by which a source is known. The secret itself is not stored."""


@shows(SourceRow, needs="gateway:read")
class Source(Node):
    """An outside system that sends events."""

    keys = headed(
        SourceKey,
        SourceKeys,
        "source_id",
        order=Order("created_at", descending=True),
        description="Its keys, the newest first, those that are no longer good too.",
    )


_sources = Resource(Source, Sources, read="gateway:read", write="gateway:write")
_keys = Resource(SourceKey, SourceKeys, read="gateway:read")


@covered
@strawberry.type(
    description="The receipt of a source's new key, with the key itself, which is never shown again."
)
class NewSourceKeyReceipt(_sources.receipt):  # type: ignore[misc,name-defined]
    """A receipt that holds a secret."""

    key: str = strawberry.field(description="The key itself. Store it safely: it cannot be read again.")


async def _issue(sending: Sending) -> Sent | Refusal:
    id = sending.command_id
    key = f"hw_{sending.ask.caller.tenant_id.hex}_{id.hex}_{secrets.token_urlsafe(32)}"
    # Sent again, the same command id is refused: the secret would be another, and nobody has the first.
    hashed = hashlib.sha256(key.encode()).hexdigest()
    command = await sending.command(domain.IssueSourceKey, key_id=id, secret_hash=hashed)
    return await sending.send(command, key=key)


@strawberry.type
class Query:
    source = _sources.by_id("A source of events by id.")
    sources = _sources.list("The tenant's sources of events, by pages.")


@strawberry.type
class Mutation:
    register_source = _sources.mutation(domain.RegisterSource)
    rename_source = _sources.mutation(domain.RenameSource)
    deactivate_source = _sources.mutation(domain.DeactivateSource)
    activate_source = _sources.mutation(domain.ActivateSource)
    issue_source_key = _sources.mutation(
        domain.IssueSourceKey, send=_issue, leave_out=("key_id", "secret_hash"), receipt=NewSourceKeyReceipt
    )
    revoke_source_key = _sources.mutation(domain.RevokeSourceKey)
