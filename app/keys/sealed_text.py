"""The layout of a sealed text, and what it is bound to.

``hw1.<person>.<generation>.<fingerprint or ->.<place>.<nonce, ciphertext and tag>``: all before the last dot, and
the tenant, is authenticated. The place is a hash of where in the log the text was made for: it opens in a view,
where nobody knows that any more, and still shows in the log when it was moved.
"""

import base64
import hashlib
from dataclasses import dataclass
from uuid import UUID

from app.keys.cipher import Cipher, Tampered
from domain.kit.sealed import is_sealed

_PLACE_BYTES = 16


@dataclass(frozen=True, slots=True)
class EventPlace:
    """An event in the log, of which each field is a place of its own."""

    topic: str
    stream: UUID
    version: int
    """The event's version in its stream."""
    type: str

    def of(self, field: str) -> str:
        """The place of a field, as sealed texts name it."""
        said = "\0".join((self.topic, self.stream.hex, str(self.version), self.type, field))
        return _text(hashlib.sha256(said.encode()).digest()[:_PLACE_BYTES])


@dataclass(frozen=True, slots=True)
class SealedText:
    """A sealed text, taken apart."""

    head: str
    subject: UUID
    generation: int
    place: str
    body: str

    @classmethod
    def parse(cls, text: str) -> "SealedText | None":
        """The parts of a text, None when it is not sealed. Raises Tampered for one that lacks a part."""
        if not is_sealed(text):
            return None
        parts = text.split(".")
        if len(parts) != 6:
            raise Tampered("A sealed text has another number of parts.")
        return cls(text.rpartition(".")[0], UUID(hex=parts[1]), int(parts[2]), parts[4], parts[5])

    def open(self, cipher: Cipher, tenant_id: UUID) -> str:
        """The plain text. Raises Tampered."""
        return cipher.open(_bytes(self.body), _about(tenant_id, self.head)).decode()


def seal(
    plain: str,
    cipher: Cipher,
    *,
    tenant_id: UUID,
    subject: UUID,
    generation: int,
    fingerprint: str | None,
    place: str,
) -> str:
    """A new sealed text."""
    head = f"hw1.{subject.hex}.{generation}.{fingerprint or '-'}.{place}"
    return f"{head}.{_text(cipher.seal(plain.encode(), _about(tenant_id, head)))}"


def _about(tenant_id: UUID, head: str) -> bytes:
    return tenant_id.bytes + head.encode()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise Tampered("A sealed text does not hold what it should.") from error
