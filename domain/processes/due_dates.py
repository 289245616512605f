"""Due dates: whoever is to do a task hears of it before it is due."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.kit.events import Event
from domain.kit.process.effects import Call, Cancel, Effect, Fired, Schedule, Then, Withdraw
from domain.kit.process.process import Process, on, performs, when_due
from domain.work.tasks import Task

_TIMER = "remind"


class Reminders(Protocol):
    """How reminders reach people."""

    async def remind(self, *, tenant_id: UUID, task_id: UUID, person: UUID, due: datetime, key: UUID) -> None:
        """Remind the person, once for each key, that the task is due then (UTC)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What matters of a task for its reminder. None: not known, or not set."""

    due: datetime | None = None
    person: UUID | None = None
    closed: bool = False


class DueDateReminder(Process[Reminder], name="work.due_date_reminder", version=1):
    """Reminds whoever is assigned to an open task some hours before it is due.

    Another due date or assignee means another reminder; a task that is closed, deleted or given to nobody
    means none. A due date that had passed when it was set is not reminded of; a reminder whose hour passed
    while nobody was at work comes late rather than never.
    """

    class Remind(Effect, attempts=5, timeout=10, pause=2):
        """Remind a person of a task."""

        task_id: UUID
        person: UUID
        due: datetime

    def __init__(self, reminders: Reminders, *, before: timedelta = timedelta(hours=24)) -> None:
        """``before``: how long before the due date the reminder comes."""
        self._reminders = reminders
        self._before = before

    @on(Task.Created)
    def created(self, state: Reminder | None, event: Task.Created) -> Then[Reminder]:
        return self._planned(Reminder(due=event.due_date, person=event.assigned_to), event)

    @on(Task.DueDateSet)
    def due_date_set(self, state: Reminder | None, event: Task.DueDateSet) -> Then[Reminder]:
        return self._planned(replace(state or Reminder(), due=event.due_date), event)

    @on(Task.Assigned)
    def assigned(self, state: Reminder | None, event: Task.Assigned) -> Then[Reminder]:
        return self._planned(replace(state or Reminder(), person=event.assigned_to), event)

    @on(Task.Unassigned)
    def unassigned(self, state: Reminder | None, event: Task.Unassigned) -> Then[Reminder]:
        return self._planned(replace(state or Reminder(), person=None), event)

    @on(Task.Completed, Task.Cancelled)
    def closed(self, state: Reminder | None, event: Task.Completed | Task.Cancelled) -> Then[Reminder]:
        return self._planned(replace(state or Reminder(), person=event.assigned_to, closed=True), event)

    @on(Task.Reopened)
    def reopened(self, state: Reminder | None, event: Task.Reopened) -> Then[Reminder]:
        return self._planned(replace(state or Reminder(), person=event.assigned_to, closed=False), event)

    def stream_ended(self, state: Reminder | None, event: Event) -> Then[Reminder]:
        return Then(None, Withdraw(self.Remind))

    @when_due(_TIMER)
    def due(self, state: Reminder, fired: Fired) -> Then[Reminder]:
        assert state.due is not None
        assert state.person is not None
        return Then(state, self.Remind(task_id=UUID(fired.instance), person=state.person, due=state.due))

    @performs(Remind)
    async def remind(self, effect: Remind, call: Call[Reminder]) -> None:
        await self._reminders.remind(
            tenant_id=call.tenant_id,
            task_id=effect.task_id,
            person=effect.person,
            due=effect.due,
            key=call.key,
        )

    def _planned(self, state: Reminder, event: Event) -> Then[Reminder]:
        # What was asked for before this event is about another date, another person, or no longer true.
        stale = (Cancel(_TIMER), Withdraw(self.Remind))
        if state.closed or state.person is None or state.due is None or state.due <= event.timestamp:
            return Then(state, *stale)
        return Then(state, *stale, Schedule(_TIMER, state.due - self._before))
