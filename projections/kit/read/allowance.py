"""What one piece of work may read, so that no question fills the memory of the process with its rows."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

_AT_ONCE = 4
"""Reads of one piece of work at a time; however many lists it asks for, others get connections too."""


class Spent(Exception):
    """More was to be read than is allowed; ``limit`` says how many bytes are."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"More than {limit} bytes.")
        self.limit = limit


class TookTooLong(Exception):
    """The statements of one piece of work took longer together than they may."""


class ReadAllowance:
    """Counts what is read, and how long the server works on it, or this process on what was. Reads at the same
    time may exceed it together, but none begins afterwards."""

    def __init__(self, limit: int, seconds: float = math.inf) -> None:
        self._limit, self._seconds = limit, seconds
        self._spent, self._took = 0, 0.0
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """A turn to read. Raises Spent or TookTooLong when nothing is left."""
        async with self._at_once:
            self.spend(0)
            self.require_time()
            yield

    def require_time(self) -> None:
        """Raise TookTooLong when no time is left."""
        if self._took > self._seconds:
            raise TookTooLong

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count how long what is asked in here takes."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self._took += time.monotonic() - begun

    def another(self) -> "ReadAllowance":
        """One as large, of which nothing is spent."""
        return ReadAllowance(self._limit, self._seconds)

    def spend(self, size: int) -> None:
        """Note what was read, in bytes of memory. Raises Spent when it was too much."""
        self._spent += size
        if self._spent > self._limit:
            raise Spent(self._limit)


class _Unlimited(ReadAllowance):
    """For work that nobody outside asked for."""

    def __init__(self) -> None:
        super().__init__(0)

    def another(self) -> ReadAllowance:
        return self

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        yield

    def spend(self, size: int) -> None:
        pass


_UNLIMITED = _Unlimited()
_allowance: ContextVar[ReadAllowance] = ContextVar("allowance", default=_UNLIMITED)


def allow(size: int, seconds: float = math.inf) -> None:
    """From here on this task, and those it starts, may read so many bytes, in statements that take so many seconds
    together."""
    _allowance.set(ReadAllowance(size, seconds))


@contextmanager
def allowed(size: int, seconds: float = math.inf) -> Iterator[None]:
    """As `allow`, in here."""
    token = _allowance.set(ReadAllowance(size, seconds))
    try:
        yield
    finally:
        _allowance.reset(token)


def allowance() -> ReadAllowance:
    """What may be read here."""
    return _allowance.get()


@contextmanager
def nothing_kept() -> Iterator[None]:
    """In here is read what is let go at its end, so that the next may be read: it has an allowance of its own."""
    token = _allowance.set(allowance().another())
    try:
        yield
    finally:
        _allowance.reset(token)
