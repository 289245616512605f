"""What followers tell whoever traces them."""

from collections.abc import Sequence
from typing import Protocol

from domain.kit.log import Envelope


class Watch(Protocol):
    """Is told of each page that was folded; it must be quick and must not raise."""

    def folded(self, view: str, events: Sequence[Envelope], position: int, seconds: float) -> None:
        """A page up to ``position`` was folded in so many seconds; ``events`` are those the view takes."""
        ...


class Silent:
    """Does nothing."""

    def folded(self, view: str, events: Sequence[Envelope], position: int, seconds: float) -> None: ...
