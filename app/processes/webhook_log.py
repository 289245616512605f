"""Deliveries of webhooks, read from the ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.settings import Settings
from app.storage.database import Database
from domain.gateway.webhook_signature import message_id
from domain.gateway.webhook_terms import WebhookTerms
from domain.gateway.webhooks import Webhook
from domain.kit.bus.repository import Repository
from domain.kit.codec import Codec
from domain.kit.events import event_classes
from domain.kit.log import Log, Selection
from domain.processes.webhooks.deliveries import WebhookDeliveries
from projections.gateway.webhook_deliveries import (
    DeliveryAttempt,
    DeliveryLog,
    DeliveryRow,
    DeliveryStatus,
    WebhookDesk,
)

_MOST = 10_000
"""Events that are looked at to count those that a webhook is for."""
_PAGE = 1_000
_STATUS = """case
    when l.finished_at is null then case when l.result is null then 'waiting' else 'retrying' end
    when l.status <> 'done' then 'failed'
    when l.result ->> 'outcome' = 'unauthorized' then 'withheld'
    else l.result ->> 'outcome' end"""
_LIST = f"""
select l.id, l.payload, l.made_at, l.next_at, l.finished_at, l.result, {_STATUS} as status
  from processes.ledger l
 where l.process = $1 and l.tenant_id = $2 and split_part(l.instance, '/', 1) = $3 and l.instance like '%/%'
   and l.kind = 'effect' and l.name = $4 and ($5::bigint is null or l.id < $5)
   and ($6::text[] is null or {_STATUS} = any($6))
 order by l.id desc limit $7
"""


class LedgerDeliveries(DeliveryLog):
    """Those of one database."""

    def __init__(self, database: Database, log: Log, codec: Codec) -> None:
        self._database, self._log, self._codec = database, log, codec
        self._webhooks = Repository(log, codec)

    async def of(
        self,
        tenant_id: UUID,
        webhook_id: UUID,
        *,
        statuses: Sequence[DeliveryStatus] | None,
        limit: int,
        before: int | None,
    ) -> list[DeliveryRow]:
        # By the reader's role, which sees one tenant's rows alone.
        async with self._database.reading(tenant_id) as connection:
            rows = await connection.fetch(
                _LIST,
                WebhookDeliveries.name,
                tenant_id,
                str(webhook_id),
                WebhookDeliveries.Deliver.stored_as,
                before,
                None if statuses is None else [status.value for status in statuses],
                limit,
            )
        return [_row(row) for row in rows]

    async def count(
        self, tenant_id: UUID, webhook_id: UUID, since: datetime, until: datetime
    ) -> tuple[int, bool] | None:
        webhook = (await self._webhooks.get(tenant_id, [webhook_id], fresh=True)).get(webhook_id)
        if not isinstance(webhook, Webhook) or webhook.ended:
            return None
        terms = WebhookTerms(types=webhook.types, conditions=webhook.conditions)
        wanted = Selection(types=terms.names(event_classes()), tenant_id=tenant_id, since=since, until=until)
        found = looked = after = 0
        while looked < _MOST:
            page = await self._log.read(after=after, limit=_PAGE, select=wanted)
            found += sum(terms.cover(each.type, self._codec.decode(each)) for each in page)
            if len(page) < _PAGE:
                return found, True
            looked, after = looked + len(page), page[-1].position
        return found, False


def webhook_desk(settings: Settings, database: Database, log: Log, codec: Codec) -> WebhookDesk:
    """What the API of webhooks needs, in one database."""
    secrets = SealedWebhookSecrets(settings.derive("webhook secrets"))
    return WebhookDesk(LedgerDeliveries(database, log, codec), secrets)


# A record's values have no static type.
def _row(row: Any) -> DeliveryRow:
    effect = msgspec.json.decode(row["payload"], type=WebhookDeliveries.Deliver)
    result = None if row["result"] is None else msgspec.json.decode(row["result"])
    noted = result["attempts"] if isinstance(result, dict) else result or ()
    return DeliveryRow(
        number=row["id"],
        message=message_id(effect.webhook_id, effect.event_id),
        event_id=effect.event_id,
        event_type="webhook.test" if effect.test else effect.type,
        status=DeliveryStatus(row["status"]),
        replay=effect.again,
        requested_at=row["made_at"],
        next_at=None if row["finished_at"] else row["next_at"],
        ended_at=row["finished_at"],
        attempts=tuple(msgspec.convert(noted, tuple[DeliveryAttempt, ...])),
    )
