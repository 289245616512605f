"""What was sent to webhooks, and what is to be sent again: read from the ledger of the process that sends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from domain.gateway.webhook_signature import WebhookSecrets
from domain.kit.fields import Describe
from projections.kit.read.row_visibility import Happened


class DeliveryStatus(StrEnum):
    """The status of a delivery: `WAITING` and `RETRYING` go on; `WITHHELD`: who vouches for the webhook may not
    see the event; `SKIPPED`: the webhook was off by then."""

    WAITING = "waiting"
    """It is sent as soon as its turn comes."""
    RETRYING = "retrying"
    """A try has failed, and it is tried again."""
    DELIVERED = "delivered"
    """Its address took it."""
    FAILED = "failed"
    """It is tried no more."""
    WITHHELD = "withheld"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """A try; of what was answered only the status is kept."""

    at: Annotated[datetime, Describe("When it began.")]
    ms: Annotated[int, Describe("How long it took, in milliseconds.")]
    status: Annotated[int | None, Describe("The HTTP status of the answer; null if there was none.")] = None
    error: Annotated[
        str | None,
        Describe("Why it failed, such as `timed_out`; null if it did not."),
    ] = None
    withheld: Annotated[
        tuple[str, ...],
        Describe(
            "The fields that were left out of what was sent, as whoever vouches for the webhook may not see them, "
            "it did not ask for them, or this installation masks them."
        ),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """An event on its way to a webhook."""

    number: Annotated[int, Describe("The delivery's number; later ones have higher ones.")]
    message: Annotated[str, Describe("The header `webhook-id`: the same at every try and every replay.")]
    event_id: Annotated[UUID, Describe("The event's id in the log.")]
    entity_id: Annotated[
        UUID,
        Describe("The id of what the event happened to; `OutsideEvent.id` where an outside system sent it."),
    ]
    event_type: Annotated[str, Describe("The event's type.")]
    status: Annotated[DeliveryStatus, Describe("How it stands.")]
    replay: Annotated[bool, Describe("Whether it was asked for again.")]
    requested_at: Annotated[datetime, Describe("When the event was found to be for the webhook.")]
    next_at: Annotated[datetime | None, Describe("When it is tried next; null once it has ended.")]
    ended_at: Annotated[datetime | None, Describe("When it ended; null before.")]
    attempts: Annotated[tuple[DeliveryAttempt, ...], Describe("The tries that have ended.")]


E = TypeVar("E", bound=Happened)


class EventSight(Protocol):
    """What somebody may see."""

    async def told(self, events: Sequence[E]) -> list[E]:
        """Those of these events that they may read."""
        ...


class DeliveryLog(Protocol):
    """What was sent to the webhooks of a tenant in the last 30 days, and what may be sent again.

    Whoever asks is told of no event that they may not read: which events these are to be, they say themselves.
    """

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
    ) -> Sequence[DeliveryRow]:
        """The newest first, those before this number; of an entity, if asked for, of its newest 1,000 events."""
        ...

    async def count(
        self, tenant_id: UUID, webhook_id: UUID, since: datetime, until: datetime, *, seeing: EventSight
    ) -> tuple[int, bool] | None:
        """How many events of a time a webhook is for, and whether these are all, as it stops counting somewhere;
        None for no webhook."""
        ...

    async def covers(self, tenant_id: UUID, webhook_id: UUID, event_id: UUID, *, seeing: EventSight) -> bool:
        """Whether there is such an event, and the webhook is for it."""
        ...


@dataclass(frozen=True, slots=True)
class WebhookDesk:
    """What the API of webhooks needs beside their rows."""

    deliveries: DeliveryLog
    secrets: WebhookSecrets
    refusal_of: Callable[[str], str | None]
    """Why an address would not be called, as far as its text says: the end of a sentence that begins with it."""
