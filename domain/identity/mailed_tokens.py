"""Mailed tokens: each is good once and for a while, and no longer once the account's password was replaced."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Self
from uuid import UUID

from domain.identity.accounts import Account, AccountId
from domain.kit.fields import Describe, Internal, Restricted
from domain.kit.model import Aggregate, Event, applies, assigns


class MailedToken(Aggregate, topic=None):
    """What may be done once by whoever has the token that was sent to an account's address."""

    class Requested(Event):
        account_id: AccountId
        token_hash: Annotated[str, Restricted(), Describe("SHA-256 of the mailed token.")]
        expires_at: Annotated[datetime, Internal(), Describe("Until when it can be used.")]
        generation: Annotated[
            int, Internal(), Describe("The account's at that time; a later one voids it.")
        ] = 0

    class Used(Event): ...

    good_for: ClassVar[timedelta]
    """How long it can be used after it was asked for."""

    account_id: UUID
    expires_at: datetime
    generation: int
    used: bool = False
    requested = assigns(Requested)

    @applies(Used)
    def _used(self, event: Used) -> None:
        self.used = True

    @classmethod
    def request(cls, id: UUID, account: Account, token_hash: str, now: datetime) -> Self:
        """A new token for an account. Raises AccountNotOpen."""
        account.require_open()
        requested = cls.Requested(
            account_id=account.id,
            token_hash=token_hash,
            expires_at=now + cls.good_for,
            generation=account.generation,
        )
        return cls.begin(id, requested)

    def is_good(self, account: Account, now: datetime) -> bool:
        """Whether it can be used; a password that was set since, perhaps by somebody else, voids it."""
        if self.ended or self.used or now >= self.expires_at:
            return False
        return self.account_id == account.id and self.generation == account.generation
