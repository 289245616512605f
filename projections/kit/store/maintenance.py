"""What a store may ask of the lane that fills it, beside loading and saving."""

from datetime import timedelta
from typing import Protocol, runtime_checkable


@runtime_checkable
class Upkeep(Protocol):
    """A store that wants to be looked after; a lane finds out with ``isinstance(store, Upkeep)``.

    Both methods raise Lost as `Store.checkpoint` does, so an idle lane notices a flushed server as well.
    The lane calls them between saves, never beside one.
    """

    renew_every: timedelta
    """How often `renew` must be called while the lane is held, busy or idle."""

    async def renew(self) -> None:
        """Check that the rows are still there and keep them from expiring. Cheap when nothing is due."""
        ...

    async def caught_up(self) -> None:
        """The lane has read to the end of the log: readers may now trust that absent rows do not exist.

        Until it is first called after `prepare`, readers are told Unavailable and fall back. Safe to repeat.
        """
        ...
