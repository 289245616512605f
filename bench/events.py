"""What the benchmarks append: the lives of tasks, five events each, told side by side."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from domain.kit.clock import TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.kit.events import Event
from domain.kit.log import Append, NewEvent
from domain.work.tasks import Task, TaskPriority, TaskStatus

TENANT = UUID(int=1)
USER = UUID(int=2)
STAGES = 5
"""Events in a task's life: created, assigned, renamed, begun, completed."""
ABOUT = (
    "The customer asked for a call back about the invoice of last month and the address on it; "
    "see the notes of the first conversation before you answer, and write down what was agreed."
)
"""A description of usual length; with it an event's payload has some 340 bytes."""
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_TOGETHER = 1000

_codec = PlainCodec()
_ids = TimeOrderedIds()


def lives(tasks: int) -> Iterator[tuple[UUID, int, Event]]:
    """Stream, version and event, ``STAGES`` for each task; a thousand tasks are under way at a time."""
    for first in range(0, tasks, _TOGETHER):
        streams = [uuid4() for _ in range(first, min(first + _TOGETHER, tasks))]
        for stage in range(STAGES):
            for number, stream in enumerate(streams, first):
                yield stream, stage + 1, _event(stage, number)


def work(tasks: int, *, together: int = 1) -> Iterator[Append]:
    """The same as commands of ``together`` events each."""
    events: list[NewEvent] = []
    for number, (stream, version, event) in enumerate(lives(tasks)):
        events.append(_new(stream, version, event, _BEGAN + timedelta(seconds=number)))
        if len(events) == together:
            yield command(events)
            events = []
    if events:
        yield command(events)


def creations(count: int) -> list[NewEvent]:
    """First events of as many tasks."""
    return [_new(uuid4(), 1, _event(0, number), _BEGAN) for number in range(count)]


def command(events: list[NewEvent]) -> Append:
    """A command that decided these events."""
    return Append(
        tenant_id=TENANT,
        command_id=_ids.new(),
        digest=b"d" * 32,
        events=tuple(events),
        correlation_id="bench",
        user_id=USER,
        source="bench",
        environment="bench",
        region="local",
        metadata=b'{"command":"work.change_task"}',
    )


def _event(stage: int, number: int) -> Event:
    if stage == 0:
        return Task.Created(
            title=f"Answer letter {number}",
            description=ABOUT,
            priority=TaskPriority.HIGH,
            created_by=USER,
            tags=("letters", "invoice"),
        )
    if stage == 1:
        return Task.Assigned(assigned_to=USER, assigned_by=USER, previous=None, status=TaskStatus.TODO)
    if stage == 2:
        return Task.Renamed(title=f"Answer the second letter {number}")
    if stage == 3:
        return Task.StatusChanged(
            status=TaskStatus.IN_PROGRESS, previous=TaskStatus.TODO, assigned_to=USER, project_id=None
        )
    return Task.Completed(
        status=TaskStatus.COMPLETED, previous=TaskStatus.IN_PROGRESS, assigned_to=USER, project_id=None
    )


def _new(stream: UUID, version: int, event: Event, timestamp: datetime) -> NewEvent:
    return NewEvent(
        event_id=_ids.new(),
        topic=Task.topic,
        originator_id=stream,
        originator_version=version,
        type=event.stored_as,
        version=event.class_version,
        timestamp=timestamp,
        payload=_codec.encode(event, tenant_id=TENANT),
        ends=event.ends,
    )
