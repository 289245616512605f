"""Sealed texts as the codec makes them, without an event around them."""

from uuid import UUID

from app.keys import KeyRing
from app.keys.sealed_text import seal


def sealed_by(ring: KeyRing, tenant_id: UUID, subject: UUID, plain: str) -> str:
    """A text of somebody whose key the ring has at hand."""
    generation, cipher = ring.sealing(tenant_id, subject)
    return seal(
        plain,
        cipher,
        tenant_id=tenant_id,
        subject=subject,
        generation=generation,
        fingerprint=None,
        place="nowhere",
    )
