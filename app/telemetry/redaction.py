"""What may stand in no log: addresses, tokens, keys, passwords; a word that says what it was takes its place.

Clients choose what many lines hold, so no rule may take more than a bounded time for each character: a rule
begins with a fixed word, every quantifier is bounded or possessive, and none is followed by what it could hold.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

_SECRET = (
    r"password|passwd|pwd|secret|token|api[_-]?key|authorization|cookie|credential"
    r"|recovery[_-]?codes?|otp|totp"
)
_PERSONAL = r"e[_-]?mail|phone|ip[_-]?address|user[_-]?agent|(?:first|last|full|display)[_-]?name"
_MEMBER = re.compile(rf"(?:^|[_-])(?:{_SECRET}|{_PERSONAL})(?:$|[_-]|s$|hash)", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# What follows a telling word up to its value: the rest of the name, its quote, escaped as in JSON within JSON.
_EQUALS = r"[\w-]{0,64}+\\{0,8}+[\"']?+\s{0,16}+[=:]\s{0,16}+"
# A value in quotes, to the end of the text where they are not closed.
_QUOTED = (
    r"[bBrRuU]{0,2}+(?:(?P<quote>\\{1,8}[\"'])[\s\S]*?(?:(?<!\\)(?P=quote)|\Z)"
    r"|\"(?:[^\"\\]|\\[\s\S]?)*+(?:\"|\Z)|'(?:[^'\\]|\\[\s\S]?)*+(?:'|\Z))"
)

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # A JSON Web Token: three parts, the first of which is an object in base64url.
    (re.compile(r"eyJ[A-Za-z0-9_-]{5,512}+\.[A-Za-z0-9_-]*+(?:\.[A-Za-z0-9_-]*+){0,3}"), "[token]"),
    # Lines of HTTP's headers.
    (
        re.compile(r"\b((?:set-)?cookie|(?:proxy-)?authorization): (?!bearer|basic|[\"'\[{])[^\r\n]++", re.I),
        r"\1: [hidden]",
    ),
    (re.compile(r"\b(bearer|basic)(?:\s|%20|\+){1,16}+[A-Za-z0-9._~+/=-]{6,}+", re.I), r"\1 [token]"),
    (re.compile(r"hw1\.[0-9a-f]{32}\.[A-Za-z0-9_.-]++"), "[sealed]"),
    (re.compile(r"\bhw_[A-Za-z0-9_-]{6,}+"), "[key]"),
    # Tokens that are mailed: kind, ids in hexadecimal, and a code that proves them.
    (re.compile(r"(?:verify|reset|invite)(?:\.[0-9a-f]{32}){1,2}+\.[A-Za-z0-9_-]{16,}+"), "[token]"),
    (re.compile(r"\$argon2(?:id|i|d)?+\$[A-Za-z0-9$=,+/.]++"), "[hash]"),
    # Addresses with a password: scheme://name:password@host.
    (re.compile(r"(?<=://)[^\s/:@\"']{0,256}+:[^\s/\"']{1,1024}(?=@)"), "[credentials]"),
    # What the database says of a row that it refuses; a value may have lines.
    (re.compile(r"(Failing row contains |Key \([^)\n]{0,256}+\)=)\([\s\S]*+", re.I), r"\1[hidden]"),
    # first_name='Ada', as commands and rows are written in tracebacks.
    (re.compile(rf"(?P<name>(?:{_PERSONAL}){_EQUALS}){_QUOTED}", re.I), r"\g<name>[hidden]"),
    # password=..., "newPassword": "...", secret: ...; the value in quotes, or up to a space.
    (
        re.compile(rf"(?P<name>(?:{_SECRET}){_EQUALS})(?:{_QUOTED}|(?!\[)[^\s,;&)}}\]]++)", re.I),
        r"\g<name>[hidden]",
    ),
)

# In URL-encoded texts the sign is %40. What stands before it is looked for from here, backwards.
_AT = re.compile(r"(?:@|%40)\w(?:[\w-]{0,62}+\.)+[^\W\d_]{2,24}")
_LOCAL = "._%+-"

_MIGHT = re.compile(
    r"@|%40|eyJ|hw1\.|hw_|bearer|basic|\$argon2|verify\.|reset\.|invite\.|://|row contains|\)=\("
    rf"|{_SECRET}|{_PERSONAL}",
    re.IGNORECASE,
)
"""What a text that holds any of it must hold: most lines are passed with this one look."""

_LONGEST_WORD = 2048
_ENDS = ' \n\t,;&?/"'
"""Where a word ends; a token may be as long as ``_LONGEST_WORD``."""


def redacted(text: str) -> str:
    """The text without what may stand in no log; most texts come back as they are."""
    if _MIGHT.search(text) is None:
        return text
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return _without_addresses(text)


def cut(text: str, longest: int) -> str:
    """The text up to ``longest`` characters; no word is cut in two, for no rule would know its half."""
    if len(text) <= longest:
        return text
    kept = text[:longest]
    ends = max(kept.rfind(end, longest - _LONGEST_WORD) for end in _ENDS)
    kept = kept[: ends if ends >= 0 else max(0, longest - _LONGEST_WORD)]
    return f"{kept} [{len(text) - len(kept)} more characters]"


# Whatever somebody gives to a logger, hence Any.
def redacted_value(value: Any, name: str = "", *, longest: int | None = None) -> Any:
    """A value fit for a log: texts redacted, members with telling names hidden, however deep.

    With ``longest``, texts are cut to it before, and collections to a hundred members.
    """
    if name and is_secret_name(name) and value is not None and not isinstance(value, bool):
        return "[hidden]"
    if value is None or isinstance(value, bool | int | float):
        return value
    most = None if longest is None else 100
    if isinstance(value, Mapping):
        return {
            _text(key, longest): redacted_value(item, str(key), longest=longest)
            for key, item in islice(value.items(), most)
        }
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [redacted_value(item, longest=longest) for item in islice(value, most)]
    return _text(value.decode(errors="replace") if isinstance(value, bytes) else value, longest)


def is_secret_name(name: str) -> bool:
    """Whether a member of this name holds what no log may: ``newPassword``, ``token_hash``, ``email``."""
    return _MEMBER.search(_CAMEL.sub("_", name)) is not None


def _text(value: object, longest: int | None) -> str:
    text = str(value)
    return redacted(text if longest is None else cut(text, longest))


def _without_addresses(text: str) -> str:
    parts: list[str] = []
    done = 0
    for found in _AT.finditer(text):
        begin = found.start()
        while begin > done and (text[begin - 1].isalnum() or text[begin - 1] in _LOCAL):
            begin -= 1
        if begin < found.start():
            parts += (text[done:begin], "[e-mail]")
            done = found.end()
    return "".join((*parts, text[done:]))
