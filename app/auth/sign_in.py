"""Signing in: by password, then by a second factor where there is one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

from api.auth.port import Entry, Granted, SecondFactorRequired
from app.auth.account_repository import AccountRepository
from app.auth.credentials.devices import AttemptSource, KnownDevices
from app.auth.credentials.one_time_codes import OneTimeCodes
from app.auth.credentials.passwords import Passwords
from app.auth.credentials.queues import Crowded, Queues, QueueTurn
from app.auth.credentials.throttle import ACCOUNT, NETWORK, PASSWORD, Admission, Attempts
from app.auth.sessions import SessionService
from app.auth.tokens.signed_tokens import Expired, NotValid, Uses, signed, verified
from app.auth.tokens.signing_keys import SigningKeys
from app.http.session_cookies import session_cookies
from domain.identity.account_commands import NoteFailedSignIns
from domain.identity.accounts import AccountIsSuspended, AccountStatus, normal_address
from domain.identity.sessions import SignInMethod
from domain.identity.sign_in_refusals import (
    CodeRefused,
    NotInTenant,
    PasswordsBusy,
    SignInRefused,
    TooManyAttempts,
)
from domain.kit.refusals import Refusal
from projections.identity.auth_accounts import AccountRow

CHALLENGE = timedelta(minutes=5)
"""How long after the password a code may follow."""
PACE = 1.0
"""Seconds between two wrong passwords from unknown places in a network from which too many have come."""

Finish = Callable[[AccountRow], Awaitable[AccountRow]]
"""Makes the company of a registration that was interrupted."""

_logger = logging.getLogger(__name__)


class SignInService:
    """The application's `api.auth.port.Entrance`."""

    def __init__(
        self,
        *,
        book: AccountRepository,
        passwords: Passwords,
        attempts: Attempts,
        places: KnownDevices,
        keys: SigningKeys,
        sessions: SessionService,
        codes: OneTimeCodes,
        finish: Finish,
    ) -> None:
        self._book, self._passwords, self._attempts, self._places = book, passwords, attempts, places
        self._turns = Queues(width=1, waiting=60)
        self._keys, self._sessions, self._codes, self._finish = keys, sessions, codes, finish
        self._notes: set[asyncio.Task[None]] = set()

    async def sign_in(self, email: str, password: str, tenant_id: UUID | None = None) -> Entry:
        """Unknown, wrong, closed: one answer, after the same work."""
        try:
            account = await self.checked(email, password)
        except Refusal as refusal:
            return refusal
        return await self.enter(await self._finish(account), tenant_id, method=SignInMethod.PASSWORD)

    async def checked(self, email: str, password: str) -> AccountRow:
        """The account whose password this is. Raises SignInRefused, AccountIsSuspended, TooManyAttempts or
        PasswordsBusy.

        Wrong passwords count against the place that they come from, for this account, and a right one against
        nobody. Many wrong ones for the account or from the network leave unknown places one mistake each; see
        ADR 27.
        """
        email = normal_address(email)
        place = await self._places.of(email)
        strict = not place.familiar and await self._is_suspicious(email, place)
        try:
            async with AsyncExitStack() as stack:
                # One after another, so that many at once are not refused for mistakes that they may not make.
                await stack.enter_async_context(self._turns.turn(place.name))
                paced = (
                    await stack.enter_async_context(self._turns.turn(place.network))
                    if strict
                    else QueueTurn()
                )
                limit = PASSWORD.strict() if strict else PASSWORD
                admission = await self._attempts.admit(limit, place.name, about=email)
                if admission.refused:
                    raise TooManyAttempts(retry_after=admission.wait)
                account = await self._right(email, password, place)
                if account is None:
                    paced.hold = PACE
                    await self._failed(email, place, admission)
                    raise SignInRefused()
                await self._attempts.forgive(PASSWORD, place.name)
        except Crowded:
            raise PasswordsBusy(retry_after=2) from None
        if account.status is AccountStatus.SUSPENDED:
            # Only who knows the password is told.
            raise AccountIsSuspended()
        await self._places.remember(email)
        return account

    async def _right(self, email: str, password: str, place: AttemptSource) -> AccountRow | None:
        account = await self._book.by_email(email)
        closed = account is not None and account.status is AccountStatus.CLOSED
        # The password is checked in any case, so that the time it takes says nothing.
        stored = account.password_hash if account and not closed else ""
        line = place.name if place.familiar else place.network
        try:
            right = await self._passwords.right(password, stored, line=line)
        except PasswordsBusy:
            # Nothing was tried, so nothing was wrong.
            await self._attempts.refund(PASSWORD, place.name)
            raise
        return account if right else None

    async def _is_suspicious(self, email: str, place: AttemptSource) -> bool:
        return await self._attempts.is_over(ACCOUNT, email) or await self._attempts.is_over(
            NETWORK, place.network
        )

    async def _failed(self, email: str, place: AttemptSource, admission: Admission) -> None:
        """Count a wrong password, and have the owner told, at most once a day, when there were many."""
        await self._attempts.note(NETWORK, place.network)
        many = await self._attempts.note(ACCOUNT, email, about=email)
        if not admission.locks and not many:
            return
        account = await self._book.by_email(email)
        if account is None or account.status is not AccountStatus.OPEN:
            return
        self._aside(self._tell(account))

    async def enter(self, account: AccountRow, wanted: UUID | None, *, method: str) -> Entry:
        """Let somebody in who has shown a password or an identity: with tokens, or with a challenge first."""
        if wanted is not None and await self._sessions.choose(account, wanted) is None:
            return NotInTenant(field="tenant_id")
        if account.factor_confirmed:
            claims = {
                "sub": str(account.id),
                "method": method,
                "wanted": str(wanted) if wanted else None,
                "line": account.sessions_after,
            }
            challenge = signed(Uses.CHALLENGE, await self._keys.current(), claims, lifetime=CHALLENGE)
            return SecondFactorRequired(challenge=challenge, expires_in=int(CHALLENGE.total_seconds()))
        return await self._sessions.enter(account, wanted, method=method)

    async def second_factor(self, challenge: str, code: str) -> Granted | Refusal:
        session_cookies().check()
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
        try:
            if not await self._codes.right(account, code, recovery=True):
                return CodeRefused()
        except TooManyAttempts as refusal:
            return refusal
        # A challenge that was overheard opens nothing a second time.
        if not await self._attempts.spend(f"challenge:{claims['jti']}", CHALLENGE * 2):
            return CodeRefused()
        wanted = UUID(claims["wanted"]) if claims.get("wanted") else None
        return await self._sessions.enter(account, wanted, method=str(claims["method"]), second_factor=True)

    async def _tell(self, account: AccountRow) -> None:
        if not await self._attempts.spend(f"told:{account.id}", timedelta(days=1)):
            return
        outcome = await self._book.send(NoteFailedSignIns(id=account.id), by=account.id)
        if isinstance(outcome, Refusal):
            _logger.warning("Failed sign-in attempts could not be recorded: %s", outcome.code)

    def _aside(self, work: Coroutine[None, None, None]) -> None:
        """Do it beside the answer, which would else take longer for accounts that exist."""
        task = asyncio.create_task(work)
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)
