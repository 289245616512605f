"""From where a request comes, for whoever answers it, however deep."""

from contextvars import ContextVar
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.kit.sealed import is_sealed


@dataclass(frozen=True, slots=True)
class Origin:
    """The client's address as the server saw it (see its own setting for proxies), and what it calls itself."""

    address: str = ""
    user_agent: str = ""


_origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 It is frozen.


def origin() -> Origin:
    """The origin of the request that is being answered; empty outside one."""
    return _origin.get()


class Origins:
    """ASGI middleware that notes the origin of every request and WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            client = scope.get("client") or ("", 0)
            agent = "".join(one for one in Headers(scope=scope).get("user-agent", "") if one.isprintable())
            # Whoever calls himself as a sealed text looks would have it taken for one.
            agent = "" if is_sealed(agent[:500]) else agent[:500]
            _origin.set(Origin(str(client[0])[:100], agent))
        await self._app(scope, receive, send)
