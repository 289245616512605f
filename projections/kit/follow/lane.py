"""What is known about one lane while a worker holds it."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from traceback import extract_tb
from typing import Any, Protocol
from uuid import UUID

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.view import View
from projections.kit.follow.pages import LogEntry
from projections.kit.store.store import Checkpoint, Store

Stream = tuple[UUID, UUID]
"""A stream's tenant and id; the id alone is unique in its tenant only."""


def stream_of(envelope: Envelope) -> Stream:
    """The stream that an event belongs to."""
    return envelope.tenant_id, envelope.originator_id


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

    @classmethod
    def of(cls, envelope: Envelope, error: BaseException, attempts: int) -> "Failure":
        """An event that cannot be folded."""
        text = f"{type(error).__name__} while folding {envelope.type}"
        return cls(text, attempts, envelope.position, envelope.event_id, envelope.originator_id)


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
    recorded: int = -1
    """The position that is on record; -1 while something else is to be reported of the lane."""
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
            self.failure, self.recorded = None, -1
        self.alive()
        self.news()

    def failed(self, failure: Failure) -> None:
        """The lane cannot go on for now."""
        self.failure, self.recorded = failure, -1
        self.errors += failure.position is not None
        self.news()

    def written(self, position: int) -> None:
        """The position is on record; what else there is to report of the lane is not yet."""
        if self.recorded >= 0:
            self.recorded = position

    def alive(self) -> None:
        """The lane has just done something."""
        self.read_at = asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Stuck:
    """The first event of a stream that a view cannot fold; ``text`` as in `Failure`."""

    envelope: Envelope
    text: str
    attempts: int

    @classmethod
    def of(cls, envelope: Envelope, error: BaseException, attempts: int) -> "Stuck":
        """Names the error's class and where it was raised, and quotes nothing of it."""
        frames = extract_tb(error.__traceback__)
        place = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        return cls(envelope, f"{type(error).__name__} while folding {envelope.type}{place}", attempts)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Which events a lane leaves out: those that wait in parked streams, and those discarded permanently.

    ``retry_token``: of the last write that folded parked events into a store with a memory of its own.
    """

    parked: dict[Stream, int] = field(default_factory=dict)
    """The first position of each that is not folded."""
    discarded: dict[Stream, list[tuple[int, int]]] = field(default_factory=dict)
    """First and last positions, both left out."""
    retry_token: int = 0

    def __bool__(self) -> bool:
        return bool(self.parked or self.discarded)

    def takes(self, envelope: Envelope) -> bool:
        """Whether the event is to be folded."""
        stream = stream_of(envelope)
        position = envelope.position
        if position >= self.parked.get(stream, position + 1):
            return False
        return not any(first <= position <= last for first, last in self.discarded.get(stream, ()))


class Parking(Protocol):
    """Where streams wait whose events cannot be folded. All of it raises LeaseLost for an old lease."""

    async def left_out(self, lane: Lane) -> LeftOut:
        """What the lane leaves out, as it is on record."""
        ...

    async def park(self, lane: Lane, stuck: Sequence[Stuck]) -> None:
        """Park streams, each from this event on. It is durable when this returns; only then may the lane
        move past the events."""
        ...

    # Rows differ in type, hence Any.
    async def answer(
        self, lane: Lane, view: View[Any], store: Store[Any], decode: Callable[[LogEntry], Event]
    ) -> bool:
        """Do what somebody asked about parked streams: fold their events, or leave them out permanently.

        To be called by the lane's holder between two saves, and before the first. At most a few streams
        at a time; True when there were any, and `left_out` has to be asked again.
        """
        ...


class Ledger(Protocol):
    """Where lanes are on record, for readers and for the next holder."""

    @property
    def parking(self) -> Parking:
        """Where the streams wait that cannot be folded."""
        ...

    # Rows differ in type, hence Any.
    async def lost(self, lane: Lane, view: View[Any], tenants: Collection[UUID]) -> bool:
        """Rows of these tenants are gone: has them rebuilt beside, and says whether that is a way; if not, the
        view is to be refilled. Safe to repeat, and to be repeated until they are there."""
        ...

    async def restart(self, lane: Lane) -> None:
        """The rows are gone: the record goes back to nothing, and the lease ends. The next one refills."""
        ...

    async def rewind(self, lane: Lane, checkpoint: Checkpoint) -> None:
        """The storage vouches for less than is on record: it was flushed, or lost its last second. Until the
        lane is where it was, readers are told that rows may be missing."""
        ...
