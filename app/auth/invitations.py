"""Inviting people: by whom the tenant may send how many invitations, and to whom."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.auth.account_repository import AccountRepository
from app.auth.tenant_services import Home, Homes
from app.mail.mailed_tokens import INVITE, MailedTokens, hash_of
from domain.identity.authorization import BaseRole
from domain.identity.invitations import (
    INVITED_INDEX,
    JUST_NOW,
    AlreadyInvited,
    InvitationStatus,
    InvitationToken,
    InviterNotProved,
    TooManyInvitations,
)
from domain.identity.profiles import EMAIL_INDEX
from domain.identity.user_rules import UserIsAMember, UserStatus
from domain.kit.caller import Caller
from domain.kit.sealed import is_sealed
from projections.identity.admission import InvitationRow, Invitations
from projections.identity.memberships import Memberships
from projections.identity.users import UserRow, Users
from projections.kit.read.conditions import equals, one_of, since
from projections.kit.read.keyset import Order

_DAY = timedelta(days=1)


class InvitationService:
    """The application's `domain.identity.invitations.Inviting`: it reads inline views, which are never behind."""

    def __init__(self, book: AccountRepository, homes: Homes, mailed: MailedTokens, *, per_day: int) -> None:
        """``per_day``: how many invitations one tenant may send within a day."""
        self._book, self._homes, self._mailed, self._per_day = book, homes, mailed, per_day

    async def prepared(self, by: Caller, id: UUID, email: str, role: BaseRole) -> InvitationToken:
        home = await self._homes.of(by.tenant_id)
        # It follows from the invitation's id, so nobody keeps it and a retry is the same command.
        token_hash = hash_of(self._mailed.of(INVITE, id, by.tenant_id))
        sent = (await home.rows.get(Invitations, by.tenant_id, [(id,)])).get((id,))
        if sent is not None:
            return InvitationToken(token_hash=token_hash, replaces_id=sent.replaces)
        await self._require_proved(by)
        known = await known_as(home, by.tenant_id, email)
        if known is not None and await is_member(self._book, home, by.tenant_id, known):
            raise UserIsAMember(field="email")
        now = datetime.now(UTC)
        former = await _open(home, by.tenant_id, email)
        if former is not None and former.role is role and now - former.sent_at < JUST_NOW:
            raise AlreadyInvited(field="email")
        recent = since("sent_at", now - _DAY)
        if await home.rows.count(Invitations, by.tenant_id, recent) >= self._per_day:
            raise TooManyInvitations(most=self._per_day)
        return InvitationToken(token_hash=token_hash, replaces_id=None if former is None else former.id)

    async def _require_proved(self, by: Caller) -> None:
        """Raise InviterNotProved for who never showed that mail reaches them, or has a key of such a person."""
        if by.kind == "service":
            return
        account = await self._book.account(by.user_id)
        if account is None or not account.email_verified:
            raise InviterNotProved()


async def known_as(home: Home, tenant_id: UUID, email: str) -> UserRow | None:
    """Whom a tenant knows by an address; nobody by one that a deleted person had."""
    if is_sealed(email):
        return None
    key = home.codec.fingerprint(EMAIL_INDEX, email.lower())
    kept = [status for status in UserStatus if status is not UserStatus.DELETED]
    where = [*equals("email_key", key), *one_of("status", kept)]
    page = await home.rows.page(Users, tenant_id, where=where, order=Order("created_at"), limit=1)
    return page.rows[0] if page.rows else None


async def is_member(book: AccountRepository, home: Home, tenant_id: UUID, known: UserRow) -> bool:
    """Whether somebody belongs to the tenant with an account: who was only registered there cannot sign in."""
    membership = await home.rows.get(Memberships, tenant_id, [(known.id,)])
    account = await book.account(known.id) if membership else None
    return account is not None and tenant_id in account.tenants


async def _open(home: Home, tenant_id: UUID, email: str) -> InvitationRow | None:
    """The open invitation to an address, whether or not it has expired."""
    if is_sealed(email):
        return None
    key = home.codec.fingerprint(INVITED_INDEX, email.lower())
    where = [*equals("email_key", key), *equals("status", InvitationStatus.OPEN.value)]
    page = await home.rows.page(Invitations, tenant_id, where=where, order=Order("sent_at"), limit=1)
    return page.rows[0] if page.rows else None
