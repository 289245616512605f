"""Opening accounts: alone, with a company of one's own, or by an invitation."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from api.auth.port import Entry, Granted, Registration
from app.auth.account_repository import AccountRepository
from app.auth.company_registration import CompanyRegistration
from app.auth.credentials.devices import KnownDevices, network_of
from app.auth.credentials.passwords import Passwords, require_strong
from app.auth.credentials.throttle import MAIL, REGISTER, Attempts
from app.auth.invitation_acceptance import Host, InvitationAcceptance
from app.auth.recovery import Recovery
from app.auth.sessions import SessionService
from app.auth.sign_in import SignInService
from app.http.client_info import origin
from app.http.session_cookies import session_cookies
from domain.identity.account_commands import NoteRepeatedRegistration, OpenAccount, WithdrawAccount
from domain.identity.accounts import normal_address
from domain.identity.sessions import SignInMethod
from domain.identity.sign_in_refusals import TooManyAttempts
from domain.kit.bus.checks import check
from domain.kit.caller import Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import AlreadyTaken, Invalid, Refusal, ViolationCode


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationService:
    """The application's `api.auth.port.Registering`."""

    book: AccountRepository
    passwords: Passwords
    attempts: Attempts
    places: KnownDevices
    sessions: SessionService
    recovery: Recovery
    door: SignInService
    founding: CompanyRegistration
    joining: InvitationAcceptance
    ids: TimeOrderedIds

    async def register(self, registration: Registration) -> Granted | Refusal:
        """An address that has an account is refused as such, for a fresh one is answered with tokens (ID-T-24) and
        nothing could look the same. How often one may ask is limited by where one asks from; the owner of the
        address is told by mail.
        """
        session_cookies().check()
        crowd = await self.attempts.admit(REGISTER, network_of(origin().address))
        if crowd.refused:
            return TooManyAttempts(retry_after=crowd.wait)
        try:
            id = self.ids.new()
            if faults := self._faults(id, registration):
                raise Invalid.together(faults)
            if registration.tenant_slug:
                await self.founding.require_free(registration.tenant_slug)
            hashed = await self.passwords.hash(registration.password)
        except Refusal as refusal:
            return refusal
        outcome = await self.book.send(_opening(id, registration, hashed), by=id)
        if isinstance(outcome, AlreadyTaken):
            await self._tell_owner(registration.email)
        if isinstance(outcome, Refusal):
            return outcome
        account = await self.book.fresh(id)
        try:
            account = await self.founding.found(account)
        except AlreadyTaken as refusal:
            # Their address is theirs to try again with, and no link is mailed for an account that nobody has.
            withdrawn = await self.book.send(WithdrawAccount(id=id), by=id)
            return withdrawn if isinstance(withdrawn, Refusal) else refusal
        await self.recovery.ask_verification(account)
        await self.places.remember(normal_address(registration.email))
        return await self.sessions.enter(account, None, method=SignInMethod.REGISTRATION)

    def _faults(self, id: UUID, registration: Registration) -> list[Refusal]:
        """Everything that is wrong with what somebody wrote, in the order of the form."""
        faults: list[Refusal] = []
        checks: tuple[Callable[[], None], ...] = (
            lambda: check(_opening(id, registration, "")),
            lambda: require_strong(registration.password, registration.email),
        )
        for require in checks:
            try:
                require()
            except Refusal as refusal:
                faults.append(refusal)
        name, slug = registration.tenant_name.strip(), registration.tenant_slug.strip()
        if bool(name) != bool(slug):
            missing = "tenant_name" if slug else "tenant_slug"
            reason = "is needed: a company has both a name and a slug"
            faults.append(Invalid(field=missing, reason=reason, why=ViolationCode.REQUIRED))
        # What is missing is said once; the rest is looked at all the same.
        return [*faults, *(self.founding.faults(id, name, slug) if name or slug else ())]

    async def accept_invitation(
        self, token: str, *, password: str, first_name: str, last_name: str, caller: Caller
    ) -> Entry:
        session_cookies().check()
        joined = await self.joining.join(token, password, first_name, last_name, caller)
        if isinstance(joined, Refusal):
            return joined
        account, tenant_id = joined
        return await self.door.enter(account, tenant_id, method=SignInMethod.INVITATION)

    async def join(
        self, token: str, *, password: str, first_name: str, last_name: str, caller: Caller
    ) -> Refusal | None:
        """Join as `accept_invitation` does, and signs nobody in."""
        joined = await self.joining.join(token, password, first_name, last_name, caller)
        return joined if isinstance(joined, Refusal) else None

    async def host(self, token: str) -> Host | None:
        """Who invites by this token, for the page that asks whether one will join."""
        return await self.joining.host(token)

    async def is_good(self, token: str) -> bool:
        """Whether one can join by this token now."""
        return await self.joining.is_good(token)

    async def is_followed(self, token: str, kind: str) -> bool:
        """Whether a link of this kind, of a reset or a proof of an address, can be followed now."""
        return await self.recovery.is_good(token, kind)

    async def _tell_owner(self, email: str) -> None:
        if not (await self.attempts.admit(MAIL, f"repeated {normal_address(email)}")).refused:
            owner = await self.book.by_email(email)
            if owner is not None:
                await self.book.send(NoteRepeatedRegistration(id=owner.id), by=owner.id)


def _opening(id: UUID, registration: Registration, hashed: str) -> OpenAccount:
    return OpenAccount(
        id=id,
        email=normal_address(registration.email),
        first_name=registration.first_name,
        last_name=registration.last_name,
        password_hash=hashed,
        registration_source="sign_up",
        tenant_name=registration.tenant_name.strip(),
        tenant_slug=registration.tenant_slug.strip(),
    )
