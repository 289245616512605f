"""The mails about accounts: a welcome, and the links by which people prove who they are."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.identity.accounts import Account
from domain.identity.email_verifications import EmailVerification
from domain.identity.invitations import Invitation
from domain.identity.password_resets import PasswordReset
from domain.kit.clock import Clock
from domain.kit.process.effects import Call, Effect, Then
from domain.kit.process.process import Process, Stateless, on, performs
from domain.kit.process.sealed_mailer import MailKind, SealedMailer
from domain.processes import mail_templates
from domain.processes.mail_templates import Link


class Links(Protocol):
    """Make the secret links; the same ones whenever it is asked, so that none need be kept."""

    def verification(self, id: UUID) -> Link:
        """The link that confirms an address."""
        ...

    def password_reset(self, id: UUID) -> Link:
        """The link that lets a person choose a new password."""
        ...

    def invitation(self, id: UUID, tenant_id: UUID) -> Link:
        """The link by which a person joins a tenant."""
        ...


class Addresses(Protocol):
    """What is known of those who are written to."""

    async def of_account(self, id: UUID) -> str | None:
        """The sealed address of an account; None when there is none, or one that cannot be used any more."""
        ...

    async def is_open(self, tenant_id: UUID, invitation_id: UUID) -> bool:
        """Whether an invitation still waits for its answer."""
        ...

    async def tenant_name(self, tenant_id: UUID) -> str:
        """What a tenant is called."""
        ...


class AccountMails(Process[Stateless], name="identity.mails", version=1):
    """Mails the welcome of an account, and every link that was asked for, once.

    A mail server may be down for hours, and then the mails come late; one whose link has expired by then, or
    whose reader was erased, is not sent at all. What came of each stands in the ledger, as the effect's result.
    """

    class Welcome(Effect, attempts=15, timeout=60, pause=2):
        """Greet somebody who has opened an account."""

        account_id: UUID
        verified: bool = False

    class AskAgain(Effect, attempts=15, timeout=60, pause=2):
        """Tell the owner of an account that somebody tried to open another one with its address."""

        account_id: UUID

    class Warn(Effect, attempts=15, timeout=60, pause=2):
        """Tell the owner of an account that many wrong passwords were tried."""

        account_id: UUID

    class PasswordTold(Effect, attempts=15, timeout=60, pause=2):
        """Tell the owner of an account that its password was changed."""

        account_id: UUID

    class FactorTaken(Effect, attempts=15, timeout=60, pause=2):
        """Tell the owner of an account that an operator has taken its second factor away."""

        account_id: UUID

    class Verify(Effect, attempts=15, timeout=60, pause=2):
        """Have an address confirmed."""

        id: UUID
        account_id: UUID
        expires_at: datetime

    class Reset(Effect, attempts=15, timeout=60, pause=2):
        """Let somebody choose a new password."""

        id: UUID
        account_id: UUID
        expires_at: datetime

    class Invite(Effect, attempts=15, timeout=60, pause=2):
        """Invite somebody."""

        id: UUID
        email: str
        """Sealed."""
        expires_at: datetime

    def __init__(self, post: SealedMailer, links: Links, addresses: Addresses, clock: Clock) -> None:
        self._post = post
        self._links = links
        self._addresses = addresses
        self._clock = clock

    @on(Account.Opened)
    def opened(self, state: Stateless | None, event: Account.Opened) -> Then[Stateless]:
        return Then(None, self.Welcome(account_id=event.originator_id, verified=event.email_verified))

    @on(Account.RegistrationRepeated)
    def repeated(self, state: Stateless | None, event: Account.RegistrationRepeated) -> Then[Stateless]:
        return Then(None, self.AskAgain(account_id=event.originator_id))

    @on(Account.SignInsFailed)
    def sign_ins_failed(self, state: Stateless | None, event: Account.SignInsFailed) -> Then[Stateless]:
        return Then(None, self.Warn(account_id=event.originator_id))

    @on(Account.PasswordChanged)
    def password_changed(self, state: Stateless | None, event: Account.PasswordChanged) -> Then[Stateless]:
        return Then(None, self.PasswordTold(account_id=event.originator_id))

    @on(Account.SecondFactorRemoved)
    def factor_removed(self, state: Stateless | None, event: Account.SecondFactorRemoved) -> Then[Stateless]:
        return Then(None, *([self.FactorTaken(account_id=event.originator_id)] if event.asked_by else []))

    @on(EmailVerification.Requested)
    def verification_requested(
        self, state: Stateless | None, event: EmailVerification.Requested
    ) -> Then[Stateless]:
        mail = self.Verify(id=event.originator_id, account_id=event.account_id, expires_at=event.expires_at)
        return Then(None, mail)

    @on(PasswordReset.Requested)
    def reset_requested(self, state: Stateless | None, event: PasswordReset.Requested) -> Then[Stateless]:
        mail = self.Reset(id=event.originator_id, account_id=event.account_id, expires_at=event.expires_at)
        return Then(None, mail)

    @on(Invitation.Sent)
    def invited(self, state: Stateless | None, event: Invitation.Sent) -> Then[Stateless]:
        mail = self.Invite(id=event.originator_id, email=event.email, expires_at=event.expires_at)
        return Then(None, mail)

    @performs(Welcome)
    async def welcome(self, effect: Welcome, call: Call[Stateless]) -> str:
        letter = mail_templates.welcome(verified=effect.verified)
        return await self._to_account(effect.account_id, letter, call, MailKind.GREETING)

    @performs(AskAgain)
    async def ask_again(self, effect: AskAgain, call: Call[Stateless]) -> str:
        return await self._to_account(
            effect.account_id, mail_templates.registered_already(), call, MailKind.GREETING
        )

    @performs(Warn)
    async def warn(self, effect: Warn, call: Call[Stateless]) -> str:
        return await self._to_account(effect.account_id, mail_templates.sign_ins_failed(), call)

    @performs(PasswordTold)
    async def password_told(self, effect: PasswordTold, call: Call[Stateless]) -> str:
        return await self._to_account(effect.account_id, mail_templates.password_changed(), call)

    @performs(FactorTaken)
    async def factor_taken(self, effect: FactorTaken, call: Call[Stateless]) -> str:
        return await self._to_account(effect.account_id, mail_templates.factor_taken(), call)

    @performs(Verify)
    async def verify(self, effect: Verify, call: Call[Stateless]) -> str:
        if self._clock.now() >= effect.expires_at:
            return "expired"
        letter = mail_templates.verification(self._links.verification(effect.id), effect.expires_at)
        return await self._to_account(effect.account_id, letter, call, MailKind.VERIFICATION)

    @performs(Reset)
    async def reset(self, effect: Reset, call: Call[Stateless]) -> str:
        if self._clock.now() >= effect.expires_at:
            return "expired"
        letter = mail_templates.password_reset(self._links.password_reset(effect.id), effect.expires_at)
        return await self._to_account(effect.account_id, letter, call)

    @performs(Invite)
    async def invite(self, effect: Invite, call: Call[Stateless]) -> str:
        if self._clock.now() >= effect.expires_at:
            return "expired"
        if not await self._addresses.is_open(call.tenant_id, effect.id):
            return "withdrawn"
        subject, text = mail_templates.invitation(
            self._links.invitation(effect.id, call.tenant_id),
            effect.expires_at,
            await self._addresses.tenant_name(call.tenant_id),
        )
        return await self._post.send(
            call.tenant_id,
            to=effect.email,
            subject=subject,
            text=text,
            key=call.key,
            kind=MailKind.INVITATION,
        )

    async def _to_account(
        self,
        account_id: UUID,
        letter: tuple[str, str],
        call: Call[Stateless],
        kind: MailKind = MailKind.ACCOUNT,
    ) -> str:
        sealed = await self._addresses.of_account(account_id)
        if sealed is None:
            return "gone"
        subject, text = letter
        return await self._post.send(
            call.tenant_id, to=sealed, subject=subject, text=text, key=call.key, kind=kind
        )
