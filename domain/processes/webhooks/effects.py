"""What is done for webhooks: they are called, what they missed is found, and what waits for them is ended."""

from uuid import UUID

from domain.gateway.webhooks import WebhookStop
from domain.kit.process.effects import Effect

SCHEDULE = (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
"""Seconds before each try, as Svix has them: 28 hours in all."""


class Deliver(Effect, schedule=SCHEDULE, timeout=40):
    """Send an event to a webhook."""

    webhook_id: UUID
    event_id: UUID
    type: str
    behind: UUID
    """What is sent about the same waits: the event, or the thing that it happened to."""
    test: bool = False
    again: bool = False

    @property
    def key(self) -> str:
        return delivery_key(self.webhook_id, self.event_id)

    @property
    def instance(self) -> str:
        # What somebody asks for again is sent now, whatever waits for its next try.
        return f"{self.webhook_id}/{'again/' if self.again else ''}{self.behind}"


class Skip(Effect, attempts=15, transactional=True):
    """End deliveries that wait for a webhook that is gone or off: many at once, whatever moment they wait for."""

    webhook_id: UUID
    until: int | None = None
    """The position of the event that put an end to it: what happens later is sent. None: there is no end."""


class Tell(Effect, attempts=15, timeout=60, pause=2):
    """Tell the company's admins that a webhook was switched off."""

    webhook_id: UUID
    reason: WebhookStop

    @property
    def instance(self) -> str:
        return f"{self.webhook_id}/notice"


def delivery_key(webhook_id: UUID, event_id: UUID) -> str:
    """By what the ledger knows the deliveries of an event to a webhook."""
    return f"deliver {webhook_id} {event_id}"
