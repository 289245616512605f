"""Notifications: the people whom a task concerns hear of its changes, each once, as they prefer."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from domain.kit.log import AppendReceipt, Envelope
from domain.kit.process.effects import Call, Effect, Then
from domain.kit.process.process import Process, on, performs
from domain.kit.refusals import AlreadyExists, CommandIdReused, NotFound, Refusal
from domain.work.notifications import Channel, NotificationKind, NotifyUser, notification_id
from domain.work.tasks import Task, TaskStatus, Transition


class Audience(Protocol):
    """What is known of the people who may be told."""

    async def channels(
        self, *, tenant_id: UUID, person: UUID, kind: NotificationKind, task_id: UUID
    ) -> Collection[Channel]:
        """How the person prefers to be told such things; no way at all for somebody who may not see the task."""
        ...


class NotTold(Exception):
    """A notification was refused for a reason that may pass; the text is the refusal's code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """Whom a task concerns, as far as it is known."""

    creator: UUID | None = None
    assignee: UUID | None = None


class TaskNotifications(Process[Concerned], name="work.notifications", version=1):
    """Tell creator and assignee of a task what others do to it."""

    class Notify(Effect, attempts=8, timeout=15):
        """Tell a person."""

        person: UUID
        kind: NotificationKind
        task_id: UUID
        by: UUID | None = None
        status: TaskStatus | None = None

        @property
        def key(self) -> str:
            return f"{self.stored_as} {self.person}"

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    @on(Task.Created)
    def created(self, state: Concerned | None, event: Task.Created) -> Then[Concerned]:
        notices = self._to(
            [event.assigned_to], NotificationKind.ASSIGNED, event.originator_id, event.created_by
        )
        return Then(Concerned(creator=event.created_by, assignee=event.assigned_to), *notices)

    @on(Task.Assigned)
    def assigned(self, state: Concerned | None, event: Task.Assigned) -> Then[Concerned]:
        task, by = event.originator_id, event.assigned_by
        return Then(
            replace(state or Concerned(), assignee=event.assigned_to),
            *self._to([event.assigned_to], NotificationKind.ASSIGNED, task, by),
            *self._to([event.previous], NotificationKind.UNASSIGNED, task, by),
        )

    @on(Task.Unassigned)
    def unassigned(
        self, state: Concerned | None, event: Task.Unassigned, envelope: Envelope | None
    ) -> Then[Concerned]:
        notices = self._to([event.previous], NotificationKind.UNASSIGNED, event.originator_id, _who(envelope))
        return Then(replace(state or Concerned(), assignee=None), *notices)

    @on(Task.StatusChanged, Task.Completed, Task.Cancelled, Task.Reopened)
    def moved_on(
        self, state: Concerned | None, event: Transition, envelope: Envelope | None
    ) -> Then[Concerned]:
        done = event.status is TaskStatus.COMPLETED
        concerned = replace(state or Concerned(), assignee=event.assigned_to)
        notices = self._to(
            [concerned.assignee, concerned.creator],
            NotificationKind.COMPLETED if done else NotificationKind.STATUS_CHANGED,
            event.originator_id,
            _who(envelope),
            event.status,
        )
        return Then(concerned, *notices)

    @on(Task.Described)
    def described(
        self, state: Concerned | None, event: Task.Described, envelope: Envelope | None
    ) -> Then[Concerned]:
        people = [state.assignee, state.creator] if state else []
        notices = self._to(people, NotificationKind.DESCRIBED, event.originator_id, _who(envelope))
        return Then(state, *notices)

    @performs(Notify)
    async def notify(self, effect: Notify, call: Call[Concerned]) -> str:
        channels = await self._audience.channels(
            tenant_id=call.tenant_id, person=effect.person, kind=effect.kind, task_id=effect.task_id
        )
        if not channels:
            return "not told"
        return delivered(
            await call.send(
                NotifyUser(
                    id=notification_id(call.event_id, effect.person),
                    user_id=effect.person,
                    kind=effect.kind,
                    task_id=effect.task_id,
                    channels=tuple(sorted(channels)),
                    by=effect.by,
                    status=effect.status,
                )
            )
        )

    def _to(
        self,
        people: Iterable[UUID | None],
        kind: NotificationKind,
        task_id: UUID,
        by: UUID | None,
        status: TaskStatus | None = None,
    ) -> list[Notify]:
        """One effect for each of these people, but for whoever did it."""
        recipients = dict.fromkeys(person for person in people if person is not None and person != by)
        return [
            self.Notify(person=person, kind=kind, task_id=task_id, by=by, status=status)
            for person in recipients
        ]


def delivered(answer: AppendReceipt | Refusal) -> str:
    """What came of telling somebody. Raises NotTold when it is to be tried again.

    A notification that is there already was sent by an earlier try, though with other preferences by now.
    """
    match answer:
        case AppendReceipt() | AlreadyExists() | CommandIdReused():
            return "told"
        case NotFound():
            return "gone"
        case _:
            raise NotTold(answer.code)


def _who(envelope: Envelope | None) -> UUID | None:
    return None if envelope is None else envelope.user_id
