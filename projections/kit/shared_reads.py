"""Reads that those share who ask for the same at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class _Turn(Generic[T]):
    """The reads of one key, one at a time."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.asked = self.covered = 0
        """How many have asked, and how many of them the last read was begun after."""
        self.read: T | Exception | None = None


class SharedReads(Generic[K, T]):
    """Reads by a key. Who asks while the same is being read waits for the next read, which all share who asked
    before it began: what is answered is never older than the question, and nothing is kept for later.

    A read that fails has failed for all of them; one whose caller is cancelled is begun again by the next.
    """

    def __init__(self, read: Callable[[K], Awaitable[T]]) -> None:
        """``read`` is called on behalf of several, so it must not depend on who asks."""
        self._read = read
        self._turns = WeakValueDictionary[K, _Turn[T]]()

    async def get(self, key: K) -> T:
        """What a read answers that begins from now on."""
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = _Turn()
        turn.asked += 1
        mine = turn.asked
        async with turn.lock:
            if turn.covered < mine:
                covered = turn.asked
                try:
                    turn.read = await self._read(key)
                except Exception as error:  # noqa: BLE001  # Whatever it is, all of them are told.
                    turn.read = error
                turn.covered = covered
            found = turn.read
        if isinstance(found, Exception):
            raise found
        # T may be optional; it was read.
        return found  # type: ignore[return-value]
