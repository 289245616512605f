"""Keys of exported files, each sealed as a text of the person whom the file is about."""

import secrets
from uuid import UUID

from app.keys import KeyRing
from app.keys.sealed_text import seal
from domain.kit.process.effects import EffectRefused
from domain.kit.refusals import SubjectErased

_BYTES = 32
_PLACE = "export"
"""Where the sealed text stands: in no event of the log, which all other places are hashes of."""


class SealedFileKeys:
    """`files.FileKeys` on the key ring: with a person's key, the keys of their files are gone."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def make(self, tenant_id: UUID, subject: UUID) -> tuple[bytes, str]:
        """Raise EffectRefused for a person who was erased."""
        try:
            await self._ring.ready(tenant_id, [subject])
        except SubjectErased:
            raise EffectRefused(SubjectErased.code) from None
        generation, cipher = self._ring.sealing(tenant_id, subject)
        key = secrets.token_bytes(_BYTES)
        sealed = seal(
            key.hex(),
            cipher,
            tenant_id=tenant_id,
            subject=subject,
            generation=generation,
            fingerprint=None,
            place=_PLACE,
        )
        return key, sealed

    async def open(self, tenant_id: UUID, sealed: str) -> bytes | None:
        (opened,) = await self._ring.open(tenant_id, [sealed])
        return bytes.fromhex(opened) if opened else None
