"""Whom a request is from: which proxies are believed, and what counts as one caller."""

import logging
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The settings ask this module what a proxy is, and they are read by programs without a server.
    from starlette.types import ASGIApp, Receive, Scope, Send

_logger = logging.getLogger(__name__)
_ENOUGH = 100
"""Requests after which one private address for all of them is a proxy that nobody has named."""


class Proxies:
    """The proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed."""

    def __init__(self, text: str) -> None:
        """``text`` names addresses and networks, with commas. Raises ValueError for anything else."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        self._networks = [ip_network(part, strict=False) for part in parts]

    def names(self) -> list[str]:
        """The networks, as text."""
        return [str(network) for network in self._networks]

    def __contains__(self, host: str) -> bool:
        found = _address(host)
        return found is not None and any(found in network for network in self._networks)

    def caller(self, host: str | None) -> str | None:
        """What is counted as one: an address, or the 64 bits of a network, for that is what one host is given.

        None for a proxy, through which many come, and for a Unix socket.
        """
        if not host or host in self:
            return None
        found = _address(host)
        if isinstance(found, IPv6Address):
            return str(IPv6Network((found, 64), strict=False))
        return host if found is None else str(found)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own, seen from itself."""
    found = _address(host)
    return host == "localhost" if found is None else found.is_loopback


class ProxyWatch:
    """ASGI middleware that says once when requests seem to come through a proxy that is not named."""

    def __init__(self, app: "ASGIApp", *, proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies
        self._seen = 0
        self._only: str | None = None
        self._told = False

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if not self._told and scope["type"] in ("http", "websocket"):
            self._look(scope)
        await self._app(scope, receive, send)

    def _look(self, scope: "Scope") -> None:
        host = (scope.get("client") or ("",))[0]
        found = _address(host)
        if found is None or not found.is_private or host in self._proxies:
            # Somebody's own address, which only a direct caller or a proxy that is believed can show.
            self._told = found is not None
            return
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        if host in forwarded.decode("latin1"):
            self._told = True  # It was believed: this is what it says.
        elif forwarded:
            self._tell(f"A request came from {host} with X-Forwarded-For, which is not believed.")
        if self._told:
            return
        self._only = host if self._only in (None, host) else ""
        self._seen += 1
        if self._seen == _ENOUGH:
            self._told = True
            if self._only and not found.is_loopback:
                self._tell(f"All of the first {_ENOUGH} requests came from {host}, which looks like a proxy.")

    def _tell(self, what: str) -> None:
        self._told = True
        _logger.warning(
            "%s Everybody behind a proxy counts as one caller, with one share of every limit, until "
            "HEADWATER_TRUSTED_PROXIES names it.",
            what,
        )
