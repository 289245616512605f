"""The cache in the process: bounded, and only for seconds."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from cachetools import TTLCache

T = TypeVar("T")


class MemoryCache(Generic[T]):
    """Keeps at most ``most`` values, the least recently used going first, each for ``seconds``."""

    def __init__(
        self, *, seconds: float, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._values: TTLCache[str, T] = TTLCache(most, ttl=seconds, timer=clock)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> T | None:
        """The value, unless it was never put or its time is over."""
        # Its own `get` looks twice, and time may be over in between.
        with suppress(KeyError):
            return self._values[key]
        return None

    def put(self, key: str, value: T) -> None:
        """Keep a value from now on."""
        self._values[key] = value

    def forget(self, key: str) -> None:
        """Forget one value."""
        with suppress(KeyError):
            del self._values[key]

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
