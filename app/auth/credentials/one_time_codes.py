"""The codes of second factors: those of an authenticator, each good once, and those for recovery."""

import base64
import hmac
import secrets
from datetime import datetime, timedelta

from pyotp.totp import TOTP

from app.auth.account_repository import AccountRepository
from app.auth.credentials.devices import KnownDevices
from app.auth.credentials.throttle import FACTOR, FACTOR_ANYWHERE, Attempts
from domain.identity.account_commands import UseRecoveryCode
from domain.identity.sign_in_refusals import TooManyAttempts
from domain.kit.log import AppendReceipt
from projections.identity.auth_accounts import AccountRow

STEP = 30
"""Seconds for which an authenticator shows a code; the one before and the one after count as well."""
RECOVERY = 10
"""How many recovery codes there are."""


class OneTimeCodes:
    """Makes and checks codes."""

    def __init__(self, book: AccountRepository, attempts: Attempts, places: KnownDevices, key: str) -> None:
        """``key``: 64 hexadecimal digits; recovery codes are stored hashed with it."""
        self._book, self._attempts, self._places = book, attempts, places
        self._key = bytes.fromhex(key)

    async def right(self, account: AccountRow, code: str, *, recovery: bool) -> bool:
        """Whether the code is good, which it then is no more. Raises TooManyAttempts.

        Wrong codes count against the place that they come from; those from places where no code of this account
        was ever right count together as well, for a code has but six digits and an attacker many addresses.
        """
        name = f"factor {account.id.hex}"
        place = await self._places.of(name)
        admission = await self._attempts.admit(FACTOR, place.name, about=name)
        if admission.refused:
            raise TooManyAttempts(retry_after=admission.wait)
        if not place.familiar:
            anywhere = await self._attempts.admit(FACTOR_ANYWHERE, name, about=name)
            if anywhere.refused:
                raise TooManyAttempts(retry_after=anywhere.wait)
        if not await self._is_good(account, code, admission.now, recovery=recovery):
            return False
        await self._attempts.forgive(FACTOR, place.name)
        if not place.familiar:
            await self._attempts.refund(FACTOR_ANYWHERE, name)
        await self._places.remember(name)
        return True

    async def _is_good(self, account: AccountRow, code: str, now: datetime, *, recovery: bool) -> bool:
        said = "".join(code.split()).replace("-", "").upper()
        if len(said) == 6 and said.isascii() and said.isdigit():
            return await self._shown(account, said, now)
        if not recovery:
            return False
        # Of two at the same moment with one code, the log takes one.
        outcome = await self._book.send(
            UseRecoveryCode(id=account.id, code_hash=self.hash(said)), by=account.id
        )
        return isinstance(outcome, AppendReceipt)

    def recovery_codes(self) -> list[str]:
        """New codes of 80 random bits each, in four groups of four characters."""
        texts = [base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(RECOVERY)]
        return ["-".join(text[at : at + 4] for at in range(0, 16, 4)) for text in texts]

    def hash(self, code: str) -> str:
        """What is stored of a recovery code."""
        return hmac.digest(self._key, code.replace("-", "").encode(errors="replace"), "sha256").hex()

    async def _shown(self, account: AccountRow, code: str, now: datetime) -> bool:
        (secret,) = await self._book.opened(account.factor_secret)
        if not secret:
            return False
        totp, step = TOTP(secret, interval=STEP), int(now.timestamp()) // STEP
        steps = [near for near in (step - 1, step, step + 1) if _same(totp.generate_otp(near), code)]
        lifetime = timedelta(seconds=4 * STEP)
        return bool(steps) and await self._attempts.spend(
            f"totp:{account.id.hex}:{account.factor_since}:{steps[0]}", lifetime
        )


def _same(code: str, other: str) -> bool:
    return hmac.compare_digest(code.encode(), other.encode())
