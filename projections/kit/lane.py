"""What is known about one lane while a worker holds it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from projections.kit.store import Checkpoint


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a lane stands still: the event that could not be folded, or None when the store or log failed.

    ``text`` names the error's class and says where; an error's own message stays in the process's log,
    for it may quote personal data.
    """

    text: str
    attempts: int
    position: int | None = None
    event_id: UUID | None = None
    stream: UUID | None = None


@dataclass(slots=True, kw_only=True)
class Lane:
    """A lease on one generation of a view, and how far its holder has come.

    The follower changes it as it goes; whoever reports it to the operators reads it.
    """

    id: int
    view: str
    generation: int
    token: int
    position: int = 0
    folded: int = 0
    failure: Failure | None = None
    read_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    """When the lane last asked for events or wrote, by the event loop's clock."""
    rate: float = 0.0
    """Events per second, over the last seconds."""
    pages: int = 0
    """Pages folded, ``page_seconds`` how long they took, ``errors`` folds that raised: since the lane was made."""
    page_seconds: float = 0.0
    errors: int = 0
    news: Callable[[], None] = lambda: None
    """Called whenever there is something new to report."""

    def moved(self, position: int, folded: int) -> None:
        """The lane has folded everything up to ``position``."""
        self.position, self.folded = position, folded
        if self.failure and (self.failure.position is None or position >= self.failure.position):
            self.failure = None
        self.alive()
        self.news()

    def failed(self, failure: Failure) -> None:
        """The lane cannot go on for now."""
        self.failure = failure
        self.errors += failure.position is not None
        self.news()

    def alive(self) -> None:
        """The lane has just done something."""
        self.read_at = asyncio.get_running_loop().time()


class Ledger(Protocol):
    """Where lanes are on record, for readers and for the next holder."""

    async def restart(self, lane: Lane) -> None:
        """The rows are gone: the record goes back to nothing, and the lease ends. The next one refills."""
        ...

    async def rewind(self, lane: Lane, checkpoint: Checkpoint) -> None:
        """The storage vouches for less than is on record: it was flushed, or lost its last second. Until the
        lane is where it was, readers are told that rows may be missing."""
        ...
