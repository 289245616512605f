"""The webhooks of a company, as they stand when something happens."""

from dataclasses import dataclass, replace
from uuid import UUID

from domain.contexts import CONTEXTS
from domain.gateway.webhook_terms import WebhookTerms
from domain.gateway.webhooks import Webhook

SENT = tuple(
    event
    for context in CONTEXTS
    for aggregate in context.aggregates
    for event in aggregate.events
    if aggregate is not Webhook
)
"""The events that webhooks may be for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """A webhook that is on."""

    id: UUID
    terms: WebhookTerms
    ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribedWebhooks:
    """The webhooks of a company that are on. Those that are off wait here until they are on again."""

    on: tuple[Subscribed, ...] = ()
    off: tuple[Subscribed, ...] = ()

    def find(self, id: UUID) -> Subscribed | None:
        """One of them."""
        return next((each for each in (*self.on, *self.off) if each.id == id), None)

    def without(self, id: UUID) -> "SubscribedWebhooks":
        """The others."""
        return SubscribedWebhooks(
            on=tuple(each for each in self.on if each.id != id),
            off=tuple(each for each in self.off if each.id != id),
        )

    def described(self, webhook: Subscribed) -> "SubscribedWebhooks":
        """With this one, new or changed."""
        return self._with(webhook, on=all(each.id != webhook.id for each in self.off))

    def switched(self, id: UUID, *, on: bool) -> "SubscribedWebhooks":
        """With this one on or off."""
        found = self.find(id)
        return self if found is None else self._with(found, on=on)

    def _with(self, webhook: Subscribed, *, on: bool) -> "SubscribedWebhooks":
        others = self.without(webhook.id)
        return (
            replace(others, on=(*others.on, webhook)) if on else replace(others, off=(*others.off, webhook))
        )
