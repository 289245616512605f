"""The port to the event log: what is appended, what comes back, and what is read."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

GLOBAL = UUID(int=0)
"""The scope of a reservation that holds across all tenants."""


@dataclass(slots=True, kw_only=True)
class NewEvent:
    """One event to append; its position is given by the log."""

    event_id: UUID
    topic: str
    """The aggregate's stored name, such as ``work.task``."""
    originator_id: UUID
    """The stream: the aggregate's id. A stream belongs to one tenant and one topic."""
    originator_version: int
    """1 for the first event of a stream, dense. The stream must stand at one less."""
    type: str
    """The event's stored name, such as ``work.task.created``."""
    version: int
    """The schema version of the payload, from 1."""
    timestamp: datetime
    payload: bytes
    """A JSON object in UTF-8, already encoded (and encrypted where fields ask for it)."""
    ends: bool = False
    """Whether the stream ends here: nothing may follow it or refer to it any more."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An id that must name a living stream of the same tenant when the append commits."""

    field: str
    topic: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Guard:
    """A stream that was read to decide; it must still stand at this version at commit."""

    originator_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """A value that one stream may hold at a time, such as an e-mail address."""

    name: str
    value: str
    originator_id: UUID
    field: str
    everywhere: bool = False
    """True: unique over all tenants; False: unique inside the tenant."""
    personal: bool = False
    """True: the bus stores a fingerprint in place of the value."""


@dataclass(slots=True, kw_only=True)
class Append:
    """All that one command decided; it is stored whole or not at all."""

    tenant_id: UUID
    command_id: UUID
    digest: bytes
    """SHA-256 of the command's name and content, keyed when these may hold what could be guessed: the same id
    with another digest is refused."""
    events: tuple[NewEvent, ...]
    correlation_id: str
    causation_id: str | None = None
    user_id: UUID | None = None
    session_id: str | None = None
    source: str
    """Which service decided it, for EVG-01's eventSource."""
    environment: str
    region: str
    metadata: bytes = b"{}"
    """A JSON object in UTF-8: what is known about the request, not part of the fact."""
    references: tuple[Reference, ...] = ()
    guards: tuple[Guard, ...] = ()
    reserves: tuple[Reservation, ...] = ()
    releases: tuple[Reservation, ...] = ()


@dataclass(frozen=True, slots=True)
class AppendReceipt:
    """Where a command's events stand. ``first`` to ``last`` are dense positions from 1.

    A command that changed nothing has ``first`` = ``last`` + 1, with ``last`` the head of the log then.
    """

    command_id: UUID
    first: int
    last: int
    repeated: bool = False
    """True when this command id had been stored before and nothing was appended now."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another append moved this stream first; load and decide again."""

    originator_id: UUID


@dataclass(frozen=True, slots=True)
class Missing:
    """A reference names no living stream of that topic in the tenant."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Taken:
    """The reserved value is held by another stream."""

    reservation: Reservation


@dataclass(frozen=True, slots=True)
class Reused:
    """The command id stands in the log with other content."""

    command_id: UUID


Outcome = AppendReceipt | Conflict | Missing | Taken | Reused


@dataclass(slots=True)
class Envelope:
    """One stored event with everything around it (EVG-01, EVG-02), its payload not yet decoded.

    Neither frozen nor made by keyword alone, only so that millions can be made quickly from rows;
    nobody changes one.
    """

    position: int
    tenant_id: UUID
    topic: str
    originator_id: UUID
    originator_version: int
    event_id: UUID
    type: str
    version: int
    timestamp: datetime
    payload: str | bytes
    metadata: str | bytes
    command_id: UUID
    correlation_id: str
    causation_id: str | None
    user_id: UUID | None
    session_id: str | None
    source: str
    environment: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which events a reader wants; every part narrows, an empty selection is the whole log."""

    types: Sequence[str] | None = None
    tenant_id: UUID | None = None
    originator_id: UUID | None = None
    correlation_id: str | None = None
    since: datetime | None = None
    """Inclusive, by the event's timestamp."""
    until: datetime | None = None
    """Exclusive, by the event's timestamp."""


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSnapshot:
    """A stored snapshot: an aggregate's state as of a version of its stream."""

    originator_version: int
    timestamp: datetime
    topic: str
    state: bytes
    class_version: int = field(default=1)


class Log(Protocol):
    """The append-only log. Position N is the N-th event ever committed; there are no gaps."""

    async def append(self, append: Append) -> Outcome:
        """Store one command's events and return once they are durable."""
        ...

    async def append_each(self, appends: Sequence[Append]) -> Sequence[Outcome | None]:
        """Store several commands, each by itself: what becomes of one says nothing of the others.

        The outcomes are in their order, None for one that holds what the log cannot store. Whatever else hinders
        one of them is raised once the others are stored.
        """
        ...

    async def append_all(self, appends: Sequence[Append]) -> Sequence[Outcome]:
        """Store several commands, in their order and in one transaction: all of them or none.

        Each is checked against what those before it store. If one cannot be stored, nothing is, and the outcomes
        end with it or soon after it.
        """
        ...

    async def receipts(
        self, tenant_id: UUID, command_ids: Sequence[UUID]
    ) -> dict[UUID, tuple[AppendReceipt, bytes]]:
        """The receipts and digests stored for command ids; unknown ones are absent."""
        ...

    async def receipt(self, tenant_id: UUID, command_id: UUID) -> tuple[AppendReceipt, bytes] | None:
        """The receipt and digest stored for a command id, or None."""
        ...

    async def streams(
        self, tenant_id: UUID, ids: Sequence[UUID], *, after: int = 0
    ) -> dict[UUID, list[Envelope]]:
        """The events of several streams in order of version, in one round trip; unknown ids are absent."""
        ...

    async def newest(self, tenant_id: UUID, type: str, correlation_ids: Sequence[str]) -> dict[str, Envelope]:
        """The newest event of a type by each correlation id that has any."""
        ...

    async def size_of(self, tenant_id: UUID, ids: Sequence[UUID]) -> int:
        """How many bytes the payloads of several streams have together."""
        ...

    async def position_of(self, tenant_id: UUID, id: UUID, version: int) -> tuple[int, int]:
        """The position of a version of a stream, and its last version; 0 for what there is not."""
        ...

    async def living(self, tenant_id: UUID, topic: str, ids: Sequence[UUID]) -> set[UUID]:
        """Those of streams that are of a topic and have not ended."""
        ...

    async def reserved(self, tenant_id: UUID, name: str, values: Sequence[str]) -> set[str]:
        """Those of values that are reserved in the tenant under a name, as they are stored."""
        ...

    async def snapshots(self, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, StoredSnapshot]:
        """The newest snapshot of each stream that has one."""
        ...

    async def keep_snapshot(self, tenant_id: UUID, originator_id: UUID, snapshot: StoredSnapshot) -> None:
        """Store a snapshot, in place of one of the same version; older ones may stay."""
        ...

    async def read(
        self, *, after: int = 0, until: int | None = None, limit: int, select: Selection = EVERYTHING
    ) -> list[Envelope]:
        """At most ``limit`` events with ``after`` < position <= ``until``, in order of position."""
        ...

    async def head(self) -> int:
        """The last committed position, 0 when the log is empty."""
        ...

    async def position_at(self, tenant_id: UUID, time: datetime) -> int:
        """The last position of the tenant whose event's timestamp is this time or an earlier one, else 0."""
        ...

    def follow(self, *, after: int) -> AsyncIterator[list[Envelope]]:
        """Pages of events after a position, without end; waits for more, and survives lost connections."""
        ...
