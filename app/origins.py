"""Origins of web pages, exactly as browsers name them in the header ``Origin``."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from app.proxies import is_loopback

# Lower case, without a path or a user; apps in a shell have schemes of their own, as capacitor://localhost.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9_-][a-z0-9._-]*|\[[0-9a-f:]+\])(?::[1-9][0-9]{0,4})?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def read_origins(text: str) -> frozenset[str]:
    """The origins that a text names, with commas. Raises ValueError with one that no browser sends."""
    found = frozenset(part.strip() for part in text.split(",") if part.strip())
    for origin in sorted(found):
        if not _is_origin(origin):
            raise ValueError(origin)
    return found


def is_open_to_the_network(origin: str) -> bool:
    """Whether its pages come over the network without TLS, so that anybody on the way may write them."""
    parts = urlsplit(origin)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def origin_of(url: str) -> str:
    """The origin of an address, with its port only where that is not the scheme's own."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def is_of_host(origin: str, host: str, schemes: Collection[str] = ("http", "https")) -> bool:
    """Whether an origin is one of a host, as the header ``Host`` names it: some proxies add the port there that
    browsers leave out."""
    scheme = origin.partition(":")[0]
    try:
        return host != "" and scheme in schemes and origin_of(origin) == origin_of(f"{scheme}://{host}")
    except ValueError:
        return False


def _is_origin(text: str) -> bool:
    try:
        return _ORIGIN.fullmatch(text) is not None and origin_of(text) == text
    except ValueError:
        return False
