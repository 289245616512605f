"""What may stand in no log: addresses, tokens, keys, passwords; a word that says what it was takes its place."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_SECRET = (
    r"password|passwd|pwd|secret|token|api[_-]?key|authorization|cookie|credential"
    r"|recovery[_-]?codes?|otp|totp"
)
_PERSONAL = r"e[_-]?mail|phone|ip[_-]?address|user[_-]?agent|(?:first|last|full|display)[_-]?name"
_MEMBER = re.compile(rf"(?:^|[_-])(?:\w*[_-])?(?:{_SECRET}|{_PERSONAL})(?:$|[_-]|s$|hash)", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # A JSON Web Token: three parts, the first of which is an object in base64url.
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,3}"), "[token]"),
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), r"\1 [token]"),
    (re.compile(r"\bhw1\.[0-9a-f]{32}\.[A-Za-z0-9_.-]+"), "[sealed]"),
    (re.compile(r"\bhw_[A-Za-z0-9_-]{6,}"), "[key]"),
    # Tokens that are mailed: kind, ids in hexadecimal, and a code that proves them.
    (re.compile(r"\b(?:verify|reset|invite)(?:\.[0-9a-f]{32}){1,2}\.[A-Za-z0-9_-]{16,}"), "[token]"),
    (re.compile(r"\$argon2(?:id|i|d)?\$[A-Za-z0-9$=,+/.]+"), "[hash]"),
    # Addresses with a password: scheme://name:password@host.
    (re.compile(r"(?<=://)[^\s/:@\"']*:[^\s@/\"']+(?=@)"), "[credentials]"),
    (
        # In URL-encoded texts the sign is %40.
        re.compile(r"[A-Za-z0-9._%+-]{1,64}(?:@|%40)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,24}"),
        "[e-mail]",
    ),
    # What the database says of a row that it refuses.
    (re.compile(r"(Failing row contains |Key \([^)\n]*\)=)\(.*", re.IGNORECASE), r"\1[hidden]"),
    # first_name='Ada', as commands and rows are written in tracebacks.
    (
        re.compile(
            rf"(?P<name>[\"']?\b\w*(?:{_PERSONAL})\w*[\"']?\s*[=:]\s*)"
            r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')",
            re.IGNORECASE,
        ),
        r"\g<name>[hidden]",
    ),
    # password=..., "newPassword": "...", secret: ...; the value in quotes, or up to a space.
    (
        re.compile(
            rf"(?P<name>[\"']?\b[\w-]*(?:{_SECRET})[\w-]*[\"']?\s*[=:]\s*)"
            r"(?P<value>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?!\[)[^\s,;&)}\]]+)",
            re.IGNORECASE,
        ),
        r"\g<name>[hidden]",
    ),
)

_MIGHT = re.compile(
    r"@|%40|eyJ|hw1\.|hw_|bearer|basic|\$argon2|verify\.|reset\.|invite\.|://|row contains|\)=\("
    rf"|{_SECRET}|{_PERSONAL}",
    re.IGNORECASE,
)
"""What a text that holds any of it must hold: most lines are passed with this one look."""


def redacted(text: str) -> str:
    """The text without what may stand in no log; most texts come back as they are."""
    if _MIGHT.search(text) is None:
        return text
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


# Whatever somebody gives to a logger, hence Any.
def redacted_value(value: Any, name: str = "") -> Any:
    """A value fit for a log: texts redacted, members with telling names hidden, however deep."""
    if name and is_secret_name(name) and value is not None and not isinstance(value, bool):
        return "[hidden]"
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, bytes):
        return redacted(value.decode(errors="replace"))
    if isinstance(value, Mapping):
        return {redacted(str(key)): redacted_value(one, str(key)) for key, one in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [redacted_value(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(str(value))


def is_secret_name(name: str) -> bool:
    """Whether a member of this name holds what no log may: ``newPassword``, ``token_hash``, ``email``."""
    return _MEMBER.search(_CAMEL.sub("_", name)) is not None
