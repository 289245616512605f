"""The cache in the process: bounded, and only for seconds."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from cachetools import TTLCache

T = TypeVar("T")


class MemoryCache(Generic[T]):
    """Keeps values of at most ``most`` together, the least recently used going first, each for ``seconds``.

    What is counted is up to who puts them: values, where each has the size 1, or bytes.
    """

    def __init__(
        self, *, seconds: float, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._values: TTLCache[str, tuple[T, int]] = TTLCache(
            most, ttl=seconds, timer=clock, getsizeof=lambda kept: kept[1]
        )

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> T | None:
        """The value, unless it was never put or its time is over."""
        # Its own `get` looks twice, and time may be over in between.
        with suppress(KeyError):
            return self._values[key][0]
        return None

    def put(self, key: str, value: T, size: int = 1) -> None:
        """Keep a value from now on, unless it alone is larger than all may be."""
        if size <= self._values.maxsize:
            self._values[key] = value, size
        else:
            self.forget(key)

    def forget(self, key: str) -> None:
        """Forget one value."""
        with suppress(KeyError):
            del self._values[key]

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
