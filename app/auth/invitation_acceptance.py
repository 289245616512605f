"""Joining a tenant by an invitation: with a new account, or with the one that the address has."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from app.auth.account_repository import AccountRepository
from app.auth.account_takeback import Disowning
from app.auth.credentials.passwords import Passwords, require_strong
from app.auth.invitations import is_member, known_as
from app.auth.sign_in import SignInService
from app.auth.tenant_services import Home, Homes
from app.auth.tokens.principals import Callers
from app.http.client_info import came_from
from app.mail.mailed_tokens import INVITE, MailedTokens, hash_of
from domain.identity.account_commands import JoinTenant, MarkEmailVerified, OpenAccount
from domain.identity.invitations import (
    AcceptInvitation,
    InvitationNotValid,
    InvitationStatus,
    RejoinByInvitation,
)
from domain.identity.sign_in_refusals import SignInRefused
from domain.identity.user_rules import UserIsAMember, UserStatus
from domain.kit.caller import Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.permissions import ROLES
from domain.kit.refusals import AlreadyExists, NotFound, Refusal, require
from domain.kit.sealed import ERASED
from projections.identity.admission import InvitationRow, Invitations
from projections.identity.auth_accounts import AccountRow
from projections.identity.people import People
from projections.identity.users import UserRow
from projections.tenancy.tenants import Tenants


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An invitation as its token brings it: to which tenant, and to whom."""

    tenant_id: UUID
    home: Home
    row: InvitationRow
    token: str
    email: str

    @property
    def waits(self) -> bool:
        """Whether it can be accepted."""
        return self.row.status is InvitationStatus.OPEN and datetime.now(UTC) < self.row.expires_at

    async def known(self) -> UserRow | None:
        """Whom the tenant knows by the address."""
        return await known_as(self.home, self.tenant_id, self.email)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Who invites: the company, and the person if there was one."""

    company: str
    inviter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationAcceptance:
    """Finds invitations by their tokens, and accepts them."""

    book: AccountRepository
    passwords: Passwords
    disowning: Disowning
    mailed: MailedTokens
    callers: Callers
    door: SignInService
    homes: Homes
    ids: TimeOrderedIds

    async def host(self, token: str) -> Host | None:
        """Who invites by an invitation that waits; None for any other token."""
        offer = await self._offer(token)
        if offer is None or not offer.waits:
            return None
        rows, tenant_id, by = offer.home.rows, offer.tenant_id, offer.row.invited_by
        tenant = (await rows.get(Tenants, tenant_id, [(tenant_id,)])).get((tenant_id,))
        person = (await rows.get(People, tenant_id, [(by,)])).get((by,)) if by is not None else None
        names = (person.first_name, person.last_name) if person is not None else ()
        return None if tenant is None else Host(company=tenant.name, inviter=" ".join(filter(None, names)))

    async def is_good(self, token: str) -> bool:
        """Whether one can join by this token now, or finish what was broken off."""
        offer = await self._offer(token)
        if offer is None or offer.waits:
            return offer is not None
        if offer.row.status is not InvitationStatus.ACCEPTED or offer.row.user_id is None:
            return False
        account = await self.book.account(offer.row.user_id)
        return account is not None and offer.tenant_id not in account.tenants

    async def join(
        self, token: str, password: str, first_name: str, last_name: str, caller: Caller
    ) -> tuple[AccountRow, UUID] | Refusal:
        """The account that has joined, and the tenant."""
        offer = await self._offer(token)
        if offer is None:
            return InvitationNotValid()
        try:
            known = await offer.known()
            await self._require_waiting(offer, known)
            free = known.id if known is not None and await self.book.account(known.id) is None else None
            account = await self._invited(offer.email, password, first_name, last_name, caller, free)
            await self._join(account, offer, known)
        except Refusal as refusal:
            return refusal
        return await self.book.fresh(account.id), offer.tenant_id

    async def _offer(self, token: str) -> Offer | None:
        said = self.mailed.read(token, INVITE)
        if said is None or said.tenant_id is None:
            return None
        home = await self.homes.of(said.tenant_id)
        row = (await home.rows.get(Invitations, said.tenant_id, [(said.id,)])).get((said.id,))
        if row is None or row.token_hash != hash_of(token):
            return None
        (email,) = await home.opening.open(said.tenant_id, [row.email])
        if email == ERASED:
            return None
        return Offer(tenant_id=said.tenant_id, home=home, row=row, token=token, email=email)

    async def _require_waiting(self, offer: Offer, known: UserRow | None) -> None:
        """Raise what accepting would be refused for, before there is an account that belongs nowhere."""
        if not offer.waits and offer.row.status is not InvitationStatus.ACCEPTED:
            raise InvitationNotValid()
        if known is None or offer.row.user_id == known.id:
            return
        if known.status is not UserStatus.ACTIVE or await is_member(
            self.book, offer.home, offer.tenant_id, known
        ):
            raise UserIsAMember()

    async def _invited(
        self,
        email: str,
        password: str,
        first_name: str,
        last_name: str,
        caller: Caller,
        free: UUID | None,
    ) -> AccountRow:
        """The account of who was invited: the one they have, which they have to show is theirs, or a new one.

        A new one takes the ``free`` id, under which the tenant has registered the person already.
        """
        known = await self.book.by_email(email)
        if known is None:
            require_strong(password, email)
            opened = OpenAccount(
                id=free or self.ids.new(),
                email=email,
                first_name=first_name,
                last_name=last_name,
                password_hash=await self.passwords.hash(password),
                # The token came by mail, so the address is the person's.
                email_verified=True,
                registration_source="invitation",
            )
            outcome = await self.book.send(opened, by=opened.id)
            if isinstance(outcome, AlreadyExists):
                # Whoever registered the person chose an id that something else has among the accounts.
                opened = replace(opened, id=self.ids.new())
                outcome = await self.book.send(opened, by=opened.id)
            require(outcome)
            return await self.book.fresh(opened.id)
        signed_in = caller.kind == "person" and caller.user_id == known.id
        account = known if signed_in else await self.door.checked(email, password)
        if account.id != known.id:
            raise SignInRefused()
        if not account.email_verified:
            require(await self.book.send(MarkEmailVerified(id=account.id), by=account.id))
        return account

    async def _join(self, account: AccountRow, offer: Offer, known: UserRow | None) -> None:
        # Accepted before, as by a try that was killed: only what follows is left to do.
        if offer.row.status is not InvitationStatus.ACCEPTED:
            await self._accept(account, offer, known)
        elif offer.row.user_id != account.id:
            raise InvitationNotValid()
        require(await self.book.send(JoinTenant(id=account.id, tenant_id=offer.tenant_id), by=account.id))
        self.callers.forget(offer.tenant_id, account.id)

    async def _accept(self, account: AccountRow, offer: Offer, known: UserRow | None) -> None:
        first_name, last_name = await self.book.opened(account.first_name, account.last_name)
        row, bus = offer.row, offer.home.bus
        by = Caller(tenant_id=offer.tenant_id, user_id=account.id, permissions=ROLES[row.role])
        command_id = uuid5(row.id, account.id.hex)
        accept = AcceptInvitation(
            id=account.id,
            invitation_id=row.id,
            inviter_id=row.vouched_by,
            known_id=known.id if known is not None and known.id != account.id else None,
            token_hash=hash_of(offer.token),
            email=offer.email,
            first_name=first_name,
            last_name=last_name,
            **came_from(),
        )
        outcome = await bus.send(accept, by=by, command_id=command_id)
        if isinstance(outcome, AlreadyExists):
            if offer.tenant_id not in account.tenants:
                # What somebody else left there under this address must not come back to life.
                await self.disowning.revoke_keys(account.id, offer.tenant_id)
            again = RejoinByInvitation(
                id=account.id,
                invitation_id=row.id,
                inviter_id=row.vouched_by,
                token_hash=hash_of(offer.token),
                proved=known is not None and known.id == account.id,
            )
            outcome = await bus.send(again, by=by, command_id=uuid5(command_id, "again"))
        if isinstance(outcome, NotFound):
            # Who sent it was forgotten since.
            raise InvitationNotValid()
        require(outcome)
