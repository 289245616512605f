"""API keys: what machines of a tenant show instead of signing in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.authorization import Permissions, require_held, require_known
from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.caller import Caller
from domain.kit.clock import in_utc
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Describe, Internal, Len, Pattern, Restricted
from domain.kit.refusals import Forbidden, Invalid, Refusal
from domain.kit.text import ONE_LINE, distinct

KeyName = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Describe("What the key is for.")]
KeyPermissions = Annotated[Permissions, Len(1, 100), Describe("The permissions that the key grants.")]
SecretHash = Annotated[
    str,
    Len(64, 64),
    Pattern("[0-9a-f]*", "is not a SHA-256"),
    Restricted(),
    Describe("The SHA-256 of the whole key, in hexadecimal digits."),
]
Expiry = Annotated[datetime, Internal(), Describe("When the key expires.")]


class ApiKeyRevoked(Refusal):
    """This API key is revoked already."""


class ApiKey(Aggregate, topic="identity.api_key"):
    """A key that allows at most what its creator could do when creating it and still can."""

    class Created(Event):
        name: KeyName
        permissions: Permissions
        secret_hash: SecretHash
        expires_at: Expiry
        created_by: Annotated[UUID, Internal(), Describe("Who created it.")]

    class Revoked(Event): ...

    permissions: tuple[str, ...]
    created_by: UUID
    revoked: bool = False

    @applies(Created)
    def _created(self, event: Created) -> None:
        self.permissions, self.created_by = event.permissions, event.created_by

    def revoke(self) -> None:
        if self.revoked:
            raise ApiKeyRevoked(field="id")
        self.record(self.Revoked())

    @applies(Revoked)
    def _revoked(self, event: Revoked) -> None:
        self.revoked = True


class CreateApiKey(Command):
    """Create an API key with permissions that you hold."""

    name: KeyName
    permissions: KeyPermissions
    expires_at: Expiry
    secret_hash: SecretHash

    def handle(self, by: Caller, now: datetime) -> ApiKey:
        # A key that makes keys would outlive every revocation of itself.
        if by.kind == "key":
            raise Forbidden(permission="keys:write")
        expires_at = in_utc(self.expires_at)
        if expires_at is None or expires_at <= now:
            raise Invalid(field="expires_at", reason="is in the past")
        permissions = tuple(sorted(distinct(self.permissions)))
        require_known(permissions, field="permissions")
        require_held(by, permissions, field="permissions")
        created = ApiKey.Created(
            name=self.name.strip(),
            permissions=permissions,
            secret_hash=self.secret_hash,
            expires_at=expires_at,
            created_by=by.user_id,
        )
        return ApiKey.begin(self.id, created)


class RevokeApiKey(Command):
    """Revoke an API key immediately."""

    def handle(self, api_key: ApiKey) -> None:
        api_key.revoke()
