"""Secrets of webhooks, sealed under a key that follows from ``HEADWATER_SECRET``."""

import base64
import hashlib
import hmac
import logging
from time import monotonic
from uuid import UUID

from cachetools import TTLCache
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.gateway.webhook_signature import SecretUnreadable, WebhookSecrets

_logger = logging.getLogger(__name__)
_NONCE = 12
_UNREADABLE = "The secret of this webhook or source was sealed under another HEADWATER_SECRET."
_MOST, _PAUSE = 10_000, 3600.0
"""Of so many the log is told, each once in so many seconds."""


class SealedWebhookSecrets(WebhookSecrets):
    """Each sealed for its webhook, with AES-256-GCM. The same secret of the same webhook is sealed alike, so that
    a command that is sent again is the same command."""

    def __init__(self, key: str) -> None:
        """``key``: 64 hexadecimal digits."""
        self._cipher = AESGCM(bytes.fromhex(key))
        self._nonces = hmac.digest(bytes.fromhex(key), b"nonces of sealed secrets", hashlib.sha256)
        self._told: TTLCache[UUID, bool] = TTLCache(_MOST, _PAUSE, timer=monotonic)

    def seal(self, webhook_id: UUID, secret: str) -> str:
        content = webhook_id.bytes + secret.encode()
        nonce = hmac.digest(self._nonces, content, hashlib.sha256)[:_NONCE]
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), webhook_id.bytes)
        return base64.b64encode(sealed).decode()

    def open(self, webhook_id: UUID, sealed: str) -> str:
        try:
            data = base64.b64decode(sealed)
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], webhook_id.bytes).decode()
        except (InvalidTag, ValueError):
            self._tell(webhook_id)
            raise SecretUnreadable(_UNREADABLE) from None

    def _tell(self, webhook_id: UUID) -> None:
        if webhook_id not in self._told:
            self._told[webhook_id] = True
            _logger.error("%s: %s Set the former one again, or a new secret.", webhook_id, _UNREADABLE)
