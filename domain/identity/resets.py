"""Password resets: a token by mail, good once and for a while, in place of a forgotten password."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from domain.identity.accounts import Account, AccountId, PasswordHash
from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Describe, Internal, Restricted
from domain.kit.refusals import Refusal

VALID = timedelta(hours=1)
"""How long a password can be reset after that was asked for."""


class ResetNotValid(Refusal):
    """This link was used before, or has expired; ask for another one."""


class PasswordReset(Aggregate, topic="identity.password_reset"):
    """One asking for a new password."""

    class Requested(Event):
        account_id: AccountId
        token_hash: Annotated[str, Restricted(), Describe("SHA-256 of the mailed token.")]
        expires_at: Annotated[datetime, Internal(), Describe("Until when it can be used.")]
        generation: Annotated[
            int, Internal(), Describe("The account's at that time; a later one voids it.")
        ] = 0

    class Used(Event): ...

    account_id: UUID
    expires_at: datetime
    generation: int
    used: bool = False

    def is_good(self, account: Account, now: datetime) -> bool:
        """Whether a password can be set by it; a password that was set after it was asked for voids it."""
        if self.ended or self.used or now >= self.expires_at:
            return False
        return self.account_id == account.id and self.generation == account.generation

    @applies(Requested)
    def _requested(self, event: Requested) -> None:
        self.account_id, self.expires_at = event.account_id, event.expires_at
        self.generation = event.generation

    @applies(Used)
    def _used(self, event: Used) -> None:
        self.used = True


class RequestPasswordReset(Command):
    """Have a link to set a new password sent to an account's address."""

    account_id: UUID
    token_hash: str

    def handle(self, account: Account, now: datetime) -> PasswordReset:
        account.require_open()
        requested = PasswordReset.Requested(
            account_id=self.account_id,
            token_hash=self.token_hash,
            expires_at=now + VALID,
            generation=account.generation,
        )
        return PasswordReset.begin(self.id, requested)


class ResetPassword(Command):
    """Set a new password in place of a forgotten one; all sessions end."""

    account_id: UUID
    password_hash: PasswordHash

    def handle(self, reset: PasswordReset, account: Account, now: datetime) -> None:
        if not reset.is_good(account, now):
            raise ResetNotValid()
        reset.record(PasswordReset.Used())
        # The link came by mail, so the address is the person's.
        account.take_over()
        account.change_password(self.password_hash)
