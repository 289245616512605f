"""Accounts: what a person signs in with, whatever the tenants that they belong to."""

import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import (
    Authored,
    Confidential,
    Describe,
    Internal,
    Len,
    Personal,
    Public,
    Purpose,
    Restricted,
)
from domain.kit.model import ADDRESS, ONE_LINE, Aggregate, Event, Refusal, Unique, applies

EMAIL = "identity.account.email"
"""The name of the reservation, and of the fingerprint, by which an account is found."""
LAPSES_AFTER = timedelta(days=30)
"""How long an account stays open whose address nobody proves."""
PROVIDER = "identity.account.provider"
"""The name of the reservation of who somebody is for another provider of identities."""

Address = Annotated[
    str,
    Len(3, 255),
    ADDRESS,
    Describe("The e-mail address that one signs in with."),
]
GivenName = Annotated[str, Len(1, 100), ONE_LINE, Describe("The first name.")]
FamilyName = Annotated[str, Len(0, 100), ONE_LINE, Describe("The last name; may be empty.")]
PasswordHash = Annotated[str, Len(0, 500), Restricted(), Describe("argon2id of the password; empty: none.")]
Hashes = Annotated[tuple[str, ...], Len(0, 20), Restricted(), Describe("Hashes of codes, each good once.")]
Member = Annotated[UUID, Internal(), Describe("The tenant.")]
AskedBy = Annotated[
    str, Len(0, 200), Internal(), Authored(), Describe("Which operator asked for it; empty: nobody is known.")
]


def normal_address(email: str) -> str:
    """An address as it is compared and stored: upper and lower case, and the forms that Unicode has of one
    character, are the same mailbox in practice."""
    return unicodedata.normalize("NFKC", email).strip().lower()


class AccountStatus(StrEnum):
    """Whether one can sign in."""

    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class AccountNotOpen(Refusal):
    """This account is suspended or closed."""


class AccountLasts(Refusal):
    """This account's address is proved, or may still be."""


class AccountIsSuspended(Refusal):
    """This account is suspended; ask the operators of this service."""


class OwnAccount(Refusal):
    """This is your own account; ask another operator, or use the command line of the server."""


class AccountNotSuspended(Refusal):
    """This account is not suspended."""


class NoSecondFactor(Refusal):
    """There is no second factor to confirm or remove."""


class SecondFactorInUse(Refusal):
    """There is a second factor already; remove it first."""


class WrongCode(Refusal):
    """This code is wrong, or was used before."""


class Account(
    Aggregate,
    topic="identity.account",
    unique=(
        Unique("held_email", stored_as=EMAIL, field="email", everywhere=True, personal=True),
        Unique("identities", stored_as=PROVIDER, field="identity", everywhere=True),
    ),
):
    """What one person signs in with."""

    class Opened(Event):
        email: Annotated[
            Address, Confidential(), Personal(searchable=EMAIL), Purpose("To sign in, and for mail about it.")
        ]
        first_name: Annotated[GivenName, Confidential(), Personal(), Purpose("To address the person.")]
        last_name: Annotated[FamilyName, Confidential(), Personal(), Purpose("To address the person.")] = ""
        password_hash: PasswordHash = ""
        email_verified: Annotated[
            bool, Internal(), Describe("Whether the address was proved on the way.")
        ] = False
        registration_source: Annotated[
            str, Internal(), Describe("What made it: sign_up, invitation, oidc, api.")
        ] = "api"
        tenant_name: Annotated[
            str, Internal(), Authored(), Describe("The company to be made with it; may be empty.")
        ] = ""
        tenant_slug: Annotated[str, Internal(), Authored(), Describe("That company's slug.")] = ""

    class EmailVerified(Event):
        cleared: Annotated[
            bool, Internal(), Describe("Whether all is void that was put in before by who had not proved it.")
        ] = False

    class PasswordChanged(Event):
        password_hash: PasswordHash
        kept_session: Annotated[UUID | None, Internal(), Describe("The one session that goes on.")] = None

    class RegistrationRepeated(Event):
        """Somebody tried to open another account with this one's address."""

    class ProviderLinked(Event):
        identity: Annotated[str, Restricted(), Describe("Hash of the provider and its name for the person.")]

    class SecondFactorSet(Event):
        secret: Annotated[
            str, Restricted(), Personal(), Purpose("To check the codes of the person's authenticator.")
        ]
        recovery_hashes: Hashes

    class SecondFactorConfirmed(Event): ...

    class SecondFactorRemoved(Event):
        asked_by: Annotated[
            str,
            Len(0, 200),
            Internal(),
            Authored(),
            Describe("Which operator took it away; empty: its person did."),
        ] = ""

    class RecoveryCodeUsed(Event):
        index: Annotated[int, Internal(), Describe("Which of the codes, from 0.")]

    class Joined(Event):
        tenant_id: Member

    class Left(Event):
        tenant_id: Member

    class SignInsFailed(Event):
        """Many wrong passwords were tried; recorded at most once a day."""

    class Lapsed(Event):
        """Nobody has proved the address in time, or its company could not be made; another account may have it."""

    class Suspended(Event):
        asked_by: AskedBy = ""

    class Reactivated(Event):
        asked_by: AskedBy = ""

    class Closed(Event): ...

    class Erased(Event, ends=True): ...

    opened: datetime
    email: str = ""
    email_verified: bool = False
    lapsed: bool = False
    status: AccountStatus = AccountStatus.OPEN
    has_password: bool = False
    second_factor: bool = False
    confirmed: bool = False
    recovery_hashes: tuple[str, ...] = ()
    used: tuple[int, ...] = ()
    generation: int = 0
    """How often what lets its person in was replaced; links that were sent before are void."""
    tenants: tuple[UUID, ...] = ()
    identities: tuple[str, ...] = ()

    def require_open(self) -> None:
        """Raise AccountNotOpen unless one can sign in with it."""
        if self.status is not AccountStatus.OPEN:
            raise AccountNotOpen()

    def verify_email(self) -> None:
        """Whoever opened the account proved that mail to the address reaches them."""
        if not self.email_verified:
            self.record(self.EmailVerified())

    def take_over(self) -> None:
        """Somebody proved that the address is theirs, who need not have opened the account.

        If they are the first to prove it, nothing stays of what was put in before: password, second factor,
        sessions, companies.
        """
        self.require_open()
        if not self.email_verified:
            self.record(self.EmailVerified(cleared=True))

    @property
    def held_email(self) -> str | None:
        """Its address, which no other account can have until it lapses."""
        return None if self.lapsed else self.email

    def change_password(self, password_hash: str, *, kept_session: UUID | None = None) -> None:
        """From now on this password; every session ends but the one that is kept."""
        self.require_open()
        self.record(self.PasswordChanged(password_hash=password_hash, kept_session=kept_session))

    def remove_second_factor(self, *, asked_by: str = "") -> None:
        """A password is enough again, where the tenant allows that."""
        if not self.second_factor:
            raise NoSecondFactor()
        self.record(self.SecondFactorRemoved(asked_by=asked_by))

    @applies(Opened)
    def _opened(self, event: Opened) -> None:
        self.email, self.email_verified = event.email, event.email_verified
        self.has_password, self.opened = bool(event.password_hash), event.timestamp

    @applies(EmailVerified)
    def _email_verified(self, event: EmailVerified) -> None:
        self.email_verified = True
        if event.cleared:
            self.has_password = self.second_factor = self.confirmed = False
            self.recovery_hashes, self.used, self.tenants = (), (), ()
            self.generation += 1

    @applies(PasswordChanged)
    def _password_changed(self, event: PasswordChanged) -> None:
        self.has_password = bool(event.password_hash)
        self.generation += 1

    @applies(ProviderLinked)
    def _linked(self, event: ProviderLinked) -> None:
        self.identities = (*self.identities, event.identity)

    @applies(SecondFactorSet)
    def _factor_set(self, event: SecondFactorSet) -> None:
        self.second_factor, self.confirmed = True, False
        self.recovery_hashes, self.used = event.recovery_hashes, ()

    @applies(SecondFactorConfirmed)
    def _factor_confirmed(self, event: SecondFactorConfirmed) -> None:
        self.confirmed = True

    @applies(SecondFactorRemoved)
    def _factor_removed(self, event: SecondFactorRemoved) -> None:
        self.second_factor = self.confirmed = False
        self.recovery_hashes, self.used = (), ()

    @applies(RecoveryCodeUsed)
    def _code_used(self, event: RecoveryCodeUsed) -> None:
        self.used = (*self.used, event.index)

    @applies(Joined)
    def _joined(self, event: Joined) -> None:
        self.tenants = (*self.tenants, event.tenant_id)

    @applies(Left)
    def _left(self, event: Left) -> None:
        self.tenants = tuple(id for id in self.tenants if id != event.tenant_id)

    @applies(Lapsed)
    def _lapsed(self, event: Lapsed) -> None:
        self.status, self.lapsed = AccountStatus.CLOSED, True

    @applies(Suspended)
    def _suspended(self, event: Suspended) -> None:
        self.status = AccountStatus.SUSPENDED

    @applies(Reactivated)
    def _reactivated(self, event: Reactivated) -> None:
        self.status = AccountStatus.OPEN

    @applies(Closed)
    def _closed(self, event: Closed) -> None:
        self.status = AccountStatus.CLOSED


AccountId = Annotated[UUID, Public(), Describe("Whose account.")]
