"""Tokens that go out by mail: they follow from a key, so that nobody keeps them and a retry sends the same."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from domain.kit.ids import read_hex

VERIFY, RESET, INVITE, OPT_OUT = "verify", "reset", "invite", "optout"
"""What a mailed token is for."""


@dataclass(frozen=True, slots=True)
class Mailed:
    """What a genuine token says: its kind, what it is about, and in which tenant when it names one."""

    kind: str
    id: UUID
    tenant_id: UUID | None = None


class MailedTokens:
    """Makes and checks the tokens in mails.

    A token is ``<kind>.<id>.<mac>`` or ``<kind>.<tenant>.<id>.<mac>``, the ids in 32 hexadecimal digits and the
    mac HMAC-SHA256 in base64url. What it opens, how often and until when stands with what its id names.
    """

    def __init__(self, key: str) -> None:
        """``key``: 64 hexadecimal digits, such as ``settings.derive("mailed tokens")``."""
        self._key = bytes.fromhex(key)

    def of(self, kind: str, id: UUID, tenant_id: UUID | None = None) -> str:
        """The token of this kind for this id; always the same."""
        said = f"{kind}.{id.hex}" if tenant_id is None else f"{kind}.{tenant_id.hex}.{id.hex}"
        return f"{said}.{self._mac(said)}"

    def read(self, token: str, kind: str) -> Mailed | None:
        """What a token says; None when it is not one of this kind that this key made."""
        said, _, mac = token.rpartition(".")
        if not hmac.compare_digest(self._mac(said).encode(), mac.encode(errors="replace")):
            return None
        found, *ids = said.split(".")
        if found != kind or len(ids) not in (1, 2):
            return None
        return Mailed(kind, read_hex(ids[-1]), read_hex(ids[0]) if len(ids) == 2 else None)

    def _mac(self, said: str) -> str:
        digest = hmac.digest(self._key, said.encode(errors="replace"), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hash_of(token: str) -> str:
    """What is stored of a random token: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
