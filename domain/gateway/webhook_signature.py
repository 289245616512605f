"""Signatures of webhooks, as Standard Webhooks has them."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from secrets import token_bytes
from typing import Protocol
from uuid import UUID, uuid5

PREFIX = "whsec_"
_NAMESPACE = UUID("6f0e5b2c-8b7d-5f0a-9c39-5d1a4c1f7e21")


class SecretUnreadable(ValueError):
    """The secret was sealed under another key, or for something else."""


class WebhookSecrets(Protocol):
    """Seal what signs: in the log stands nothing by which somebody else could sign."""

    def seal(self, webhook_id: UUID, secret: str) -> str:
        """The text that is kept."""
        ...

    def open(self, webhook_id: UUID, sealed: str) -> str:
        """The secret. Raises SecretUnreadable."""
        ...

    def readable(self, webhook_id: UUID, sealed: Sequence[str]) -> list[str]:
        """Those of several secrets, the newest first, that can be read; the newest may be one that cannot."""
        found: list[str] = []
        for each in sealed:
            with suppress(SecretUnreadable):
                found.append(self.open(webhook_id, each))
        return found


def new_secret() -> str:
    """A secret as receivers are given it."""
    return PREFIX + base64.b64encode(token_bytes(32)).decode()


def message_id(webhook_id: UUID, event_id: UUID) -> str:
    """The id of what is sent about an event: the same at every try and every replay."""
    return f"msg_{uuid5(_NAMESPACE, f'{webhook_id}/{event_id}').hex}"


def signed_headers(id: str, at: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of one try, with a signature by each of the secrets."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((id.encode(), timestamp.encode(), body))
    signatures = [
        hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), content, hashlib.sha256)
        for secret in secrets
    ]
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(signature).decode()}" for signature in signatures
        ),
    }
