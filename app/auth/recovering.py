"""Addresses proved and passwords changed, by mail or by who is signed in."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable

from app.auth.attempts import ADDRESS, MAIL, Attempts
from app.auth.book import Book
from app.auth.factors import FactorKeeper
from app.auth.living import session_of
from app.auth.origin import origin
from app.auth.passwords import Passwords, require_strong
from app.auth.secrets import RESET, VERIFY, MailedTokens, hash_of
from app.auth.sessions import SessionKeeper
from domain.identity.account_commands import ChangePassword
from domain.identity.accounts import AccountStatus
from domain.identity.resets import RequestPasswordReset, ResetNotValid, ResetPassword
from domain.identity.sessions import Ending
from domain.identity.signing import TooManyAttempts
from domain.identity.verifications import RequestEmailVerification, VerificationNotValid, VerifyEmail
from domain.kit.caller import ACCOUNTS, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import Forbidden, Refusal
from projections.identity.auth_accounts import AccountRow
from projections.identity.auth_resets import PasswordResets

_logger = logging.getLogger(__name__)


class Recovery:
    """See `api.auth.port.Recovering`."""

    def __init__(
        self,
        *,
        book: Book,
        passwords: Passwords,
        attempts: Attempts,
        mailed: MailedTokens,
        sessions: SessionKeeper,
        factors: FactorKeeper,
    ) -> None:
        self._book, self._passwords, self._attempts, self._mailed = book, passwords, attempts, mailed
        self._sessions, self._factors = sessions, factors
        self._ids = TimeOrderedIds()
        self._beside: set[asyncio.Task[None]] = set()

    async def request_reset(self, email: str) -> None:
        """See the port. What is done for an account that exists is done beside the answer, which is then as quick
        as for one that does not; killed right then, it is lost, and the person asks again."""
        email = email.strip().lower()
        crowd = await self._attempts.admit(ADDRESS, origin().address)
        admission = await self._attempts.admit(MAIL, email)
        account = await self._book.by_email(email)
        if account is not None and not crowd.refused and not admission.refused:
            self._aside(self._ask_reset(account))

    async def reset(self, token: str, password: str) -> Refusal | None:
        """See the port."""
        crowd = await self._attempts.admit(ADDRESS, origin().address)
        said = self._mailed.read(token, RESET)
        if said is None or crowd.refused:
            return TooManyAttempts() if crowd.refused else ResetNotValid()
        row = (await self._book.rows.get(PasswordResets, ACCOUNTS, [(said.id,)])).get((said.id,))
        if row is None or not hmac.compare_digest(row.token_hash, hash_of(token)):
            return ResetNotValid()
        try:
            require_strong(password)
            hashed = await self._passwords.hash(password)
        except Refusal as refusal:
            return refusal
        wish = ResetPassword(id=row.id, account_id=row.user_id, password_hash=hashed)
        outcome = await self._book.send(wish, by=row.user_id)
        if isinstance(outcome, Refusal):
            return outcome
        await self._sessions.end_all(row.user_id, Ending.PASSWORD_CHANGED)
        return None

    async def request_verification(self, caller: Caller) -> Refusal | None:
        """See the port."""
        account = await self._book.account(caller.user_id) if caller.kind == "person" else None
        if account is None:
            return Forbidden(permission="self")
        if (await self._attempts.admit(MAIL, f"verify {account.id}")).refused:
            return TooManyAttempts()
        return None if account.email_verified else await self.ask_verification(account)

    async def ask_verification(self, account: AccountRow) -> Refusal | None:
        """Has a link sent to an account's address."""
        id = self._ids.new()
        wish = RequestEmailVerification(
            id=id, account_id=account.id, token_hash=hash_of(self._mailed.of(VERIFY, id))
        )
        outcome = await self._book.send(wish, by=account.id)
        return outcome if isinstance(outcome, Refusal) else None

    async def verify_email(self, token: str) -> Refusal | None:
        """See the port."""
        said = self._mailed.read(token, VERIFY)
        account_id = await self._book.verification_of(said.id) if said is not None else None
        if said is None or account_id is None:
            return VerificationNotValid()
        outcome = await self._book.send(VerifyEmail(id=said.id, account_id=account_id), by=account_id)
        return outcome if isinstance(outcome, Refusal) else None

    async def change_password(self, caller: Caller, current: str, password: str) -> Refusal | None:
        """See the port."""
        try:
            account = await self._factors.proved(caller, current)
            (email,) = await self._book.opened(account.email)
            require_strong(password, email)
            hashed = await self._passwords.hash(password)
        except Refusal as refusal:
            return refusal
        kept = session_of(caller)
        wish = ChangePassword(id=account.id, password_hash=hashed, kept_session=kept)
        outcome = await self._book.send(wish, by=account.id)
        if isinstance(outcome, Refusal):
            return outcome
        await self._sessions.end_all(account.id, Ending.PASSWORD_CHANGED, but=kept)
        return None

    async def _ask_reset(self, account: AccountRow) -> None:
        if account.status is not AccountStatus.OPEN:
            return
        id = self._ids.new()
        wish = RequestPasswordReset(
            id=id, account_id=account.id, token_hash=hash_of(self._mailed.of(RESET, id))
        )
        outcome = await self._book.send(wish, by=account.id)
        if isinstance(outcome, Refusal):
            _logger.warning("A password reset was not asked for: %s", outcome.code)

    def _aside(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
