"""How fast a caller's messages are taken, over all connections."""

import asyncio
from collections.abc import Callable, Hashable
from weakref import WeakValueDictionary


class RateLimit:
    """At most so many steps a second on average, after at most ``burst`` at once.

    Whoever goes faster waits; a server that takes no more of a connection lets its client wait as well. Every step
    lets the others of the event loop have their turn: a connection that always has something to be read would
    otherwise keep the loop until there is nothing left.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._each, self._ahead = 1 / rate, burst / rate
        # The clock may have begun just now, with the machine.
        self._due = float("-inf")

    async def step(self) -> None:
        """Take a step, when it is due."""
        now = asyncio.get_running_loop().time()
        self._due = max(self._due, now - self._ahead) + self._each
        await asyncio.sleep(max(self._due - now, 0))


class RateLimits:
    """The rates of those who are connected, one for all connections of a caller."""

    def __init__(
        self, rate: float, burst: int, network: Callable[[str | None], Hashable] = lambda host: host
    ) -> None:
        """``network`` says of an address what counts as one caller."""
        self._rate, self._burst, self._network = rate, burst, network
        self._known: WeakValueDictionary[Hashable, RateLimit] = WeakValueDictionary()

    def of(self, caller: Hashable) -> RateLimit:
        """A caller's, which is forgotten once nobody holds it; None is a caller that nobody knows."""
        rate_limit = self._known.get(caller)
        if rate_limit is None:
            rate_limit = RateLimit(self._rate, self._burst)
            if caller is not None:
                self._known[caller] = rate_limit
        return rate_limit

    def of_stranger(self, host: str | None) -> RateLimit:
        """That of those who have not said who they are and come from an address."""
        return self.of(self._network(host))

    def __len__(self) -> int:
        """How many callers are connected."""
        return len(self._known)
