"""Tokens that go out by mail: they follow from a key, so that nobody keeps them and a retry sends the same."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from domain.kit.ids import read_hex

VERIFY, RESET, INVITE, OPT_OUT = "verify", "reset", "invite", "optout"
CONFIRM, PREFERENCES, UNSUBSCRIBE, SENDER = "confirm", "preferences", "unsubscribe", "sender"
"""What a mailed token is for."""


@dataclass(frozen=True, slots=True)
class Mailed:
    """What a genuine token says: its kind, what it is about, and in which tenant when it names one."""

    kind: str
    id: UUID
    tenant_id: UUID | None = None
    part_id: UUID | None = None
    """Of what it is about, the part that is meant, such as a list of a contact."""


class MailedTokens:
    """Makes and checks the tokens in mails.

    A token is ``<kind>.<id>.<mac>``, ``<kind>.<tenant>.<id>.<mac>`` or ``<kind>.<tenant>.<id>.<part>.<mac>``, the
    ids in 32 hexadecimal digits and the mac HMAC-SHA256 in base64url. What it opens, how often and until when
    stands with what its id names.
    """

    def __init__(self, key: str) -> None:
        """``key``: 64 hexadecimal digits, such as ``settings.derive("mailed tokens")``."""
        self._key = bytes.fromhex(key)

    def of(self, kind: str, id: UUID, tenant_id: UUID | None = None, part_id: UUID | None = None) -> str:
        """The token of this kind for this id; always the same. A part is of what is in a tenant."""
        named = [id] if tenant_id is None else [tenant_id, id, *([] if part_id is None else [part_id])]
        said = ".".join([kind, *(each.hex for each in named)])
        return f"{said}.{self._mac(said)}"

    def read(self, token: str, kind: str) -> Mailed | None:
        """What a token says; None when it is not one of this kind that this key made."""
        said, _, mac = token.rpartition(".")
        if not hmac.compare_digest(self._mac(said).encode(), mac.encode(errors="replace")):
            return None
        found, *ids = said.split(".")
        if found != kind:
            return None
        match [read_hex(id) for id in ids]:
            case [id]:
                return Mailed(kind, id)
            case [tenant_id, id]:
                return Mailed(kind, id, tenant_id)
            case [tenant_id, id, part_id]:
                return Mailed(kind, id, tenant_id, part_id)
            case _:
                return None

    def _mac(self, said: str) -> str:
        digest = hmac.digest(self._key, said.encode(errors="replace"), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hash_of(token: str) -> str:
    """What is stored of a random token: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
