"""Headers that let connectors in."""

import re

from domain.kit.model import Invalid
from domain.kit.refusals import ViolationCode

_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}:[ ]?[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
LONGEST = 8_000
_OURS = frozenset(
    {
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
        "upgrade",
        "expect",
        "accept",
        "accept-encoding",
    }
)
"""What the client says itself."""


def checked_header(text: str) -> str:
    """A header as it is sent. Raises Invalid for what is none."""
    text = text.strip()
    if len(text) > LONGEST:
        reason = f"has more than {LONGEST} characters"
        raise Invalid(field="header", reason=reason, why=ViolationCode.TOO_LONG)
    if not _HEADER.fullmatch(text):
        reason = "is no header, as Authorization: Bearer abc"
        raise Invalid(field="header", reason=reason, why=ViolationCode.FORMAT)
    if text.partition(":")[0].lower() in _OURS:
        raise Invalid(
            field="header", reason="is a header that is not yours to set", why=ViolationCode.UNSUITABLE
        )
    return text
