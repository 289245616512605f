"""What can be asked of an account. Passwords and codes come as hashes: a command's digest is stored."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.accounts import (
    LAPSES_AFTER,
    Account,
    AccountLasts,
    AccountNotSuspended,
    AccountStatus,
    Address,
    AskedBy,
    FamilyName,
    GivenName,
    Hashes,
    NoSecondFactor,
    PasswordHash,
    SecondFactorInUse,
    WrongCode,
    normal_address,
)
from domain.kit.fields import Internal, Len, Restricted
from domain.kit.model import Command


class OpenAccount(Command):
    """Open an account, with which a person can sign in."""

    email: Address
    first_name: GivenName
    last_name: FamilyName = ""
    password_hash: PasswordHash = ""
    email_verified: bool = False
    registration_source: str = "api"
    tenant_name: str = ""
    tenant_slug: str = ""
    identity: str = ""

    def handle(self) -> Account:
        opened = Account.Opened(
            email=normal_address(self.email),
            first_name=self.first_name.strip(),
            last_name=self.last_name.strip(),
            password_hash=self.password_hash,
            email_verified=self.email_verified,
            registration_source=self.registration_source,
            tenant_name=self.tenant_name,
            tenant_slug=self.tenant_slug,
        )
        account = Account.begin(self.id, opened)
        if self.identity:
            account.record(Account.ProviderLinked(identity=self.identity))
        return account


class NoteRepeatedRegistration(Command):
    """Note that somebody tried to register with an address that has an account."""

    def handle(self, account: Account) -> None:
        account.record(Account.RegistrationRepeated())


class MarkEmailVerified(Command):
    """Note that a person was reached at the account's address."""

    def handle(self, account: Account) -> None:
        account.verify_email()


class LinkProvider(Command):
    """Let a person sign in by a provider of identities, which has vouched for the address."""

    identity: Annotated[str, Restricted()]

    def handle(self, account: Account) -> None:
        account.take_over()
        account.require_open()
        if self.identity not in account.identities:
            account.record(Account.ProviderLinked(identity=self.identity))


class ChangePassword(Command):
    """Sign in with another password from now on; all sessions end but the one that is kept."""

    password_hash: PasswordHash
    kept_session: UUID | None = None

    def handle(self, account: Account) -> None:
        account.change_password(self.password_hash, kept_session=self.kept_session)


class SetSecondFactor(Command):
    """Begin to use a second factor; it counts once it is confirmed."""

    secret: str
    recovery_hashes: Hashes

    def handle(self, account: Account) -> None:
        account.require_open()
        if account.confirmed:
            raise SecondFactorInUse()
        account.record(Account.SecondFactorSet(secret=self.secret, recovery_hashes=self.recovery_hashes))


class ConfirmSecondFactor(Command):
    """Confirm the second factor; it is required from now on."""

    def handle(self, account: Account) -> None:
        if not account.second_factor:
            raise NoSecondFactor()
        if not account.confirmed:
            account.record(Account.SecondFactorConfirmed())


class RemoveSecondFactor(Command):
    """Remove your second factor."""

    def handle(self, account: Account) -> None:
        account.remove_second_factor()


class TakeSecondFactor(Command):
    """Take a second factor away from somebody who has lost it, as an operator."""

    asked_by: Annotated[str, Len(1, 200), Internal()]

    def handle(self, account: Account) -> None:
        account.remove_second_factor(asked_by=self.asked_by)


class UseRecoveryCode(Command):
    """Take a recovery code, each of which is good once, in place of the second factor."""

    code_hash: Annotated[str, Restricted()]

    def handle(self, account: Account) -> None:
        for index, known in enumerate(account.recovery_hashes):
            if known == self.code_hash and index not in account.used:
                account.record(Account.RecoveryCodeUsed(index=index))
                return
        raise WrongCode(field="code")


class JoinTenant(Command):
    """Let an account sign in to a tenant in which its person was registered."""

    tenant_id: UUID

    def handle(self, account: Account) -> None:
        if self.tenant_id not in account.tenants:
            account.record(Account.Joined(tenant_id=self.tenant_id))


class LeaveTenant(Command):
    """Let an account sign in to a tenant no more."""

    tenant_id: UUID

    def handle(self, account: Account) -> None:
        if self.tenant_id in account.tenants:
            account.record(Account.Left(tenant_id=self.tenant_id))


class NoteFailedSignIns(Command):
    """Note that many wrong passwords were tried."""

    def handle(self, account: Account) -> None:
        account.record(Account.SignInsFailed())


class LapseAccount(Command):
    """Close an account whose address nobody has proved in time, so that its owner may open one."""

    def handle(self, account: Account, now: datetime) -> None:
        if account.email_verified or account.status is AccountStatus.CLOSED:
            raise AccountLasts()
        if now < account.opened + LAPSES_AFTER:
            raise AccountLasts()
        account.record(Account.Lapsed())


class WithdrawAccount(Command):
    """Close an account that was opened for a company which cannot be made; its address is free again."""

    def handle(self, account: Account) -> None:
        if account.email_verified or account.tenants or account.status is AccountStatus.CLOSED:
            raise AccountLasts()
        account.record(Account.Lapsed())


class SuspendAccount(Command):
    """Let nobody sign in with an account for now, and end its sessions."""

    asked_by: AskedBy = ""

    def handle(self, account: Account) -> None:
        account.require_open()
        account.record(Account.Suspended(asked_by=self.asked_by))


class ReactivateAccount(Command):
    """Let a suspended account be used again."""

    asked_by: AskedBy = ""

    def handle(self, account: Account) -> None:
        if account.status is not AccountStatus.SUSPENDED:
            raise AccountNotSuspended()
        account.record(Account.Reactivated(asked_by=self.asked_by))


class CloseAccount(Command):
    """Let nobody sign in with an account any more."""

    def handle(self, account: Account) -> None:
        if account.status is not AccountStatus.CLOSED:
            account.record(Account.Closed())


class EraseAccount(Command):
    """End an account whose person is to be forgotten."""

    def handle(self, account: Account) -> None:
        account.record(Account.Erased())
