"""What the tests of the log append: each factory takes only what a test cares about."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from app.log.postgres import PostgresLog
from app.log.verify import verify
from app.storage.database import Database
from domain.kit.log import Append, AppendReceipt, Envelope, Guard, NewEvent, Outcome, Reference, Reservation

TENANT = UUID(int=1)
OTHER = UUID(int=2)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = "work.task"


def event(
    stream: UUID | None = None,
    version: int = 1,
    *,
    topic: str = TOPIC,
    type: str = "work.task.created",
    payload: bytes = b'{"title": "Write"}',
    timestamp: datetime = NOON,
    ends: bool = False,
    event_id: UUID | None = None,
) -> NewEvent:
    return NewEvent(
        event_id=event_id or uuid4(),
        topic=topic,
        originator_id=stream or uuid4(),
        originator_version=version,
        type=type,
        version=1,
        timestamp=timestamp,
        payload=payload,
        ends=ends,
    )


def command(
    *events: NewEvent,
    tenant: UUID = TENANT,
    command_id: UUID | None = None,
    content: bytes = b"content",
    correlation_id: str = "a request",
    metadata: bytes = b"{}",
    references: Sequence[Reference] = (),
    guards: Sequence[Guard] = (),
    reserves: Sequence[Reservation] = (),
    releases: Sequence[Reservation] = (),
) -> Append:
    return Append(
        tenant_id=tenant,
        command_id=command_id or uuid4(),
        digest=hashlib.sha256(content).digest(),
        events=events,
        correlation_id=correlation_id,
        source="tests",
        environment="test",
        region="local",
        metadata=metadata,
        references=tuple(references),
        guards=tuple(guards),
        reserves=tuple(reserves),
        releases=tuple(releases),
    )


def email(value: str, holder: UUID, *, everywhere: bool = False) -> Reservation:
    return Reservation("user.email", value, holder, "email", everywhere)


def stored(outcome: Outcome) -> AppendReceipt:
    """The receipt, when the command was stored now."""
    assert isinstance(outcome, AppendReceipt), outcome
    assert not outcome.repeated
    return outcome


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something that nobody announces has come about."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def whole(database: Database) -> int:
    """Assert that the log is whole and return its head."""
    verdict = await verify(database)
    assert verdict.findings == ()
    return verdict.head


async def append(log: PostgresLog, count: int) -> int:
    """Append events one command each; returns the last position."""
    receipts = await asyncio.gather(*(log.append(command(event())) for _ in range(count)))
    return max(stored(receipt).last for receipt in receipts)


async def positions_until(pages: AsyncIterator[list[Envelope]], position: int) -> list[int]:
    """The positions that come until one is reached."""
    seen: list[int] = []
    async for page in pages:
        seen += [event.position for event in page]
        if seen[-1] >= position:
            return seen
    raise AssertionError("The pages ended.")
