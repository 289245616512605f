"""The views that the benchmarks fill: a board of tasks in each of the three stores."""

from datetime import datetime, timedelta
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from domain.kit.fields import Len
from domain.work.tasks import Task, TaskPriority, TaskStatus, Transition
from projections.kit.declare.folds import on
from projections.kit.declare.postgres import Index, PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.row import Row, replace
from projections.kit.declare.search import FullText, SearchView


class Card(Row):
    """A task on the board."""

    id: UUID
    title: Annotated[str, Len(max_length=500)]
    description: str
    status: TaskStatus
    priority: TaskPriority
    assigned_to: UUID | None
    updated_at: datetime


class CardDocument(Row):
    """A task in the search index."""

    id: UUID
    title: Annotated[str, FullText(keyword=True)]
    description: Annotated[str, FullText()]
    status: TaskStatus
    priority: TaskPriority
    assigned_to: UUID | None
    updated_at: datetime


R = TypeVar("R", Card, CardDocument)


class Folds(Generic[R]):
    """What the stores have in common."""

    @on(Task.Assigned)
    def assigned(self, row: R, event: Task.Assigned) -> R:
        return replace(row, assigned_to=event.assigned_to, updated_at=event.timestamp)

    @on(Task.Renamed)
    def renamed(self, row: R, event: Task.Renamed) -> R:
        return replace(row, title=event.title, updated_at=event.timestamp)

    @on(Task.StatusChanged, Task.Completed)
    def moved_on(self, row: R, event: Transition) -> R:
        return replace(row, status=event.status, updated_at=event.timestamp)


class CardFolds(Folds[Card]):
    """What a card begins with."""

    @on(Task.Created, first=True)
    def created(self, row: None, event: Task.Created) -> Card:
        return Card(
            id=event.originator_id,
            title=event.title,
            description=event.description,
            status=TaskStatus.TODO,
            priority=event.priority,
            assigned_to=event.assigned_to,
            updated_at=event.timestamp,
        )


class Board(CardFolds, PostgresView[Card], name="bench.board"):
    """The board in Postgres: a primary key and one index, as the peer's table has them."""

    indexes = (Index("idx_board_assigned", ("assigned_to", "status")),)


class BoardBeside(CardFolds, PostgresView[Card], name="bench.board_beside"):
    """Another such board, to be filled while the first is followed."""

    indexes = (Index("idx_board_beside_assigned", ("assigned_to", "status")),)


class Cards(CardFolds, RedisView[Card], name="bench.cards", pattern="card:{id}", ttl=timedelta(hours=2)):
    """The board in Redis."""


class CardSearch(Folds[CardDocument], SearchView[CardDocument], name="bench.card_search"):
    """The board in OpenSearch."""

    @on(Task.Created, first=True)
    def created(self, row: None, event: Task.Created) -> CardDocument:
        return CardDocument(
            id=event.originator_id,
            title=event.title,
            description=event.description,
            status=TaskStatus.TODO,
            priority=event.priority,
            assigned_to=event.assigned_to,
            updated_at=event.timestamp,
        )
