"""Notifications as the people told read them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Describe
from domain.work.notifications import Channel, Notification, NotificationKind
from domain.work.tasks import TaskStatus
from projections.kit.declare.folds import on
from projections.kit.model import Index, PostgresView, Row, replace
from projections.kit.read.conditions import Condition


class NotificationRow(Row):
    """Something that a person was told about a task."""

    id: Annotated[UUID, Describe("The notification's id.")]
    user_id: Annotated[UUID, Describe("Who was told.")]
    kind: Annotated[NotificationKind, Describe("What the notification is about.")]
    task_id: Annotated[UUID, Describe("The id of the task.")]
    by: Annotated[UUID | None, Describe("Who did it; null when nobody did, as when a task is due.")]
    status: Annotated[TaskStatus | None, Describe("The task's new status, if that changed.")]
    due_date: Annotated[
        datetime | None, Describe("When the task was due, if the notification is about that.")
    ]
    sent_at: Annotated[datetime, Describe("When the notification was sent.")]
    read_at: Annotated[datetime | None, Describe("When the user read it; null while it is unread.")]


class Notifications(PostgresView[NotificationRow], name="notifications.notifications", version=1):
    """What people were told in the product; what goes by mail alone is not here."""

    indexes = (
        Index("idx_notifications_user", ("user_id", "sent_at desc", "id desc")),
        Index("idx_notifications_unread", ("user_id", "sent_at desc", "id desc"), where="read_at is null"),
    )

    @on(Notification.Sent, first=True)
    def sent(self, row: None, event: Notification.Sent) -> NotificationRow | None:
        if Channel.IN_APP not in event.channels:
            return None
        return NotificationRow(
            id=event.originator_id,
            user_id=event.user_id,
            kind=event.kind,
            task_id=event.task_id,
            by=event.by,
            status=event.status,
            due_date=event.due_date,
            sent_at=event.timestamp,
            read_at=None,
        )

    @on(Notification.Read)
    def read(self, row: NotificationRow | None, event: Notification.Read) -> NotificationRow | None:
        return row and replace(row, read_at=event.timestamp)


def own(user_id: UUID, *, unread_only: bool = False) -> list[Condition]:
    """The notifications of one person."""
    return [Condition("user_id = {} and read_at is null" if unread_only else "user_id = {}", user_id)]
