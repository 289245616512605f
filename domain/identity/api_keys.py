"""API keys: what machines of a tenant show instead of signing in."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from domain.identity.authorization import Permissions, require_held, require_known
from domain.kit.caller import require_person
from domain.kit.fields import Authored, Describe, Internal, Len, Pattern, Restricted
from domain.kit.ids import id_from
from domain.kit.model import (
    ONE_LINE,
    Aggregate,
    Caller,
    Command,
    Event,
    Invalid,
    Refusal,
    applies,
    assigns,
    distinct,
    in_utc,
)
from domain.kit.refusals import ViolationCode

KeyName = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("What the key is for.")]
KeyPermissions = Annotated[Permissions, Len(1, 100), Describe("The permissions that the key grants.")]
SecretHash = Annotated[
    str,
    Len(64, 64),
    Pattern("[0-9a-f]*", "is not a SHA-256"),
    Restricted(),
    Describe("The SHA-256 of the whole key, in hexadecimal digits."),
]
APART = timedelta(hours=1)
"""Uses of a key are noted once in each such span."""
LONGEST = timedelta(days=731)
"""How long a key may be good for: two years, of which one is a leap year."""
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

    created = assigns(Created)

    @applies(Revoked)
    def _revoked(self, event: Revoked) -> None:
        self.revoked = True


class ApiKeyUse(Aggregate, topic="identity.api_key_use"):
    """That a key was used in some hour; apart from the key, which many uses must not make longer."""

    class Noted(Event):
        key_id: Annotated[UUID, Internal(), Describe("Which key was used.")]

    key_id: UUID

    noted = assigns(Noted)


def api_key_use_id(key_id: UUID, at: datetime) -> UUID:
    """The id of the use of a key in the hour of a moment."""
    return id_from(key_id, f"used {int(at.timestamp() // APART.total_seconds())}")


def require_expiry(expires_at: datetime, now: datetime) -> None:
    """Raise Invalid for a moment at which a key cannot expire."""
    if expires_at <= now:
        raise Invalid(field="expires_at", reason="is in the past", why=ViolationCode.TOO_SMALL)
    if expires_at > now + LONGEST:
        reason = f"is more than {LONGEST.days} days ahead"
        raise Invalid(field="expires_at", reason=reason, why=ViolationCode.TOO_LARGE, maximum=LONGEST.days)


class CreateApiKey(Command, requires=(require_known, require_expiry)):
    """Create an API key with permissions that you hold."""

    name: KeyName
    permissions: KeyPermissions
    expires_at: Annotated[Expiry, Describe(f"When the key expires, {LONGEST.days} days ahead at most.")]
    secret_hash: SecretHash

    def handle(self, by: Caller) -> ApiKey:
        require_person(by)
        permissions = tuple(sorted(distinct(self.permissions)))
        require_held(by, permissions, field="permissions")
        created = ApiKey.Created(
            name=self.name.strip(),
            permissions=permissions,
            secret_hash=self.secret_hash,
            expires_at=in_utc(self.expires_at) or self.expires_at,
            created_by=by.user_id,
        )
        return ApiKey.begin(self.id, created)


class RevokeApiKey(Command):
    """Revoke an API key immediately."""

    def handle(self, api_key: ApiKey) -> None:
        if api_key.revoked:
            raise ApiKeyRevoked(field="id")
        api_key.record(ApiKey.Revoked())


class NoteApiKeyUse(Command):
    """Note that an API key was used. Its id is `api_key_use_id`, so that each hour is noted once."""

    api_key_id: Annotated[UUID, Internal(), Describe("Which key was used.")]

    def handle(self, api_key: ApiKey) -> ApiKeyUse:
        if api_key.revoked:
            raise ApiKeyRevoked(field="api_key_id")
        return ApiKeyUse.begin(self.id, ApiKeyUse.Noted(key_id=api_key.id))
