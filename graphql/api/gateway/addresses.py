"""Addresses of outside systems that the product is to call."""

from api.kit.model import Sending
from domain.gateway.webhooks import WebhookUrlRefused
from domain.kit.fields import Kept
from projections.gateway.webhook_deliveries import WebhookDesk


def require_callable(sending: Sending, url: str | Kept | None) -> None:
    """Raise WebhookUrlRefused for an address that would not be called, as far as its text says so."""
    if isinstance(url, str) and (reason := sending.ask.port(WebhookDesk).refusal_of(url.strip())):
        raise WebhookUrlRefused(reason=reason, field="url")
