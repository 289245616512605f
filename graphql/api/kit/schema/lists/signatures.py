"""Cursors that clients keep and give back: signed for what they are good for, so that nobody makes any up."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import TypeVar

from api.kit.execution.errors import ClientError

V = TypeVar("V")

_BYTES = 12


class Signature:
    """Signs what a cursor holds.

    ``scope`` says for what it is good, for nothing else it is read again; ``what`` is its word for clients.
    """

    def __init__(self, secret: str, scope: str, *, what: str = "list") -> None:
        self._what = what
        self._key = hashlib.sha256(f"cursor {scope} {secret}".encode()).digest()

    def cursor(self, body: bytes) -> str:
        """A cursor that holds this."""
        return base64.urlsafe_b64encode(self._of(body) + body).decode().rstrip("=")

    def read(self, cursor: str, read: Callable[[bytes], V]) -> V:
        """What a cursor holds, as ``read`` reads it. Raises a client's error for one that was not given out for
        this, and for what ``read`` raises ValueError for: earlier code may have signed something else."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            signature, body = raw[:_BYTES], raw[_BYTES:]
            if hmac.compare_digest(signature, self._of(body)):
                return read(body)
        except ValueError:
            pass
        raise self.refusal()

    def refusal(self) -> ClientError:
        """The error for a cursor that is not of this."""
        return ClientError(f"This cursor was not given out for this {self._what}.", code="BAD_CURSOR")

    def _of(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_BYTES]
