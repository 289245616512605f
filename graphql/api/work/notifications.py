"""Notifications: the caller's own, and nobody else's."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import strawberry

from api.identity.users import User
from api.kit.model import (
    PAGE_ARGUMENTS,
    After,
    Change,
    Connection,
    Discontinuity,
    Info,
    Interest,
    Node,
    PageRequest,
    Resource,
    ResumeFrom,
    State,
    argument,
    connect,
    field,
    linked,
    live,
    messages,
    shows,
    watch,
)
from api.work.tasks import Task
from domain.kit.events import Event
from domain.work import notifications as domain
from projections.identity.people import People
from projections.kit.declare.folds import Key
from projections.kit.declare.view import Fold
from projections.kit.read.keyset import Order
from projections.work.notifications import NotificationRow, Notifications, own
from projections.work.tasks import Tasks


@shows(NotificationRow, leave_out=("user_id",), needs="self")
class Notification(Node):
    """A notification of the caller about a task."""

    task = linked(Task, Tasks, "task_id", "The task; null when the caller may no longer see it.")
    actor = linked(User, People, "by", "Who did it; null when nobody did.")


_notifications = Resource(Notification, Notifications, write="self", own="user_id")
_view = Notifications()


async def _listed(
    info: Info,
    unread_only: bool = False,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    after_position: After = None,
) -> Any:
    ask = info.context
    await ask.caught_up(Notifications, after_position)
    return await connect(
        ask,
        Notifications,
        where=own(ask.caller.user_id, unread_only=unread_only),
        order=Order("sent_at", descending=True),
        wanted=PageRequest(first=first, after=after, last=last, before=before),
    )


_listed.__annotations__ |= {
    "unread_only": Annotated[bool, argument("Whether to list unread notifications only.")],
    **PAGE_ARGUMENTS,
}


@strawberry.type
class Query:
    notifications = field(
        "The caller's notifications, the latest first.", Connection[Notification], needs="self"
    )(_listed)

    @field("How many notifications the caller has not read.", needs="self")
    async def unread_notifications(self, info: Info, after_position: After = None) -> int:
        ask = info.context
        await ask.caught_up(Notifications, after_position)
        where = own(ask.caller.user_id, unread_only=True)
        return await ask.services.rows.count(Notifications, ask.caller.tenant_id, where)


@strawberry.type
class Mutation:
    mark_notification_read = _notifications.mutation(domain.MarkNotificationRead)


@strawberry.type
class Subscription:
    @live(
        "Every notification to the caller, as it is sent.",
        messages(Notification, Notifications, "A notification, or a gap in the messages.", initial=False),
        needs="self",
        own=True,
    )
    def notification_received(
        self, info: Info, resume_from: ResumeFrom = None
    ) -> AsyncGenerator[Change[NotificationRow] | State[NotificationRow] | Discontinuity, None]:
        me = info.context.caller.user_id

        def concerns(row: NotificationRow | None, event: Event, key: Key, fold: Fold) -> bool:
            return isinstance(event, domain.Notification.Sent) and row is not None and row.user_id == me

        return watch(info.context, _view, resume_from=resume_from, interest=Interest(concerns=concerns))
