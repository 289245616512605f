"""Mails to the admins of a company about its webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from domain.gateway.webhooks import WebhookStop
from domain.kit.process.sealed_mailer import MailKind, SealedMailer
from domain.processes.mail_templates import webhook_switched_off
from domain.processes.webhooks.ports import WebhookNotices
from projections.identity.memberships import Memberships
from projections.identity.users import Users
from projections.kit.model import PostgresView
from projections.kit.read.live_generations import LiveGenerations
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.store.generations import ReaderPool

_VIEWS: Mapping[str, type[PostgresView[Any]]] = {"users": Users, "memberships": Memberships}
_ADMINS = """
select u.id as user_id, u.email
  from {users} u join {memberships} m on m.tenant_id = u.tenant_id and m.user_id = u.id
 where u.tenant_id = $1 and u.status = 'active' and u.email_verified and m.role in ('owner', 'admin')
 order by u.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Admin:
    user_id: UUID
    email: str


class MailedWebhookNotices(WebhookNotices):
    """Mails to owners and admins whose addresses are proved."""

    def __init__(self, reader: ReaderPool, live: LiveGenerations | None, mailer: SealedMailer) -> None:
        """Without ``live``, which says where the views are, every try fails."""
        self._rows = None if live is None else PostgresRows(reader, live)
        self._mailer = mailer

    async def switched_off(
        self, tenant_id: UUID, *, name: str, host: str, reason: WebhookStop, key: UUID
    ) -> int:
        if self._rows is None:
            raise RuntimeError("Nothing says where the views are.")
        admins = await self._rows.select(_VIEWS, tenant_id, _ADMINS, shape=_Admin)
        subject, text = webhook_switched_off(name, host, reason)
        for admin in admins:
            await self._mailer.send(
                tenant_id,
                to=admin.email,
                subject=subject,
                text=text,
                key=uuid5(key, str(admin.user_id)),
                kind=MailKind.NOTIFICATION,
            )
        return len(admins)
