"""Notifications: what people are told about tasks that concern them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5

from domain.kit.fields import Describe, Internal, Len, References
from domain.kit.model import Aggregate, Caller, Command, Event, NotFound, applies, assigns
from domain.work.tasks import USER, TaskStatus


class NotificationKind(StrEnum):
    """What a notification is about."""

    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    STATUS_CHANGED = "status_changed"
    COMPLETED = "completed"
    DESCRIBED = "described"
    DUE_SOON = "due_soon"


class Channel(StrEnum):
    """How a person is told."""

    IN_APP = "in_app"
    EMAIL = "email"


Channels = Annotated[tuple[Channel, ...], Len(1, 2), Describe("How the person is notified, as they prefer.")]


def notification_id(cause: UUID, person: UUID) -> UUID:
    """The one notification of a person about one cause: however often they are notified, it is this one."""
    return uuid5(cause, str(person))


class Notification(Aggregate, topic="work.notification"):
    """One person told about one thing.

    It names the task and repeats none of its text: what a person may read of a task is decided when they look.
    """

    class Sent(Event):
        user_id: Annotated[UUID, Internal()]
        kind: Annotated[NotificationKind, Internal()]
        task_id: Annotated[UUID, Internal()]
        channels: Annotated[tuple[Channel, ...], Internal()]
        by: Annotated[UUID | None, Internal()] = None
        status: Annotated[TaskStatus | None, Internal()] = None
        due_date: Annotated[datetime | None, Internal()] = None

    class Read(Event): ...

    user_id: UUID
    read: bool = False

    sent = assigns(Sent)

    @applies(Read)
    def _read(self, event: Read) -> None:
        self.read = True


class NotifyUser(Command):
    """Tell a person about a task."""

    user_id: Annotated[UUID, References(USER), Describe("Who is told.")]
    kind: NotificationKind
    task_id: UUID
    channels: Channels
    by: UUID | None = None
    status: TaskStatus | None = None
    due_date: datetime | None = None

    def handle(self) -> Notification:
        return Notification.begin(
            self.id,
            Notification.Sent(
                user_id=self.user_id,
                kind=self.kind,
                task_id=self.task_id,
                channels=self.channels,
                by=self.by,
                status=self.status,
                due_date=self.due_date,
            ),
        )


class MarkNotificationRead(Command):
    """Mark one of the caller's notifications as read."""

    def handle(self, notification: Notification, by: Caller) -> None:
        # Whose it is says nothing to others, not even that it exists.
        if by.user_id != notification.user_id:
            raise NotFound(field="id", what="notification")
        if not notification.read:
            notification.record(Notification.Read())
