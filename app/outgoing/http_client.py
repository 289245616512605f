"""The one client for what the product calls on behalf of tenants: bounded, and kept out of our own network.

Built on httpx's transport, below its client: so there are no redirects, no proxies, no cookies and no credentials
from the environment to be switched off. The host is resolved here, once, all of its addresses are checked, and the
transport is told to connect to one of those: between the check and the connection nobody can give the name another
address. Server name and Host header stay those of the name, and the certificate is verified for it. A connection
serves one request: one that is kept would be found again by its IP address, whatever name it was made for.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import cache

import httpx

from app.outgoing.reachable import is_reachable
from app.outgoing.resolver import Resolve, SystemResolver
from domain.kit.process.http_client import HttpAnswer, HttpClient, HttpFailure, HttpRequest, NoHttpAnswer
from domain.kit.process.web_address import WebAddress, WebAddressInvalid, read_web_address

_CONNECT_SECONDS = 5.0
"""How long one address of a host may take to answer, TLS included."""
_READ_SECONDS = 10.0
"""How long there may be silence."""
_ADDRESSES = 4
"""Of a host's addresses so many are tried."""
_MOST = 64 * 1024
"""Bytes that are read of an answer; the connection is closed on the rest."""
_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=0)
_USUAL = {"User-Agent": "Headwater", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}

Add = Callable[[bytes], Awaitable[None]]


@cache
def _authorities() -> ssl.SSLContext:
    """Those of the library's list, which is long to read: once for the whole process."""
    return httpx.create_ssl_context(trust_env=False)


class OutgoingClient(HttpClient):
    """Calls addresses of the public Internet by HTTPS."""

    def __init__(
        self,
        *,
        ports: Collection[int] = (443,),
        loopback: bool = False,
        resolve: Resolve | None = None,
        authorities: ssl.SSLContext | None = None,
        most: int = _MOST,
        silence: float = _READ_SECONDS,
    ) -> None:
        """``ports`` may be called. ``loopback``: this machine may be called too, on any port and without TLS.

        ``authorities`` vouch for hosts, those of the library's list by default; ``most``: bytes of an answer;
        ``silence``: seconds that may go by without any of it.
        """
        self._ports, self._loopback = frozenset(ports), loopback
        self._most, self._silence = most, silence
        self._resolve = resolve or SystemResolver()
        self._tls = authorities or _authorities()

    async def send(self, request: HttpRequest, *, seconds: float, add: Add | None = None) -> HttpAnswer:
        """Send once, to the first of the host's addresses that takes a connection."""
        try:
            async with asyncio.timeout(seconds):
                address = _read(request.url)
                return await self._send(request, address, await self._reachable(address), add)
        except (TimeoutError, httpx.TimeoutException):
            raise NoHttpAnswer(HttpFailure.TIMEOUT) from None
        except (httpx.HTTPError, UnicodeEncodeError):
            # The latter of headers that HTTP cannot say.
            raise NoHttpAnswer(HttpFailure.BROKEN) from None

    async def _reachable(self, address: WebAddress) -> Sequence[str]:
        """The addresses of the host; one that is not for us taints all."""
        if address.port not in self._ports and not self._loopback:
            raise NoHttpAnswer(HttpFailure.ADDRESS)
        try:
            found = [address.host] if address.is_literal else await self._resolve(address.host)
        except (OSError, UnicodeError):
            raise NoHttpAnswer(HttpFailure.NAME) from None
        if not found:
            raise NoHttpAnswer(HttpFailure.NAME)
        https = address.scheme == "https" and address.port in self._ports
        if not all(is_reachable(each, loopback=self._loopback, https=https) for each in found):
            said = address.is_literal or address.is_this_machine
            raise NoHttpAnswer(HttpFailure.ADDRESS if said else HttpFailure.NAME)
        return found[:_ADDRESSES]

    async def _send(
        self, request: HttpRequest, address: WebAddress, found: Sequence[str], add: Add | None
    ) -> HttpAnswer:
        failure = NoHttpAnswer(HttpFailure.CONNECTION)
        for place in found:
            try:
                return await self._send_to(request, address, place, add)
            except httpx.ConnectTimeout:
                failure = NoHttpAnswer(HttpFailure.TIMEOUT)
            except httpx.ConnectError as error:
                failure = NoHttpAnswer(HttpFailure.TLS if _of_tls(error) else HttpFailure.CONNECTION)
        raise failure from None

    async def _send_to(
        self, request: HttpRequest, address: WebAddress, place: str, add: Add | None
    ) -> HttpAnswer:
        patience = httpx.Timeout(self._silence, connect=_CONNECT_SECONDS)
        outgoing = httpx.Request(
            request.method,
            str(address),
            headers={**_USUAL, **request.headers},
            content=request.body,
            extensions={"timeout": patience.as_dict(), "sni_hostname": address.host},
        )
        # The Host header was made of the name.
        outgoing.url = outgoing.url.copy_with(host=place)
        async with httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, limits=_ONE) as transport:
            response = await transport.handle_async_request(outgoing)
            try:
                body = await self._beginning(response, add if response.is_success else None)
            finally:
                await response.aclose()
        return HttpAnswer(status=response.status_code, headers=dict(response.headers), body=body)

    async def _beginning(self, response: httpx.Response, add: Add | None) -> bytes:
        body = bytearray()
        async for part in response.aiter_raw():
            if add is not None:
                await add(part)
                continue
            body += part
            if len(body) >= self._most:
                break
        return bytes(body[: self._most])


def _read(url: str) -> WebAddress:
    try:
        return read_web_address(url)
    except WebAddressInvalid:
        raise NoHttpAnswer(HttpFailure.ADDRESS) from None


def _of_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
