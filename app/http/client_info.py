"""From where a request comes, for whoever answers it, however deep, and on which device."""

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.cookies import cookies_of
from domain.kit.sealed import resembles_sealed

DEVICE = "hw_device"
"""The cookie by which a device is known again. It opens nothing; it tells its owner's mistakes from strangers'."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_YEAR = 365 * 24 * 3600


@dataclass(slots=True)
class ClientInfo:
    """The client's address as the server saw it (see its own setting for proxies), and what it calls itself."""

    address: str = ""
    user_agent: str = ""
    referrer: str = ""
    """The page that led here, without its query, which may hold secrets."""
    device: str = ""
    """What the device is known by; empty for one that has not shown anything."""
    fresh: bool = False
    """Whether the answer gives the device its name."""

    def name_device(self) -> None:
        """Have the device known again from now on."""
        if not self.device:
            self.device, self.fresh = secrets.token_urlsafe(24), True


_origin: ContextVar[ClientInfo | None] = ContextVar("origin", default=None)


def origin() -> ClientInfo:
    """The origin of the request that is being answered; empty outside one."""
    return _origin.get() or ClientInfo()


def came_from() -> dict[str, str]:
    """The same as commands name it."""
    seen = origin()
    return {"ip_address": seen.address, "user_agent": seen.user_agent, "referrer": seen.referrer}


class Origins:
    """ASGI middleware that notes the origin of every request and WebSocket, and names devices."""

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        """``secure``: browsers come over TLS, whatever this server sees."""
        self._app, self._secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        client, headers = scope.get("client") or ("", 0), Headers(scope=scope)
        here = ClientInfo(
            address=str(client[0])[:100],
            user_agent=_said(headers.get("user-agent", "")),
            referrer=_said(re.split("[?#]", headers.get("referer", ""), maxsplit=1)[0]),
            device=_device(cookies_of(headers)),
        )
        _origin.set(here)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start" and here.fresh:
                secure = "; Secure" if self._secure or scope.get("scheme") == "https" else ""
                MutableHeaders(scope=message).append(
                    "set-cookie",
                    f"{DEVICE}={here.device}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax{secure}",
                )
            await send(message)

        await self._app(scope, receive, named)


def _said(header: str) -> str:
    """What a client says of itself, as far as it can be kept."""
    text = "".join(character for character in header[:2_000] if character.isprintable())[:500]
    # Whoever calls themselves as a sealed text looks would have it taken for one.
    return "" if resembles_sealed(text) else text


def _device(cookies: Mapping[str, str]) -> str:
    device = cookies.get(DEVICE, "")
    return device if _TOKEN.fullmatch(device) else ""
