"""Accounts as signing in needs them; all rows are in the tenant of accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.identity.accounts import Account, AccountStatus
from domain.kit.fields import Confidential, Describe, Internal, Personal, Public, Restricted
from domain.kit.log import Envelope
from projections.kit.declare.fast_replace import replace
from projections.kit.declare.postgres import Index, PostgresView
from projections.kit.declare.view import on


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """What one person signs in with. Personal texts are sealed."""

    id: Annotated[UUID, Public(), Describe("The account's id; in each tenant also the person's.")]
    email: Annotated[str, Confidential(), Personal(), Describe("The address, sealed.")]
    first_name: Annotated[str, Confidential(), Personal(), Describe("The first name, sealed.")]
    last_name: Annotated[str, Confidential(), Personal(), Describe("The last name, sealed.")]
    password_hash: Annotated[str, Restricted(), Describe("argon2id of the password; empty: none.")]
    email_verified: Annotated[bool, Internal(), Describe("Whether the address was proved.")]
    status: Annotated[AccountStatus, Internal(), Describe("Whether one can sign in.")]
    factor_secret: Annotated[str, Restricted(), Personal(), Describe("The authenticator's key, sealed.")] = ""
    factor_confirmed: Annotated[bool, Internal(), Describe("Whether a second factor is asked for.")] = False
    factor_since: Annotated[int, Internal(), Describe("The position of the event that set it.")] = 0
    recovery_left: Annotated[int, Internal(), Describe("How many recovery codes are left.")] = 0
    tenants: Annotated[tuple[UUID, ...], Internal(), Describe("The tenants one can sign in to.")] = ()
    tenant_name: Annotated[str, Internal(), Describe("The company that comes with it; may be empty.")] = ""
    tenant_slug: Annotated[str, Internal(), Describe("That company's slug.")] = ""
    sessions_after: Annotated[int, Internal(), Describe("Sessions begun before this position are over.")]
    kept_session: Annotated[UUID | None, Internal(), Describe("But for this one.")] = None
    created_at: Annotated[datetime, Internal(), Describe("When it was opened.")]
    updated_at: Annotated[datetime, Internal(), Describe("When it was last changed.")]


class Accounts(PostgresView[AccountRow], name="auth.accounts", version=3, inline=True):
    """Every account."""

    indexes = (Index("idx_accounts_created", ("created_at", "id")),)

    @on(Account.Opened)
    def opened(self, row: None, event: Account.Opened, envelope: Envelope) -> AccountRow:
        return AccountRow(
            id=event.originator_id,
            email=event.email,
            first_name=event.first_name,
            last_name=event.last_name,
            password_hash=event.password_hash,
            email_verified=event.email_verified,
            status=AccountStatus.OPEN,
            tenant_name=event.tenant_name,
            tenant_slug=event.tenant_slug,
            sessions_after=envelope.position,
            created_at=event.timestamp,
            updated_at=event.timestamp,
        )

    @on(Account.EmailVerified)
    def email_verified(self, row: AccountRow, event: Account.EmailVerified, envelope: Envelope) -> AccountRow:
        row = replace(row, email_verified=True, updated_at=event.timestamp)
        if not event.cleared:
            return row
        return replace(
            row,
            password_hash="",
            factor_secret="",
            factor_confirmed=False,
            recovery_left=0,
            tenants=(),
            tenant_name="",
            tenant_slug="",
            sessions_after=envelope.position,
            kept_session=None,
        )

    @on(Account.PasswordChanged)
    def password_changed(
        self, row: AccountRow, event: Account.PasswordChanged, envelope: Envelope
    ) -> AccountRow:
        return replace(
            row,
            password_hash=event.password_hash,
            sessions_after=envelope.position,
            kept_session=event.kept_session,
            updated_at=event.timestamp,
        )

    @on(Account.SecondFactorSet)
    def factor_set(self, row: AccountRow, event: Account.SecondFactorSet, envelope: Envelope) -> AccountRow:
        return replace(
            row,
            factor_secret=event.secret,
            factor_since=envelope.position,
            factor_confirmed=False,
            recovery_left=len(event.recovery_hashes),
            updated_at=event.timestamp,
        )

    @on(Account.SecondFactorConfirmed)
    def factor_confirmed(self, row: AccountRow, event: Account.SecondFactorConfirmed) -> AccountRow:
        return replace(row, factor_confirmed=True, updated_at=event.timestamp)

    @on(Account.SecondFactorRemoved)
    def factor_removed(self, row: AccountRow, event: Account.SecondFactorRemoved) -> AccountRow:
        return replace(
            row, factor_secret="", factor_confirmed=False, recovery_left=0, updated_at=event.timestamp
        )

    @on(Account.RecoveryCodeUsed)
    def code_used(self, row: AccountRow, event: Account.RecoveryCodeUsed) -> AccountRow:
        return replace(row, recovery_left=row.recovery_left - 1, updated_at=event.timestamp)

    @on(Account.Joined)
    def joined(self, row: AccountRow, event: Account.Joined) -> AccountRow:
        return replace(row, tenants=(*row.tenants, event.tenant_id), updated_at=event.timestamp)

    @on(Account.Left)
    def left(self, row: AccountRow, event: Account.Left) -> AccountRow:
        remaining = tuple(one for one in row.tenants if one != event.tenant_id)
        return replace(row, tenants=remaining, updated_at=event.timestamp)

    @on(Account.Lapsed)
    def lapsed(self, row: AccountRow, event: Account.Lapsed) -> AccountRow:
        return replace(row, status=AccountStatus.CLOSED, updated_at=event.timestamp)

    @on(Account.Suspended)
    def suspended(self, row: AccountRow, event: Account.Suspended, envelope: Envelope) -> AccountRow:
        # Its sessions do not come back when it is reactivated.
        return replace(
            row,
            status=AccountStatus.SUSPENDED,
            sessions_after=envelope.position,
            kept_session=None,
            updated_at=event.timestamp,
        )

    @on(Account.Reactivated)
    def reactivated(self, row: AccountRow, event: Account.Reactivated, envelope: Envelope) -> AccountRow:
        # Nor does one that was begun at the very moment of the suspension.
        return replace(
            row,
            status=AccountStatus.OPEN,
            sessions_after=envelope.position,
            updated_at=event.timestamp,
        )

    @on(Account.Closed)
    def closed(self, row: AccountRow, event: Account.Closed) -> AccountRow:
        return replace(row, status=AccountStatus.CLOSED, updated_at=event.timestamp)

    @on(Account.Erased)
    def erased(self, row: AccountRow, event: Account.Erased) -> None:
        return None
