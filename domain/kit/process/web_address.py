"""Web addresses of others that the product is told to call: what their text may be, whatever they lead to."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import idna

LONGEST = 2000
"""Characters of an address at the most."""
_SCHEMES = {"https": 443, "http": 80}
# What is called is made of these alone, so no two readers of the text take different parts of it for the host.
_PATH = re.compile(r"(/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*)?")
_QUERY = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*")
_NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]*")


class WebAddressInvalid(ValueError):
    """The text is no address that may be called; the message is the end of a sentence that begins with it."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address, read once: whatever is called is made of these parts."""

    scheme: str
    host: str
    """A name in ASCII (IDNA 2008), or an address without brackets."""
    port: int
    path: str
    """With the query."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _SCHEMES[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    @property
    def is_literal(self) -> bool:
        """Whether the host is an IP address, which nobody has to look up."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def is_this_machine(self) -> bool:
        """Whether the text itself says that the address is this machine's own."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_web_address(text: str) -> WebAddress:
    """The parts of an address. Raises WebAddressInvalid for what is none, or may be called by nobody.

    Without ``https`` it must be this machine's own. It names nobody (``user@``), has no fragment, and its host is
    a name, or an IP address as it is usually written: not in decimal, octal or hexadecimal.
    """
    if len(text) > LONGEST:
        raise WebAddressInvalid(f"has more than {LONGEST} characters")
    scheme, there, rest = text.partition("://")
    scheme = scheme.lower()
    if not there or scheme not in _SCHEMES:
        raise WebAddressInvalid("does not begin with https://")
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise WebAddressInvalid("names a user; send secrets in another way")
    if "#" in rest:
        raise WebAddressInvalid("has a fragment")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = _host(parts.hostname or ""), parts.port
    except WebAddressInvalid:
        raise
    except ValueError:
        raise WebAddressInvalid("has a host or a port that cannot be one") from None
    if parts.netloc != authority or not _PATH.fullmatch(parts.path) or not _QUERY.fullmatch(parts.query):
        raise WebAddressInvalid("has characters that must be percent-encoded")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    address = WebAddress(scheme, host, _SCHEMES[scheme] if port is None else port, path)
    if not 0 < address.port < 65536:
        raise WebAddressInvalid("has a host or a port that cannot be one")
    if scheme == "http" and not address.is_this_machine:
        raise WebAddressInvalid("does not begin with https://")
    return address


def _host(text: str) -> str:
    if ":" in text:
        if "%" in text:
            raise WebAddressInvalid("has a host that is known to one machine only")
        return str(ip_address(text))
    try:
        name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except idna.IDNAError:
        raise WebAddressInvalid("has a host that is no name") from None
    last = name.removesuffix(".").rpartition(".")[2]
    if _NUMBER.fullmatch(last):
        # Resolvers take many spellings for an address, and not all of them the same ones.
        if str(ip_address(name)) != name:
            raise ValueError
        return name
    return name.removesuffix(".")
