"""Signed links to files: whoever has one may fetch that file for a while, without signing in."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from domain.kit.clock import Clock
from domain.kit.process.files import FileLinks, FileNote

PATH = "/v1/files"
GOOD_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """What a link leads to."""

    tenant_id: UUID
    id: UUID
    note: FileNote


class SignedLinks(FileLinks):
    """Makes links, and reads them."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key, self._clock = key, clock

    def link(self, tenant_id: UUID, id: UUID, note: FileNote) -> str:
        until = int((self._clock.now() + GOOD_FOR).timestamp())
        text = msgspec.json.encode(note).decode()
        signature = self._signature(tenant_id, id, until, text)
        said = {"tenant": str(tenant_id), "until": until, "note": text, "signature": signature}
        return f"{PATH}/{id}?{urlencode(said)}"

    def read(self, id: UUID, said: Mapping[str, str]) -> LinkedFile | None:
        """What a link leads to, by what its query says; None for one that is not good, or no longer."""
        try:
            tenant_id, until = UUID(said["tenant"]), int(said["until"][:12])
            given, text = said["signature"], said["note"]
        except (KeyError, ValueError):
            return None
        expected = self._signature(tenant_id, id, until, text)
        if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
            return None
        now: datetime = self._clock.now()
        if now.timestamp() >= until:
            return None
        return LinkedFile(tenant_id, id, msgspec.json.decode(text, type=FileNote))

    def _signature(self, tenant_id: UUID, id: UUID, until: int, note: str) -> str:
        signed = f"{tenant_id}/{id}/{until}/{note}".encode(errors="replace")
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()
