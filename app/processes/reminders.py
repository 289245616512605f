"""Reminders of due dates, as notifications."""

from datetime import datetime
from uuid import UUID

from domain.kit.bus.bus import Bus
from domain.kit.caller import SYSTEM, Caller
from domain.processes.due_dates import Reminders
from domain.processes.notifications import Audience, delivered
from domain.work.notifications import NotificationKind, NotifyUser, notification_id


class NotifiedReminders(Reminders):
    """One notification for each key, as the person prefers."""

    def __init__(self, audience: Audience, bus: Bus) -> None:
        self._audience = audience
        self._bus = bus

    async def remind(self, *, tenant_id: UUID, task_id: UUID, person: UUID, due: datetime, key: UUID) -> None:
        """Raise NotTold when it is to be tried again."""
        kind = NotificationKind.DUE_SOON
        channels = await self._audience.channels(
            tenant_id=tenant_id, person=person, kind=kind, task_id=task_id
        )
        if not channels:
            return
        command = NotifyUser(
            id=notification_id(key, person),
            user_id=person,
            kind=kind,
            task_id=task_id,
            channels=tuple(sorted(channels)),
            due_date=due,
        )
        by = Caller(tenant_id=tenant_id, user_id=SYSTEM)
        delivered(await self._bus.send(command, by=by, command_id=key))
