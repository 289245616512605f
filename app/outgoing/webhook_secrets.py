"""Secrets of webhooks, sealed under a key that follows from ``HEADWATER_SECRET``."""

import base64
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.gateway.webhook_signature import WebhookSecrets

_NONCE = 12


class SealedWebhookSecrets(WebhookSecrets):
    """Each sealed for its webhook, with AES-256-GCM."""

    def __init__(self, key: str) -> None:
        """``key``: 64 hexadecimal digits."""
        self._cipher = AESGCM(bytes.fromhex(key))

    def seal(self, webhook_id: UUID, secret: str) -> str:
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), webhook_id.bytes)
        return base64.b64encode(sealed).decode()

    def open(self, webhook_id: UUID, sealed: str) -> str:
        data = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], webhook_id.bytes).decode()
        except InvalidTag:
            raise ValueError(
                "The secret of this webhook was sealed under another HEADWATER_SECRET."
            ) from None
