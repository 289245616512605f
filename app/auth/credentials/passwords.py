"""Passwords: argon2id, off the event loop, so many at a time as the machine bears."""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from app.auth.credentials.devices import network_of
from app.auth.credentials.queues import Crowded, Queues
from app.http.client_info import origin
from domain.identity.sign_in_refusals import PasswordsBusy, PasswordTooWeak

T = TypeVar("T")

SHORTEST, LONGEST = 10, 200
"""The fewest and most code points of a password, once it is normalised (NIST SP 800-63B)."""
_WIDEST = 8 * LONGEST
"""What is longer than this as it is typed cannot be right, and is not even normalised."""
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)


class Passwords:
    """Hashes and checks passwords.

    19 MiB, two passes and one lane are the least that OWASP recommends for argon2id; a check takes some 20 ms of
    a core. The threads of their own keep a crowd at the door from taking those that other work needs. Each line,
    such as a network, has a few of its own under way at a time, so that a crowd in one waits behind itself.
    """

    def __init__(self, *, threads: int = 2, waiting: int = 200, each: int = 4, line: int = 60) -> None:
        """``threads`` work at the same time; of those beyond ``waiting`` nobody is served. Of each line ``each``
        are under way, and ``line`` wait."""
        self._turns = Queues(width=each, waiting=line)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._most, self._pending = threads + waiting, 0
        self._nobodys = _nobodys()
        self.verifications = 0
        """How many passwords were checked so far, those of nobody included."""

    async def hash(self, password: str) -> str:
        """What is stored of a password. Raises PasswordsBusy."""
        return await self._work(partial(_HASHER.hash, _bytes(password)))

    async def right(self, password: str, stored: str, *, line: str = "") -> bool:
        """Whether it is the password; where there is none, as much work is done. Raises PasswordsBusy.

        ``line``: whose turn it is; the client's network if none is named.
        """
        self.verifications += 1
        good = await self._work(partial(self._verify, stored or self._nobodys, _bytes(password)), line)
        return good and bool(stored)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str, password: bytes) -> bool:
        try:
            return _HASHER.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _work(self, work: "partial[T]", line: str = "") -> T:
        try:
            async with self._turns.turn(line or network_of(origin().address)):
                if self._pending >= self._most:
                    raise PasswordsBusy(retry_after=2)
                self._pending += 1
                try:
                    return await asyncio.get_running_loop().run_in_executor(self._threads, work)
                finally:
                    self._pending -= 1
        except Crowded:
            raise PasswordsBusy(retry_after=2) from None


def require_strong(password: str, email: str = "") -> None:
    """Raise PasswordTooWeak, about the field ``password``."""
    plain = _normal(password)
    of_blanks = not plain.strip()
    is_address = bool(email.strip()) and _same(plain, email)
    if not SHORTEST <= len(plain) <= LONGEST or of_blanks or is_address:
        raise PasswordTooWeak(field="password")


def _same(password: str, email: str) -> bool:
    return password.strip().casefold() == _normal(email).strip().casefold()


def _normal(password: str) -> str:
    """A password as it is compared: the same characters from whichever keyboard or system they come."""
    if len(password) > _WIDEST:
        return password[:_WIDEST]
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    # Beyond the longest nothing can be right, and nobody shall make us hash a megabyte.
    return _normal(password)[: LONGEST + 1].encode(errors="surrogatepass")


@cache
def _nobodys() -> str:
    """What is checked where there is no password, so that it takes as long."""
    return _HASHER.hash("what nobody has chosen")
