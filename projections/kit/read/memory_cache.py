"""The cache in the process: bounded, and only for seconds."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class MemoryCache(Generic[T]):
    """Keeps at most ``most`` values, the least recently used going first, each for ``seconds``."""

    def __init__(
        self, *, seconds: float, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._values: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> T | None:
        """The value, unless it was never put or its time is over."""
        kept = self._values.get(key)
        if kept is None:
            return None
        until, value = kept
        if self._clock() >= until:
            del self._values[key]
            return None
        self._values.move_to_end(key)
        return value

    def put(self, key: str, value: T) -> None:
        """Keeps a value from now on."""
        self._values[key] = (self._clock() + self._seconds, value)
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, key: str) -> None:
        """Forgets one value."""
        self._values.pop(key, None)

    def clear(self) -> None:
        """Forgets everything."""
        self._values.clear()
