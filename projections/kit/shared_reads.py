"""Reads that those share who ask for the same at a time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context
from typing import Any, Generic, TypeVar
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

    A read that fails has failed for all of them; one whose caller is cancelled is begun again by the next. It is
    nobody's own: what the context of one of them says, such as how much may be read, does not hold for it.
    """

    def __init__(self, read: Callable[[K], Coroutine[Any, Any, T]]) -> None:
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
                    # Cancelled with who waits for it.
                    turn.read = await asyncio.create_task(self._read(key), context=Context())
                except Exception as error:
                    # Whatever it is, all of them are told.
                    turn.read, turn.covered = another(error), covered
                    raise
                turn.covered = covered
            found = turn.read
        if isinstance(found, Exception):
            raise another(found)
        # T may be optional; it was read.
        return found  # type: ignore[return-value]


def another(error: Exception) -> Exception:
    """The same said again, with neither traceback nor cause: one that several raise would keep the frames of each.
    How its class is called does not matter."""
    kind = type(error)
    native = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    copied: Exception = native.__new__(kind, *error.args)
    # Some of the built-in ones have fields that only this fills.
    native.__init__(copied, *error.args)  # type: ignore[misc]
    copied.__dict__.update(error.__dict__)
    return copied
