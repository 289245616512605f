"""Cursors that clients keep and give back: signed for what they are good for, so that nobody makes any up."""

import base64
import hashlib
import hmac

_BYTES = 12


class Signature:
    """Signs what a cursor holds. ``scope`` says for what it is good: for nothing else it is read again."""

    def __init__(self, secret: str, scope: str) -> None:
        self._key = hashlib.sha256(f"cursor {scope} {secret}".encode()).digest()

    def cursor(self, body: bytes) -> str:
        """A cursor that holds this."""
        return base64.urlsafe_b64encode(self._of(body) + body).decode().rstrip("=")

    def body(self, cursor: str) -> bytes | None:
        """What a cursor holds; None when it was not given out for this."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except ValueError:
            return None
        signature, body = raw[:_BYTES], raw[_BYTES:]
        return body if hmac.compare_digest(signature, self._of(body)) else None

    def _of(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_BYTES]
