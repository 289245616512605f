"""One batch of commands as ``es.append`` takes it, and its answer as the port gives it."""

import re
from collections.abc import Hashable, Iterator, Sequence
from uuid import UUID

import asyncpg

from domain.kit.log import (
    GLOBAL,
    Append,
    AppendReceipt,
    Conflict,
    Envelope,
    Guard,
    Missing,
    Outcome,
    Reference,
    Reservation,
    Reused,
    Taken,
)

_ARRAYS = 32
APPEND = f"select * from es.append($1, {', '.join(f'${n}' for n in range(2, _ARRAYS + 2))})"

_MAX_NAME = 500
_MAX_VALUE = 2000
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Unstorable(ValueError):
    """An append holds what the log cannot store; nothing of it was stored."""


class PreparedAppend:
    """A checked append with what it touches, which decides which batch it may join."""

    __slots__ = ("append", "events", "plain", "reads", "size", "writes")

    def __init__(self, append: Append) -> None:
        """Check the append; raises ``Unstorable``."""
        self.append = append
        self.events = len(append.events)
        self.size = _check(append)
        # Whole numbers, because ids are hashed slowly. That tenants and commands share them only means
        # that two strangers of one number would not share a batch.
        self.writes: set[Hashable] = {event.originator_id.int for event in append.events}
        self.writes.add(append.command_id.int)
        self.reads: set[Hashable] = set()
        self.plain = self.events == 1
        """Whether it is one event and nothing else."""
        if append.references or append.guards or append.reserves or append.releases:
            self.plain = False
            for reservation in (*append.releases, *append.reserves):
                self.writes.add(_key(reservation, append.tenant_id))
            self.reads.update(reference.id.int for reference in append.references)
            self.reads.update(guard.originator_id.int for guard in append.guards)
            # A command may guard and refer to what it writes itself.
            self.reads -= self.writes


def apart(commands: Sequence[PreparedAppend]) -> list[list[PreparedAppend]]:
    """The commands in their order, as few batches as there can be of those that do not touch one another."""
    batches: list[list[PreparedAppend]] = []
    written: set[Hashable] = set()
    read: set[Hashable] = set()
    for prepared in commands:
        touches = not (
            written.isdisjoint(prepared.writes)
            and read.isdisjoint(prepared.writes)
            and written.isdisjoint(prepared.reads)
        )
        if touches or not batches:
            batches.append([])
            written, read = set(), set()
        batches[-1].append(prepared)
        written |= prepared.writes
        read |= prepared.reads
    return batches


class Batch:
    """The arguments of one call. The commands in it must not touch one another (see ``PreparedAppend``)."""

    statement = APPEND

    def __init__(self, commands: Sequence[PreparedAppend]) -> None:
        self.appends = [prepared.append for prepared in commands]
        self._checks: list[Guard | Reference] = []
        self._holds: list[Reservation] = []
        self.arguments: list[list[object]] = [[] for _ in range(_ARRAYS)]
        for number, append in enumerate(self.appends, 1):
            self._add(number, append)

    def _add(self, number: int, append: Append) -> None:
        (
            tenants, commands, digests, counts, correlations, causations, users, sessions, sources,
            environments, regions, metadatas, event_commands, event_ids, topics, originators, versions,
            types, schemas, timestamps, payloads, endings, *rest,
        ) = self.arguments  # fmt: skip
        tenants.append(append.tenant_id)
        commands.append(append.command_id)
        digests.append(append.digest)
        counts.append(len(append.events))
        correlations.append(append.correlation_id)
        causations.append(append.causation_id)
        users.append(append.user_id)
        sessions.append(append.session_id)
        sources.append(append.source)
        environments.append(append.environment)
        regions.append(append.region)
        metadatas.append(append.metadata.decode())
        for event in append.events:
            event_commands.append(number)
            event_ids.append(event.event_id)
            topics.append(event.topic)
            originators.append(event.originator_id)
            versions.append(event.originator_version)
            types.append(event.type)
            schemas.append(event.version)
            timestamps.append(event.timestamp)
            payloads.append(event.payload.decode())
            endings.append(event.ends)
        if append.references or append.guards:
            self._add_checks(number, append, rest[:4])
        if append.reserves or append.releases:
            self._add_holds(number, append, rest[4:])

    def _add_checks(self, number: int, append: Append, columns: list[list[object]]) -> None:
        begun = {
            (event.topic, event.originator_id) for event in append.events if event.originator_version == 1
        }
        for guard in append.guards:
            self._checks.append(guard)
            _put(columns, number, guard.originator_id, None, guard.version)
        for reference in append.references:
            # A stream that begins in this very command lives by the time it commits.
            if (reference.topic, reference.id) not in begun:
                self._checks.append(reference)
                _put(columns, number, reference.id, reference.topic, None)

    def _add_holds(self, number: int, append: Append, columns: list[list[object]]) -> None:
        for takes, holds in ((False, append.releases), (True, append.reserves)):
            for hold in holds:
                scope, name, value = _key(hold, append.tenant_id)
                self._holds.append(hold)
                _put(columns, number, takes, scope, name, value, hold.originator_id)

    def outcomes(self, row: asyncpg.Record) -> tuple[list[Outcome | Unstorable], int]:
        """What became of each command, in their order, and how far the log reaches at least."""
        outcomes: list[Outcome | Unstorable] = []
        head = 0
        for append, verdict, place, first, last in zip(self.appends, *row, strict=True):
            if verdict == 0:
                outcomes.append(AppendReceipt(append.command_id, first, last))
                head = last  # What is stored now comes after everything that was.
            else:
                outcomes.append(self._outcome(append, verdict, place, first, last))
        return outcomes, head

    def _outcome(
        self, append: Append, verdict: int, place: int | None, first: int, last: int
    ) -> Outcome | Unstorable:
        if verdict == 1:
            return AppendReceipt(append.command_id, first, last, repeated=True)
        if verdict == 2:
            return Reused(append.command_id)
        assert place is not None, "every other verdict names what it is about"
        if verdict == 3:
            originator_id = self.arguments[15][place - 1]
            assert isinstance(originator_id, UUID)
            return Conflict(originator_id)
        if verdict in (4, 5):
            check = self._checks[place - 1]
            return Conflict(check.originator_id) if isinstance(check, Guard) else Missing(check)
        if verdict == 6:
            return Taken(self._holds[place - 1])
        return Unstorable(
            "The versions of a stream's events are not dense, or it ends before its last event."
        )

    def envelopes(self, outcomes: Sequence[Outcome | Unstorable]) -> Iterator[Envelope]:
        """The events that were stored now, in order of position."""
        return envelopes(self.appends, outcomes)


def envelopes(appends: Sequence[Append], outcomes: Sequence[Outcome | Unstorable]) -> Iterator[Envelope]:
    """The events of what was stored now, in order of position."""
    for append, outcome in zip(appends, outcomes, strict=True):
        if isinstance(outcome, AppendReceipt) and not outcome.repeated:
            metadata = append.metadata
            for position, event in enumerate(append.events, outcome.first):
                yield Envelope(
                    position,
                    append.tenant_id,
                    event.topic,
                    event.originator_id,
                    event.originator_version,
                    event.event_id,
                    event.type,
                    event.version,
                    event.timestamp,
                    event.payload,
                    metadata,
                    append.command_id,
                    append.correlation_id,
                    append.causation_id,
                    append.user_id,
                    append.session_id,
                    append.source,
                    append.environment,
                    append.region,
                )


def _put(columns: list[list[object]], *values: object) -> None:
    for column, value in zip(columns, values, strict=True):
        column.append(value)


def _key(reservation: Reservation, tenant_id: UUID) -> tuple[UUID, str, str]:
    return (GLOBAL if reservation.everywhere else tenant_id, reservation.name, reservation.value)


def _check(append: Append) -> int:
    """Refuse what Postgres would refuse, so that it does not spoil a whole batch; returns the bytes."""
    _name("correlation_id", append.correlation_id)
    for field in ("causation_id", "session_id", "source", "environment", "region"):
        if (text := getattr(append, field)) is not None:
            _name(field, text)
    size = _json("metadata", append.metadata)
    stands: dict[UUID, int] = {}
    ids: set[UUID] = set()
    for event in append.events:
        _name("topic", event.topic)
        _name("type", event.type)
        size += _json("payload", event.payload) + 200
        if event.timestamp.tzinfo is None:
            raise Unstorable("timestamp has no time zone")
        # The driver reads the very first and last moments of a datetime as infinite ones.
        if not 1 < event.timestamp.year < 9999:
            raise Unstorable(f"timestamp {event.timestamp} is out of range")
        if not 0 < event.version < 2**15:
            raise Unstorable(f"version {event.version} is out of range")
        before = stands.get(event.originator_id, event.originator_version - 1)
        if event.originator_version != before + 1 or not 0 < event.originator_version < 2**31:
            raise Unstorable(
                f"version {event.originator_version} of stream {event.originator_id} is out of order"
            )
        # Past the end of a stream nothing fits any more.
        stands[event.originator_id] = -1 if event.ends else event.originator_version
        ids.add(event.event_id)
    if len(ids) != len(append.events):
        raise Unstorable("two events have the same id")
    for reference in append.references:
        _name("reference", reference.topic)
    holders: dict[tuple[UUID, str, str], UUID] = {}
    for reservation in (*append.releases, *append.reserves):
        _name("reservation", reservation.name)
        _value(reservation.field, reservation.value)
    for reservation in append.reserves:
        key = _key(reservation, append.tenant_id)
        if holders.setdefault(key, reservation.originator_id) != reservation.originator_id:
            raise Unstorable(f"two streams reserve the same {reservation.name}")
    return size


def _name(field: str, text: str) -> None:
    # Half a surrogate pair is not printable either. The bulk reader joins names by a control character.
    if not text.isprintable():
        raise Unstorable(f"{field} holds a character that cannot be printed")
    if len(text) > _MAX_NAME:
        raise Unstorable(f"{field} is longer than {_MAX_NAME} characters")


def _value(field: str, text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Unstorable(f"{field} holds half a surrogate pair") from None
    if "\0" in text:
        raise Unstorable(f"{field} holds a NUL character")
    if size > _MAX_VALUE:
        raise Unstorable(f"{field} is longer than {_MAX_VALUE} bytes")


def _json(field: str, document: bytes) -> int:
    """A cheap look at the few things a JSON encoder lets pass and Postgres does not."""
    if b"\\u0000" in document and _NUL.search(document):
        raise Unstorable(f"{field} holds a NUL character")
    if not document.isascii():
        try:
            document.decode()
        except UnicodeDecodeError:
            raise Unstorable(f"{field} is not UTF-8") from None
    return len(document)
