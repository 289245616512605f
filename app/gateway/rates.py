"""How fast each source sends."""

import math
import time
from collections.abc import Callable, Hashable

from cachetools import LRUCache

from domain.gateway.outcomes import TooManyEvents

_CAPACITY = 10_000
_AHEAD = 2.0
"""Seconds of events that may come at once."""


class SourceRates:
    """At most so many events a second on average from each source, in one process.

    It is asked before events are read, and told afterwards how many they were: who is ahead of their time by more
    than two seconds is refused.
    """

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._due: LRUCache[Hashable, float] = LRUCache(_CAPACITY)

    def require(self, source: Hashable) -> None:
        """Raise TooManyEvents, with the seconds to wait, for a source that is ahead of its time."""
        if (wait := self.wait(source)) > 0:
            raise TooManyEvents(rate=f"{self.rate:g}", retry_after=math.ceil(wait))

    def wait(self, source: Hashable) -> float:
        """In how many seconds the source may send again."""
        return max(self._due.get(source, 0.0) - self._clock() - _AHEAD, 0.0)

    def count(self, source: Hashable, events: int) -> None:
        """Note that it has sent so many."""
        now = self._clock()
        self._due[source] = max(self._due.get(source, now), now) + events / self.rate
