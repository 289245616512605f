"""Opening accounts: alone, with a company of one's own, or by an invitation."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from api.auth.port import Entry, Granted, Registration
from app.auth.attempts import MAIL, REGISTER, Attempts
from app.auth.book import Book
from app.auth.callers import Callers
from app.auth.disowning import Disowning
from app.auth.entrance import DoorKeeper
from app.auth.homes import Homes
from app.auth.inviting import is_member, known_as
from app.auth.origin import origin
from app.auth.passwords import Passwords, require_strong
from app.auth.places import Places, network_of
from app.auth.recovering import Recovery
from app.auth.secrets import INVITE, MailedTokens, hash_of
from app.auth.sessions import SessionKeeper
from domain.identity.account_commands import (
    JoinTenant,
    MarkEmailVerified,
    NoteRepeatedRegistration,
    OpenAccount,
)
from domain.identity.accounts import normal_address
from domain.identity.invitations import (
    AcceptInvitation,
    InvitationNotValid,
    InvitationStatus,
    RejoinByInvitation,
)
from domain.identity.registering import RegisterFounder
from domain.identity.signing import SignInRefused, TooManyAttempts
from domain.identity.user_rules import UserIsAMember, UserStatus
from domain.kit.caller import Caller
from domain.kit.checks import check
from domain.kit.clock import TimeOrderedIds
from domain.kit.permissions import ROLES
from domain.kit.refusals import AlreadyExists, AlreadyTaken, CommandIdReused, Invalid, NotFound, Refusal
from domain.kit.sealed import ERASED
from domain.tenancy.tenant_commands import CreateTenant
from domain.tenancy.tenants import SLUG
from projections.identity.admission import InvitationRow, Invitations
from projections.identity.auth_accounts import AccountRow
from projections.identity.users import UserRow

Place = Callable[[UUID, str, str], Awaitable[None]]
"""Notes where a new tenant (id, name, slug) is; may be called again. Raises AlreadyTaken for its slug."""

_logger = logging.getLogger(__name__)


async def in_no_registry(tenant_id: UUID, name: str, slug: str) -> None:
    """For installations whose tenants all lie in one database."""


def tenant_of(account_id: UUID) -> UUID:
    """The id of the company that an account is opened with: the same, however often that is tried."""
    return uuid5(account_id, "tenant")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationDesk:
    """See `api.auth.port.Registering`."""

    book: Book
    passwords: Passwords
    attempts: Attempts
    places: Places
    disowning: Disowning
    mailed: MailedTokens
    sessions: SessionKeeper
    recovery: Recovery
    callers: Callers
    door: DoorKeeper
    founding: "Founding"
    homes: Homes
    ids: TimeOrderedIds

    async def register(self, wish: Registration) -> Granted | Refusal:
        """See the port.

        An address that has an account is refused as such, for a fresh one is answered with tokens (ID-T-24) and
        nothing could look the same. How often one may ask is limited by where one asks from; the owner of the
        address is told by mail.
        """
        crowd = await self.attempts.admit(REGISTER, network_of(origin().address))
        if crowd.refused:
            return TooManyAttempts(retry_after=crowd.wait)
        try:
            require_strong(wish.password, wish.email)
            if bool(wish.tenant_name.strip()) != bool(wish.tenant_slug.strip()):
                raise Invalid(field="tenant_slug", reason="belongs to tenant_name; give both or neither")
            id = self.ids.new()
            if wish.tenant_slug:
                await self.founding.require_free(id, wish.tenant_name, wish.tenant_slug)
            hashed = await self.passwords.hash(wish.password)
        except Refusal as refusal:
            return refusal
        outcome = await self.book.send(
            OpenAccount(
                id=id,
                email=normal_address(wish.email),
                first_name=wish.first_name,
                last_name=wish.last_name,
                password_hash=hashed,
                registration_source="sign_up",
                tenant_name=wish.tenant_name.strip(),
                tenant_slug=wish.tenant_slug.strip(),
            ),
            by=id,
        )
        if isinstance(outcome, AlreadyTaken):
            await self._tell_owner(wish.email)
        if isinstance(outcome, Refusal):
            return outcome
        account = await self._fresh(id)
        await self.recovery.ask_verification(account)
        account = await self.founding.finish(account)
        await self.places.remember(normal_address(wish.email))
        return await self.sessions.enter(account, None, method="registration")

    async def accept_invitation(
        self, token: str, *, password: str, first_name: str, last_name: str, caller: Caller
    ) -> Entry:
        """See the port."""
        joined = await self._joined(token, password, first_name, last_name, caller)
        if isinstance(joined, Refusal):
            return joined
        account, tenant_id = joined
        return await self.door.enter(account, tenant_id, method="invitation")

    async def join(
        self, token: str, *, password: str, first_name: str, last_name: str, caller: Caller
    ) -> Refusal | None:
        """Joins as `accept_invitation` does, and signs nobody in."""
        joined = await self._joined(token, password, first_name, last_name, caller)
        return joined if isinstance(joined, Refusal) else None

    async def _joined(
        self, token: str, password: str, first_name: str, last_name: str, caller: Caller
    ) -> tuple[AccountRow, UUID] | Refusal:
        said = self.mailed.read(token, INVITE)
        if said is None or said.tenant_id is None:
            return InvitationNotValid()
        home = await self.homes.of(said.tenant_id)
        found = await home.rows.get(Invitations, said.tenant_id, [(said.id,)])
        row = found.get((said.id,))
        if row is None or row.token_hash != hash_of(token):
            return InvitationNotValid()
        (email,) = await home.opening.open(said.tenant_id, [row.email])
        if email == ERASED:
            return InvitationNotValid()
        try:
            known = await known_as(home, said.tenant_id, email)
            await self._require_waiting(row, said.tenant_id, known)
            free = known.id if known is not None and await self.book.account(known.id) is None else None
            account = await self._invited(email, password, first_name, last_name, caller, free)
            await self._join(account, said.tenant_id, row, token, email, known)
        except Refusal as refusal:
            return refusal
        return await self._fresh(account.id), said.tenant_id

    async def _require_waiting(self, row: InvitationRow, tenant_id: UUID, known: UserRow | None) -> None:
        """Raises what accepting would be refused for, before there is an account that belongs nowhere."""
        waits = row.status is InvitationStatus.OPEN and datetime.now(UTC) < row.expires_at
        if not waits and row.status is not InvitationStatus.ACCEPTED:
            raise InvitationNotValid()
        if known is None or row.user_id == known.id:
            return
        home = await self.homes.of(tenant_id)
        if known.status is not UserStatus.ACTIVE or await is_member(self.book, home, tenant_id, known):
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
            _raise(outcome)
            return await self._fresh(opened.id)
        signed_in = caller.kind == "person" and caller.user_id == known.id
        account = known if signed_in else await self.door.checked(email, password)
        if account.id != known.id:
            raise SignInRefused()
        if not account.email_verified:
            _raise(await self.book.send(MarkEmailVerified(id=account.id), by=account.id))
        return account

    async def _join(
        self,
        account: AccountRow,
        tenant_id: UUID,
        row: InvitationRow,
        token: str,
        email: str,
        known: UserRow | None,
    ) -> None:
        # Accepted before, as by a try that was killed: only what follows is left to do.
        if row.status is not InvitationStatus.ACCEPTED:
            await self._accept(account, tenant_id, row, token, email, known)
        elif row.user_id != account.id:
            raise InvitationNotValid()
        _raise(await self.book.send(JoinTenant(id=account.id, tenant_id=tenant_id), by=account.id))
        self.callers.forget(tenant_id, account.id)

    async def _accept(
        self,
        account: AccountRow,
        tenant_id: UUID,
        row: InvitationRow,
        token: str,
        email: str,
        known: UserRow | None,
    ) -> None:
        first_name, last_name = await self.book.opened(account.first_name, account.last_name)
        home = await self.homes.of(tenant_id)
        by = Caller(tenant_id=tenant_id, user_id=account.id, permissions=ROLES[row.role])
        command_id = uuid5(row.id, account.id.hex)
        accept = AcceptInvitation(
            id=account.id,
            invitation_id=row.id,
            inviter_id=row.vouched_by,
            known_id=known.id if known is not None and known.id != account.id else None,
            token_hash=hash_of(token),
            email=email,
            first_name=first_name,
            last_name=last_name,
            **_came_from(),
        )
        outcome = await home.bus.send(accept, by=by, command_id=command_id)
        if isinstance(outcome, AlreadyExists):
            if tenant_id not in account.tenants:
                # What somebody else left there under this address must not come back to life.
                await self.disowning.revoke_keys(account.id, tenant_id)
            again = RejoinByInvitation(
                id=account.id,
                invitation_id=row.id,
                inviter_id=row.vouched_by,
                token_hash=hash_of(token),
                proved=known is not None and known.id == account.id,
            )
            outcome = await home.bus.send(again, by=by, command_id=uuid5(command_id, "again"))
        if isinstance(outcome, NotFound):
            # Who sent it was forgotten since.
            raise InvitationNotValid()
        _raise(outcome)

    async def _tell_owner(self, email: str) -> None:
        if not (await self.attempts.admit(MAIL, f"repeated {normal_address(email)}")).refused:
            owner = await self.book.by_email(email)
            if owner is not None:
                await self.book.send(NoteRepeatedRegistration(id=owner.id), by=owner.id)

    async def _fresh(self, id: UUID) -> AccountRow:
        account = await self.book.account(id)
        assert account is not None, "an inline view has what was just appended"
        return account


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """Makes the company that an account was opened with, in steps that may each be done again after a kill."""

    book: Book
    callers: Callers
    homes: Homes
    place: Place
    region: str

    async def require_free(self, account_id: UUID, name: str, slug: str) -> None:
        """Raises what creating it would be refused for, before there is an account without its company."""
        check(self._create(tenant_of(account_id), name, slug))
        if await self.book.reserved(SLUG, slug.strip()):
            raise AlreadyTaken(field="tenant_slug")

    async def finish(self, account: AccountRow) -> AccountRow:
        """The account with its company, if it was to have one; what was done before is not done again.

        A company that cannot be made, as when its slug was taken in between, is given up: the account stands
        alone, and its owner may found one under another name.
        """
        tenant_id = tenant_of(account.id)
        if not account.tenant_slug or tenant_id in account.tenants:
            return account
        try:
            await self._found(account, tenant_id)
        except Refusal as refusal:
            _logger.warning("The company of account %s was not made: %s", account.id, refusal.code)
            return account
        self.callers.forget(tenant_id, account.id)
        return await self.book.account(account.id) or account

    async def _found(self, account: AccountRow, tenant_id: UUID) -> None:
        email, first_name, last_name = await self.book.opened(
            account.email, account.first_name, account.last_name
        )
        await self.place(tenant_id, account.tenant_name, account.tenant_slug)
        bus = (await self.homes.of(tenant_id)).bus
        by = Caller(tenant_id=tenant_id, user_id=account.id, permissions=ROLES["owner"])
        create = self._create(tenant_id, account.tenant_name, account.tenant_slug)
        _raise(await bus.send(create, by=by, command_id=uuid5(tenant_id, "create")))
        owner = RegisterFounder(
            id=account.id, email=email, first_name=first_name, last_name=last_name, **_came_from()
        )
        outcome = await bus.send(owner, by=by, command_id=uuid5(tenant_id, "owner"))
        # A try before this one, which was killed, may have come from elsewhere.
        if not isinstance(outcome, CommandIdReused):
            _raise(outcome)
        joined = JoinTenant(id=account.id, tenant_id=tenant_id)
        _raise(await self.book.send(joined, by=account.id, command_id=uuid5(tenant_id, "joined")))

    def _create(self, tenant_id: UUID, name: str, slug: str) -> CreateTenant:
        return CreateTenant(id=tenant_id, name=name.strip(), slug=slug.strip(), region=self.region)


def _came_from() -> dict[str, str]:
    """Where the request that is answered comes from, as events name it."""
    seen = origin()
    return {"ip_address": seen.address, "user_agent": seen.user_agent, "referrer": seen.referrer}


def _raise(outcome: object) -> None:
    if isinstance(outcome, Refusal):
        raise outcome
