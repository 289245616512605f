"""Deliveries of webhooks, read from the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from app.outgoing.reachable import refusal_of
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.setting_values import read_ports
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
from domain.processes.webhooks.effects import Deliver, delivery_key
from projections.gateway.webhook_deliveries import (
    DeliveryAttempt,
    DeliveryLog,
    DeliveryRow,
    DeliveryStatus,
    EventSight,
    WebhookDesk,
)

_MOST = 10_000
"""Events that are looked at to count those that a webhook is for."""
_PAGE = 1_000
_PAGES = 50
"""So many times it is read on in search of deliveries that somebody may see."""
_EVENTS = """
select e.event_id, e.topic, e.originator_id, e.position
  from es.event_ids i join es.events e on e.position = i.position
 where i.tenant_id = $1 and i.event_id = any($2)
"""
_OF_ENTITY = """
select event_id from es.events where tenant_id = $1 and originator_id = $2
 order by originator_version desc limit 1000
"""
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
   {{keys}}
 order by l.id desc limit $7
"""
# Their keys alone are looked for where they are known, which an index finds.
_ALL, _AMONG = (_LIST.format(keys=each) for each in ("and $8::text[] is null", "and l.key = any($8)"))


@dataclass(slots=True)
class _Happened:
    """An event that was sent, or may be."""

    event_id: UUID
    topic: str
    originator_id: UUID
    position: int


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
        seeing: EventSight,
        statuses: Sequence[DeliveryStatus] | None,
        entity_id: UUID | None,
        limit: int,
        before: int | None,
    ) -> list[DeliveryRow]:
        keys: list[str] | None = None
        if entity_id is not None:
            events = await self._database.writer.fetch(_OF_ENTITY, tenant_id, entity_id)
            keys = [delivery_key(webhook_id, event["event_id"]) for event in events]
        found: list[DeliveryRow] = []
        for _ in range(_PAGES):
            rows = await self._page(tenant_id, webhook_id, statuses, keys, limit, before)
            found += await self._told(tenant_id, rows, seeing)
            if len(found) >= limit or len(rows) < limit:
                break
            before = rows[-1]["id"]
        return found[:limit]

    # A record's values have no static type.
    async def _page(
        self,
        tenant_id: UUID,
        webhook_id: UUID,
        statuses: Sequence[DeliveryStatus] | None,
        keys: Sequence[str] | None,
        limit: int,
        before: int | None,
    ) -> list[Any]:
        # By the reader's role, which sees one tenant's rows alone.
        async with self._database.reading(tenant_id) as connection:
            return await connection.fetch(
                _ALL if keys is None else _AMONG,
                WebhookDeliveries.name,
                tenant_id,
                str(webhook_id),
                Deliver.stored_as,
                before,
                None if statuses is None else [status.value for status in statuses],
                limit,
                keys,
            )

    async def _told(self, tenant_id: UUID, rows: Sequence[Any], seeing: EventSight) -> list[DeliveryRow]:
        effects = [msgspec.json.decode(row["payload"], type=Deliver) for row in rows]
        about = await self._events(tenant_id, [each.event_id for each in effects])
        readable = {each.event_id: each for each in await seeing.told(about)}
        return [
            _row(row, effect, readable[effect.event_id].originator_id)
            for row, effect in zip(rows, effects, strict=True)
            if effect.event_id in readable
        ]

    async def _events(self, tenant_id: UUID, ids: Sequence[UUID]) -> list[_Happened]:
        # Read from the writer's pool: the reader's role sees no log.
        rows = await self._database.writer.fetch(_EVENTS, tenant_id, list(ids))
        return [_Happened(*row) for row in rows]

    async def _terms(self, tenant_id: UUID, webhook_id: UUID) -> WebhookTerms | None:
        webhook = (await self._webhooks.get(tenant_id, [webhook_id], fresh=True)).get(webhook_id)
        if not isinstance(webhook, Webhook) or webhook.ended:
            return None
        return WebhookTerms(types=webhook.types, conditions=webhook.conditions)

    async def covers(self, tenant_id: UUID, webhook_id: UUID, event_id: UUID, *, seeing: EventSight) -> bool:
        terms = await self._terms(tenant_id, webhook_id)
        readable = await seeing.told(await self._events(tenant_id, [event_id]))
        if terms is None or not readable:
            return False
        position = readable[0].position
        (event,) = await self._log.read(after=position - 1, until=position, limit=1)
        return terms.cover(event.type, self._codec.decode(event))

    async def count(
        self, tenant_id: UUID, webhook_id: UUID, since: datetime, until: datetime, *, seeing: EventSight
    ) -> tuple[int, bool] | None:
        if (terms := await self._terms(tenant_id, webhook_id)) is None:
            return None
        wanted = Selection(types=terms.names(event_classes()), tenant_id=tenant_id, since=since, until=until)
        found = looked = after = 0
        while looked < _MOST:
            page = await self._log.read(after=after, limit=_PAGE, select=wanted)
            covered = [each for each in page if terms.cover(each.type, self._codec.decode(each))]
            found += len(await seeing.told(covered))
            if len(page) < _PAGE:
                return found, True
            looked, after = looked + len(page), page[-1].position
        return found, False


def webhook_desk(settings: Settings, database: Database, log: Log, codec: Codec) -> WebhookDesk:
    """What the API of webhooks needs, in one database."""
    secrets = SealedWebhookSecrets(settings.derive("webhook secrets"))
    allowed = partial(
        refusal_of, ports=read_ports(settings.outgoing_ports), loopback=settings.outgoing_loopback
    )
    return WebhookDesk(LedgerDeliveries(database, log, codec), secrets, allowed)


# A record's values have no static type.
def _row(row: Any, effect: Deliver, entity_id: UUID) -> DeliveryRow:
    result = None if row["result"] is None else msgspec.json.decode(row["result"])
    noted = result["attempts"] if isinstance(result, dict) else result or ()
    return DeliveryRow(
        number=row["id"],
        message=message_id(effect.webhook_id, effect.event_id),
        event_id=effect.event_id,
        entity_id=entity_id,
        event_type="webhook.test" if effect.test else effect.type,
        status=DeliveryStatus(row["status"]),
        replay=effect.again,
        requested_at=row["made_at"],
        next_at=None if row["finished_at"] else row["next_at"],
        ended_at=row["finished_at"],
        attempts=tuple(msgspec.convert(noted, tuple[DeliveryAttempt, ...])),
    )
