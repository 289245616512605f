"""Keys of sources: issued, replaced and revoked."""

from datetime import datetime

from domain.gateway.sources import LIVE_KEYS, LONGEST, Expiry, KeyId, KeyName, Scopes, SecretHash, Source
from domain.kit.caller import require_person
from domain.kit.model import Caller, Command, Invalid, Refusal, distinct, in_utc
from domain.kit.refusals import ViolationCode


class TooManySourceKeys(Refusal):
    """A source has {most} live keys at most; revoke one first."""


class SourceKeyUnknown(Refusal):
    """This source has no such key, or it is revoked already."""


def require_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Raise Invalid for a moment at which a key cannot expire; None: it does not."""
    if expires_at is None:
        return
    if expires_at <= now:
        raise Invalid(field="expires_at", reason="is in the past", why=ViolationCode.TOO_SMALL)
    if expires_at > now + LONGEST:
        reason = f"is more than {LONGEST.days} days ahead"
        raise Invalid(field="expires_at", reason=reason, why=ViolationCode.TOO_LARGE, maximum=LONGEST.days)


class IssueSourceKey(Command, requires=(require_expiry,)):
    """Issue a key for a source, which may send events and nothing else. To replace a key, issue another, use it,
    and revoke the first."""

    key_id: KeyId
    name: KeyName
    scopes: Scopes = ()
    secret_hash: SecretHash
    expires_at: Expiry = None

    def handle(self, source: Source, by: Caller, now: datetime) -> None:
        require_person(by)
        if sum(end is None or end > now for end in source.keys.values()) >= LIVE_KEYS:
            raise TooManySourceKeys(most=LIVE_KEYS, field="id")
        issued = Source.KeyIssued(
            key_id=self.key_id,
            name=self.name.strip(),
            scopes=tuple(sorted(distinct(self.scopes))),
            secret_hash=self.secret_hash,
            expires_at=in_utc(self.expires_at),
        )
        source.record(issued)


class RevokeSourceKey(Command):
    """Revoke a key of a source immediately."""

    key_id: KeyId

    def handle(self, source: Source) -> None:
        if self.key_id not in source.keys:
            raise SourceKeyUnknown(field="key_id")
        source.record(Source.KeyRevoked(key_id=self.key_id))
