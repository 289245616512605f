"""The peer's side: the ``eventsourcing`` library's own application, recorder and projection on psycopg."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal
from typing import Any, ClassVar
from uuid import UUID

import psycopg
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Composed

from app.embedded.postgres import OWNER
from bench.events import ABOUT

_LIKE_OURS = """
create table if not exists board (
    id uuid primary key, title text not null, description text not null, status text not null,
    priority text not null, assigned_to text, updated_at timestamptz not null
)
"""
_INDEX = "create index if not exists idx_board_assigned on board (assigned_to, status)"


class Letter(Aggregate):
    """A task as the library's users write it."""

    class Created(Aggregate.Created):
        title: str
        description: str
        priority: str
        created_by: str

    class Assigned(Aggregate.Event):
        assigned_to: str

    class Renamed(Aggregate.Event):
        title: str

    class StatusChanged(Aggregate.Event):
        status: str

    @event(Created)
    def __init__(self, title: str, description: str, priority: str, created_by: str) -> None:
        self.title = title
        self.description = description
        self.priority = priority
        self.created_by = created_by
        self.status = "todo"
        self.assigned_to: str | None = None

    @event(Assigned)
    def assign(self, assigned_to: str) -> None:
        self.assigned_to = assigned_to

    @event(Renamed)
    def rename(self, title: str) -> None:
        self.title = title

    @event(StatusChanged)
    def change_status(self, status: str) -> None:
        self.status = status


class Letters(Application[UUID]):
    """An application that keeps aggregates in memory as ours does, which serves the peer best."""

    def add(self, number: int) -> UUID:
        """Create a task."""
        letter = Letter(f"Answer letter {number}", ABOUT, "high", str(UUID(int=2)))
        self.save(letter)
        return letter.id

    def rename(self, id: UUID, title: str) -> None:
        """A command on a task that is there."""
        letter: Letter = self.repository.get(id)
        letter.rename(title)
        self.save(letter)


def environment(sockets: str, database: str, *, pool: int = 5) -> dict[str, str]:
    """The library's settings for a database of ours, with ``pool`` connections."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": database,
        "POSTGRES_HOST": sockets,
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": OWNER,
        "POSTGRES_PASSWORD": "trusted",
        "POSTGRES_POOL_SIZE": str(pool),
        "POSTGRES_MAX_OVERFLOW": "0",
        "AGGREGATE_CACHE_MAXSIZE": "100000",
        "AGGREGATE_CACHE_FASTFORWARD": "n",
    }


def insert(recorder: PostgresApplicationRecorder, batches: Sequence[Sequence[StoredEvent]]) -> list[float]:
    """Append batch after batch, and say how many seconds each took."""
    took = []
    for batch in batches:
        began = time.monotonic()
        recorder.insert_events(batch)
        took.append(time.monotonic() - began)
    return took


def send(letters: Letters, *, callers: int, commands: int) -> list[float]:
    """Let ``callers`` threads create a task each and rename it, and say how long each command took."""

    def caller(number: int) -> list[float]:
        took = []
        id = UUID(int=0)
        for step in range(commands):
            began = time.monotonic()
            if step % 5 == 0:
                id = letters.add(number)
            else:
                letters.rename(id, f"Answer letter {number} for the {step}th time")
            took.append(time.monotonic() - began)
        return took

    with ThreadPoolExecutor(callers) as threads:
        return [duration for took in threads.map(caller, range(callers)) for duration in took]


def tell(letters: Letters, tasks: int) -> int:
    """Append the lives of tasks, as `bench.events.lives` tells them, and return how many events that are."""
    for first in range(0, tasks, 1000):
        events = [
            Letter(f"Answer letter {number}", ABOUT, "high", str(UUID(int=2)))
            for number in range(first, min(first + 1000, tasks))
        ]
        letters.save(*events)
        for letter in events:
            letter.assign(str(UUID(int=2)))
        letters.save(*events)
        for letter in events:
            letter.rename("Answer the second letter")
        letters.save(*events)
        for status in ("in_progress", "completed"):
            for letter in events:
                letter.change_status(status)
            letters.save(*events)
    return tasks * 5


class BoardTable(PostgresTrackingRecorder):
    """The board's table; each change is one statement, in one transaction with the tracking."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # What the recorder is made with is the library's own affair.
        super().__init__(*args, **kwargs)
        self.sql_create_statements += [Composed([SQL(_LIKE_OURS)]), Composed([SQL(_INDEX)])]

    def write(self, tracking: Tracking, statement: Any, *values: object) -> None:
        """Carry out a statement. (psycopg takes literal SQL only, hence Any.)"""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(statement, values, prepare=True)


class BoardProjection(Projection[BoardTable]):
    """Folds the application's events into the board, one by one, as the library does it."""

    name = "board"
    until: ClassVar[int] = 0
    """The last event to wait for; the runner makes its projection itself, so it stands in the class."""
    done: ClassVar[Signal] = Signal()
    """Set when that event is folded."""

    def __init__(self, view: BoardTable) -> None:
        super().__init__(view)
        self.done.clear()

    # The library dispatches by run-time class, so there is no narrower static type.
    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        raise NotImplementedError(type(domain_event).__name__)

    @process_event.register
    def _(self, domain_event: Letter.Created, tracking: Tracking) -> None:
        self._write(
            tracking,
            "insert into board values (%s, %s, %s, 'todo', %s, null, %s) on conflict (id) do nothing",
            domain_event.originator_id,
            domain_event.title,
            domain_event.description,
            domain_event.priority,
            domain_event.timestamp,
        )

    @process_event.register
    def _(self, domain_event: Letter.Assigned, tracking: Tracking) -> None:
        self._change(tracking, "assigned_to", domain_event.assigned_to, domain_event)

    @process_event.register
    def _(self, domain_event: Letter.Renamed, tracking: Tracking) -> None:
        self._change(tracking, "title", domain_event.title, domain_event)

    @process_event.register
    def _(self, domain_event: Letter.StatusChanged, tracking: Tracking) -> None:
        self._change(tracking, "status", domain_event.status, domain_event)

    def _change(self, tracking: Tracking, column: str, value: str, event: Aggregate.Event) -> None:
        statement = f"update board set {column} = %s, updated_at = %s where id = %s"
        self._write(tracking, statement, value, event.timestamp, event.originator_id)

    def _write(self, tracking: Tracking, statement: str, *values: object) -> None:
        self.view.write(tracking, statement, *values)
        if tracking.notification_id >= self.until:
            self.done.set()


def catch_up(url: str, settings: dict[str, str], events: int) -> None:
    """Run the library's projection from the first event to the last."""
    with psycopg.connect(url) as connection:
        connection.execute("drop table if exists board, board_tracking")
    BoardProjection.until = events
    with ProjectionRunner(
        application_class=Letters, projection_class=BoardProjection, view_class=BoardTable, env=settings
    ) as runner:
        while not BoardProjection.done.wait(0.5) and not runner.is_interrupted.is_set():
            pass
