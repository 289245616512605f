"""Webhooks, what was sent to them, and what is to be sent again; a secret is told once, when it is made."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.gateway.addresses import require_callable
from api.gateway.room import Room
from api.kit.model import (
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Node,
    Refusal,
    Resource,
    Sending,
    Sent,
    argument,
    bad_argument,
    covered,
    field,
    forward,
    shows,
)
from domain.gateway import webhook_commands as domain
from domain.gateway.exports import destination_commands as domain_destinations
from domain.gateway.tools.destinations import WebhookKind, as_sealed, credential_names
from domain.gateway.webhook_signature import new_secret
from domain.gateway.webhooks import MANAGE, MOST, TooManyWebhooks
from domain.gateway.webhooks import Webhook as WebhookEvents
from domain.kit.fields import Kept
from domain.kit.refusals import NotFound
from projections.gateway.webhook_deliveries import DeliveryAttempt, DeliveryRow, DeliveryStatus, WebhookDesk
from projections.gateway.webhooks import WebhookRow, Webhooks


@shows(DeliveryAttempt, needs=MANAGE)
class WebhookAttempt:
    """A try to call a webhook."""


@shows(DeliveryRow, needs=MANAGE)
class WebhookDelivery:
    """An event on its way to a webhook."""

    attempts: list[WebhookAttempt]


@shows(WebhookRow, needs=MANAGE)
class Webhook(Node):
    """An address that is called with what happens."""

    @field(
        "What was sent to it in the last 30 days, and what is still to be sent, the newest first; of events that "
        "you may read.",
        ForwardConnection[WebhookDelivery],
        needs=MANAGE,
    )
    async def deliveries(
        self,
        info: Info,
        status: Annotated[list[DeliveryStatus] | None, argument("Only with one of these statuses.")] = None,
        entity_id: Annotated[
            UUID | None,
            argument(
                "Only what happened to this, such as an outside event (`OutsideEvent.id`) or a task: its newest "
                "1,000 events."
            ),
        ] = None,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[DeliveryRow]:
        ask, log = info.context, info.context.port(WebhookDesk).deliveries
        id: UUID = self.id

        async def read(limit: int, before: int | None) -> Sequence[DeliveryRow]:
            return await log.of(
                ask.caller.tenant_id,
                id,
                seeing=ask.seeing,
                statuses=status,
                entity_id=entity_id,
                limit=limit,
                before=before,
            )

        return await forward(
            ask, f"deliveries {id}", first, after, read, place=lambda delivery: delivery.number, of=int
        )


_webhooks = Resource(Webhook, Webhooks, read=MANAGE, write=MANAGE)


@covered
@strawberry.type(
    description="The receipt of a new webhook, or of its new secret, with the secret, which is never shown again."
)
class WebhookSecretReceipt(_webhooks.receipt):  # type: ignore[misc,name-defined]
    """A receipt that holds a secret."""

    secret: str = strawberry.field(
        description="What signs, as Standard Webhooks has it. Store it safely: it cannot be read again."
    )


@covered
@strawberry.type(description="How many events a replay would send.")
class WebhookReplayCount:
    """What a replay means, before it is asked for."""

    events: int = strawberry.field(description="The number of events that the webhook is for.")
    complete: bool = strawberry.field(
        description="Whether these are all; of very many events, only the first are looked at."
    )


_WEBHOOKS = Room(
    what="webhooks",
    most=MOST,
    begins=WebhookEvents.Registered,
    ends=WebhookEvents.Deleted,
    full=lambda: TooManyWebhooks(most=MOST, what="webhooks"),
    among=lambda event: event.kind is WebhookKind.WEBHOOK,
)
_DESTINATIONS = replace(
    _WEBHOOKS,
    what="destinations",
    full=lambda: TooManyWebhooks(most=MOST, what="destinations"),
    among=lambda event: event.kind is not WebhookKind.WEBHOOK,
)


async def _register(sending: Sending) -> Sent | Refusal:
    return await _with_secret(sending, domain.RegisterWebhook, sending.new_id)


async def _rotate(sending: Sending) -> Sent | Refusal:
    return await _with_secret(sending, domain.RotateWebhookSecret, sending.input.id)


async def _register_destination(sending: Sending) -> Sent | Refusal:
    return await _with_credentials(sending, domain_destinations.RegisterDestination, sending.new_id)


async def _replace_credentials(sending: Sending) -> Sent | Refusal:
    return await _with_credentials(
        sending, domain_destinations.ReplaceDestinationCredentials, sending.input.id
    )


async def _with_credentials(
    sending: Sending,
    command: type[domain_destinations.RegisterDestination]
    | type[domain_destinations.ChangeDestination]
    | type[domain_destinations.ReplaceDestinationCredentials],
    id: UUID,
) -> Sent | Refusal:
    plain = await sending.command(command)
    if isinstance(plain, domain_destinations.ChangeDestination):
        require_callable(sending, plain.url)
    if isinstance(plain.credentials, Kept):
        return await sending.send(plain)
    sealed = sending.ask.port(WebhookDesk).secrets.seal(id, "\n".join(plain.credentials))
    names = credential_names(plain.credentials)
    stated = replace(plain, credentials=as_sealed(sealed), credential_names=names)
    if isinstance(stated, domain_destinations.RegisterDestination):
        return await _registered(sending, stated)
    return await sending.send(stated)


async def _with_secret(
    sending: Sending,
    command: type[domain.RegisterWebhook] | type[domain.RotateWebhookSecret],
    id: UUID,
) -> Sent | Refusal:
    # Sent again, the same command id is refused: the secret would be another, and nobody has the first.
    secret = new_secret()
    sealed = sending.ask.port(WebhookDesk).secrets.seal(id, secret)
    stated = await sending.command(command, secret=sealed)
    if isinstance(stated, domain.RegisterWebhook):
        return await _registered(sending, stated, secret=secret)
    return await sending.send(stated, secret=secret)


async def _registered(
    sending: Sending, command: domain.RegisterWebhook | domain_destinations.RegisterDestination, **shown: str
) -> Sent | Refusal:
    """What comes of a registration. Raises TooManyWebhooks, and WebhookUrlRefused."""
    require_callable(sending, command.url)
    room = _DESTINATIONS if isinstance(command, domain_destinations.RegisterDestination) else _WEBHOOKS
    return await room.send(sending, command, **shown)


async def _change_destination(sending: Sending) -> Sent | Refusal:
    return await _with_credentials(sending, domain_destinations.ChangeDestination, sending.input.id)


async def _change(sending: Sending) -> Sent | Refusal:
    stated = await sending.command(domain.ChangeWebhook)
    require_callable(sending, stated.url)
    return await sending.send(stated)


async def _replay_event(sending: Sending) -> Sent | Refusal:
    command = await sending.command(domain.ReplayWebhookEvent)
    ask = sending.ask
    known = await sending.was_executed() or await ask.port(WebhookDesk).deliveries.covers(
        ask.caller.tenant_id, command.id, command.event_id, seeing=ask.seeing
    )
    if not known:
        raise NotFound(field="event_id", what="event that the webhook is for")
    return await sending.send(command)


@strawberry.type
class Query:
    webhook = _webhooks.by_id("A webhook by id.")
    webhooks = _webhooks.list("The tenant's webhooks, by pages.")

    @field(
        "How many events of a time a webhook is for, of those that you may read: what `replayWebhook` would send, "
        "if you vouch for it. Null for no webhook of the tenant.",
        needs=MANAGE,
    )
    async def webhook_replay_count(
        self,
        info: Info,
        id: Annotated[UUID, argument("The webhook's id.")],
        since: Annotated[datetime, argument("Events from this time on.")],
        until: Annotated[datetime, argument("Events before this time.")],
    ) -> WebhookReplayCount | None:
        ask = info.context
        if since >= until:
            raise bad_argument("`since` must be before `until`.", "until")
        log = ask.port(WebhookDesk).deliveries
        counted = await log.count(ask.caller.tenant_id, id, since, until, seeing=ask.seeing)
        return None if counted is None else WebhookReplayCount(events=counted[0], complete=counted[1])


@strawberry.type
class Mutation:
    register_webhook = _webhooks.mutation(
        domain.RegisterWebhook, send=_register, leave_out=("secret",), receipt=WebhookSecretReceipt
    )
    change_webhook = _webhooks.mutation(domain.ChangeWebhook, send=_change)
    rotate_webhook_secret = _webhooks.mutation(
        domain.RotateWebhookSecret, send=_rotate, leave_out=("secret",), receipt=WebhookSecretReceipt
    )
    register_destination = _webhooks.mutation(
        domain_destinations.RegisterDestination, send=_register_destination, leave_out=("credential_names",)
    )
    change_destination = _webhooks.mutation(
        domain_destinations.ChangeDestination, send=_change_destination, leave_out=("credential_names",)
    )
    replace_destination_credentials = _webhooks.mutation(
        domain_destinations.ReplaceDestinationCredentials,
        send=_replace_credentials,
        leave_out=("credential_names",),
    )
    disable_webhook = _webhooks.mutation(domain.DisableWebhook)
    enable_webhook = _webhooks.mutation(domain.EnableWebhook)
    delete_webhook = _webhooks.mutation(domain.DeleteWebhook)
    send_test_event = _webhooks.mutation(domain.SendTestEvent)
    replay_webhook = _webhooks.mutation(domain.ReplayWebhook)
    replay_webhook_event = _webhooks.mutation(domain.ReplayWebhookEvent, send=_replay_event)
