"""A circuit breaker: a server that does not answer costs each request nothing after the first few."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Unavailable(Exception):
    """The server is down or too slow, or the view is being filled; answer from somewhere else."""


class Breaker:
    """Calls a server with a time limit, and stops calling for a while when it keeps failing.

    After ``failures`` faults in a row it answers Unavailable at once for ``rest`` seconds; then one call
    tries again while the others still get Unavailable. Share one among all who use the same server.
    """

    def __init__(
        self,
        server: str,
        *,
        faults: tuple[type[Exception], ...],
        timeout: float,
        failures: int = 3,
        rest: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.server = server
        self._faults: tuple[type[Exception], ...] = (*faults, TimeoutError, OSError)
        self.timeout = timeout
        """Seconds that a call may take."""
        self._failures, self._rest, self._clock = failures, rest, clock
        self._failed = 0
        self._until = 0.0

    @property
    def resting(self) -> bool:
        """Whether calls are refused right now."""
        return self._failed >= self._failures and self._clock() < self._until

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """What is awaited inside must end in time. Raises Unavailable for a fault or when it takes too
        long, and at once while resting; anything else passes."""
        if self.resting:
            raise Unavailable(f"{self.server} has not answered; resting before the next try")
        if self._failed >= self._failures:
            self._until = self._clock() + self._rest  # Only this call tries; the rest goes on for others.
        try:
            async with asyncio.timeout(self.timeout):
                yield
        except self._faults as fault:
            self._failed += 1
            self._until = self._clock() + self._rest
            raise Unavailable(
                f"{self.server} did not answer: {str(fault) or type(fault).__name__}"
            ) from fault
        self._failed = 0
