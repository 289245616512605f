"""Second factors: begun, confirmed and given up by who is signed in."""

from datetime import UTC, datetime, timedelta

from pyotp import random_base32
from pyotp.totp import TOTP

from api.auth.port import Enrolment
from app.auth.account_repository import AccountRepository
from app.auth.credentials.one_time_codes import OneTimeCodes
from app.auth.sign_in import SignInService
from app.auth.tokens.session_cache import SessionCache, session_of
from domain.identity.account_commands import (
    ConfirmSecondFactor,
    RemoveSecondFactor,
    SetSecondFactor,
    TakeSecondFactor,
)
from domain.identity.accounts import NoSecondFactor, WrongCode
from domain.identity.sessions import ShowSecondFactor, SignInMethod
from domain.identity.sign_in_refusals import ProofNeeded, SignInRefused, TooManyAttempts
from domain.kit.caller import Caller
from domain.kit.refusals import Forbidden, NotFound, Refusal
from projections.identity.auth_accounts import AccountRow

FRESH = timedelta(minutes=10)
"""For how long such a session stands in place of a password."""


class TwoFactorService:
    """The application's `api.auth.port.Factors`."""

    def __init__(
        self, book: AccountRepository, door: SignInService, codes: OneTimeCodes, living: SessionCache
    ) -> None:
        self._book, self._door, self._codes, self._living = book, door, codes, living

    async def enrol(self, caller: Caller, password: str) -> Enrolment | Refusal:
        """The password is asked for again, for devices are left unlocked."""
        try:
            account, version = await self.proved(caller, password)
        except Refusal as refusal:
            return refusal
        secret, codes = random_base32(), self._codes.recovery_codes()
        command = SetSecondFactor(
            id=account.id, secret=secret, recovery_hashes=tuple(map(self._codes.hash, codes))
        )
        outcome = await self._book.send(command, by=account.id, expected_version=version)
        if isinstance(outcome, Refusal):
            return outcome
        (email,) = await self._book.opened(account.email)
        uri = TOTP(secret).provisioning_uri(name=email, issuer_name="Headwater")
        return Enrolment(secret=secret, uri=uri, recovery_codes=codes)

    async def confirm(self, caller: Caller, code: str) -> Refusal | None:
        account = await self._own(caller)
        if account is None or not account.factor_secret:
            return NoSecondFactor()
        try:
            if not await self._codes.right(account, code, recovery=False):
                return WrongCode(field="code")
        except TooManyAttempts as refusal:
            return refusal
        outcome = await self._book.send(ConfirmSecondFactor(id=account.id), by=account.id)
        if isinstance(outcome, Refusal):
            return outcome
        session_id = session_of(caller)
        if session_id is not None:
            await self._book.send(ShowSecondFactor(id=session_id), by=account.id)
            await self._living.forget([session_id])
        return None

    async def remove(self, caller: Caller, password: str, code: str) -> Refusal | None:
        try:
            account, _ = await self.proved(caller, password)
            if account.factor_confirmed and not await self._codes.right(account, code, recovery=True):
                return WrongCode(field="code")
        except Refusal as refusal:
            return refusal
        outcome = await self._book.send(RemoveSecondFactor(id=account.id), by=account.id)
        # Its sessions count no more as ones in which it was shown.
        await self._living.forget_person(account.id)
        return outcome if isinstance(outcome, Refusal) else None

    async def remove_of(self, caller: Caller, email: str) -> Refusal | None:
        """The log says which operator asked for it, and the owner is told by mail."""
        account = await self._book.by_email(email)
        if account is None:
            return NotFound(field="email", what="account")
        command = TakeSecondFactor(id=account.id, asked_by=str(caller.user_id))
        outcome = await self._book.send(command, by=caller.user_id)
        await self._living.forget_person(account.id)
        return outcome if isinstance(outcome, Refusal) else None

    async def proved(self, caller: Caller, password: str) -> tuple[AccountRow, int]:
        """The account of a person who is signed in and has typed the password again. Raises SignInRefused.

        With it comes a version at which that password held: what is changed on the strength of it expects this
        version, or two who type it at once would both be right. These attempts count with those at the door.
        """
        version = await self._book.version(caller.user_id)
        account = await self._own(caller)
        if account is None:
            raise Forbidden(permission="self")
        if not account.password_hash:
            await self._require_fresh(caller)
            return account, version
        (email,) = await self._book.opened(account.email)
        found = await self._door.checked(email, password)
        if found.id != account.id:
            raise SignInRefused()
        return found, version

    async def _require_fresh(self, caller: Caller) -> None:
        """Whoever has no password has the provider say again who they are: a session may have been stolen."""
        session_id = session_of(caller)
        row = await self._living.row(session_id) if session_id is not None else None
        if (
            row is None
            or row.method != SignInMethod.OIDC_REAUTHENTICATED
            or datetime.now(UTC) - row.created_at > FRESH
        ):
            raise ProofNeeded()

    async def _own(self, caller: Caller) -> AccountRow | None:
        return await self._book.account(caller.user_id) if caller.kind == "person" else None
