"""Notifications: the caller's own, and nobody else's."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import strawberry

from api.identity.users import User
from api.kit.model import (
    After,
    Change,
    ChangeKind,
    Discontinuity,
    Info,
    Initial,
    Interest,
    Node,
    Position,
    RequestContext,
    Resource,
    ResumeFrom,
    State,
    covered,
    field,
    linked,
    live,
    messages,
    shows,
    watch,
)
from api.kit.schema.live.present import folded
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


_notifications = Resource(Notification, Notifications, write="self", own="user_id", own_read="self")
_view = Notifications()


@strawberry.type
class Query:
    notifications = _notifications.own_list(
        "The caller's notifications, by pages, the latest first.", order=Order("sent_at", descending=True)
    )

    @field("How many notifications the caller has not read.", needs="self")
    async def unread_notifications(self, info: Info, after_position: After = None) -> int:
        ask = info.context
        await ask.caught_up(Notifications, after_position)
        where = own(ask.caller.user_id, unread_only=True)
        return await ask.services.rows.count(Notifications, ask.caller.tenant_id, where)


@strawberry.type
class Mutation:
    mark_notification_read = _notifications.mutation(domain.MarkNotificationRead)


@covered
@strawberry.type(description="The notifications that the caller has not read.")
class UnreadNotifications:
    """How many there are."""

    count: int = strawberry.field(description="How many they are.")


async def _unread(ask: RequestContext) -> UnreadNotifications:
    where = own(ask.caller.user_id, unread_only=True)
    return UnreadNotifications(
        count=await ask.services.rows.count(Notifications, ask.caller.tenant_id, where)
    )


async def _counted(ask: RequestContext, *_: object) -> AsyncGenerator[State[Any], None]:
    """The count as of a position, or a little later: what comes in between is told again."""
    await folded(ask, _view, await ask.services.log.head())
    ask.services.pin()
    position = Position(await ask.services.progress.position_of(_view.name))
    yield State(cursor=position, nodes=[await _unread(ask)], complete=True)


def _mine(ask: RequestContext, *, sent: bool = False) -> Interest:
    """The caller's own, and nobody else's; with ``sent`` only when they are sent."""
    me = ask.caller.user_id

    def concerns(row: NotificationRow | None, event: Event, key: Key, fold: Fold) -> bool:
        mine = row is not None and row.user_id == me
        return mine and (not sent or isinstance(event, domain.Notification.Sent))

    return Interest(lambda row: True, concerns, own(me))


Told = AsyncGenerator[Change[NotificationRow] | State[NotificationRow] | Discontinuity, None]

_messages = messages(Notification, Notifications, "Changed notifications, or a gap in the messages.")


@strawberry.type
class Subscription:
    @live("Every notification to the caller, as it is sent.", _messages, needs="self", own=True)
    def notification_received(
        self, info: Info, resume_from: ResumeFrom = None, initial: Initial = False
    ) -> Told:
        interest = _mine(info.context, sent=True)
        return watch(info.context, _view, resume_from=resume_from, initial=initial, interest=interest)

    @live(
        "How many notifications the caller has not read, whenever one is sent or read.",
        messages(
            UnreadNotifications,
            Notifications,
            "A count that may have changed, or a gap in the messages.",
            about_id="The id of the caller",
        ),
        needs="self",
        own=True,
    )
    async def unread_notifications_changed(
        self, info: Info, resume_from: ResumeFrom = None, initial: Initial = False
    ) -> AsyncGenerator[Change[Any] | State[Any] | Discontinuity, None]:
        ask = info.context
        # What is sent shows counts in place of rows, hence Any.
        changes: AsyncGenerator[Any, None] = watch(
            ask, _view, resume_from=resume_from, initial=initial, interest=_mine(ask), begin=_counted
        )
        async with aclosing(changes):
            async for message in changes:
                if isinstance(message, Change):
                    count, me = await _unread(ask), ask.caller.user_id
                    yield replace(message, kind=ChangeKind.UPDATED, node_id=me, node=count)
                else:
                    yield message
