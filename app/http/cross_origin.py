"""Which pages of other origins may call the API (CORS)."""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READABLE = (
    "content-disposition",
    "etag",
    "ratelimit",
    "retry-after",
    "www-authenticate",
    "x-correlation-id",
)
"""Headers of an answer that these pages may read, beside those that every page may."""
_PREFLIGHT_SECONDS = 600


class CrossOrigin:
    """ASGI middleware that answers browsers which ask whether a page of another origin may call.

    The pages of the ``origins`` may, below the ``paths``. For all others it is as if there were no CORS: nothing
    is said, and the browser keeps the answer from them.
    """

    def __init__(self, app: ASGIApp, *, origins: frozenset[str], paths: Iterable[str]) -> None:
        self._app, self._origins, self._paths = app, origins, tuple(paths)
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST"),
            # Whoever may call as a person may send whatever headers their libraries add.
            allow_headers=("*",),
            allow_credentials=True,
            expose_headers=_READABLE,
            max_age=_PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_open(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def varied(message: Message) -> None:
            # A browser must not show one origin what it keeps of another one's answer.
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).add_vary_header("origin")
            await send(message)

        if Headers(scope=scope).get("origin") in self._origins:
            await self._cors(scope, receive, send)
        else:
            await self._app(scope, receive, varied)

    def _is_open(self, path: str) -> bool:
        return any(path == open or path.startswith(f"{open}/") for open in self._paths)
