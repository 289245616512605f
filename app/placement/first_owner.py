"""A tenant's first owner, whom the platform invites: nobody is there yet who could."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

from app.auth.account_repository import AccountRepository
from app.auth.invitations import InvitationService, known_as
from app.auth.tenant_services import Home, Homes
from app.composition.write_side import WriteSide
from app.contexts import VIEWS
from app.mail.mailed_tokens import MailedTokens
from app.placement import registry
from app.placement.fence import refused
from app.placement.write_side import silo_of
from app.settings import Settings
from domain.identity.authorization import BaseRole
from domain.identity.invitations import (
    INVITED_INDEX,
    AlreadyInvited,
    InvitationNotOpen,
    InvitationStatus,
    InvitationToken,
    InviteUser,
    TenantHasOwner,
    WithdrawInvitation,
)
from domain.kit.bus.bus import Bus
from domain.kit.bus.checks import check
from domain.kit.caller import SYSTEM, Caller
from domain.kit.codec import Codec
from domain.kit.refusals import AlreadyTaken, Refusal
from domain.kit.sealed import Opening
from projections.identity.admission import Invitations
from projections.identity.memberships import Memberships
from projections.kit.read.conditions import equals
from projections.kit.read.keyset import Order
from projections.kit.read.live_generations import pointers
from projections.kit.read.postgres_reader import PostgresRows

Standing = Literal["invited", "joined"]
_MOST = 100
"""How many invitations are looked at; a tenant sends fewer a day."""


@dataclass(frozen=True, slots=True)
class _Home:
    """A database, as `app.auth.tenant_services.Home`."""

    rows: PostgresRows
    bus: Bus
    codec: Codec
    opening: Opening


def require_address(email: str, *, field: str) -> None:
    """Raise a refusal of the field for what is no e-mail address."""
    try:
        check(_invitation(uuid4(), email, InvitationToken(token_hash="0" * 64, replaces_id=None)))
    except Refusal as refusal:
        raise refusal.about(field) from None


async def invite_first_owner(
    settings: Settings, platform: WriteSide, tenant_id: UUID, email: str
) -> Standing:
    """Invite somebody as the owner of a tenant that is ready and has no owner, as `inviteUser` does.

    What was offered to another address is withdrawn. Asked again, it sends another mail, unless one has just been
    sent or has brought its reader in. Raises the refusal.
    """
    found = await registry.placement(platform.database.writer, tenant_id)
    by = Caller(tenant_id=tenant_id, user_id=SYSTEM, permissions=frozenset({"*"}), kind="service")
    async with silo_of(found, settings) as silo, _home(platform) as accounts, _home(silo or platform) as home:
        book = AccountRepository(
            pool=platform.database.writer,
            rows=accounts.rows,
            bus=accounts.bus,
            log=platform.log,
            codec=accounts.codec,
            opening=accounts.opening,
        )
        mailed = MailedTokens(settings.derive("mailed tokens"))
        inviting = InvitationService(book, Homes(home), mailed, per_day=settings.invitations_per_day)
        owned = await home.rows.count(Memberships, tenant_id, equals("role", BaseRole.OWNER.value))
        if owned and await _owns(home, tenant_id, email):
            return "joined"
        if owned:
            raise TenantHasOwner()
        with refused():
            await _invite(inviting, home, by, email)
            await _withdraw_others(home, by, email)
        return "invited"


async def _owns(home: Home, tenant_id: UUID, email: str) -> bool:
    known = await known_as(home, tenant_id, email)
    held = {} if known is None else await home.rows.get(Memberships, tenant_id, [(known.id,)])
    return any(row.role is BaseRole.OWNER for row in held.values())


async def _invite(inviting: InvitationService, home: Home, by: Caller, email: str) -> None:
    id = uuid4()
    with suppress(AlreadyInvited):
        prepared = await inviting.prepared(by, id, email, BaseRole.OWNER)
        outcome = await home.bus.send(_invitation(id, email, prepared), by=by)
        # Somebody else has invited this address in the same moment.
        if isinstance(outcome, Refusal) and not isinstance(outcome, AlreadyTaken):
            raise outcome


async def _withdraw_others(home: Home, by: Caller, email: str) -> None:
    """An address that was mistyped is not to be its owner."""
    open_ones = [*equals("status", InvitationStatus.OPEN.value), *equals("role", BaseRole.OWNER.value)]
    page = await home.rows.page(
        Invitations, by.tenant_id, where=open_ones, order=Order("sent_at"), limit=_MOST
    )
    key = home.codec.fingerprint(INVITED_INDEX, email.lower())
    for row in page.rows:
        if row.email_key != key:
            outcome = await home.bus.send(WithdrawInvitation(id=row.id), by=by)
            if isinstance(outcome, Refusal) and not isinstance(outcome, InvitationNotOpen):
                raise outcome


def _invitation(id: UUID, email: str, prepared: InvitationToken) -> InviteUser:
    return InviteUser(
        id=id,
        email=email,
        role=BaseRole.OWNER,
        token_hash=prepared.token_hash,
        replaces_id=prepared.replaces_id,
    )


@asynccontextmanager
async def _home(side: WriteSide) -> AsyncIterator[_Home]:
    async with pointers(side.database.writer, VIEWS) as live:
        yield _Home(PostgresRows(side.database, live), side.bus, side.codec, side.ring)
