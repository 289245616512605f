"""The links of a mail: which are tracked, and what is added to their addresses; the rest of these stays."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from domain.campaigns.rendering.documents import SCHEMES

Track = Callable[[int, str], str]
"""The address that counts a click and leads to the target, of the link of this number in the mail, from 0."""
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")


def untracked(number: int, target: str) -> str:
    """Track nothing."""
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """What becomes of the links of one mail."""

    track: Track = untracked
    utm: Mapping[str, str] = field(default_factory=dict)
    """Parameters that are added to each tracked address, unless it has them."""
    own: tuple[str, ...] = ()
    """Addresses of the product, as to unsubscribe: they are never touched."""

    def address(self, number: int, target: str) -> str:
        """What the link of this number leads to; nothing where its target is none."""
        scheme = _SCHEME.match(target)
        if target.startswith("#"):
            return target
        if scheme is None or (name := scheme[1].lower()) not in SCHEMES:
            return ""
        if name not in ("http", "https") or self.is_own(target):
            return target
        return self.track(number, with_parameters(target, self.utm))

    def is_own(self, target: str) -> bool:
        """Whether it is one of these addresses, whatever is added to it."""
        return any(own and target.startswith(own) for own in self.own)


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """The address with these parameters behind its own, before its fragment; those that it has stay."""
    if not parameters:
        return url
    address, hash, fragment = url.partition("#")
    path, _, query = address.partition("?")
    has = {each.partition("=")[0] for each in query.split("&")}
    added = [f"{name}={quote_plus(value)}" for name, value in parameters.items() if name not in has]
    if not added:
        return url
    joined = "&".join([*([query.rstrip("&")] if query else []), *added])
    return f"{path}?{joined}{hash}{fragment}"
