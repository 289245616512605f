"""The codes of second factors: those of an authenticator, each good once, and those for recovery."""

import base64
import hmac
import secrets
from datetime import datetime, timedelta

from pyotp.totp import TOTP

from app.auth.attempts import FACTOR, Attempts
from app.auth.book import Book
from domain.identity.account_commands import UseRecoveryCode
from domain.kit.log import Receipt
from projections.identity.auth_accounts import AccountRow

STEP = 30
"""Seconds for which an authenticator shows a code; the one before and the one after count as well."""
RECOVERY = 10
"""How many recovery codes there are."""


class Codes:
    """Makes and checks codes."""

    def __init__(self, book: Book, attempts: Attempts, key: str) -> None:
        """``key``: 64 hexadecimal digits; recovery codes are stored hashed with it."""
        self._book, self._attempts, self._key = book, attempts, bytes.fromhex(key)

    async def right(self, account: AccountRow, code: str, *, recovery: bool) -> bool:
        """Whether the code is good, which it then is no more. Every try counts; too many block the next ones."""
        admission = await self._attempts.admit(FACTOR, account.id.hex)
        if admission.refused:
            return False
        said = "".join(code.split()).replace("-", "").upper()
        if len(said) == 6 and said.isascii() and said.isdigit():
            return await self._shown(account, said, admission.now)
        if not recovery:
            return False
        # Of two at the same moment with one code, the log takes one.
        outcome = await self._book.send(
            UseRecoveryCode(id=account.id, code_hash=self.hash(said)), by=account.id
        )
        return isinstance(outcome, Receipt)

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
        steps = [one for one in (step - 1, step, step + 1) if _same(totp.generate_otp(one), code)]
        lifetime = timedelta(seconds=4 * STEP)
        return bool(steps) and await self._attempts.spend(f"totp:{account.id.hex}:{steps[0]}", lifetime)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
