"""Notifications by mail, for those who prefer to be told that way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kit.process.effects import Call, Effect, Then
from domain.kit.process.process import Process, Stateless, on, performs
from domain.kit.process.sealed_mailer import MailKind, SealedMailer
from domain.processes.mail_templates import about_task
from domain.work.notifications import Channel, Notification, NotificationKind
from domain.work.tasks import TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReader:
    """Somebody who is to read about a task."""

    email: str
    """Sealed."""
    title: str
    """What the task is called by now."""
    company: str
    """What the tenant calls itself."""


class Readers(Protocol):
    """What is known of people when a mail to them is written."""

    async def reader(self, *, tenant_id: UUID, person: UUID, task_id: UUID) -> MailReader | None:
        """None for somebody who is gone, may not see the task by now, or whose address was never proved."""
        ...


class LinkPlaces(Protocol):
    """Where things are looked at."""

    def task(self, id: UUID) -> str:
        """The address at which a task is opened."""
        ...


class NotificationMails(Process[Stateless], name="work.notification_mails", version=1):
    """Mails each notification that is to be mailed, once.

    By itself, and not where people are told in the product: a mail server that is down holds up nothing else.
    """

    class Write(Effect, attempts=15, timeout=60, pause=2):
        """Mail a notification."""

        person: UUID
        kind: NotificationKind
        task_id: UUID
        status: TaskStatus | None = None
        due_date: datetime | None = None

    def __init__(self, post: SealedMailer, readers: Readers, places: LinkPlaces) -> None:
        self._post, self._readers, self._places = post, readers, places

    @on(Notification.Sent)
    def sent(self, state: Stateless | None, event: Notification.Sent) -> Then[Stateless]:
        if Channel.EMAIL not in event.channels:
            return Then(None)
        return Then(
            None,
            self.Write(
                person=event.user_id,
                kind=event.kind,
                task_id=event.task_id,
                status=event.status,
                due_date=event.due_date,
            ),
        )

    @performs(Write)
    async def write(self, effect: Write, call: Call[Stateless]) -> str:
        reader = await self._readers.reader(
            tenant_id=call.tenant_id, person=effect.person, task_id=effect.task_id
        )
        if reader is None:
            return "gone"
        subject, text = about_task(
            effect.kind,
            reader.title,
            effect.status,
            effect.due_date,
            tenant=reader.company,
            url=self._places.task(effect.task_id),
        )
        return await self._post.send(
            call.tenant_id,
            to=reader.email,
            subject=subject,
            text=text,
            key=call.key,
            kind=MailKind.NOTIFICATION,
        )
