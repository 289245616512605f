"""What is sent about an event: what whoever vouches for the webhook may see of it, and has asked to be sent."""

import dataclasses
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec

from api.kit.schema.row_visibility import RowVisibility, VisibilityRules
from app.contexts import VISIBILITY
from app.processes.sent_on_record import Recorder, people_of, put_on_record, sealed_in
from app.storage.database import Database, Lent
from domain.contexts import confidential_of
from domain.gateway.bodies import value_at
from domain.gateway.events import OutsideEvent, person_of
from domain.gateway.exports.mapped_fields import PARTS
from domain.gateway.tools.destinations import TERMS
from domain.gateway.webhook_signature import message_id
from domain.gateway.webhook_terms import WebhookTerms, camel, sent_value
from domain.gateway.webhooks import MANAGE, Webhook
from domain.governance.consents import Consents
from domain.identity.users import User
from domain.kit.caller import Caller
from domain.kit.codec import Codec
from domain.kit.events import event_classes
from domain.kit.fields import Confidential, Personal, Restricted, hints_of, is_marked
from domain.kit.log import Envelope, Log, Selection
from domain.kit.process.effects import Call
from domain.kit.sealed import ERASED, Opening, is_sealed, opened_each
from domain.processes.webhooks.deliveries import WebhookDeliveries
from domain.processes.webhooks.effects import Deliver, Skip
from domain.processes.webhooks.ports import Sendable, SentBody, SponsorGone, WebhookContents
from domain.processes.webhooks.subscribed import SubscribedWebhooks
from domain.processes.webhooks.tools.protocol import Message
from projections.identity.member_access import standing
from projections.kit.read.live_generations import LiveGenerations
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions

_SECONDS = 10.0
"""How long a view may take to fold the event."""
_PAGE = 200
_POSITION = "select position from es.event_ids where tenant_id = $1 and event_id = $2"

_WAITING = """
select count(*) from (
    select from processes.ledger l
     where l.process = $1 and l.tenant_id = $2 and split_part(l.instance, '/', 1) = $3 and l.finished_at is null
     limit $4) waiting
"""
_SKIP = """
update processes.ledger
   set status = 'done', finished_at = $5,
       result = jsonb_build_object('outcome', 'skipped', 'attempts', coalesce(result, '[]'))
 where id in (
    select l.id from processes.ledger l
     where l.process = $1 and l.tenant_id = $2 and split_part(l.instance, '/', 1) = $3 and l.name = $4
       and l.kind = 'effect' and l.status = 'pending' and l.position <= coalesce($7, l.position)
       and l.payload -> 'test' is distinct from 'true' limit $6)
"""


class ViewBehind(Exception):
    """The view that says who may see a thing has not folded its event yet."""


def visibility_rules(database: Database, live: LiveGenerations) -> VisibilityRules:
    """Who may see what, as the API decides it."""
    return VisibilityRules(
        rule=VISIBILITY.rule(database, live),
        messages=VISIBILITY.messages,
        changes=VISIBILITY.changes,
        shown_in={topic: shown.view for topic, shown in VISIBILITY.shown.items()},
        needs={topic: shown.needs for topic, shown in VISIBILITY.shown.items()},
    )


class VisibleContents(WebhookContents):
    """Reads events from the log, and looks up who may see them at this moment."""

    def __init__(
        self,
        database: Database,
        live: LiveGenerations | None,
        *,
        log: Log,
        codec: Codec,
        opening: Opening,
        consents: Consents,
        record: Recorder,
        masking: bool,
    ) -> None:
        """Without ``live``, which says where the views are, nothing is sent: every try fails."""
        self._database, self._log, self._codec, self._opening = database, log, codec, opening
        self._consents, self._record, self._masking = consents, record, masking
        self._rows = None if live is None else PostgresRows(database, live)
        self._rules = None if live is None else visibility_rules(database, live)
        self._positions = None if live is None else Positions(database.writer, live)

    async def body(self, tenant_id: UUID, webhook: Webhook, event_id: UUID) -> SentBody | None:
        sponsor = await self._sponsor(tenant_id, webhook)
        envelope = await self._envelope(tenant_id, event_id)
        if envelope is None:
            return None
        if envelope.topic == Webhook.topic:
            return _encoded(envelope, "webhook.test", {"webhookId": str(webhook.id)}, ())
        if not await self._may_leave(sponsor, webhook, envelope):
            return None
        data, withheld = await self._data(sponsor, webhook, envelope)
        event = self._codec.decode(envelope)
        await put_on_record(self._record, webhook, envelope, event, data, people_of(envelope, event))
        return _encoded(envelope, envelope.type, data, withheld)

    async def message(self, tenant_id: UUID, webhook: Webhook, event_id: UUID) -> Message | None:
        sponsor = await self._sponsor(tenant_id, webhook)
        envelope = await self._envelope(tenant_id, event_id)
        if envelope is None or envelope.topic == Webhook.topic:
            return None
        if not await self._may_leave(sponsor, webhook, envelope) or await self._erased(envelope):
            return None
        sources = dict(each.split("=", 1) for each in webhook.mapping)
        wanted = {source.partition(".")[0] for source in sources.values()}
        event = self._codec.decode(envelope)
        outside = event if isinstance(event, OutsideEvent.Accepted) else None
        if outside and not wanted.isdisjoint(PARTS):
            wanted.add("data")
        data, hidden = await self._data(sponsor, webhook, envelope, wanted)
        if outside and isinstance(text := data.get("data"), str):
            # What an outside system sent is one text in the log.
            parts = msgspec.json.decode(text)
            data |= {"data": parts, **{name: parts.get(name) for name in PARTS}}
        if "data" in hidden:
            hidden += PARTS
        fields = {
            name: value for name, path in sources.items() if (value := value_at(data, path)) is not None
        }
        sent = {sources[name].partition(".")[0] for name in fields}
        about_person = envelope.topic == User.topic
        person = fields.pop("userId", None) or (envelope.originator_id if about_person else envelope.user_id)
        named = None if person is None else str(person)
        people = people_of(envelope, event, (named, *fields.values()))
        if named is not None:
            people.add(person_of(tenant_id, named))
        if await self._consents.refused(tenant_id, people, TERMS[webhook.kind].purpose):
            return None
        if outside and not sent.isdisjoint(PARTS):
            sent.add("data")
        await put_on_record(self._record, webhook, envelope, event, sent, people)
        return Message(
            id=message_id(webhook.id, event_id),
            type=outside.event_type if outside else envelope.type,
            at=outside.occurred_at if outside else envelope.timestamp,
            who=named,
            thing=str(envelope.originator_id),
            about_person=about_person,
            fields=fields,
            withheld=tuple(sorted({each for each in sources.values() if each.partition(".")[0] in hidden})),
        )

    async def _erased(self, envelope: Envelope) -> bool:
        """Whether an event is about somebody who was erased: what was sealed for them opens no more. What
        only looks sealed, or was changed, says nothing."""
        sealed = list(sealed_in(self._codec.decode(envelope)))
        return ERASED in await opened_each(self._opening, envelope.tenant_id, sealed)

    async def waiting(self, tenant_id: UUID, webhook_id: UUID, most: int) -> int:
        given = (WebhookDeliveries.name, tenant_id, str(webhook_id))
        return int(await self._database.writer.fetchval(_WAITING, *given, most))

    async def skip(self, call: Call[SubscribedWebhooks], skip: Skip, most: int, *, now: datetime) -> int:
        of = (WebhookDeliveries.name, call.tenant_id, str(skip.webhook_id), Deliver.stored_as)
        given = (*of, now, most, skip.until)
        answer = await cast(Lent, call.transaction).execute(_SKIP, *given)
        return int(answer.rpartition(" ")[2])

    async def of_time(
        self, tenant_id: UUID, webhook: Webhook, since: datetime, until: datetime, *, after: int
    ) -> tuple[Sequence[Sendable], int | None]:
        terms = WebhookTerms(types=webhook.types, conditions=webhook.conditions)
        wanted = Selection(types=terms.names(event_classes()), tenant_id=tenant_id, since=since, until=until)
        page = await self._log.read(after=after, limit=_PAGE, select=wanted)
        found = [_sendable(each) for each in page if terms.cover(each.type, self._codec.decode(each))]
        return found, page[-1].position if len(page) == _PAGE else None

    async def one(self, tenant_id: UUID, webhook: Webhook, event_id: UUID) -> Sendable | None:
        envelope = await self._envelope(tenant_id, event_id)
        terms = WebhookTerms(types=webhook.types, conditions=webhook.conditions)
        if envelope is None or not terms.cover(envelope.type, self._codec.decode(envelope)):
            return None
        return _sendable(envelope)

    async def _sponsor(self, tenant_id: UUID, webhook: Webhook) -> Caller:
        if self._rows is None:
            raise ViewBehind
        found = await standing(self._rows, tenant_id, webhook.sponsor_id)
        if found is None or not found.lets_in() or MANAGE not in found.permissions:
            raise SponsorGone
        # As somebody who belongs to no project: private work leaves only for who sees all of it.
        return Caller(tenant_id=tenant_id, user_id=webhook.id, permissions=found.permissions)

    async def _envelope(self, tenant_id: UUID, event_id: UUID) -> Envelope | None:
        # Read from the writer's pool: the reader's role sees no log.
        position = await self._database.writer.fetchval(_POSITION, tenant_id, event_id)
        if position is None:
            return None
        found = await self._log.read(after=position - 1, until=position, limit=1)
        return found[0] if found and found[0].tenant_id == tenant_id else None

    async def _may_leave(self, sponsor: Caller, webhook: Webhook, envelope: Envelope) -> bool:
        assert self._rules is not None
        assert self._rows is not None
        assert self._positions is not None
        view = self._rules.shown_in.get(envelope.topic)
        if view is not None and not await self._positions.wait_for(view.name, envelope.position, _SECONDS):
            raise ViewBehind
        return bool(await RowVisibility(self._rules, self._rows, sponsor).told([envelope]))

    async def _data(
        self, sponsor: Caller, webhook: Webhook, envelope: Envelope, wanted: Collection[str] | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        """The fields that leave, and the names of those that do not though they hold something.

        Only what is ``wanted`` is opened, by the names that clients know; None: everything.
        """
        event = self._codec.decode(envelope)
        hints = hints_of(type(event))
        reads = (permission := confidential_of(envelope.topic)) is not None and sponsor.may(permission)
        data: dict[str, Any] = {}
        withheld: list[str] = []
        for field in dataclasses.fields(event):
            hint, value = hints[field.name], sent_value(getattr(event, field.name))
            confidential, personal = is_marked(hint, Confidential), is_marked(hint, Personal)
            if is_marked(hint, Restricted) or not (wanted is None or camel(field.name) in wanted):
                continue
            if (confidential and not (webhook.with_confidential and reads)) or (
                personal and not (webhook.with_personal and reads and not self._masking)
            ):
                if value:
                    withheld.append(camel(field.name))
                continue
            data[camel(field.name)] = await self._opened(envelope.tenant_id, value) if personal else value
        return data, withheld

    # JSON of any shape.
    async def _opened(self, tenant_id: UUID, value: Any) -> Any:
        if isinstance(value, str) and is_sealed(value):
            (text,) = await self._opening.open(tenant_id, [value])
            return None if text == ERASED else text
        if isinstance(value, dict):
            return {name: await self._opened(tenant_id, each) for name, each in value.items()}
        if isinstance(value, list):
            return [await self._opened(tenant_id, each) for each in value]
        return value


def _sendable(envelope: Envelope) -> Sendable:
    return Sendable(event_id=envelope.event_id, type=envelope.type, thing=envelope.originator_id)


def _encoded(envelope: Envelope, type: str, data: dict[str, Any], withheld: Sequence[str]) -> SentBody:
    text = msgspec.json.encode(
        {
            "type": type,
            "timestamp": envelope.timestamp,
            "eventId": envelope.event_id,
            "entity": {"type": envelope.topic.rpartition(".")[2], "id": envelope.originator_id},
            "version": envelope.originator_version,
            "by": envelope.user_id,
            "correlationId": envelope.correlation_id,
            "data": data,
            "withheld": withheld,
        }
    )
    return SentBody(text, tuple(withheld))
