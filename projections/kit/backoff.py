"""How long to wait before trying again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before the next attempt: doubling from ``first`` up to ``most``."""

    first: float
    most: float

    def pause(self, attempts: int) -> float:
        """The pause after so many attempts, from 1."""
        return min(self.first * 2.0 ** min(attempts - 1, 16), self.most)


FAILING = Backoff(0.2, 30)
"""Between attempts at an event that cannot be folded: short, for the lane waits."""
WAITING = Backoff(0.2, 5)
"""Between attempts at a store that does not answer."""
