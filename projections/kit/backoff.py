"""How long to wait before trying again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds before the next attempt: doubling from ``first`` up to ``most``."""

    first: float
    most: float

    def pause(self, attempts: int) -> float:
        """The pause after so many attempts, from 1."""
        return min(self.first * 2.0 ** min(attempts - 1, 30), self.most)
