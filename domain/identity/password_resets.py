"""Password resets: a token by mail, good once and for a while, in place of a forgotten password."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.identity.accounts import Account, PasswordHash
from domain.identity.mailed_tokens import MailedToken
from domain.kit.model import Command, Refusal


class ResetNotValid(Refusal):
    """This link was used before, or has expired; ask for another one."""


class PasswordReset(MailedToken, topic="identity.password_reset"):
    """One asking for a new password."""

    class Requested(MailedToken.Requested): ...

    class Used(MailedToken.Used): ...

    good_for = timedelta(hours=1)


class RequestPasswordReset(Command):
    """Have a link to set a new password sent to an account's address."""

    account_id: UUID
    token_hash: str

    def handle(self, account: Account, now: datetime) -> PasswordReset:
        return PasswordReset.request(self.id, account, self.token_hash, now)


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
