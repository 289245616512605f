"""Signing in: by password, then by a second factor where there is one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from api.auth.port import Entry, Granted, SecondFactorRequired
from app.auth.attempts import ACCOUNT, ADDRESS, FACTOR, Attempts
from app.auth.book import Book
from app.auth.codes import Codes
from app.auth.keys import SigningKeys
from app.auth.origin import origin
from app.auth.passwords import Passwords
from app.auth.sessions import SessionKeeper
from app.auth.signed import Expired, NotValid, Uses, signed, verified
from domain.identity.account_commands import LockAccount
from domain.identity.accounts import AccountStatus
from domain.identity.signing import CodeRefused, SignInRefused
from domain.kit.refusals import Refusal
from projections.identity.auth_accounts import AccountRow

CHALLENGE = timedelta(minutes=5)
"""How long after the password a code may follow."""

Finish = Callable[[AccountRow], Awaitable[AccountRow]]
"""Makes the company of a registration that was interrupted."""

_logger = logging.getLogger(__name__)


class DoorKeeper:
    """See `api.auth.port.Entrance`."""

    def __init__(
        self,
        *,
        book: Book,
        passwords: Passwords,
        attempts: Attempts,
        keys: SigningKeys,
        sessions: SessionKeeper,
        codes: Codes,
        finish: Finish,
    ) -> None:
        self._book, self._passwords, self._attempts = book, passwords, attempts
        self._keys, self._sessions, self._codes, self._finish = keys, sessions, codes, finish
        self._notes: set[asyncio.Task[None]] = set()

    async def sign_in(self, email: str, password: str, tenant_id: UUID | None = None) -> Entry:
        """See the port. Unknown, wrong, locked, suspended: one answer, after the same work."""
        try:
            account = await self.checked(email, password)
        except Refusal as refusal:
            return refusal
        return await self.enter(await self._finish(account), tenant_id, method="password")

    async def checked(self, email: str, password: str) -> AccountRow:
        """The account whose password this is. Raises SignInRefused, or PasswordsBusy."""
        email, address = email.strip().lower(), origin().address
        crowd = await self._attempts.admit(ADDRESS, address)
        admission = await self._attempts.admit(ACCOUNT, email)
        account = await self._book.by_email(email)
        open_ = account is not None and account.status is AccountStatus.OPEN
        refused = crowd.refused or admission.refused or not open_
        # The password is checked in any case, so that the time it takes says nothing.
        right = await self._passwords.right(password, account.password_hash if account and open_ else "")
        if account is None or refused or not right:
            if account is not None and admission.locks and admission.until is not None:
                self._note(LockAccount(id=account.id, until=admission.until), account.id)
            raise SignInRefused()
        await self._attempts.forgive(ACCOUNT, email)
        await self._attempts.refund(ADDRESS, address)
        return account

    async def enter(self, account: AccountRow, wanted: UUID | None, *, method: str) -> Entry:
        """Lets somebody in who has shown a password or an identity: with tokens, or with a challenge first."""
        if account.factor_confirmed:
            claims = {
                "sub": str(account.id),
                "method": method,
                "wanted": str(wanted) if wanted else None,
                "line": account.sessions_after,
            }
            challenge = signed(Uses.CHALLENGE, await self._keys.current(), claims, lifetime=CHALLENGE)
            return SecondFactorRequired(challenge=challenge, expires_in=int(CHALLENGE.total_seconds()))
        tenant_id = await self._sessions.choose(account.tenants, account.id, wanted)
        return await self._sessions.start(account.id, tenant_id, method=method)

    async def second_factor(self, challenge: str, code: str) -> Granted | Refusal:
        """See the port."""
        try:
            claims = await verified(Uses.CHALLENGE, challenge, self._keys.find)
            account_id = UUID(claims["sub"])
        except (Expired, NotValid, ValueError):
            return CodeRefused()
        account = await self._book.account(account_id)
        if account is None or account.status is not AccountStatus.OPEN or not account.factor_confirmed:
            return CodeRefused()
        if claims["line"] != account.sessions_after:
            # The password that it was given for is another one by now.
            return CodeRefused()
        if not await self._codes.right(account, code, recovery=True):
            return CodeRefused()
        # A challenge that was overheard opens nothing a second time.
        if not await self._attempts.spend(f"challenge:{claims['jti']}", CHALLENGE * 2):
            return CodeRefused()
        await self._attempts.forgive(FACTOR, account_id.hex)
        wanted = UUID(claims["wanted"]) if claims.get("wanted") else None
        tenant_id = await self._sessions.choose(account.tenants, account.id, wanted)
        return await self._sessions.start(
            account.id, tenant_id, method=str(claims["method"]), second_factor=True
        )

    def _note(self, command: LockAccount, account_id: UUID) -> None:
        """Records it beside the answer, which would else take longer for accounts that exist."""

        async def note() -> None:
            outcome = await self._book.send(command, by=account_id)
            if isinstance(outcome, Refusal):
                _logger.warning("A locked account was not noted: %s", outcome.code)

        task = asyncio.create_task(note())
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)
