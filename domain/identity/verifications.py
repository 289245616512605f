"""E-mail verifications: a token by mail, good once and for a while, proves that the address is the person's."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from domain.identity.accounts import Account, AccountId
from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.fields import Describe, Internal, Restricted
from domain.kit.refusals import Refusal

VALID = timedelta(days=3)
"""How long an address can be verified after that was asked for."""


class VerificationNotValid(Refusal):
    """This link was used before, or has expired; ask for another one."""


class EmailIsVerified(Refusal):
    """This address is confirmed already, so no link was sent."""


class EmailVerification(Aggregate, topic="identity.email_verification"):
    """One asking whether an address is the person's."""

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
        """Whether it proves the address; a password that was set since, perhaps by somebody else, voids it."""
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


class RequestEmailVerification(Command):
    """Have a link sent to an account's address that proves that it is the person's."""

    account_id: UUID
    token_hash: str

    def handle(self, account: Account, now: datetime) -> EmailVerification:
        account.require_open()
        requested = EmailVerification.Requested(
            account_id=self.account_id,
            token_hash=self.token_hash,
            expires_at=now + VALID,
            generation=account.generation,
        )
        return EmailVerification.begin(self.id, requested)


class VerifyEmail(Command):
    """Prove by a mailed token that an address is one's own."""

    account_id: UUID

    def handle(self, verification: EmailVerification, account: Account, now: datetime) -> None:
        if not verification.is_good(account, now):
            raise VerificationNotValid()
        verification.record(EmailVerification.Used())
        account.verify_email()
