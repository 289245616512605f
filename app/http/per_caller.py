"""How much of one caller may be under way at a time."""

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from api.kit.http.problems import problem
from app.proxies import Proxies


class PerCaller:
    """ASGI middleware that bounds how much of one caller is under way, also of those who share a proxy."""

    def __init__(self, app: ASGIApp, *, each: int, proxies: Proxies) -> None:
        self._app = app
        self._each = each
        self._proxies = proxies
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        caller = self._proxies.caller(client[0]) if client else None
        if scope["type"] not in ("http", "websocket") or caller is None:
            await self._app(scope, receive, send)
            return
        if self._under_way[caller] >= self._each:
            await _refuse(scope, receive, send)
            return
        self._under_way[caller] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[caller] -= 1
            if not self._under_way[caller]:
                del self._under_way[caller]


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1013, "reason": "Too many connections"})
        return
    detail = "You have too many requests under way."
    headers = {"retry-after": "5", "connection": "close"}
    await problem(503, "too_many_requests", detail, headers=headers)(scope, receive, send)
