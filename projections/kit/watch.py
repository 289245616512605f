"""What followers tell whoever measures them."""

from collections.abc import Sequence
from typing import Protocol

from domain.kit.log import Envelope


class Watch(Protocol):
    """Metrics and traces; called after each page, so it must be cheap and must not raise."""

    def folded(
        self, view: str, events: Sequence[Envelope], position: int, count: int, seconds: float
    ) -> None:
        """A page of ``count`` events up to ``position`` was folded; ``events`` are those the view takes."""
        ...

    def failed(self, view: str) -> None:
        """A fold of the view raised."""
        ...


class Silent:
    """Measures nothing."""

    def folded(
        self, view: str, events: Sequence[Envelope], position: int, count: int, seconds: float
    ) -> None: ...

    def failed(self, view: str) -> None: ...
