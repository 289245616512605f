"""Small views for the stores' tests, and checkpoints in memory."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from domain.kit.events import Event
from domain.kit.log import Envelope
from domain.work.tasks import Task, TaskPriority, TaskStatus
from projections.kit.declare.folds import Key
from projections.kit.declare.invalidation import Invalidation, invalidates
from projections.kit.declare.redis import RedisView
from projections.kit.declare.row import Row
from projections.kit.declare.search import FullText, Keyed, SearchView
from projections.kit.declare.view import FullKey, RowChanges
from projections.kit.store.checkpoints import StoredCheckpoint
from projections.kit.store.store import Checkpoint, LeaseLost

ACME = UUID(int=1)
OTHER = UUID(int=2)
ANN = UUID(int=7)
DAY = datetime(2030, 1, 1, tzinfo=UTC)


class Card(Row):
    """A row of one key field."""

    id: UUID
    title: str
    due: datetime | None = None
    tags: tuple[str, ...] = ()


class Cards(RedisView[Card], name="test.cards", pattern="card:{id}:face", ttl=timedelta(hours=1)):
    """Cards in Redis."""


class Twins(RedisView[Card], name="test.twins", pattern="card:{id}:face", ttl=timedelta(hours=1)):
    """Another view with the same pattern."""


class Seat(Row):
    """A row of two key fields, both free text."""

    hall: str
    number: str
    guest: str


class Seats(RedisView[Seat], name="test.seats", key=("hall", "number"), pattern="hall:{hall}:seat:{number}"):
    """Seats in Redis."""


class Tags(Invalidation, name="test.tags"):
    """Markers for the cache's tests."""

    created = invalidates(Task.Created, tags=lambda event, envelope: ["tasks", f"user:{event.created_by}"])


class Paper(Row):
    """A document with the fields of SRC-01."""

    id: UUID
    title: Annotated[str, FullText(keyword=True)]
    description: Annotated[str, FullText()] = ""
    status: TaskStatus = TaskStatus.TODO
    priority: TaskPriority = TaskPriority.MEDIUM
    tags: Annotated[tuple[str, ...], Keyed()] = ()
    created_by: UUID = ANN
    assigned_to: UUID | None = None
    project_id: UUID | None = None
    due_date: datetime | None = None
    created_at: datetime = DAY
    updated_at: datetime = DAY


class Papers(SearchView[Paper], name="test.papers"):
    """Papers in OpenSearch."""


class MemoryCheckpoints:
    """Checkpoints as long as the test lasts."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], StoredCheckpoint] = {}

    async def get(self, view: str, generation: int) -> StoredCheckpoint | None:
        return self.kept.get((view, generation))

    async def put(self, view: str, generation: int, kept: StoredCheckpoint) -> None:
        before = self.kept.get((view, generation))
        if before is not None and before.checkpoint.token > kept.checkpoint.token:
            raise LeaseLost(view)
        self.kept[view, generation] = kept

    async def forget(self, view: str, generation: int) -> None:
        self.kept.pop((view, generation), None)


def changes(position: int, rows: dict[FullKey, Card | None]) -> RowChanges[Card]:
    """Change of cards, all by the event at one position."""
    changes: RowChanges[Card] = RowChanges()
    changes.update(rows)
    changes.positions.update(dict.fromkeys(rows, position))
    return changes


def papers(position: int, rows: dict[FullKey, Paper | None]) -> RowChanges[Paper]:
    """Change of papers, all by the event at one position."""
    changes: RowChanges[Paper] = RowChanges()
    changes.update(rows)
    changes.positions.update(dict.fromkeys(rows, position))
    return changes


def card(number: int, title: str = "a card") -> Card:
    """A card."""
    return Card(id=UUID(int=number), title=title, due=DAY, tags=("x",))


def at(position: int, token: int = 1) -> Checkpoint:
    """A checkpoint of a view that folds every event."""
    return Checkpoint(position, position, token)


def key(number: int, tenant_id: UUID = ACME) -> FullKey:
    """The full key of a row with this id."""
    inner: Key = (UUID(int=number),)
    return tenant_id, inner


def page(first: int, *events: Event) -> list[tuple[Event, Envelope]]:
    """Events at positions from ``first`` on."""
    return [
        (
            event,
            Envelope(
                position=position,
                tenant_id=ACME,
                topic="work.task",
                originator_id=UUID(int=9),
                originator_version=position,
                event_id=UUID(int=position),
                type=type(event).stored_as,
                version=1,
                timestamp=DAY,
                payload=b"{}",
                metadata=b"{}",
                command_id=UUID(int=position),
                correlation_id="c",
                causation_id=None,
                user_id=None,
                session_id=None,
                source="test",
                environment="test",
                region="local",
            ),
        )
        for position, event in enumerate(events, start=first)
    ]
