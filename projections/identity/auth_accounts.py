"""Accounts as signing in needs them; all rows are in the tenant of accounts."""

from typing import Annotated
from uuid import UUID

from domain.identity.accounts import Account, AccountStatus
from domain.kit.fields import Confidential, Describe, Internal, Personal, Public, Restricted
from domain.kit.log import Envelope
from projections.kit.declare.folds import POSITION, carried, counted, on, removed
from projections.kit.model import CreatedAt, Index, PostgresView, Row, UpdatedAt, replace


class AccountRow(Row):
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
    created_at: Annotated[CreatedAt, Internal(), Describe("When it was opened.")]
    updated_at: Annotated[UpdatedAt, Internal(), Describe("When it was last changed.")]


class Accounts(PostgresView[AccountRow], name="auth.accounts", version=3, inline=True):
    """Every account."""

    indexes = (Index("idx_accounts_created", ("created_at", "id")),)

    opened = carried(Account.Opened, first=True, status=AccountStatus.OPEN, sessions_after=POSITION)

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

    password_changed = carried(Account.PasswordChanged, sessions_after=POSITION)

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

    factor_confirmed = carried(Account.SecondFactorConfirmed, factor_confirmed=True)

    factor_removed = carried(
        Account.SecondFactorRemoved, factor_secret="", factor_confirmed=False, recovery_left=0
    )

    code_used = counted(Account.RecoveryCodeUsed, recovery_left=-1)

    @on(Account.Joined)
    def joined(self, row: AccountRow, event: Account.Joined) -> AccountRow:
        return replace(row, tenants=(*row.tenants, event.tenant_id), updated_at=event.timestamp)

    @on(Account.Left)
    def left(self, row: AccountRow, event: Account.Left) -> AccountRow:
        remaining = tuple(tenant for tenant in row.tenants if tenant != event.tenant_id)
        return replace(row, tenants=remaining, updated_at=event.timestamp)

    lapsed = carried(Account.Lapsed, Account.Closed, status=AccountStatus.CLOSED)

    # Its sessions do not come back when it is reactivated.
    suspended = carried(
        Account.Suspended, status=AccountStatus.SUSPENDED, sessions_after=POSITION, kept_session=None
    )

    # Nor does one that was begun at the very moment of the suspension.
    reactivated = carried(Account.Reactivated, status=AccountStatus.OPEN, sessions_after=POSITION)

    erased = removed(Account.Erased)
