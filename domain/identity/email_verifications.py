"""E-mail verifications: a token by mail, good once and for a while, proves that the address is the person's."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.identity.accounts import Account
from domain.identity.mailed_tokens import MailedToken
from domain.kit.model import Command, Refusal


class VerificationNotValid(Refusal):
    """This link was used before, or has expired; ask for another one."""


class EmailIsVerified(Refusal):
    """This address is confirmed already, so no link was sent."""


class EmailVerification(MailedToken, topic="identity.email_verification"):
    """One asking whether an address is the person's."""

    class Requested(MailedToken.Requested): ...

    class Used(MailedToken.Used): ...

    good_for = timedelta(days=3)


class RequestEmailVerification(Command):
    """Have a link sent to an account's address that proves that it is the person's."""

    account_id: UUID
    token_hash: str

    def handle(self, account: Account, now: datetime) -> EmailVerification:
        return EmailVerification.request(self.id, account, self.token_hash, now)


class VerifyEmail(Command):
    """Prove by a mailed token that an address is one's own."""

    account_id: UUID

    def handle(self, verification: EmailVerification, account: Account, now: datetime) -> None:
        if not verification.is_good(account, now):
            raise VerificationNotValid()
        verification.record(EmailVerification.Used())
        account.verify_email()
