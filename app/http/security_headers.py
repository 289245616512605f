"""What every response tells browsers: guess nothing, frame nothing, run nothing, tell nobody where you were."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    # For browsers that do not know frame-ancestors.
    "x-frame-options": "DENY",
}
_ONLY_TLS = "max-age=31536000; includeSubDomains"
"""For browsers that came by TLS: do not come otherwise for a year."""


class SecurityHeaders:
    """ASGI middleware that sets these headers where a response does not set them itself, as the editor's does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["strict-transport-security"] = _ONLY_TLS
            await send(message)

        await self._app(scope, receive, answer)
