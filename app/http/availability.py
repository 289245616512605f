"""Refuses HTTP requests for as long as the database is away, instead of letting them wait or fail."""

from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.kit.execution.errors import encode_errors, unavailable
from api.kit.http.problems import problem
from app.storage.database_probe import DatabaseProbe
from projections.kit.read.unavailable import is_away

_OPEN = ("/health", "/metrics")
"""What says how things stand answers whatever is away."""


class Available:
    """ASGI middleware: 503 with Retry-After while the database is away, and for what fails since something is.

    A request that waits for a database that hangs is ended once that is found out, unless its answer has begun.
    """

    def __init__(self, app: ASGIApp, probe: Callable[[], DatabaseProbe]) -> None:
        """``probe`` is asked once the application runs."""
        self._app, self._probe = app, probe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        begun = False
        probe = self._probe()
        try:
            async with probe.guard() as limit:

                async def answer(message: Message) -> None:
                    nonlocal begun
                    if not begun:
                        begun = True
                        probe.release(limit)
                    await send(message)

                await self._app(scope, receive, answer)
        except Exception as error:
            if begun or not is_away(error):
                raise
            await _response(scope, error)(scope, receive, send)


def _response(scope: Scope, error: Exception) -> Response:
    refused = unavailable(error)
    if not scope["path"].startswith("/graphql"):
        message = refused.errors[0]["message"]
        return problem(refused.status, "unavailable", message, headers=refused.headers)
    body = encode_errors(refused.errors)
    headers = {"content-type": "application/json", "cache-control": "no-store", **refused.headers}
    return Response(body, refused.status, headers)
