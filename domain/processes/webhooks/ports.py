"""What sends webhooks needs of the rest of the product."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.gateway.webhooks import Webhook, WebhookStop
from domain.kit.process.effects import Call
from domain.processes.webhooks.effects import Skip
from domain.processes.webhooks.subscribed import SubscribedWebhooks
from domain.processes.webhooks.tools.protocol import Message


class SponsorGone(Exception):
    """Who vouches for a webhook may not have one any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sendable:
    """An event to be sent: its id, its type, and the thing that it happened to."""

    event_id: UUID
    type: str
    thing: UUID

    def behind(self, *, ordered: bool) -> UUID:
        """What is sent about the same waits."""
        return self.thing if ordered else self.event_id

    def noted(self, *, ordered: bool) -> dict[str, str]:
        """As it is kept in the ledger."""
        behind = str(self.behind(ordered=ordered))
        return {"event_id": str(self.event_id), "type": self.type, "behind": behind}


@dataclass(frozen=True, slots=True)
class SentBody:
    """What a webhook is sent about an event, as JSON, and the fields that were left out of it."""

    text: bytes
    withheld: tuple[str, ...] = ()


class WebhookContents(Protocol):
    """What is sent about events: no more than whoever vouches for the webhook may see."""

    async def message(self, tenant_id: UUID, webhook: Webhook, event_id: UUID) -> Message | None:
        """What a destination is sent about an event; None for one that is not to leave, as it is about somebody
        who was erased, or who refuses what the destination is for. Raises SponsorGone."""
        ...

    async def body(self, tenant_id: UUID, webhook: Webhook, event_id: UUID) -> SentBody | None:
        """The JSON about an event; None for one that is not to leave. Raises SponsorGone."""
        ...

    async def waiting(self, tenant_id: UUID, webhook_id: UUID, most: int) -> int:
        """How many deliveries wait for a webhook, counted up to ``most``."""
        ...

    async def skip(self, call: Call[SubscribedWebhooks], skip: Skip, most: int, *, now: datetime) -> int:
        """End some of the deliveries that wait for a webhook, but tests, in the call's transaction; how many."""
        ...

    async def of_time(
        self, tenant_id: UUID, webhook: Webhook, since: datetime, until: datetime, *, after: int
    ) -> tuple[Sequence[Sendable], int | None]:
        """Some of the events of a time that the webhook is for, behind a position, and from where to go on."""
        ...

    async def one(self, tenant_id: UUID, webhook: Webhook, event_id: UUID) -> Sendable | None:
        """An event, if the webhook is for it."""
        ...


class WebhookNotices(Protocol):
    """Tell the admins of a company about its webhooks."""

    async def switched_off(
        self, tenant_id: UUID, *, name: str, host: str, reason: WebhookStop, key: UUID
    ) -> int:
        """Write to each of them, once for each key; how many they are."""
        ...
