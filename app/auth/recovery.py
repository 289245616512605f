"""Addresses proved and passwords changed, by mail or by who is signed in."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable

from app.auth.account_repository import AccountRepository
from app.auth.account_takeback import Disowning
from app.auth.credentials.devices import AttemptSource, KnownDevices
from app.auth.credentials.passwords import Passwords, require_strong
from app.auth.credentials.throttle import FORGOT, MAIL, MAIL_ANYWHERE, VERIFICATION, Attempts
from app.auth.sessions import SessionService
from app.auth.tokens.session_cache import session_of
from app.auth.two_factor import TwoFactorService
from app.mail.mailed_tokens import RESET, VERIFY, MailedTokens, hash_of
from domain.identity.account_commands import ChangePassword
from domain.identity.accounts import AccountStatus, normal_address
from domain.identity.email_verifications import (
    EmailIsVerified,
    RequestEmailVerification,
    VerificationNotValid,
    VerifyEmail,
)
from domain.identity.password_resets import RequestPasswordReset, ResetNotValid, ResetPassword
from domain.identity.sessions import Ending
from domain.identity.sign_in_refusals import TooManyAttempts
from domain.kit.caller import ACCOUNTS, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Forbidden, Refusal
from projections.identity.auth_accounts import AccountRow
from projections.identity.auth_resets import PasswordResets

_logger = logging.getLogger(__name__)


class Recovery:
    """The application's `api.auth.port.Recovering`."""

    def __init__(
        self,
        *,
        book: AccountRepository,
        passwords: Passwords,
        attempts: Attempts,
        places: KnownDevices,
        mailed: MailedTokens,
        sessions: SessionService,
        factors: TwoFactorService,
        disowning: Disowning,
    ) -> None:
        self._book, self._passwords, self._attempts, self._mailed = book, passwords, attempts, mailed
        self._places, self._sessions, self._factors = places, sessions, factors
        self._disowning = disowning
        self._ids = TimeOrderedIds()
        self._beside: set[asyncio.Task[None]] = set()

    async def request_reset(self, email: str) -> Refusal | None:
        """What is done for an account that exists is done beside the answer, which is then as quick
        as for one that does not; killed right then, it is lost, and the person asks again."""
        email = normal_address(email)
        place = await self._places.of(email)
        if not place.familiar:
            crowd = await self._attempts.admit(FORGOT, place.network)
            if crowd.refused:
                return TooManyAttempts(retry_after=crowd.wait)
        if not await self._may_mail(email, place):
            return None
        account = await self._book.by_email(email)
        if account is not None:
            self._aside(self._ask_reset(account))
        return None

    async def _may_mail(self, email: str, place: AttemptSource) -> bool:
        """Whether one more mail may go to an address. What strangers ask for does not use up what its owner may,
        who asks from where they have been before."""
        if (await self._attempts.admit(MAIL, place.name)).refused:
            return False
        return place.familiar or not (await self._attempts.admit(MAIL_ANYWHERE, email)).refused

    async def reset(self, token: str, password: str) -> Refusal | None:
        said = self._mailed.read(token, RESET)
        if said is None:
            return ResetNotValid()
        row = (await self._book.rows.get(PasswordResets, ACCOUNTS, [(said.id,)])).get((said.id,))
        if row is None or not hmac.compare_digest(row.token_hash, hash_of(token)):
            return ResetNotValid()
        account = await self._book.account(row.user_id)
        if account is None or row.used:
            return ResetNotValid()
        (email,) = await self._book.opened(account.email)
        try:
            require_strong(password, email)
            hashed = await self._passwords.hash(password)
        except Refusal as refusal:
            return refusal
        command = ResetPassword(id=row.id, account_id=row.user_id, password_hash=hashed)
        outcome = await self._book.send(command, by=row.user_id)
        if isinstance(outcome, Refusal):
            return outcome
        await self._sessions.end_all(row.user_id, Ending.PASSWORD_CHANGED)
        await self._welcome_back(account, email)
        if not account.email_verified:
            self._disowning.begin(account.id, account.tenants)
        return None

    async def _welcome_back(self, account: AccountRow, email: str) -> None:
        """Mail has reached the person here: nobody's mistakes keep them out, and the place is known from now."""
        email = normal_address(email)
        await self._attempts.lift(email)
        await self._attempts.lift(f"factor {account.id.hex}")
        await self._places.remember(email)

    async def request_verification(self, caller: Caller) -> Refusal | None:
        account = await self._book.account(caller.user_id) if caller.kind == "person" else None
        if account is None:
            return Forbidden(permission="self")
        if account.email_verified:
            return EmailIsVerified()
        admission = await self._attempts.admit(VERIFICATION, str(account.id))
        if admission.refused:
            return TooManyAttempts(retry_after=admission.wait)
        return await self.ask_verification(account)

    async def ask_verification(self, account: AccountRow) -> Refusal | None:
        """Have a link sent to an account's address."""
        id = self._ids.new()
        command = RequestEmailVerification(
            id=id, account_id=account.id, token_hash=hash_of(self._mailed.of(VERIFY, id))
        )
        outcome = await self._book.send(command, by=account.id)
        return outcome if isinstance(outcome, Refusal) else None

    async def is_good(self, token: str, kind: str) -> bool:
        """Whether a mailed link of this kind can be followed now, for the page that would show its form."""
        said = self._mailed.read(token, kind)
        return said is not None and await self._book.is_good(said.id)

    async def verify_email(self, token: str) -> Refusal | None:
        said = self._mailed.read(token, VERIFY)
        account_id = await self._book.verification_of(said.id) if said is not None else None
        if said is None or account_id is None:
            return VerificationNotValid()
        outcome = await self._book.send(VerifyEmail(id=said.id, account_id=account_id), by=account_id)
        return outcome if isinstance(outcome, Refusal) else None

    async def change_password(self, caller: Caller, current: str, password: str) -> Refusal | None:
        try:
            account, version = await self._factors.proved(caller, current)
            (email,) = await self._book.opened(account.email)
            require_strong(password, email)
            hashed = await self._passwords.hash(password)
        except Refusal as refusal:
            return refusal
        kept = session_of(caller)
        command = ChangePassword(id=account.id, password_hash=hashed, kept_session=kept)
        outcome = await self._book.send(command, by=account.id, expected_version=version)
        if isinstance(outcome, Refusal):
            return outcome
        await self._sessions.end_all(account.id, Ending.PASSWORD_CHANGED, but=kept)
        await self._attempts.lift(normal_address(email))
        return None

    async def _ask_reset(self, account: AccountRow) -> None:
        if account.status is not AccountStatus.OPEN:
            return
        id = self._ids.new()
        command = RequestPasswordReset(
            id=id, account_id=account.id, token_hash=hash_of(self._mailed.of(RESET, id))
        )
        outcome = await self._book.send(command, by=account.id)
        if isinstance(outcome, Refusal):
            _logger.warning("A password reset could not be requested: %s", outcome.code)

    def _aside(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
